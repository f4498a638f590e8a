package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"banter/runner/program"
	"banter/runner/scenario"
	"banter/runner/wire"
)

// process is a real program that plays along.
type process struct {
	p       *play
	decl    *scenario.Process
	idle    bool      // it is not started, as the declared server plays that it serves
	addr    wire.Addr // where clients reach it, if it has a port
	release func()    // of the port
	output  *program.Output

	said *Output // what it had printed when it was told to end; nil: all of it counts

	// Under play.mu.
	prog  *program.Program // nil: it was never started
	ends  bool             // it is being ended, or was
	heard map[string]int64 // what actors have looked at of its output
}

// failure is a failure of the process.
func (c *process) failure(kind Kind, format string, args ...any) Failure {
	return Failure{Kind: kind, Actor: c.decl.Name, Pos: c.decl.Pos, At: c.p.now(), Message: fmt.Sprintf(format, args...)}
}

// command fills in the variables of a program and its arguments.
func (s *scope) command(c *scenario.Program) (program.Command, error) {
	var cmd program.Command
	for _, arg := range c.Args {
		text, err := s.text(arg)
		if err != nil {
			return cmd, err
		}
		cmd.Args = append(cmd.Args, string(text))
	}
	if name := cmd.Args[0]; strings.Contains(name, "/") { // it is no name to be looked up
		cmd.Args[0] = s.p.scenario.Path(name)
	}
	var err error
	cmd.Dir, err = s.p.folder()
	if s.p.network != nil {
		cmd.Thread = s.p.network.Go
	}
	return cmd, err
}

// command is a program that belongs to the process.
func (c *process) command(of *scenario.Program) (program.Command, error) {
	s := &scope{p: c.p}
	cmd, err := s.command(of)
	if err == nil && c.decl.Dir != nil {
		var dir []byte
		dir, err = s.text(c.decl.Dir)
		cmd.Dir = c.p.scenario.Path(string(dir))
	}
	for _, v := range c.decl.Env {
		var text []byte
		if err == nil {
			text, err = s.text(v.Value)
		}
		cmd.Env = append(cmd.Env, v.Name+"="+string(text))
	}
	cmd.Output = c.output
	return cmd, err
}

// prepare runs the programs that come before the process, each to its end.
func (c *process) prepare() *Failure {
	for _, before := range c.decl.Before {
		cmd, err := c.command(before)
		var prog *program.Program
		if err == nil {
			prog, err = program.Start(cmd)
		}
		if err != nil {
			f := c.failure(Environment, "can't start %s: %s", quoted(before.Name()), err)
			f.Pos = before.Pos
			return &f
		}
		limit := c.p.timeout(0)
		late := false
		timer := time.NewTimer(limit)
		select {
		case <-prog.Ended():
		case <-timer.C:
			late = true
		case <-c.p.ctx.Done():
		}
		timer.Stop()
		status, ended := prog.HasEnded()
		prog.Stop(c.p.brief())
		var f Failure
		switch {
		case ended && status == program.Status{}:
			continue
		case ended:
			f = c.failure(Ended, "%s, which comes before it, ended with %s", quoted(before.Name()), status)
		case late:
			f = c.failure(TimedOut, "timeout after %s: %s, which comes before it, had not ended", limit, quoted(before.Name()))
		default:
			f = c.failure(Unfinished, "was waiting: for %s to end, which comes before it", quoted(before.Name()))
		}
		f.Pos = before.Pos
		return &f
	}
	return nil
}

func quoted(name string) string { return fmt.Sprintf("%q", name) }

// start starts the process, and waits until it is ready.
func (c *process) start(ctx context.Context) *Failure {
	cmd, err := c.command(c.decl.Run)
	from := c.output.Size()
	var prog *program.Program
	if err == nil {
		prog, err = program.Start(cmd)
	}
	if err != nil {
		f := c.failure(Environment, "can't start %s: %s", quoted(c.decl.Run.Name()), err)
		f.Pos = c.decl.Run.Pos
		return &f
	}
	c.p.mu.Lock()
	c.prog, c.ends = prog, false
	c.p.mu.Unlock()
	f := c.ready(ctx, from)
	if f == nil {
		c.p.watching.Go(func() { c.watch(prog) })
	}
	return f
}

// watch waits until the process has ended, and says so where nobody has ended
// it and it should not have.
func (c *process) watch(prog *program.Program) {
	<-prog.Ended()
	status, _ := prog.HasEnded()
	c.p.mu.Lock()
	ends := c.ends
	c.p.progress.Broadcast()
	c.p.mu.Unlock()
	c.p.order.changed() // it calls nobody any more
	if ends {
		return
	}
	f := c.failure(Ended, "ended by itself: %s", status)
	switch want := (program.Status{Code: c.decl.Exit}); {
	case c.decl.Exit == scenario.Lasting && status == program.Status{}: // see idle
	case c.decl.Exit == scenario.Lasting:
		f.rank = rankCause
		c.p.fail(f)
	case status != want:
		f.Message = fmt.Sprintf("ended with %s, where %s was expected", status, want)
		c.p.fail(f)
	}
}

// runs reports whether the process runs. The caller holds play.mu.
func (c *process) runs() bool {
	if c.prog == nil {
		return false
	}
	_, ended := c.prog.HasEnded()
	return !ended
}

// status is how the process has ended, if it has by itself.
func (c *process) status() (status program.Status, ended bool) {
	if c.prog == nil || c.ends {
		return status, false
	}
	return c.prog.HasEnded()
}

// grace is how long those have who are told to end.
func (p *play) grace() time.Duration {
	if p.ctx.Err() != nil {
		return p.brief()
	}
	return p.timeout(0)
}

// brief is the same after a failure, which is said already.
func (p *play) brief() time.Duration { return min(p.timeout(0), time.Second) }

// stop ends the process, and reports what did not end in time, "" if all did.
func (c *process) stop(grace time.Duration) (unwilling string) {
	c.p.mu.Lock()
	prog := c.prog
	if prog == nil {
		c.p.mu.Unlock()
		return ""
	}
	if _, ended := prog.HasEnded(); !ended {
		c.ends = true
	}
	c.p.mu.Unlock()
	killed := prog.Stop(grace)
	if len(killed) == 0 {
		return ""
	}
	slices.Sort(killed)
	return fmt.Sprintf("SIGTERM did not end it in %s, and it was killed (%s)", grace, strings.Join(slices.Compact(killed), ", "))
}
