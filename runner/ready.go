package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"banter/runner/program"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// ready waits until the process is ready. What it prints counts from an offset
// on.
func (c *process) ready(ctx context.Context, from int64) *Failure {
	r := &c.decl.Ready
	limit := c.p.timeout(r.Within)
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var err error
	switch r.Kind {
	case scenario.Listening:
		port := 0
		if c.decl.Ported {
			port = int(c.addr.Port())
		}
		if err = c.prog.AwaitListening(within, port); errors.Is(err, context.DeadlineExceeded) {
			err = unready(port, err)
		}
	case scenario.ReadyOutput:
		err = c.prints(within, from)
	case scenario.ReadySteps:
		err = c.passes(within)
	}
	if err == nil {
		return nil
	}
	status, ended := c.prog.HasEnded()
	var f Failure
	switch {
	case ended && status == program.Status{}:
		f = c.failure(Ended, "ended before it was ready: %s", status)
		f.Notes = append(f.Notes, "a program that goes into the background can't be watched; tell it to stay")
	case ended:
		f = c.failure(Ended, "ended before it was ready: %s", status)
	case within.Err() != context.DeadlineExceeded && ctx.Err() != nil:
		f = c.failure(Unfinished, "was not ready yet")
	case within.Err() != nil:
		f = c.failure(TimedOut, "timeout after %s: it is not ready", limit)
		f.Notes = append(f.Notes, err.Error())
	default:
		f = c.failure(Environment, "%s", err)
	}
	if r.Pos.IsValid() {
		f.Pos = r.Pos
	}
	return &f
}

// unready says what of its sockets a process lacks.
func unready(port int, err error) error {
	elsewhere := ""
	if e, ok := errors.AsType[*program.ElsewhereError](err); ok {
		elsewhere = "; it listens at " + e.Error()
	}
	if port == 0 {
		return errors.New("it does not listen" + elsewhere)
	}
	return fmt.Errorf("it does not listen at port %d%s", port, elsewhere)
}

// prints waits for a line that says that the process is ready.
func (c *process) prints(within context.Context, from int64) error {
	line, err := (&scope{p: c.p}).regex(c.decl.Ready.Output)
	if err != nil {
		return err
	}
	// Whether it starts again is another matter: this is about now.
	ctx, cancel := context.WithCancelCause(within)
	defer cancel(nil)
	heard, over := c.prog.Heard(), make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-heard:
			cancel(program.ErrOver)
		case <-over:
		}
	}()
	_, _, err = c.output.Await(ctx, from, line.Match)
	if errors.Is(err, program.ErrOver) { // a moment before it ends, as a rule
		select {
		case <-c.prog.Ended():
		case <-within.Done():
		}
	}
	if err != nil {
		err = fmt.Errorf("it has printed no line that matches %s", c.decl.Ready.Output)
	}
	return err
}

// passes tries the steps that say by passing that the process is ready, again
// and again.
func (c *process) passes(ctx context.Context) error {
	r := &c.decl.Ready
	a := &actor{
		p: c.p, ctx: ctx, pos: r.Pos, client: &scenario.Client{Name: c.decl.Name}, scope: &scope{p: c.p},
		place: &place{name: c.decl.Name, steps: r.Steps},
	}
	at, _ := ctx.Deadline()
	a.bound = bound{at, c.p.timeout(r.Within)}
	for {
		a.log = transcript.Log{}
		f := a.playSteps(r.Steps, nil)
		if f == nil && a.stream != nil {
			a.deadline = a.until(0)
			f = a.close(scenario.CloseClean)
		}
		if f == nil {
			return nil
		}
		a.drop(false)
		a.dropOthers(nil)
		if status, ended := c.prog.HasEnded(); ended && (status != program.Status{} || c.prog.Alone()) {
			return program.ErrEnded
		}
		last := fmt.Errorf("the last try failed in line %d: %s", f.Pos.Line, f.Message)
		timer := time.NewTimer(scenario.DefaultEvery)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return last
		}
	}
}
