package wire

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// peer is a UDP server's end of what one client sends. All of them write
// through the server's one socket.
type peer struct {
	conn *net.UDPConn
	addr netip.AddrPort

	mu       sync.Mutex
	changed  *sync.Cond
	queue    [][]byte // datagrams, in the order in which they came
	size     int      // of all of them
	deadline time.Time
	timer    *time.Timer
	closed   bool
}

// put adds a datagram that has come.
func (p *peer) put(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.size+len(data) > queueMost {
		return
	}
	p.queue = append(p.queue, append([]byte{}, data...))
	p.size += len(data)
	p.changed.Broadcast()
}

// Read takes a datagram.
func (p *peer) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	late := func() bool { return !p.deadline.IsZero() && !time.Now().Before(p.deadline) }
	for len(p.queue) == 0 && !p.closed && !late() {
		p.changed.Wait()
	}
	if late() {
		return 0, os.ErrDeadlineExceeded
	}
	return p.pop(b)
}

// late is a Read that does not wait, whatever the deadline.
func (p *peer) late(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pop(b)
}

func (p *peer) pop(b []byte) (int, error) {
	switch {
	case p.closed:
		return 0, net.ErrClosed
	case len(p.queue) == 0:
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(b, p.queue[0])
	p.size -= len(p.queue[0])
	p.queue = p.queue[1:]
	return n, nil
}

// Write sends a datagram.
func (p *peer) Write(b []byte) (int, error) { return p.conn.WriteToUDPAddrPort(b, p.addr) }

// Close leaves what comes from now on unheard.
func (p *peer) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	p.closed, p.queue = true, nil
	p.changed.Broadcast()
	return nil
}

func (p *peer) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed.Broadcast()
}

// SetReadDeadline bounds a Read, also one that waits now.
func (p *peer) SetReadDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	p.deadline = t
	if !t.IsZero() && !p.closed {
		p.timer = time.AfterFunc(time.Until(t), p.wake)
	}
	p.changed.Broadcast()
	return nil
}

// SetDeadline bounds a Read: a write does not wait for the peer.
func (p *peer) SetDeadline(t time.Time) error { return p.SetReadDeadline(t) }

// SetWriteDeadline does nothing.
func (p *peer) SetWriteDeadline(time.Time) error { return nil }

// LocalAddr is the server's.
func (p *peer) LocalAddr() net.Addr { return p.conn.LocalAddr() }

// RemoteAddr is the client's.
func (p *peer) RemoteAddr() net.Addr { return net.UDPAddrFromAddrPort(p.addr) }

var errNoStream = errors.New("datagrams have no end")
