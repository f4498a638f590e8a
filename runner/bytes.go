package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"banter/runner/match"
	"banter/runner/scenario"
	"banter/runner/transcript"
	"banter/runner/wire"
)

// expect takes what an expect says, or meets its outcome.
func (a *actor) expect(e *scenario.Expect) *Failure {
	if e.Outcome == scenario.Counters || e.Outcome == scenario.Queued {
		return a.kernel(e)
	}
	deadline := a.deadline
	if e.Outcome == scenario.Silence {
		deadline = time.Now().Add(e.Silence)
	}
	if f := a.mind(deadline, true); f != nil {
		return f
	}
	if e.Outcome != scenario.NoOutcome {
		return a.outcome(e, deadline)
	}
	if e.AnyOrder != nil {
		return a.anyOrder(e)
	}
	want := &a.wants
	if err := a.scope.fill(want, e); err != nil {
		return a.failure(Environment, "%s", err)
	}
	if e.Frame.Kind == scenario.FrameExact && want.Equals.Len() == 0 && !a.packets {
		return a.failure(Environment, "nothing is expected: all of its variables are empty")
	}
	exact := e.Frame.Kind == scenario.FrameExact && !e.Optional && !want.Equals.Wild()
	mark := a.log.Want.Mark()
	from, at := a.log.Seen.Mark(), a.stream.Taken()
	if exact {
		a.meantBytes(transcript.Recv, want.Equals)
	}
	if a.packets {
		want.Frame = scenario.FrameDatagram
	}
	a.listen(a.deadline)
	a.welcome = !exact
	a.scope.last = heard{}
	m := a.stream.Expect(&want.Expectation)
	a.welcome = false
	if m == nil {
		a.scope.keep(want.All())
		a.before = exactly{}
		if exact && !a.packets {
			a.before = exactly{expect: e, at: at}
		}
		if e.Frame.Kind == scenario.FrameRest {
			a.ended(transcript.EOF)
		}
		return nil
	}
	if !exact {
		a.log.Want.Undo(mark)
		a.meant(transcript.Recv, e.String())
	}
	missed := a.missed(a.mismatch(m), e, m.End, from, at)
	if m.Kind == match.Short {
		a.sawEnd(m.End)
	}
	return missed
}

// anyOrder takes frames in whatever order they come. In the transcript they
// stand sorted, and those that are skipped not at all, so that it is the same
// on every run.
func (a *actor) anyOrder(e *scenario.Expect) *Failure {
	all := make([]*match.Expectation, len(e.AnyOrder))
	fill := func(x *scenario.Expect) (*match.Expectation, error) {
		w := &wanted{}
		return &w.Expectation, a.scope.fill(w, x)
	}
	var skip *match.Expectation
	for i, x := range e.AnyOrder {
		var err error
		if all[i], err = fill(x); err != nil {
			return a.failure(Environment, "%s", err)
		}
	}
	if e.Skip != nil {
		var err error
		if skip, err = fill(e.Skip); err != nil {
			return a.failure(Environment, "%s", err)
		}
	}
	a.listen(a.deadline)
	a.before = exactly{}
	a.deaf = true
	frames, captured, m := a.stream.AnyOrder(all, skip)
	a.deaf = false
	a.scope.last = heard{}
	for _, frame := range frames {
		a.scope.last.add(frame)
	}
	a.scope.keep(captured)
	now := a.p.now()
	for _, frame := range frames {
		a.log.Seen.Bytes(transcript.Recv, frame, now, a.step)
		if m == nil {
			a.log.Want.Bytes(transcript.Recv, frame, now, a.step)
		}
	}
	if m == nil {
		return nil
	}
	a.log.Seen.Bytes(transcript.Recv, m.Got, now, a.step)
	a.meant(transcript.Recv, e.String())
	if m.Kind == match.Short {
		a.sawEnd(m.End)
	}
	return a.missed(a.mismatch(m), e, m.End, a.log.Seen.Mark(), a.stream.Taken())
}

// What is read after a deadline: more than any socket buffer holds by default,
// for as long as it takes to read that.
const (
	graceBytes = 64 << 20
	graceTime  = 500 * time.Millisecond
)

