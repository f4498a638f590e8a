package wire

import (
	"io"
	"net"
	"os"
	"slices"
	"time"
)

// express passes on at once what nothing delays, as far as the system takes it
// without waiting.
func (l *Link) express(p []byte) int {
	left, _ := l.out.left(l.passed)
	if !l.out.prompt() || l.out.Slice > 0 || int64(len(p)) >= left || len(l.out.queue) > 0 ||
		l.out.ended != nil || l.out.deaf || l.out.over(true) != nil {
		return 0
	}
	n, _ := l.far.lateWrite(p) // if it can't, send will say why
	l.passed += int64(n)
	l.out.taken += int64(n)
	return n
}

// readDirect reads, or peeks, at the socket. It reports false where that is the
// link's task now.
func (l *Link) readDirect(p []byte, peek, late bool) (n int, err error, ok bool) {
	left, _ := l.back.left(l.back.taken)
	if left == 0 {
		l.direct = false
		l.turn()
		return 0, nil, false
	}
	most := left
	if l.back.Slice > 0 {
		most = min(most, l.back.Slice-l.back.taken%l.back.Slice)
	}
	p = p[:min(int64(len(p)), most)]
	l.reading = true
	l.reads++
	l.mu.Unlock()
	switch {
	case late:
		n, err = l.far.Late(p, peek)
	case peek:
		n, err = any(l.far).(interface{ Peek([]byte) (int, error) }).Peek(p) // who peeks has it
	default:
		n, err = l.far.Read(p)
	}
	l.mu.Lock()
	l.reading = false
	if !peek {
		l.back.taken += int64(n)
		l.direct = l.direct && int64(n) < left
	}
	if err != nil && err != os.ErrDeadlineExceeded {
		l.direct = false
		l.came(nil, err)
	}
	if !l.direct || l.closed {
		l.turn()
		return n, nil, n > 0
	}
	return n, err, true
}

// lastInfo is what the kernel knew before the link's own reset, else nil.
func (l *Link) lastInfo() *TCPInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.info
}

// Read brings what is due.
func (l *Link) Read(p []byte) (int, error) { return l.read(p, false, false) }

// read reads, or peeks. When late it does not wait, whatever the deadline.
func (l *Link) read(p []byte, peek, late bool) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.direct && !l.closed {
		if n, err, ok := l.readDirect(p, peek, late); ok {
			return n, err
		}
	}
	piece, end, due := l.back.head()
	switch {
	case !late:
		piece, end = l.back.next(true)
	case !due:
		end = os.ErrDeadlineExceeded
	}
	if end != nil {
		return 0, end
	}
	n := copy(p, piece)
	if !peek {
		l.back.take(n)
	}
	return n, nil
}

// Write puts p on its way. That the peer has reset the connection, a read tells.
func (l *Link) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sent := l.express(p)
	for sent < len(p) {
		n, err := l.out.have(true)
		if err != nil {
			return sent, err
		}
		n = min(n, len(p)-sent)
		l.out.put(p[sent : sent+n])
		sent += n
	}
	return sent, nil
}

// lateWrite puts that of p on its way for which there is room.
func (l *Link) lateWrite(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sent := 0
	for sent < len(p) {
		n := min(l.out.room(), len(p)-sent)
		switch {
		case l.closed:
			return sent, net.ErrClosed
		case n <= 0:
			return sent, os.ErrDeadlineExceeded
		}
		l.out.put(p[sent : sent+n])
		sent += n
	}
	return sent, nil
}

// CloseWrite puts an end on its way.
func (l *Link) CloseWrite() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out.end(io.EOF)
	return nil
}

// CloseRead ends reading.
func (l *Link) CloseRead() error { return l.far.CloseRead() }

// Close puts an end on its way, or a reset if something was not read.
func (l *Link) Close() error {
	l.leave(false)
	return nil
}

// abort puts a reset on its way.
func (l *Link) abort() { l.leave(true) }

func (l *Link) leave(reset bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	end := io.EOF
	if reset || l.unread() {
		end = ErrReset
	}
	if l.reading {
		l.far.SetReadDeadline(time.Unix(1, 0))
	}
	l.out.end(end)
	l.out.nearOver, l.back.nearOver = true, true
	l.out.changed.Broadcast()
	l.back.drop()
	l.turn()
	l.finish()
}

// unread reports whether something has come that was not read.
func (l *Link) unread() bool {
	if l.direct && !l.reading {
		n, _ := l.far.Late(make([]byte, 1), true)
		return n > 0
	}
	return slices.ContainsFunc(l.back.queue, func(p parcel) bool { return p.end == nil })
}

// SetDeadline bounds reads and writes.
func (l *Link) SetDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out.setDeadline(t)
	l.setReadDeadline(t)
	return nil
}

// SetReadDeadline bounds reads.
func (l *Link) SetReadDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.setReadDeadline(t)
	return nil
}

func (l *Link) setReadDeadline(t time.Time) {
	l.back.setDeadline(t)
	if l.direct && !l.closed {
		l.far.SetReadDeadline(t)
	}
}

// SetWriteDeadline bounds writes, which wait where the link is full.
func (l *Link) SetWriteDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out.setDeadline(t)
	return nil
}

// LocalAddr is the socket's.
func (l *Link) LocalAddr() net.Addr { return l.far.sock.LocalAddr() }

// RemoteAddr is the socket's.
func (l *Link) RemoteAddr() net.Addr { return l.far.sock.RemoteAddr() }
