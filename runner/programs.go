package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"banter/runner/match"
	"banter/runner/program"
	"banter/runner/scenario"
	"banter/runner/transcript"
	"banter/runner/wire"
)

// The steps that have to do with programs.

// child is a program that an actor has started: in a step that runs it, or as
// the other side of a connection.
type child struct {
	*program.Program
	name   string
	exit   int             // the status that it must end with
	errors *program.Output // what it prints to its standard error
}

// spawn starts a program whose input and output are the actor's.
func (a *actor) spawn(c *scenario.Program, exit int) (*child, *Failure) {
	cmd, err := a.scope.command(c)
	ch := &child{name: c.Name(), exit: exit, errors: program.NewOutput(program.ForReport, false)}
	if err == nil {
		cmd.Piped, cmd.Output = true, ch.errors
		ch.Program, err = program.Start(cmd)
	}
	if err != nil {
		return nil, a.failure(Environment, "can't start %s: %s", quoted(ch.name), err)
	}
	return ch, nil
}

// endedAs is the failure of a program that has not ended as it must, nil if it
// has.
func (a *actor) endedAs(ch *child, status program.Status) *Failure {
	want := program.Status{Code: ch.exit}
	if status == want {
		return nil
	}
	return a.failure(Ended, "%s ended with %s, where %s was expected", ch.name, status, want)
}

// quits ends a program, whose name then is in the failure if it did not want
// to.
func (a *actor) quits(ch *child, grace time.Duration) *Failure {
	if killed := ch.Stop(grace); len(killed) > 0 && !a.stopped() {
		return a.failure(TimedOut, "SIGTERM did not end %s in %s, and it was killed", ch.name, grace)
	}
	return nil
}

// shows has a failure show what a program has printed.
func (f *Failure) shows(ch *child) {
	f.Program = ch.name
	f.printed = append(f.printed, printed(ch.name+", standard error", ch.errors))
}

// run runs a program to its end.
func (a *actor) run(r scenario.Run) *Failure {
	a.meant(transcript.Run, r.Program.Name())
	var input match.Bytes
	if r.Stdin != nil {
		var err error
		if input, err = a.scope.made(r.Stdin); err != nil {
			return a.failure(Environment, "%s", err)
		}
	}
	ch, f := a.spawn(r.Program, r.Exit)
	if f != nil {
		return f
	}
	ctx, cancel := context.WithDeadline(a.ctx, a.deadline)
	defer cancel()
	defer context.AfterFunc(ctx, func() { ch.Stop(a.p.brief()) })() // which ends the reading, too
	written := make(chan struct{})
	go func() {
		defer close(written)
		ch.feed(&input)
	}()
	out, _ := io.ReadAll(io.LimitReader(ch.Out, scenario.DefaultMax+1))
	if len(out) <= scenario.DefaultMax {
		select {
		case <-ch.Ended():
		case <-ctx.Done():
		}
	}
	status, _ := ch.HasEnded()
	switch {
	case ctx.Err() != nil:
		f = a.late("%s had not ended", ch.name)
		ch.Stop(a.p.brief())
	case len(out) > scenario.DefaultMax:
		f = a.failure(Differs, "%s printed more than %s", ch.name, count(scenario.DefaultMax))
		ch.Stop(a.p.brief())
	default:
		if f = a.quits(ch, a.p.grace()); f == nil { // what it has left behind
			f = a.endedAs(ch, status)
		}
		if f == nil {
			f = a.compare(out, r.Stdout)
		}
	}
	<-written
	if f == nil {
		a.saw(transcript.Run, r.Program.Name())
		return nil
	}
	f.whole = true
	said := Output{Name: ch.name + ", standard output"}
	said.Head, said.Tail, said.Cut = program.Cut(out)
	f.printed = append(f.printed, said)
	f.shows(ch)
	return f
}

// feed writes a program's input, and ends it. What it does not read is lost.
func (ch *child) feed(input *match.Bytes) {
	defer ch.In.Close()
	for off := int64(0); off < input.Len(); {
		piece, _ := input.At(off)
		off += int64(len(piece))
		if _, err := ch.In.Write(piece); err != nil {
			return
		}
	}
}

// compare compares all that a program has printed with what it should have.
func (a *actor) compare(out []byte, with *scenario.Match) *Failure {
	if with == nil {
		return nil
	}
	w := &wanted{}
	if err := a.scope.conditions(w, with); err != nil {
		return a.failure(Environment, "%s", err)
	}
	w.Frame, w.Max = scenario.FrameRest, scenario.DefaultMax
	if m := match.NewStream(bytes.NewReader(out), nil).Expect(&w.Expectation); m != nil {
		f := a.mismatch(m)
		f.Message = "the output: " + f.Message
		return f
	}
	a.scope.keep(w.All())
	return nil
}

