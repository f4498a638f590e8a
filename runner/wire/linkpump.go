package wire

import (
	"errors"
	"io"
	"net"
	"time"
)

// send passes on what is written. The lock is held but where it waits.
func (l *Link) send() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		left, reset := l.out.left(l.passed)
		if left == 0 && reset {
			l.cut()
			return
		}
		if left == 0 {
			l.stalled = true
			l.out.changed.Broadcast()
			return
		}
		p, end := l.out.next(false)
		if end == net.ErrClosed {
			return
		}
		left, _ = l.out.left(l.passed)
		l.mu.Unlock()
		n, err := 0, error(nil)
		switch {
		case end == io.EOF:
			err = l.far.CloseWrite()
		case end != nil:
			l.resetFar()
		default:
			n, err = l.far.Write(p[:min(int64(len(p)), left)])
		}
		l.mu.Lock()
		l.passed += int64(n)
		switch {
		case IsReset(end):
			l.die()
			return
		case err != nil: // nobody is there any more; what comes back says why
			l.broken = true
			l.out.drop()
		case !l.out.deaf:
			l.out.take(n)
		}
		l.sent = l.sent || end == io.EOF
		l.finish()
		if err != nil {
			return
		}
	}
}

// receive passes on what comes.
func (l *Link) receive() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stand()
	buf := make([]byte, parcelMost)
	for passed := l.back.taken; !l.heard; {
		left, reset := l.back.left(passed)
		if left == 0 && reset {
			l.cut()
		}
		if left == 0 {
			return
		}
		room, err := l.back.have(false)
		if err != nil {
			return
		}
		l.mu.Unlock()
		n, err := l.far.Read(buf[:min(int64(room), left)])
		l.mu.Lock()
		passed += int64(n)
		if !l.came(buf[:n], err) {
			return
		}
	}
}

// unheard is after how much time in which nobody reads at the socket the link does,
// to hear of ends and resets all the same.
const unheard = 50 * time.Millisecond

// stand waits until it is the link's turn to read at the socket. The lock is held
// before it and after it.
func (l *Link) stand() {
	ticks := time.NewTicker(unheard)
	defer ticks.Stop()
	before, ticked := -1, false
	for l.direct && !l.closed && !l.gone || l.reading {
		if ticked && !l.reading && l.reads == before {
			break
		}
		if ticked {
			before = l.reads
		}
		l.mu.Unlock()
		select {
		case <-ticks.C:
			ticked = true
		case <-l.turned:
			ticked = false
		}
		l.mu.Lock()
	}
	l.direct = false
	l.far.SetReadDeadline(time.Time{})
}

// turn has stand look again.
func (l *Link) turn() {
	select {
	case l.turned <- struct{}{}:
	default:
	}
}

// came puts what has come on its way, and reports whether more may come.
func (l *Link) came(p []byte, err error) bool {
	switch {
	case errors.Is(err, net.ErrClosed):
		return false
	case len(p) > 0 && l.closed: // as the system answers it
		l.out.end(ErrReset)
		return false
	case err == nil:
		l.back.put(p)
		return true
	}
	l.back.end(err)
	l.heard, l.broken = true, l.broken || err != io.EOF
	if l.broken {
		l.out.drop()
	}
	l.finish()
	return false
}

// cut resets both ends. The lock is held before it and after it.
func (l *Link) cut() {
	l.out.drop()
	l.mu.Unlock()
	l.far.SetWriteDeadline(time.Unix(1, 0))
	l.resetFar()
	l.mu.Lock()
	l.back.end(ErrReset)
	l.die()
}

// resetFar resets the peer's end. That throws away what has not reached the peer's
// system yet, and so it waits until all has.
func (l *Link) resetFar() {
	pause := 100 * time.Microsecond
	for n, err := l.far.Unsent(); err == nil && n > 0; n, err = l.far.Unsent() {
		select {
		case <-l.dead:
		case <-time.After(pause):
		}
		pause = min(2*pause, 5*time.Millisecond)
	}
	info, _ := l.far.TCPInfo()
	l.mu.Lock()
	l.info = info
	l.mu.Unlock()
	l.far.Reset()
}
