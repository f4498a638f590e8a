package runner

import (
	"errors"
	"net"
	"os"
	"slices"
	"time"

	"banter/runner/match"
	"banter/runner/scenario"
	"banter/runner/transcript"
	"banter/runner/wire"
)

// sendDatagram sends a payload as one datagram. That an earlier one was refused
// is for the next expect to see.
func (a *actor) sendDatagram(payload *scenario.Payload, ride *scenario.Expect) *Failure {
	made, err := a.scope.made(payload)
	if err != nil {
		return a.failure(Environment, "%s", err)
	}
	if made.Len() > 64<<10 { // more than any datagram, and perhaps more than there is memory for
		return a.failure(Environment, "can't send a datagram of %s: message too long", count(made.Len()))
	}
	b := made.Whole()
	a.meantBytes(transcript.Send, &b)
	uncall := a.call()
	a.arm(a.conn.SetWriteDeadline, a.deadline)
	at := a.p.now()
	_, err = a.conn.Write(b.Data)
	if err != nil && !wire.IsRefused(err) {
		uncall()
	}
	switch {
	case err == nil, wire.IsRefused(err):
	case errors.Is(err, os.ErrDeadlineExceeded):
		return a.late("the system took no datagram")
	default:
		return a.failure(Environment, "can't send a datagram of %s: %s", count(int64(len(b.Data))), wire.Reason(err))
	}
	a.log.Seen.Datagram(transcript.Send, b.Data, at, a.step)
	return a.ridden(nil, ride)
}

// call counts a client with its server, at its first datagram: before that
// nobody but its own system knows of the socket. It is counted before that is
// sent, so that the server can't be ahead; and not, if it can't be sent.
func (a *actor) call() (uncall func()) {
	s := a.callee
	a.callee = nil
	if s == nil {
		return func() {}
	}
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	s.called++
	if !s.listening { // it will not come
		return func() {}
	}
	s.pending++
	return func() {
		a.p.mu.Lock()
		defer a.p.mu.Unlock()
		s.pending--
		s.p.progress.Broadcast()
	}
}

// replyDatagram is a server's plain reply to the first datagram of a client.
func (a *actor) replyDatagram() *Failure {
	a.deadline = time.Now().Add(a.p.timeout(0))
	a.listen(a.deadline)
	a.welcome = true
	any := match.Expectation{Frame: scenario.FrameDatagram, Size: -1}
	if m := a.stream.Expect(&any); m != nil {
		return a.mismatch(m)
	}
	a.welcome = false
	if f := a.sendDatagram(a.reply, nil); f != nil {
		return f
	}
	return a.close(scenario.CloseClean)
}

// meantBytes records bytes that the script says, as the transport would bring
// them.
func (a *actor) meantBytes(kind transcript.Kind, b *match.Bytes) {
	if a.packets {
		whole := b.Whole()
		a.log.Want.Datagram(kind, whole.Data, 0, a.step)
		return
	}
	record(&a.log.Want, kind, b, b.Len(), 0, a.step)
}

// left is a UDP socket that its actor has closed. It is kept to the end of the
// run: whatever comes by then, no step has taken it; and nobody else gets its
// port, whose datagrams would be taken for this one's.
type left struct {
	conn *wire.Conn
	step int
	pos  scenario.Pos
}

// leave closes a UDP socket. No end is sent, so there is none to wait for.
func (a *actor) leave(mode scenario.CloseMode) {
	a.meant(transcript.Close, "")
	if mode == scenario.CloseNow {
		a.drop(false)
	} else {
		l := left{conn: a.conn, step: a.step}
		if mode == scenario.CloseDiscard {
			l.step = -1
		}
		if n := len(a.place.steps); a.current != nil {
			l.pos = a.current.Pos
		} else if n > 0 { // at the end of the script
			l.pos = a.place.steps[n-1].Pos
		}
		a.lefts = append(a.lefts, l)
		a.p.letGo(a.conn)
		a.conn, a.stream = nil, nil
	}
	a.saw(transcript.Close, "")
}

// sweep looks at what has come to the UDP sockets that the actor has closed,
// once all actors have ended, and closes them. Where a timeout has ended the
// scenario, that it broke off is said already.
func (a *actor) sweep(ended bool) {
	for _, l := range a.lefts {
		if l.step >= 0 && !ended && !a.failed {
			a.step = l.step
			if f := a.unread(l.conn); f != nil {
				f.Pos = l.pos
				if !f.Pos.IsValid() {
					f.Pos = a.pos
				}
				a.failed = true
				a.p.fail(*f)
			}
		}
		l.conn.Close()
	}
}

// unread is the failure of datagrams that nobody took.
func (a *actor) unread(conn *wire.Conn) *Failure {
	buf := make([]byte, 64<<10)
	n := 0
	var first []byte
	for {
		k, err := conn.Late(buf, false)
		if wire.IsRefused(err) && n == 0 {
			a.saw(transcript.Refused, "")
			return a.failure(Ended, "a datagram was refused, and no step expects {refused}")
		}
		if err != nil {
			break
		}
		a.log.Seen.Datagram(transcript.Recv, buf[:k], a.p.now(), a.step)
		if n++; n == 1 {
			first = append(first, buf[:k]...)
		}
	}
	if n == 0 {
		return nil
	}
	quoted := transcript.Quote(first, int64(len(first)), 40)
	f := a.failure(Unread, "unread: a datagram came that no step took: %s", quoted)
	if n > 1 {
		f = a.failure(Unread, "unread: %d datagrams came that no step took, first %s", n, quoted)
	}
	f.Got = first
	return f
}

// demux hands what comes to a UDP server to its connections.
func (s *server) demux(ln *wire.PacketListener) {
	for {
		conn, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			break
		}
		if err != nil {
			s.unaccepted(err)
			break
		}
		a := s.admit(conn)
		s.p.serving.Go(a.playConnection)
		s.p.mu.Lock()
		if s.limit() {
			ln.Full()
		}
		s.p.mu.Unlock()
	}
	s.p.delivering.Go(ln.Deliver) // to those who still play
}

// settle ends what UDP servers still hear, and judges what nobody took.
func (p *play) settle() {
	for _, s := range p.servers {
		if ln, ok := s.ln.(*wire.PacketListener); ok {
			ln.Shut()
		}
	}
	p.delivering.Wait()
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	for _, a := range slices.Concat(p.clients, p.accepted) {
		a.sweep(ended)
	}
	for _, s := range p.servers {
		if ln, ok := s.ln.(*wire.PacketListener); ok {
			ln.Close()
		}
	}
}
