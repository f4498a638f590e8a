package wire

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
)

// Local is where a listener is bound.
type Local struct {
	Net            *Namespace // in which the socket is; nil: the process's own network
	Path           string     // of a Unix socket, absolute; "": the socket is of TCP
	Host           string     // "": every address, of both families where the system has them
	Loopback       bool       // of every address only the loopback ones
	Port           int        // 0: a free one
	Backlog        int        // of listen(2); negative: the system's maximum
	RcvBuf, SndBuf int        // in bytes; 0: the system's
	Congestion     string     // of TCP: the control algorithm; "": the system's
}

// Free ports are taken from below the range that Linux gives to outgoing
// connections (32768 and up, see ip(7)), so that none of those can take the
// port of a server that is bound and does not listen; and they are tried one
// after the other, so that none comes back soon. The kernel's own choice slows
// down as the ports in TIME_WAIT grow in number.
var ownPorts = newPortRange(15000, 32768)

// portRange is ports that are tried one after the other.
type portRange struct {
	first, n uint32
	last     atomic.Uint32
}

// newPortRange is the ports from first to before end. Two programs that start at
// the same time begin at different ones.
func newPortRange(first, end uint32) *portRange {
	r := &portRange{first: first, n: end - first}
	r.last.Store(rand.Uint32())
	return r
}

func (r *portRange) next() int { return int(r.first + r.last.Add(1)%r.n) }

// Open binds a socket and, if listen is set, makes it listen.
func Open(ctx context.Context, at Local, listen bool) (*Listener, error) {
	if at.Path != "" {
		l, err := bindPath(at)
		if err == nil && listen {
			err = l.listenOrClose()
		}
		if err != nil {
			return nil, err
		}
		return l, nil
	}
	ip, err := at.resolve(ctx)
	if err == nil && at.Congestion != "" {
		err = haveCongestion(at.Net, at.Congestion)
	}
	if err != nil {
		return nil, err
	}
	var l *Listener
	err = onPort(at.Port, func(port int) (err error) {
		if l, err = bind(ip, port, at); err == nil && listen {
			err = l.listenOrClose()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// resolve is the address to bind, which is not valid for every address. Where
// the system can't hold a socket to the loopback ones, it is one of those.
func (at *Local) resolve(ctx context.Context) (ip netip.Addr, err error) {
	if at.Host != "" {
		if ip, err = Resolve(ctx, at.Host); err != nil {
			return ip, err
		}
	}
	every := !ip.IsValid() || ip.IsUnspecified()
	at.Loopback = at.Loopback && every
	if at.Loopback && !canNarrow() {
		if !ip.IsValid() {
			ip = netip.IPv4Unspecified()
		}
		at.Loopback = false
		return Reachable(ip), nil
	}
	return ip, nil
}

// onPort tries a port or, if that is 0, free ones. Any number of tries will do
// that is far more than the ports which other programs hold.
func onPort(port int, try func(port int) error) error {
	if port != 0 {
		return try(port)
	}
	return ownPorts.try(1000, try)
}

// try tries ports until one is free, so many at the most.
func (r *portRange) try(most int, try func(port int) error) error {
	for n := 1; ; n++ {
		err := try(r.next())
		if err == nil || n == most || !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EACCES) {
			return err
		}
	}
}

func (l *Listener) listenOrClose() error {
	err := l.Listen()
	if err != nil {
		l.Close()
	}
	return err
}

// Addr is where a client of this machine reaches the listener: its address, or
// the loopback address where it is bound to all of them.
func (l *Listener) Addr() Addr {
	if l.at.Path != "" {
		return Unix(l.at.Path)
	}
	ip := l.bound.Addr()
	if l.dual {
		ip = netip.IPv4Unspecified()
	}
	return TCP(netip.AddrPortFrom(Reachable(ip), l.bound.Port()))
}

// Reachable is the address that a connect to ip goes to: of an unspecified one
// the loopback address.
func Reachable(ip netip.Addr) netip.Addr {
	switch {
	case !ip.IsUnspecified():
		return ip
	case ip.Is4():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.IPv6Loopback()
}

// Accept waits for the next connection. It ends with net.ErrClosed when the
// listener is stopped or closed.
func (l *Listener) Accept() (*Conn, error) {
	l.mu.Lock()
	ln := l.ln
	l.mu.Unlock()
	if ln == nil {
		return nil, net.ErrClosed
	}
	c, err := ln.Accept()
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.ln != ln { // stopped: the system may say EINVAL
			return nil, net.ErrClosed
		}
		return nil, err
	}
	conn, err := newConn(c)
	if err == nil && l.at.Path != "" {
		conn.Local = l.Addr() // the system knows the name that it was bound by
		err = conn.inherit(l.at)
	}
	return conn, err
}
