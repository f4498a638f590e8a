package runner

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"banter/runner/match"
	"banter/runner/scenario"
	"banter/runner/transcript"
	"banter/runner/wire"
)

// After a mismatch, what else comes is collected for the picture alone: until
// nothing has come for this long, or it is this many bytes.
const (
	collectFor  = 50 * time.Millisecond
	collectMost = match.Head
)

// failure is a failure of the actor, here and now.
func (a *actor) failure(kind Kind, format string, args ...any) *Failure {
	f := &Failure{
		Kind: kind, Actor: a.place.name, Step: a.step, Steps: len(a.place.steps),
		Message: fmt.Sprintf(format, args...), At: a.p.now(), rank: a.rank,
	}
	if a.on != nil {
		f.Over = a.on.name
	}
	return f
}

// late is the failure of a step that ran out of time: its own, or that of the
// whole scenario, which has ended because of somebody else.
func (a *actor) late(format string, args ...any) *Failure {
	had := fmt.Sprintf(format, args...)
	if a.ending() && time.Now().Before(a.deadline) {
		return a.failure(Unfinished, "was waiting: %s; %s", a.action(), had)
	}
	f := a.failure(TimedOut, "timeout after %s: %s", a.allowed(), had)
	return f
}

// mismatch is the failure of a frame that is not what was expected.
func (a *actor) mismatch(m *match.Mismatch) *Failure {
	silent := errors.Is(m.End, os.ErrDeadlineExceeded)
	// Once the scenario has ended, an end comes from peers who were woken first.
	if m.Kind == match.Short && (silent || a.stopped()) {
		f := a.late("%s", had(m))
		if silent {
			f.Notes = append(f.Notes, a.silent())
		}
		f.show(m)
		return f
	}
	kind := Differs
	if m.Kind == match.Short {
		kind = Short
		if wire.IsRefused(m.End) {
			f := a.failure(Ended, "refused: nobody takes datagrams there")
			f.Want, f.Any = m.Want, m.Any
			return f
		}
		if wire.IsTLS(m.End) {
			f := a.brokeOff(m.End)
			f.show(m)
			return f
		}
		if !wire.IsReset(m.End) && m.End != io.EOF {
			kind = Environment
			m.Message = "can't read: " + wire.Reason(m.End)
		}
	}
	f := a.failure(kind, "%s", m.Message)
	f.Notes = m.Notes
	f.show(m)
	return f
}

// show has the failure show the bytes of a mismatch.
func (f *Failure) show(m *match.Mismatch) {
	f.Start, f.Want, f.Any, f.Got, f.Offset = m.Start, m.Want, m.Any, m.Got, m.Offset
}

// silent is what there is to say of a connection on which nothing comes.
func (a *actor) silent() string {
	if a.packets {
		return "nothing came; over UDP nobody says whether what was sent has arrived"
	}
	return "the connection is open and silent"
}

// had says how far a frame had got.
func had(m *match.Mismatch) string {
	if m.Had != "" {
		return m.Had + " had come"
	}
	if m.Want != nil {
		return fmt.Sprintf("%d of %s had come", m.Offset, count(m.Wanted))
	}
	if m.Offset == 0 {
		return "nothing had come"
	}
	return count(m.Offset) + " had come, which are no whole frame"
}

// fail records that the actor's script ends here, and lets its peer see an end
// in order, so that the others can go on.
func (a *actor) fail(f *Failure) {
	a.failed = true
	if a.child != nil {
		f.Program = a.child.name
	}
	if a.stopped() && f.Kind == Ended { // by a peer who was woken first
		f.Kind, f.Message, f.Notes = Unfinished, "was waiting: "+a.action(), nil
	}
	if a.via != nil && (f.Kind == TimedOut || f.Kind == Ended || f.Kind == Short) {
		f.Notes = append(f.Notes, fmt.Sprintf("the connection goes over the link %s of line %d", a.via.Name, a.via.Pos.Line))
	}
	a.foreseeRest()
	if !f.Pos.IsValid() {
		f.Pos = a.pos
	}
	if f.Kind == TimedOut {
		a.p.fail(*f)
		if a.p.serve == nil { // else the others are strangers to this peer
			a.p.end()
		}
		a.p.order.over(a.place) // after the end, or who waits for this actor hears that it can't come
		a.dropOthers(nil)
		a.drop(false)
		return
	}
	a.p.order.over(a.place)
	mark := a.log.Seen.Mark()
	if !f.whole && (f.Kind == Differs || f.Kind == Unread) {
		a.collect(f)
	}
	a.p.fail(*f)
	a.abandon()
	f.Missed.add(a.log.Seen.Since(mark))
}

