package runner

import (
	"errors"
	"io"
	"os"
	"time"

	"banter/runner/match"
	"banter/runner/transcript"
	"banter/runner/wire"
)

// playReply is a server's plain reply: wait for the first bytes, send it,
// half-close, read on to the peer's end, close. It takes whatever comes and
// does not mind a reset.
//
// When the reply goes out depends on how the peer's bytes were cut. So that the
// transcript does not, all that came stands before it.
func (a *actor) playReply() *Failure {
	a.welcome = true
	answered := false
	var at time.Duration
	var pieces []piece
	a.deadline = time.Now().Add(a.p.timeout(0))
	for {
		a.listen(a.deadline)
		_, err := a.stream.Some(match.Most)
		if err == nil {
			first := !answered
			// A client of the file may go on as long as its script does. Somebody
			// from outside might go on for ever.
			if first || a.peer != "" {
				a.deadline = time.Now().Add(a.p.timeout(0))
			}
			if first {
				answered = true
				at = a.p.now()
				var f *Failure
				if pieces, f = a.answer(); f != nil {
					return f
				}
				a.rest()
				a.deadline = time.Now().Add(a.p.timeout(0))
			}
			continue
		}
		if answered {
			a.replied(pieces, at)
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && answered:
			return a.late("the peer did not close")
		case errors.Is(err, os.ErrDeadlineExceeded):
			return a.late("nothing had come that could be replied to")
		case err == io.EOF:
			a.ended(transcript.EOF)
		case wire.IsTLS(err):
			a.sawEnd(err)
			return a.brokeOff(err)
		default:
			a.ended(transcript.PeerReset)
		}
		a.drop(false)
		a.saw(transcript.Close, "")
		a.meant(transcript.Close, "")
		return nil
	}
}

// answer sends the reply and half-closes. It returns what it has sent.
func (a *actor) answer() ([]piece, *Failure) {
	a.arm(a.conn.SetWriteDeadline, a.deadline)
	pieces, total, err := a.pieces(a.reply, nil)
	if err != nil {
		return nil, a.failure(Environment, "%s", err)
	}
	a.perturb(pieces, total)
	sent := int64(0)
	for i := range pieces {
		n, err := a.write(&pieces[i])
		sent += n
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, a.late("%d bytes of the reply were sent", sent)
		case errors.Is(err, errEnded):
			return nil, a.failure(Unfinished, "was replying: %d bytes were sent", sent)
		}
	}
	if !a.cut {
		a.conn.CloseWrite()
	}
	return pieces, nil
}

// replied records the reply, which was sent at that time.
func (a *actor) replied(pieces []piece, at time.Duration) {
	for i := range pieces {
		b := &pieces[i].Bytes
		record(&a.log.Seen, transcript.Send, b, b.Len(), at, 0)
		record(&a.log.Want, transcript.Send, b, b.Len(), at, 0)
	}
}
