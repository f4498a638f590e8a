package runner

import (
	"errors"
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
	if f := a.speak(payload, ride); f != nil || ride == nil || ride.Outcome == scenario.Timeout {
		return f
	}
	return a.ridden(nil, ride)
}

// speak sends a payload in one go: what answers a message beside it waits until
// it is over.
func (a *actor) speak(payload *scenario.Payload, ride *scenario.Expect) *Failure {
	if a.speaking != nil {
		a.speaking.Lock()
		defer a.speaking.Unlock()
	}
	pieces, total, err := a.pieces(payload, make([]piece, 0, 1))
	if err != nil {
		return a.failure(Environment, "%s", err)
	}
	for i := range pieces {
		record(&a.log.Want, transcript.Send, &pieces[i].Bytes, pieces[i].Len(), 0, a.step)
	}
	a.perturb(pieces, total)
	timeout := ride != nil && ride.Outcome == scenario.Timeout
	if timeout {
		a.riding = true
		a.meantOutcome(ride)
	}
	if a.conn != nil {
		a.arm(a.conn.SetWriteDeadline, a.deadline)
	}
	sent, late := int64(0), false
	for i := range pieces {
		p := &pieces[i]
		at := a.p.now()
		n, err := int64(0), os.ErrDeadlineExceeded
		if !late { // else there would be a gap, if the peer took some now
			n, err = a.write(p)
		}
		sent += n
		if err == nil || a.cut || timeout && errors.Is(err, os.ErrDeadlineExceeded) {
			n = p.Len() // how many the kernel took is nobody's doing
		}
		record(&a.log.Seen, transcript.Send, &p.Bytes, n, at, a.step)
		switch {
		case err == nil || a.cut:
		case errors.Is(err, errEnded):
			return a.failure(Unfinished, "was sending: %d of %d bytes were sent", sent, total)
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return a.failure(Environment, "can't send: %s", wire.Reason(err))
		case !timeout || a.ending():
			f := a.late("%d of %d bytes were sent", sent, total)
			f.Notes = append(f.Notes, "the peer took no more: it does not read, and its window is full")
			return f
		default:
			late = true
		}
	}
	if !timeout {
		return nil
	}
	switch {
	case a.cut:
		return a.failure(Ended, "reset came, where %s was expected", ride)
	case !late:
		return a.failure(Ended, "the peer took all %d bytes, where %s was expected", total, ride)
	}
	a.saw(transcript.Timeout, "")
	return nil
}

// piece is what one part of a payload has to be written.
type piece struct {
	match.Bytes
	part *scenario.Part
}

// pieces appends what a payload's parts are to out, and counts their bytes.
func (a *actor) pieces(payload *scenario.Payload, out []piece) (_ []piece, total int64, err error) {
	for i := range payload.Parts {
		part := &payload.Parts[i]
		b, err := a.scope.madePart(payload.Parts[i : i+1])
		if err != nil {
			return nil, 0, err
		}
		out = append(out, piece{b, part})
		total += b.Len()
	}
	return out, total, nil
}

// record records the first n bytes of a payload. Those that no record looks at
// are not made for it.
func record(r *transcript.Recorder, kind transcript.Kind, b *match.Bytes, n int64, at time.Duration, step int) {
	if !b.Long() {
		r.Bytes(kind, b.Data[:n], at, step)
		return
	}
	for off := int64(0); off < n; {
		p, _ := b.At(off)
		p = p[:min(int64(len(p)), n-off)]
		r.Bytes(kind, p, at, step)
		if off += int64(len(p)); off >= transcript.Summed {
			r.Count(n - off)
			return
		}
	}
}

// lateBytes is how much of a payload that is sent in slices may still go out
// after the deadline.
const lateBytes = 4 << 10

// write writes a piece, slice by slice if its part says so. It reports how
// many bytes the kernel took.
func (a *actor) write(p *piece) (sent int64, err error) {
	slice, every := p.part.Slice, p.part.Every
	if a.cuts != nil && a.cuts.whole {
		slice, every = 0, 0
	}
	for size := p.Len(); sent < size; {
		if every > 0 && sent > 0 {
			if f := a.pause(every); f != nil {
				return sent, errEnded
			}
			if time.Now().After(a.deadline) {
				return sent, os.ErrDeadlineExceeded
			}
		}
		if a.cut || a.conn == nil {
			return sent, wire.ErrReset
		}
		chunk, _ := p.At(sent)
		if slice > 0 && len(chunk) < slice && p.Long() {
			chunk, _ = p.Copy(sent, min(sent+int64(slice), size))
		}
		if slice > 0 {
			chunk = chunk[:min(slice, len(chunk))]
		}
		if a.cuts != nil {
			if next := a.cuts.next(); next > 0 {
				chunk = chunk[:min(int64(len(chunk)), next)]
			}
		}
		n, err := a.conn.Write(chunk)
		if errors.Is(err, os.ErrDeadlineExceeded) && !a.stopped() {
			// As in told. Slices go out together, a few of them: it has to have an end.
			late, _ := p.Copy(sent+int64(n), max(sent+int64(n), min(size, sent+int64(max(len(chunk), lateBytes)))))
			var more int
			if more, err = a.conn.LateWrite(late); sent+int64(n+more) < size && err == nil {
				err = os.ErrDeadlineExceeded
			}
			n += more
		}
		sent += int64(n)
		if err != nil {
			a.cut = a.cut || wire.IsReset(err)
			return sent, err
		}
		if a.cuts != nil && a.cuts.passed(int64(n)) && a.pause(a.cuts.pause) != nil {
			return sent, errEnded
		}
	}
	return sent, nil
}