// listen gives the connection its deadline, where there still is one.
func (a *actor) listen(deadline time.Time) {
	a.uncork()
	a.grace, a.lastly = graceBytes, time.Time{}
	if a.conn != nil {
		a.arm(a.conn.SetReadDeadline, deadline)
	}
}

// ended records the peer's end, as it was expected.
func (a *actor) ended(kind transcript.Kind) {
	if !a.over {
		a.meant(kind, "")
		a.saw(kind, "")
	}
	a.over = true
}

// sawEnd records an end that was not expected.
func (a *actor) sawEnd(err error) {
	switch {
	case err == io.EOF && !a.over:
		a.saw(transcript.EOF, "")
		a.over = true
	case wire.IsReset(err):
		a.saw(transcript.PeerReset, "")
	case wire.IsRefused(err):
		a.saw(transcript.Refused, "")
	case wire.IsTLS(err):
		a.sawTLSError(err)
	}
}

// outcomeKinds are the events of the outcomes that leave one.
var outcomeKinds = map[scenario.Outcome]transcript.Kind{
	scenario.EOF: transcript.EOF, scenario.PeerReset: transcript.PeerReset, scenario.End: transcript.PeerEnd,
	scenario.Refused: transcript.Refused, scenario.Unreachable: transcript.Unreachable, scenario.Timeout: transcript.Timeout,
	scenario.TLSError: transcript.TLSError, scenario.Pending: transcript.Pending,
}

func (a *actor) meantOutcome(e *scenario.Expect) {
	if kind, ok := outcomeKinds[e.Outcome]; ok && !(kind == transcript.EOF && a.over) {
		a.meant(kind, "")
	}
}

// outcome waits for the way in which a connection ends, or for silence.
func (a *actor) outcome(e *scenario.Expect, deadline time.Time) *Failure {
	silence := e.Outcome == scenario.Silence
	a.meantOutcome(e)
	a.listen(deadline)
	if silence {
		a.grace = 0 // what comes after it is no failure
	}
	err := a.stream.Ready()
	kind := outcomeKinds[e.Outcome]
	switch {
	case err == nil:
		what := "bytes"
		if a.packets {
			what = "a datagram"
		}
		f := a.failure(Unread, "%s came, where %s was expected", what, e)
		return a.missed(f, nil, nil, a.log.Seen.Mark(), a.stream.Taken())
	case errors.Is(err, os.ErrDeadlineExceeded):
		if a.ending() {
			return a.failure(Unfinished, "was waiting: expect %s", e)
		}
		if silence {
			return nil
		}
		if e.Outcome == scenario.Timeout {
			a.saw(kind, "")
			return nil
		}
		f := a.late("%s had not come", e)
		f.Notes = append(f.Notes, a.silent())
		return f
	case wire.IsRefused(err) && e.Outcome == scenario.Refused, wire.IsUnreachable(err) && e.Outcome == scenario.Unreachable:
		a.saw(kind, "")
		return nil
	case a.stopped() && (err == io.EOF || wire.IsReset(err)): // by a peer who was woken first
		return a.failure(Unfinished, "was waiting: expect %s", e)
	case err == io.EOF && (e.Outcome == scenario.EOF || e.Outcome == scenario.End),
		wire.IsReset(err) && (e.Outcome == scenario.PeerReset || e.Outcome == scenario.End):
		if !a.over || kind != transcript.EOF {
			a.saw(kind, "")
		}
		a.over = true
		a.loose = e.Outcome != scenario.EOF
		return nil
	case wire.IsTLS(err) && e.Outcome == scenario.TLSError && strings.Contains(err.Error(), e.Reason):
		a.sawTLSError(err)
		a.over, a.loose = true, true
		return nil
	}
	a.sawEnd(err)
	f := a.failure(Ended, "%s came, where %s was expected", endName(err), e)
	f.At = a.found(err)
	return f
}

func endName(err error) string {
	switch {
	case err == io.EOF:
		return "eof"
	case wire.IsRefused(err):
		return "refused"
	case wire.IsTLS(err):
		return fmt.Sprintf("tls_error %q", err)
	}
	return "reset"
}

var howText = [...]string{scenario.ShutWrite: "", scenario.ShutRead: "read", scenario.ShutBoth: "both"}

