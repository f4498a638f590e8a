package wire

import (
	"context"
	"math"
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
	turned    chan struct{}
	closed    bool // by its user
	sent      bool // the user's end has passed
	heard     bool // the peer's end has come
	broken    bool // so has its reset
	stalled   bool // nothing passes any more to the peer
	gone      bool // the socket is to be closed, or is
	dead      chan struct{}
	info      *TCPInfo // what the kernel knew before the link's own reset
}

// Over puts a link between a connection that nobody has used yet and its user,
// for whom is the one that is returned. Link.Run must be called. The delays follow
// from the seed, the direction, and the place in the stream.
func Over(far *Conn, out, back Faults, seed uint64) (*Conn, *Link) {
	l := &Link{far: far, dead: make(chan struct{}), turned: make(chan struct{}, 1)}
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
	l.turn()
	close(l.dead)
}

// finish has the socket be closed once nobody needs it any more.
func (l *Link) finish() {
	if l.closed && (l.sent && l.heard || l.broken) {
		l.die()
	}
}
