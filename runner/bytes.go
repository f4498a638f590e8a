package runner

import (
	"errors"
	"io"
	"os"
	"time"

	"banter/runner/match"
	"banter/runner/scenario"
	"banter/runner/transcript"
	"banter/runner/wire"
)

// send sends a payload, all of it.
//
// A reset that it meets is no failure yet: whether the peer's RST comes before
// our bytes or after them is a matter of timing, so the step that looks at the
// connection next says what it means. The bytes count as sent either way.
func (a *actor) send(payload *scenario.Payload, ride *scenario.Expect) *Failure {
	if a.packets {
		return a.sendDatagram(payload, ride)
	}
	type piece struct {
		data []byte
		part *scenario.Part
	}
	pieces := make([]piece, 0, 1)
	total := 0
	for i := range payload.Parts {
		part := &payload.Parts[i]
		data, err := a.p.content(part)
		if err != nil {
			return a.failure(Environment, "%s", err)
		}
		a.log.Want.Bytes(transcript.Send, data, 0, a.step)
		pieces = append(pieces, piece{data, part})
		total += len(data)
	}
	timeout := ride != nil && ride.Outcome == scenario.Timeout
	if timeout {
		a.riding = true
		a.meantOutcome(ride)
	}
	if a.conn != nil {
		a.arm(a.conn.SetWriteDeadline, a.deadline)
	}
	sent, late := 0, false
	for _, p := range pieces {
		at := a.p.now()
		n, err := a.write(p.data, p.part)
		sent += n
		if err == nil || a.cut || timeout && errors.Is(err, os.ErrDeadlineExceeded) {
			n = len(p.data) // how many the kernel took is nobody's doing
		}
		a.log.Seen.Bytes(transcript.Send, p.data[:n], at, a.step)
		switch {
		case err == nil || a.cut:
		case errors.Is(err, errEnded):
			return a.failure(Unfinished, "was sending: %d of %d bytes were sent", sent, total)
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return a.failure(Environment, "can't send: %s", wire.Reason(err))
		case !timeout || a.ctx.Err() != nil:
			f := a.late("%d of %d bytes were sent", sent, total)
			f.Notes = append(f.Notes, "the peer took no more: it does not read, and its window is full")
			return f
		default:
			late = true
		}
	}
	if !timeout {
		return a.ridden(nil, ride)
	}
	if !late {
		return a.failure(Ended, "the peer took all %d bytes, where a timeout was expected", total)
	}
	a.saw(transcript.Timeout, "")
	return nil
}

// write writes a part of a payload, slice by slice if it says so. It reports
// how many bytes the kernel took.
func (a *actor) write(data []byte, part *scenario.Part) (sent int, err error) {
	slice := part.Slice
	if slice == 0 {
		slice = len(data)
	}
	for first := true; len(data) > 0; first = false {
		if part.Every > 0 && !first {
			if f := a.pause(part.Every); f != nil {
				return sent, errEnded
			}
			if time.Now().After(a.deadline) {
				return sent, os.ErrDeadlineExceeded
			}
		}
		if a.cut || a.conn == nil {
			return sent, wire.ErrReset
		}
		chunk := data[:min(slice, len(data))]
		n, err := a.conn.Write(chunk)
		if errors.Is(err, os.ErrDeadlineExceeded) && a.ctx.Err() == nil {
			var more int // as in told
			more, err = a.conn.LateWrite(chunk[n:])
			n += more
		}
		sent += n
		if err != nil {
			a.cut = a.cut || wire.IsReset(err)
			return sent, err
		}
		data = data[n:]
	}
	return sent, nil
}

// expect takes what an expect says, or meets its outcome.
func (a *actor) expect(e *scenario.Expect) *Failure {
	if e.Outcome != scenario.NoOutcome {
		return a.outcome(e)
	}
	want := &a.wants
	if err := a.p.fill(want, e); err != nil {
		return a.failure(Environment, "%s", err)
	}
	exact := e.Frame.Kind == scenario.FrameExact && want.Equals.Any == nil
	mark := a.log.Want.Mark()
	if exact {
		a.meantBytes(transcript.Recv, want.Equals.Data)
	}
	if a.packets {
		want.Frame = scenario.FrameDatagram
	}
	a.listen(a.deadline)
	a.welcome = !exact
	m := a.stream.Expect(&want.Expectation)
	a.welcome = false
	if m == nil {
		if e.Frame.Kind == scenario.FrameRest {
			a.ended(transcript.EOF)
		}
		return nil
	}
	if !exact {
		a.log.Want.Undo(mark)
		a.meant(transcript.Recv, e.String())
	}
	if m.Kind == match.Short {
		a.sawEnd(m.End)
	}
	return a.mismatch(m)
}

// graceBytes is more than any socket buffer holds by default.
const graceBytes = 64 << 20

// listen gives the connection its deadline, where there still is one.
func (a *actor) listen(deadline time.Time) {
	a.grace = graceBytes
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
	}
}

// outcomeKinds are the events of the outcomes that leave one.
var outcomeKinds = map[scenario.Outcome]transcript.Kind{
	scenario.EOF: transcript.EOF, scenario.PeerReset: transcript.PeerReset, scenario.End: transcript.PeerEnd,
	scenario.Refused: transcript.Refused, scenario.Unreachable: transcript.Unreachable, scenario.Timeout: transcript.Timeout,
}

func (a *actor) meantOutcome(e *scenario.Expect) {
	if kind, ok := outcomeKinds[e.Outcome]; ok && !(kind == transcript.EOF && a.over) {
		a.meant(kind, "")
	}
}

// outcome waits for the way in which a connection ends, or for silence.
func (a *actor) outcome(e *scenario.Expect) *Failure {
	deadline := a.deadline
	silence := e.Outcome == scenario.Silence
	if silence {
		deadline = time.Now().Add(e.Silence)
	}
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
		return a.failure(Unread, "%s came, where %s was expected", what, e)
	case errors.Is(err, os.ErrDeadlineExceeded):
		if a.ctx.Err() != nil {
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
	case err == io.EOF && (e.Outcome == scenario.EOF || e.Outcome == scenario.End),
		wire.IsReset(err) && (e.Outcome == scenario.PeerReset || e.Outcome == scenario.End):
		if !a.over || kind != transcript.EOF {
			a.saw(kind, "")
		}
		a.over = true
		a.loose = e.Outcome != scenario.EOF
		return nil
	}
	a.sawEnd(err)
	return a.failure(Ended, "%s came, where %s was expected", endName(err), e)
}

func endName(err error) string {
	switch {
	case err == io.EOF:
		return "eof"
	case wire.IsRefused(err):
		return "refused"
	}
	return "reset"
}

var howText = [...]string{scenario.ShutWrite: "", scenario.ShutRead: "read", scenario.ShutBoth: "both"}

// shutdown half-closes. On a connection that was reset there is nothing left
// to end, which the next step that looks will say.
func (a *actor) shutdown(how scenario.How) *Failure {
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
	a.drop(false)
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
	a.listen(a.deadline)
	discard := mode == scenario.CloseDiscard
	a.deaf = discard // how much of it comes is nobody's doing
	defer func() { a.deaf = false }()
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
		return f
	case err != io.EOF:
		return a.failure(Ended, "the connection was reset, where an end in order was expected")
	}
	return nil
}