// shutdown half-closes. On a connection that was reset there is nothing left
// to end, which the next step that looks will say.
func (a *actor) shutdown(how scenario.How) *Failure {
	a.before.acted = true
	a.meant(transcript.Shutdown, howText[how])
	a.saw(transcript.Shutdown, howText[how])
	if a.conn == nil || a.cut {
		return nil
	}
	var err error
	if how != scenario.ShutRead {
		err = a.conn.CloseWrite()
	}
	if how != scenario.ShutWrite {
		err = errors.Join(err, a.conn.CloseRead())
		a.loose = true // what comes is not ours to see any more
	}
	switch {
	case wire.IsReset(err):
		a.cut = true
	case err != nil:
		return a.failure(Environment, "can't shut down: %s", wire.Reason(err))
	}
	return nil
}

// meantClose says what a close brings.
func (a *actor) meantClose(mode scenario.CloseMode) {
	if !a.over && !a.loose && !a.packets {
		switch mode {
		case scenario.CloseClean:
			a.meant(transcript.EOF, "")
		case scenario.CloseDiscard:
			a.meant(transcript.PeerEnd, "")
		}
	}
	a.meant(transcript.Close, "")
}

// close ends the connection as its mode says.
func (a *actor) close(mode scenario.CloseMode) *Failure {
	if a.packets {
		a.leave(mode)
		return nil
	}
	a.meantClose(mode)
	if mode != scenario.CloseNow && !a.over && !a.loose {
		if f := a.readToEnd(mode); f != nil {
			return f
		}
	}
	ch := a.child
	a.child = nil
	a.drop(false)
	if f := a.disconnect(ch, mode); f != nil {
		return f
	}
	a.saw(transcript.Close, "")
	return nil
}

// readToEnd half-closes and reads to the peer's end: closing with bytes unread
// would make the kernel send a RST, which may destroy what the peer has not
// read yet.
func (a *actor) readToEnd(mode scenario.CloseMode) *Failure {
	if a.conn != nil && !a.cut {
		if err := a.conn.CloseWrite(); wire.IsReset(err) {
			a.cut = true
		}
	}
	a.mind(a.deadline, false)
	a.listen(a.deadline)
	discard := mode == scenario.CloseDiscard
	a.deaf = discard // how much of it comes is nobody's doing
	defer func() { a.deaf = false }()
	from, at := a.log.Seen.Mark(), a.stream.Taken()
	var unread []byte
	var n int64
	var err error
	for {
		var p []byte
		if p, err = a.stream.Some(match.Most); err != nil {
			break
		}
		n += int64(len(p))
		unread = append(unread, p[:min(len(p), collectMost-len(unread))]...)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		f := a.late("the peer did not close")
		if n > 0 && !discard {
			f.Notes = append(f.Notes, unreadText(n, unread))
		}
		return f
	case a.stopped():
		return a.failure(Unfinished, "was waiting: close; the peer had not closed")
	case discard:
		a.saw(transcript.PeerEnd, "")
		a.over = true
		return nil
	}
	a.sawEnd(err)
	switch {
	case n > 0:
		f := a.failure(Unread, "%s", unreadText(n, unread))
		f.Got = unread
		return a.missed(f, nil, nil, from, at)
	case wire.IsTLS(err):
		return a.brokeOff(err)
	case err != io.EOF:
		return a.failure(Ended, "the connection was reset, where an end in order was expected")
	}
	return nil
}

// reset closes with a RST. That throws away what was sent and has not reached
// the peer's system yet, and how much that is depends on when the peer reads;
// so it first waits until all has, or the step's time is up.
func (a *actor) reset() *Failure {
	a.meant(transcript.Reset, "")
	pause := 100 * time.Microsecond
	for a.unsent() && time.Now().Before(a.deadline) {
		if a.pause(pause) != nil {
			return a.failure(Unfinished, "was waiting: reset, once what was sent has arrived")
		}
		pause = min(2*pause, 5*time.Millisecond)
	}
	a.saw(transcript.Reset, "")
	a.drop(true)
	return nil
}

// unsent reports whether something that was sent is still on its way.
func (a *actor) unsent() bool {
	if a.conn == nil || a.cut {
		return false
	}
	n, err := a.conn.Unsent()
	return err == nil && n > 0
}
