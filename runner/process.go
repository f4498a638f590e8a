package runner

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
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

// enlist makes the processes that are to play, and finds ports for them. It
// reports whether it could.
func (p *play) enlist() bool {
	for _, decl := range p.scenario.Processes {
		keep := program.ForReport
		restarts := false
		for _, steps := range scripts(p.scenario) {
			scenario.Walk(steps, func(s *scenario.Step) {
				switch act := s.Action.(type) {
				case scenario.AwaitOutput:
					if act.Process == decl.Name {
						keep = program.ForAwait
					}
				case scenario.StartProcess:
					restarts = restarts || act.Name == decl.Name
				}
			})
		}
		if decl.Ready.Kind == scenario.ReadyOutput {
			keep = program.ForAwait
		}
		c := &process{p: p, decl: decl, idle: decl.Serves != "" && !p.opts.Real.plays(), output: program.NewOutput(keep, restarts), heard: map[string]int64{}}
		p.processes = append(p.processes, c)
		port := decl.Port
		if decl.Ported && port == 0 {
			var err error
			if port, c.release, err = wire.FreePort(); err != nil {
				p.fail(c.failure(Environment, "%s", err))
				return false
			}
		}
		if decl.Ported {
			at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
			c.addr = wire.TCP(at)
			if s := p.scenario.Server(decl.Serves); s != nil && s.Transport() == scenario.UDP {
				c.addr = wire.UDP(at)
			}
		}
	}
	return true
}

// scripts are all scripts of a scenario.
func scripts(s *scenario.Scenario) (all [][]*scenario.Step) {
	for _, srv := range s.Servers {
		all = append(all, srv.Steps)
		for _, c := range srv.Connections {
			all = append(all, c.Steps)
		}
	}
	for _, c := range s.Clients {
		all = append(all, c.Steps)
	}
	return all
}

// process is the process of that name, or nil.
func (p *play) process(name string) *process {
	for _, c := range p.processes {
		if c.decl.Name == name {
			return c
		}
	}
	return nil
}

// realOf is the process that plays in place of a declared server, or nil.
func (p *play) realOf(server string) *process {
	for _, c := range p.processes {
		if !c.idle && server != "" && c.decl.Serves == server {
			return c
		}
	}
	return nil
}

// processAt is the process that has an address, or nil.
func (p *play) processAt(to wire.Addr) *process {
	for _, c := range p.processes {
		if c.decl.Ported && c.addr.AddrPort == to.AddrPort {
			return c
		}
	}
	return nil
}

// ownValue is what a variable stands for that the run itself has: its folder,
// or the address of a process.
func (p *play) ownValue(name string) (v value, known bool, err error) {
	if name == "tmp" {
		dir, err := p.folder()
		return bytesOf(dir), true, err
	}
	c := p.process(name)
	if c == nil {
		c = p.realOf(name)
	}
	if c == nil {
		return value{}, false, nil
	}
	return bytesOf(c.addr.String()), true, nil
}

// failure is a failure of the process.
func (c *process) failure(kind Kind, format string, args ...any) Failure {
	return Failure{Kind: kind, Actor: c.decl.Name, Pos: c.decl.Pos, At: c.p.now(), Message: fmt.Sprintf(format, args...)}
}

// launch starts the processes one after the other, each when the one before is
// ready, and reports whether all are.
func (p *play) launch() bool {
	for _, c := range p.processes {
		if c.idle {
			continue
		}
		f := c.prepare()
		if f == nil {
			f = c.start(p.ctx)
		}
		if f != nil {
			p.fail(*f)
			p.end()
			return false
		}
	}
	return true
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

// outlast waits for the processes that have to end by themselves.
func (p *play) outlast() {
	limit := p.timeout(0)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for _, c := range p.processes {
		p.mu.Lock()
		prog, ends := c.prog, c.ends
		p.mu.Unlock()
		if c.decl.Exit == scenario.Lasting || prog == nil || ends {
			continue
		}
		select {
		case <-prog.Ended():
		case <-timer.C:
			p.fail(c.failure(TimedOut, "timeout after %s: it had not ended by itself, with %s", limit, program.Status{Code: c.decl.Exit}))
			p.end()
			return
		case <-p.ctx.Done():
			p.fail(c.failure(Unfinished, "was waiting: it had not ended by itself, with %s", program.Status{Code: c.decl.Exit}))
			return
		}
	}
}

// dieTime is how long a program has to end by itself whose connections have
// ended where they should not: that it did is what the report has to say first.
const dieTime = 500 * time.Millisecond

// die lets programs end that are about to.
func (p *play) die() {
	p.mu.Lock()
	cut := slices.ContainsFunc(p.failures, func(f Failure) bool { return f.Kind == Short || f.Kind == Ended })
	p.mu.Unlock()
	if !cut || p.ctx.Err() != nil {
		return
	}
	timer := time.NewTimer(dieTime)
	defer timer.Stop()
	for _, c := range p.processes {
		if c.prog == nil || c.decl.Exit != scenario.Lasting {
			continue
		}
		select {
		case <-c.prog.Ended():
		case <-timer.C:
			return
		}
	}
}

// dismiss ends the processes, the last one first.
func (p *play) dismiss() {
	p.die()
	for _, c := range slices.Backward(p.processes) {
		interrupted := p.ctx.Err() != nil
		p.mu.Lock()
		runs := c.runs()
		p.mu.Unlock()
		if runs { // what it says to its end explains no failure before that
			said := printed(c.decl.Name, c.output)
			c.said = &said
		}
		if unwilling := c.stop(p.grace()); unwilling != "" && !interrupted {
			c.said = nil
			p.fail(c.failure(TimedOut, "%s", unwilling))
		}
	}
	p.watching.Wait()
}

// outputs are what the processes have printed, and how those ended that nobody
// has ended.
func (p *play) outputs() (all []Output) {
	for _, c := range p.processes {
		if c.idle {
			continue
		}
		out := printed(c.decl.Name, c.output)
		switch status, ended := c.status(); {
		case ended:
			out.Status = status.String()
		case c.said != nil:
			out = *c.said
		}
		all = append(all, out)
	}
	return append(all, p.printed...)
}

// printed is what somebody has printed, as a result has it.
func printed(name string, output *program.Output) Output {
	out := Output{Name: name}
	out.Head, out.Tail, out.Cut = output.Kept()
	return out
}

// missing is the first program that the scenario requires and that is not here,
// "" if all are.
func missing(s *scenario.Scenario) string {
	for _, name := range s.Requires {
		if _, err := exec.LookPath(name); err != nil && !errors.Is(err, exec.ErrDot) {
			return name
		}
	}
	return ""
}