// collect reads on for the picture.
func (a *actor) collect(f *Failure) {
	if a.stream == nil || a.cut || a.over || a.packets {
		return
	}
	a.grace = 0
	enough := time.Now().Add(10 * collectFor) // of somebody who sends for ever, now and then
	before := int(max(f.Offset-f.Start, 0))   // bytes of f.Got in front of the wrong one
	for len(f.Got)-before < collectMost && time.Now().Before(enough) {
		a.arm(a.conn.SetReadDeadline, time.Now().Add(collectFor))
		p, err := a.stream.Some(collectMost)
		if err != nil {
			return
		}
		f.Got = append(f.Got[:len(f.Got):len(f.Got)], p...)
	}
}

// abandon half-closes, reads to the peer's end and closes.
func (a *actor) abandon() {
	a.grace = 0
	a.dropOthers(nil)
	if a.conn != nil && !a.cut && !a.packets {
		a.conn.CloseWrite()
		if !a.over {
			a.arm(a.conn.SetReadDeadline, time.Now().Add(a.p.timeout(0)))
			a.stream.Rest()
		}
	}
	a.drop(false)
}

// foreseeRest completes the expected transcript with what the script says of
// the steps that were not passed.
func (a *actor) foreseeRest() {
	a.welcome = false
	if a.reply != nil {
		return
	}
	over, loose, packets := a.over, a.loose, a.packets // as they would be, and not as they are
	defer func() { a.over, a.loose, a.packets = over, loose, packets }()
	steps := a.place.steps[min(a.done, len(a.place.steps)):]
	open := a.stream != nil
	defer a.log.Over("")
	for i, step := range steps {
		begun := i == 0 && a.step > 0
		c, connect := step.Action.(scenario.Connect)
		if step.Over != "" || connect && c.As != "" {
			a.log.Over(cmp.Or(step.Over, c.As))
			a.foresee(step, begun)
			a.log.Over("")
			continue
		}
		a.foresee(step, begun)
		switch act := step.Action.(type) {
		case scenario.Connect:
			open, a.over, a.loose = true, false, false
		case scenario.Close, scenario.Reset:
			open = false
		case *scenario.Expect:
			a.foreseeEnd(act)
		}
		if step.Expect != nil {
			a.foreseeEnd(step.Expect)
		}
	}
	if open && len(steps) > 0 {
		a.meantClose(scenario.CloseClean)
	}
}

// foreseeEnd has the close that follows know of the end that an expect takes.
func (a *actor) foreseeEnd(e *scenario.Expect) {
	a.over = a.over || e.Outcome == scenario.EOF || e.Outcome == scenario.NoOutcome && e.Frame.Kind == scenario.FrameRest
	a.loose = a.loose || e.Outcome == scenario.PeerReset || e.Outcome == scenario.End || e.Outcome == scenario.TLSError
}

// foresee says what a step that was not passed would have brought. The first
// of them has begun, and its action is in the expected transcript already.
func (a *actor) foresee(step *scenario.Step, begun bool) {
	bytes := func(payload *scenario.Payload, kind transcript.Kind) {
		if b, err := a.scope.made(payload); err == nil {
			a.meantBytes(kind, &b)
		}
	}
	expect := func(e *scenario.Expect) {
		switch {
		case e == nil:
		case e.Outcome != scenario.NoOutcome:
			a.meantOutcome(e)
		case e.Optional: // nobody knows
		case e.Frame.Kind == scenario.FrameExact:
			bytes(e.Match.Equals, transcript.Recv)
		default:
			a.meant(transcript.Recv, e.String())
		}
	}
	if begun {
		if !a.riding {
			expect(step.Expect)
		}
		return
	}
	switch act := step.Action.(type) {
	case scenario.Connect:
		a.packets = act.Transport == scenario.UDP
		_, name, _ := a.scope.target(act)
		a.meant(transcript.Connect, name)
		if act.TLS != nil {
			a.foreseeTLS(step)
		}
	case scenario.StartTLS:
		a.foreseeTLS(step)
	case scenario.Send:
		bytes(act.Payload, transcript.Send)
	case *scenario.Expect:
		expect(act)
	case scenario.Shutdown:
		a.meant(transcript.Shutdown, howText[act.How])
	case scenario.Close:
		a.meantClose(act.Mode)
	case scenario.Reset:
		a.meant(transcript.Reset, "")
	case scenario.Parallel:
		for _, s := range act.Steps {
			a.foresee(s, false)
		}
	case scenario.Stop:
		a.meant(transcript.Stop, act.Server)
	case scenario.Start:
		a.meant(transcript.Start, act.Server)
	case scenario.StopProcess:
		a.meant(transcript.Stop, act.Name)
	case scenario.StartProcess:
		a.meant(transcript.Start, act.Name)
	case scenario.Run:
		a.meant(transcript.Run, act.Program.Name())
	}
	expect(step.Expect)
}

// unreadText says what no step took.
func unreadText(n int64, first []byte) string {
	return fmt.Sprintf("unread: %s came that no step took: %s", count(n), transcript.Quote(first, n, 24))
}

func count(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
