package runner

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"banter/runner/scenario"
	"banter/runner/transcript"
	"banter/runner/wire"
)

// Steps that hold steps.

// inner plays steps that a step holds. again says that they may be played once
// more after this.
func (a *actor) inner(steps []*scenario.Step, again bool) *Failure {
	outer := a.current
	a.p.order.enter(a.place, steps, again)
	f := a.playSteps(steps, nil)
	a.p.order.leave(a.place)
	if f == nil {
		a.current = outer
	}
	return f
}

// loop plays its steps until the loop ends.
func (a *actor) loop(l scenario.Loop) *Failure {
	step := a.current
	for round := 1; l.Times == 0 || round <= l.Times; round++ {
		a.current, a.riding = step, false
		if a.stopped() {
			return a.failure(Unfinished, "was in round %d of a loop", round)
		}
		if l.As != "" {
			a.scope.set(l.As, bytesOf(fmt.Sprint(round)))
		}
		if l.Times == 0 {
			over, f := a.loopEnds(l)
			if over || f != nil {
				return f
			}
		}
		if f := a.inner(l.Steps, l.Times == 0 || round < l.Times); f != nil {
			f.Notes = append(f.Notes, fmt.Sprintf("in round %d of the loop in line %d", round, step.Pos.Line))
			return f
		}
		if l.Times == 0 && a.stream == nil {
			return nil // a step has closed the connection
		}
	}
	return nil
}

// loopEnds looks, before each round, for what ends a loop that does not count.
func (a *actor) loopEnds(l scenario.Loop) (over bool, f *Failure) {
	a.deadline = a.until(a.current.Within)
	if l.Until != nil {
		return a.tryFrame(l.Until)
	}
	if f := a.mind(a.deadline, true); f != nil {
		return true, f
	}
	err := a.more(l.Patient || a.peer != "")
	switch {
	case err == nil:
		return false, nil
	case err == io.EOF && a.packets:
		return true, nil
	case err == io.EOF:
		a.ended(transcript.EOF)
		return true, nil
	case wire.IsReset(err):
		a.sawEnd(err)
		return true, a.failure(Ended, "reset came, where the peer's end or more was expected")
	}
	f = a.late("neither more nor the peer's end had come")
	f.Notes = append(f.Notes, a.silent())
	return true, f
}

// tryFrame takes the next frame if it is as an expect says, and reports whether
// it was.
func (a *actor) tryFrame(e *scenario.Expect) (met bool, f *Failure) {
	if f := a.mind(a.deadline, true); f != nil {
		return false, f
	}
	want := &a.wants
	if err := a.scope.fill(want, e); err != nil {
		return false, a.failure(Environment, "%s", err)
	}
	if a.packets {
		want.Frame = scenario.FrameDatagram
	}
	a.listen(a.deadline)
	a.welcome = true
	a.scope.last = nil
	met, m := a.stream.Try(&want.Expectation)
	a.welcome = false
	switch {
	case met:
		a.before = exactly{}
		a.scope.keep(want.All())
		return true, nil
	case m == nil:
		return false, nil
	}
	a.meant(transcript.Recv, e.String())
	a.sawEnd(m.End)
	return false, a.mismatch(m)
}

// retry plays its steps from the start, on a fresh connection, until all of
// them pass. Of the tries that did not, nothing is left in the transcript: how
// many there are is a matter of timing.
func (a *actor) retry(r scenario.Retry) *Failure {
	step, outer := a.current, a.bound
	began := time.Now()
	a.bound = a.until(r.Within)
	end := a.bound
	defer func() { a.bound = outer }()
	mark := a.log.Mark()
	a.log.Hold()
	defer a.log.Release()
	var last *Failure
	for tries := 1; ; tries++ {
		a.current, a.riding = step, false
		f := a.inner(r.Steps, true)
		if f == nil {
			return nil
		}
		if f.Kind == TimedOut && last != nil && !time.Now().Before(end) {
			f = last // this try was cut off, and says less
		}
		last = f
		pause := a.p.stretch(cmp.Or(r.Every, scenario.DefaultEvery))
		if a.stopped() || time.Now().Add(pause).After(end) {
			f.Notes = append(f.Notes, fmt.Sprintf("tried %s in %s, last as shown", timesText(tries), time.Since(began).Round(time.Millisecond)))
			return f
		}
		a.drop(false)
		a.log.Undo(mark)
		if f := a.pause(pause); f != nil {
			return f
		}
	}
}

func timesText(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// until is when a step that begins now has to be done: in its own time, and in
// that of the steps around it.
func (a *actor) until(within time.Duration) time.Time {
	at := time.Now().Add(a.p.timeout(within))
	if !a.bound.IsZero() && at.After(a.bound) {
		return a.bound
	}
	return at
}
