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
	step, times := a.current, int64(l.Times)
	if l.Count != nil {
		var err error
		if times, err = a.scope.number(l.Count); err != nil {
			return a.failure(Environment, "%s", err)
		}
		if times > scenario.MaxRounds {
			return a.failure(Environment, "%s is %d, and a loop has %d rounds at most", l.Count, times, scenario.MaxRounds)
		}
	}
	for round := int64(1); !l.Counts() || round <= times; round++ {
		a.current, a.riding = step, false
		a.deadline = a.due(step)
		switch {
		case a.stopped():
			return a.failure(Unfinished, "was in round %d of a loop", round)
		case !a.bound.at.IsZero() && time.Now().After(a.bound.at):
			return a.late("was in round %d of the loop", round)
		}
		if l.As != "" {
			a.scope.set(l.As, bytesOf(fmt.Sprint(round)))
		}
		if !l.Counts() {
			over, f := a.loopEnds(l)
			if over || f != nil {
				return f
			}
		}
		stream, taken := a.stream, int64(0)
		if stream != nil {
			taken = stream.Progress()
		}
		if f := a.inner(l.Steps, !l.Counts() || round < times); f != nil {
			in := fmt.Sprintf("in round %d of the loop in line %d", round, step.Pos.Line)
			if l.Patient {
				in = fmt.Sprintf("at message %d", round)
			}
			f.Notes = append(f.Notes, in)
			return f
		}
		switch {
		case l.Counts():
		case a.stream == nil:
			return nil // a step has closed the connection
		case a.stream == stream && stream.Progress() == taken:
			a.current, a.riding = step, false
			return a.failure(Unread, "round %d of the loop took nothing of what has come, and so would all that follow", round)
		}
	}
	return nil
}

// loopEnds looks, before each round, for what ends a loop that does not count.
func (a *actor) loopEnds(l scenario.Loop) (over bool, f *Failure) {
	if l.Until != nil {
		return a.tryFrame(l.Until)
	}
	if f := a.mind(a.deadline, true); f != nil {
		return true, f
	}
	patient := a.server != nil && (l.Patient || a.peer != "")
	if patient {
		a.deadline = time.Now().Add(forever)
	}
	err := a.more(patient)
	switch {
	case err == nil:
		return false, nil
	case a.stopped(): // and an end comes from a peer who was woken first
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
	a.scope.last = heard{}
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
	step, began := a.current, time.Now()
	defer a.bind(r.Within)()
	end := a.bound.at
	var kept []*further
	for _, n := range a.others {
		if n.stream != nil {
			kept = append(kept, n)
		}
	}
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
		if a.on != nil {
			a.turn(a.on) // the failure was about that one
		}
		a.drop(false)
		a.dropOthers(kept)
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

// bound is the time by which steps have to be done, as a step around them says.
type bound struct {
	at time.Time     // zero: there is none
	of time.Duration // that it is in all
}

// bind gives the steps that follow so much time in all. free ends that.
func (a *actor) bind(within time.Duration) (free func()) {
	outer := a.bound
	at := a.until(within)
	a.bound = bound{at, a.p.timeout(within)}
	if at == outer.at {
		a.bound = outer
	}
	return func() { a.bound = outer }
}

// due is when a step that begins now has to be done.
func (a *actor) due(step *scenario.Step) time.Time {
	if ride := step.Expect; ride != nil && ride.Outcome == scenario.Timeout {
		return a.bounded(a.p.asWritten(step.Within)) // it is to take all of it
	}
	return a.until(step.Within)
}

// until is when a step that may take so long has to be done.
func (a *actor) until(within time.Duration) time.Time { return a.bounded(a.p.timeout(within)) }

// bounded is when what begins now has to be done: in its own time, and in that of
// the steps around it.
func (a *actor) bounded(d time.Duration) time.Time {
	at := time.Now().Add(d)
	if !a.bound.at.IsZero() && at.After(a.bound.at) {
		return a.bound.at
	}
	return at
}
