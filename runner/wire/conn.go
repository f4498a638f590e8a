// Package wire is sockets, and all that is different about them on Linux,
// macOS and Windows. It knows nothing of scenarios.
//
//	ln, err := wire.Open(ctx, wire.Local{Host: "127.0.0.1"}, true)
//	conn, err := wire.Dial(ctx, ln.Addr(), wire.DialOptions{})
//	peer, err := ln.Accept()
package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// ErrReset is an abrupt end: the kernel said ECONNRESET or EPIPE, which of the
// two is a matter of timing.
var ErrReset = errors.New("connection reset")

// Conn is a connection of TCP, or of a Unix socket. The kernel tells of a reset
// once, and then of an end; a Conn remembers what it said first. One goroutine
// uses it at a time, but another may write while it reads, and any may set
// deadlines and close.
type Conn struct {
	sock          stream
	raw           syscall.RawConn
	reset         atomic.Bool
	Local, Remote Addr
}

// stream is a *net.TCPConn or a *net.UnixConn.
type stream interface {
	net.Conn
	syscall.Conn
	CloseRead() error
	CloseWrite() error
}

func newConn(sock stream) (*Conn, error) {
	raw, err := sock.SyscallConn()
	if err != nil {
		sock.Close()
		return nil, err
	}
	return &Conn{sock: sock, raw: raw, Local: addrOf(sock.LocalAddr()), Remote: addrOf(sock.RemoteAddr())}, nil
}

// Read reads what is there, waiting for the first byte. The error is io.EOF
// where the peer has half-closed, ErrReset, or os.ErrDeadlineExceeded.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.sock.Read(p)
	return n, c.meaning(err)
}

// Write writes all of p. The error is ErrReset or os.ErrDeadlineExceeded.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.sock.Write(p)
	return n, c.meaning(err)
}

// meaning reduces an error to the three that matter, where it is one of them.
func (c *Conn) meaning(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		if c.reset.Load() {
			return ErrReset
		}
		return io.EOF
	case IsReset(err):
		c.reset.Store(true)
		return ErrReset
	case errors.Is(err, os.ErrDeadlineExceeded):
		return os.ErrDeadlineExceeded
	}
	return err
}

// SetDeadline bounds reads and writes, also those that wait now.
func (c *Conn) SetDeadline(t time.Time) error { return c.sock.SetDeadline(t) }

// SetReadDeadline bounds reads alone.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.sock.SetReadDeadline(t) }

// SetWriteDeadline bounds writes alone.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.sock.SetWriteDeadline(t) }

// CloseWrite half-closes: the peer reads an end, and can go on sending.
func (c *Conn) CloseWrite() error { return c.meaning(c.sock.CloseWrite()) }

// CloseRead ends reading (SHUT_RD).
func (c *Conn) CloseRead() error { return c.meaning(c.sock.CloseRead()) }

// Close is close(2): bytes that were not read make the kernel send a RST.
func (c *Conn) Close() error { return c.sock.Close() }

// Reset closes with a RST: SO_LINGER with a time of 0, see socket(7). A Unix
// socket has none, and closes as it is.
func (c *Conn) Reset() error {
	var err error
	if tcp, ok := c.sock.(*net.TCPConn); ok {
		err = tcp.SetLinger(0)
	}
	return errors.Join(err, c.sock.Close())
}

// IsReset reports whether an error says that the peer ended the connection
// abruptly.
func IsReset(err error) bool {
	return errors.Is(err, ErrReset) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, syscall.ECONNABORTED) || errors.Is(err, syscall.ENOTCONN) || isSystemReset(err)
}

// IsRefused reports whether an error says that nobody listens there.
// So does a Unix socket's path where no file is: a server that never was leaves
// none, one that is gone may leave a file that refuses.
func IsRefused(err error) bool {
	var op *net.OpError
	return errors.Is(err, syscall.ECONNREFUSED) || isSystemRefused(err) ||
		errors.As(err, &op) && op.Net == unixNet && op.Op == "dial" && errors.Is(err, syscall.ENOENT)
}

// IsUnreachable reports whether an error says that there is no way there.
func IsUnreachable(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH)
}

// Reason is the system's own words for an error, without the operation and the
// addresses that package net puts around them.
func Reason(err error) string {
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		return sys.Err.Error()
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.Err
	}
	return err.Error()
}

// DialOptions are what a client's socket is made with.
type DialOptions struct {
	Local          netip.AddrPort // of TCP; zero: the system's choice
	RcvBuf, SndBuf int            // in bytes; 0: the system's
	// Began is called before the socket connects, with a function that tells
	// the socket's local address as soon as it has one: the peer may accept
	// before Dial returns.
	Began func(local func() Addr)
}

func (o *DialOptions) began(raw syscall.RawConn) {
	if o.Began != nil {
		o.Began(func() Addr { return sockName(raw) })
	}
}

// Dial connects. The context bounds it.
func Dial(ctx context.Context, to Addr, o DialOptions) (*Conn, error) {
	if to.Network == unixNet {
		return dialUnix(ctx, to, o)
	}
	d := net.Dialer{
		KeepAlive: -1,
		ControlContext: func(_ context.Context, _, _ string, raw syscall.RawConn) error {
			o.began(raw)
			return setOptions(raw, o)
		},
	}
	d.SetMultipathTCP(false) // its counters differ, and filters can't be attached
	if o.Local.IsValid() {   // else there must be no bind(2), which is slow where many ports are in TIME_WAIT
		d.LocalAddr = net.TCPAddrFromAddrPort(o.Local)
	}
	c, err := d.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	return newConn(c.(*net.TCPConn))
}

// Resolve is the address of a host: an IP address as it is, of a name the
// first IPv4 address or, if it has none, the first.
func Resolve(ctx context.Context, host string) (netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, ip := range ips {
		if ip.Unmap().Is4() {
			return ip.Unmap(), nil
		}
	}
	return ips[0], nil
}