// connectProgram starts a program whose input and output are the connection.
func (a *actor) connectProgram(c scenario.Connect, ride *scenario.Expect) *Failure {
	a.meant(transcript.Connect, c.Run.Name())
	ch, f := a.spawn(c.Run, c.Exit)
	if f != nil {
		return f
	}
	conn, err := wire.Pipes(ch.In, ch.Out)
	if err != nil {
		ch.Stop(0)
		return a.failure(Environment, "a program can't be connected to on this system: %s", err)
	}
	a.p.hold(conn)
	a.attach(conn)
	a.child = ch
	a.saw(transcript.Connect, c.Run.Name())
	if c.TLS != nil {
		a.host = "localhost"
		return a.startTLS(c.TLS, ride)
	}
	return a.ridden(nil, ride)
}

// disconnect waits for the end of the program that was the other side of a
// connection, as the mode of the close says.
func (a *actor) disconnect(ch *child, mode scenario.CloseMode) *Failure {
	if ch == nil {
		return nil
	}
	var f *Failure
	if mode != scenario.CloseNow {
		timer := time.NewTimer(time.Until(a.deadline))
		defer timer.Stop()
		select {
		case <-ch.Ended():
		case <-timer.C:
			f = a.late("%s had not ended, and its input had", ch.name)
		case <-a.ctx.Done():
			f = a.late("%s had not ended, and its input had", ch.name)
		}
	}
	status, _ := ch.HasEnded()
	if f != nil {
		ch.Stop(a.p.brief())
	} else if f = a.quits(ch, a.p.grace()); f == nil && mode == scenario.CloseClean {
		f = a.endedAs(ch, status)
	}
	if f != nil {
		f.shows(ch)
	}
	return f
}

// abort ends the program that was the other side of a connection, after a
// failure.
func (a *actor) abort() {
	if ch := a.child; ch != nil {
		a.child = nil
		ch.Stop(a.p.brief())
		if a.failed {
			a.p.mu.Lock()
			defer a.p.mu.Unlock()
			a.p.printed = append(a.p.printed, printed(ch.name+", standard error", ch.errors))
		}
	}
}

// awaitOutput waits for a line that a process prints.
func (a *actor) awaitOutput(act scenario.AwaitOutput) *Failure {
	c := a.p.process(act.Process)
	line, err := a.scope.regex(act.Line)
	if err != nil {
		return a.failure(Environment, "%s", err)
	}
	ctx, cancel := context.WithDeadline(a.ctx, a.deadline)
	defer cancel()
	a.p.mu.Lock()
	from := c.heard[a.place.name]
	a.p.mu.Unlock()
	text, next, err := c.output.Await(ctx, from, line.Match)
	switch {
	case err == nil:
	case errors.Is(err, program.ErrOver):
		return a.failure(Ended, "%s has ended, and printed no line that matches %s", act.Process, act.Line)
	case errors.Is(err, program.ErrLost):
		return a.failure(Environment, "%s has printed more than %s that this actor had not looked at", act.Process, count(program.ForAwait))
	default:
		return a.late("%s had printed no line that matches %s", act.Process, act.Line)
	}
	a.p.mu.Lock()
	c.heard[a.place.name] = next
	a.p.mu.Unlock()
	groups := line.Find(text)
	for i, name := range line.Names() {
		if name != "" && groups[i] != nil {
			a.scope.set(name, value{Bytes: match.Bytes{Data: groups[i]}})
		}
	}
	return nil
}

// stopProcess ends a process, as a step says.
func (a *actor) stopProcess(name string) *Failure {
	c := a.p.process(name)
	a.meant(transcript.Stop, name)
	a.p.mu.Lock()
	ends := c.ends
	a.p.mu.Unlock()
	if ends {
		return a.failure(Environment, "stop: %s does not run", name)
	}
	if unwilling := c.stop(time.Until(a.deadline)); unwilling != "" {
		if a.stopped() {
			return a.late("%s had not ended", name)
		}
		return a.failure(TimedOut, "stop: %s", fmt.Sprintf("%s: %s", name, unwilling))
	}
	a.saw(transcript.Stop, name)
	return nil
}

// startProcess starts a process again, as a step says.
func (a *actor) startProcess(name string) *Failure {
	c := a.p.process(name)
	a.meant(transcript.Start, name)
	a.p.mu.Lock()
	runs := c.runs()
	a.p.mu.Unlock()
	if runs {
		return a.failure(Environment, "start: %s runs already", name)
	}
	c.stop(0) // what it may have left behind
	ctx, cancel := context.WithDeadline(a.ctx, a.deadline)
	defer cancel()
	if f := c.start(ctx); f != nil {
		g := a.failure(f.Kind, "start: %s: %s", name, f.Message)
		g.Notes = f.Notes
		if a.stopped() {
			g.Kind = Unfinished
		}
		return g
	}
	a.saw(transcript.Start, name)
	return nil
}
