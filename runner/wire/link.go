package wire

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// Faults are what goes wrong in one direction of a Link.
type Faults struct {
	Latency, Jitter time.Duration // by how much all is late, and how much more or less that may be
	Rate            int64         // bytes a second; 0: as fast as it goes
	Slice           int64         // bytes that come together at most; 0: as they come
	ResetAfter      int64         // bytes that pass before both ends are reset; negative: no reset
	StallAfter      int64         // bytes that pass before nothing more does; negative: no stall
}

// left is how much more passes after so many bytes, and whether a reset follows.
func (f *Faults) left(passed int64) (n int64, reset bool) {
	n = math.MaxInt64
	if f.StallAfter >= 0 {
		n = f.StallAfter - passed
	}
	if f.ResetAfter >= 0 && f.ResetAfter-passed <= n {
		return f.ResetAfter - passed, true
	}
	return n, false
}

// Link is a way on which things go wrong, between who uses a connection and its
// socket. What is written, and what comes, takes its time on it and is cut, in
// order, and so do the ends and resets of both sides. There is no second socket:
// the addresses, and what the kernel knows, are as without a link.
//
// On its way in each direction are at most 256 KiB; then the sender is held back,
// as by a window that is full. What the faults count they count at the socket.
type Link struct {
	far *Conn

	mu        sync.Mutex // of all that follows
	out, back *lane
	passed    int64 // bytes to the peer
	direct    bool  // who reads does so at the socket, as nothing is late
	reading   bool  // somebody does
	reads     int   // how often somebody did
	closed    bool  // by its user
	sent      bool  // the user's end has passed
	heard     bool  // the peer's end has come
	broken    bool  // so has its reset
	stalled   bool  // nothing passes any more to the peer
	gone      bool  // the socket is to be closed, or is
	dead      chan struct{}
	info      *TCPInfo // what the kernel knew before the link's own reset
}

// Over puts a link between a connection that nobody has used yet and its user,
// for whom is the one that is returned. Link.Run must be called. The delays follow
// from the seed, the direction, and the place in the stream.
func Over(far *Conn, out, back Faults, seed uint64) (*Conn, *Link) {
	l := &Link{far: far, dead: make(chan struct{})}
	l.out = newLane(&l.mu, out, [2]uint64{seed, 0})
	l.back = newLane(&l.mu, back, [2]uint64{seed, 1})
	l.direct = l.back.prompt()
	return &Conn{sock: l, raw: far.raw, Local: far.Local, Remote: far.Remote, AtOnce: far.AtOnce}, l
}

// Run passes on what goes over the link, until both sides have ended and its user
// has closed it, one has reset it, or the context is done.
func (l *Link) Run(ctx context.Context) {
	defer context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.die()
	})()
	var pumps sync.WaitGroup
	pumps.Go(l.send)
	pumps.Go(l.receive)
	<-l.dead
	l.far.Close()
	pumps.Wait()
}

// Delivered waits until all that was sent over the link has passed, or never
// will, or the context is done.
func (l *Link) Delivered(ctx context.Context) {
	defer context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.out.changed.Broadcast()
	})()
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.out.queue) > 0 && !l.stalled && ctx.Err() == nil {
		l.out.changed.Wait()
	}
}

// die has the socket be closed. What has come by then can still be read.
func (l *Link) die() {
	if l.gone {
		return
	}
	l.gone = true
	l.out.drop()
	l.out.farOver, l.back.farOver = true, true
	l.back.changed.Broadcast()
	close(l.dead)
}

// finish has the socket be closed once nobody needs it any more.
func (l *Link) finish() {
	if l.closed && (l.sent && l.heard || l.broken) {
		l.die()
	}
}

// send passes on what is written.
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

// stand waits until nobody reads at the socket any more.
func (l *Link) stand() {
	before := -1
	for l.direct || l.reading {
		if !l.reading && (l.closed || l.gone || l.reads == before) {
			l.direct = false
			break
		}
		before = l.reads
		l.back.wait(false, time.Now().Add(unheard))
	}
	l.far.SetReadDeadline(time.Time{})
}

// readDirect reads, or peeks, at the socket. It reports false where that is the
// link's task now.
func (l *Link) readDirect(p []byte, peek, late bool) (n int, err error, ok bool) {
	left, _ := l.back.left(l.back.taken)
	if l.back.Slice > 0 {
		left = min(left, l.back.Slice-l.back.taken%l.back.Slice)
	}
	if l.direct = l.direct && left > 0; !l.direct {
		l.back.changed.Broadcast()
		return 0, nil, false
	}
	p = p[:min(int64(len(p)), left)]
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
	}
	if left == int64(n) && !peek {
		l.direct = false
	}
	if err != nil && err != os.ErrDeadlineExceeded {
		l.direct = false
		l.came(nil, err)
	}
	if !l.direct || l.closed {
		l.back.changed.Broadcast()
		return n, nil, n > 0
	}
	return n, err, true
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
