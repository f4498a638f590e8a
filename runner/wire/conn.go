// Package wire is sockets, and all that is different about them on Linux,
// macOS and Windows. It knows nothing of scenarios.
//
//	ln, err := wire.Open(ctx, wire.Local{Host: "127.0.0.1"}, true)
//	conn, err := wire.Dial(ctx, ln.Addr(), wire.DialOptions{})
//	peer, err := ln.Accept()
package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// ErrReset is an abrupt end: the kernel said ECONNRESET or EPIPE, which of the
// two is a matter of timing.
var ErrReset = errors.New("connection reset")

// ErrRefused is what a datagram met that nobody takes: the peer's system says so
// in an ICMP message, and the socket with the next read or write.
var ErrRefused = errors.New("connection refused")

// Conn is a connection of TCP, of a Unix socket, the pipes of a program, or what
// goes between two sockets of UDP; there a Read brings one datagram, and a Write sends one. The
// kernel tells of a reset once, and then of an end; a Conn remembers what it
// said first. One goroutine uses it at a time, but another may write while it
// reads, and any may set deadlines and close.
type Conn struct {
	sock    net.Conn        // a *net.TCPConn, *net.UnixConn, *net.UDPConn, *peer, *Link or pipes
	raw     syscall.RawConn // nil of a peer and of pipes; the socket's of a Link
	reset   atomic.Bool
	refused atomic.Bool // a Write has heard it, and no Read has told
	shut    bool        // we have half-closed
	ended   atomic.Bool // so that the peer may know it
	Packets bool        // of UDP
	Piped   bool        // of a program: it can't be peeked at
	AtOnce  bool        // the peer had reset it before Dial was done; what came before that is there

	// With TLS.
	tls         *tls.Conn  // nil: none
	under       *tlsSocket // the socket, as tls sees it
	handshaken  bool
	broken      atomic.Pointer[TLSError] // why there is no way on
	shown, room []byte                   // that a Peek has shown; where it stands
	begun       int                      // bytes of a record that is not out yet
	ending      sync.WaitGroup           // an end that waits for room

	Local, Remote Addr
}

// stream is a *net.TCPConn, a *net.UnixConn, a *Link or pipes.
type stream interface {
	CloseRead() error
	CloseWrite() error
}

func newConn(sock net.Conn) (*Conn, error) {
	raw, err := sock.(syscall.Conn).SyscallConn()
	if err != nil {
		sock.Close()
		return nil, err
	}
	return &Conn{sock: sock, raw: raw, Local: addrOf(sock.LocalAddr()), Remote: addrOf(sock.RemoteAddr())}, nil
}

// Read reads what is there, waiting for the first byte. The error is io.EOF
// where the peer has half-closed, ErrReset, or os.ErrDeadlineExceeded.
func (c *Conn) Read(p []byte) (int, error) {
	if c.refused.Load() && c.refused.Swap(false) {
		return 0, ErrRefused
	}
	if c.tls != nil {
		return c.readTLS(p)
	}
	n, err := c.sock.Read(p)
	return n, c.meaning(err)
}

// Write writes all of p. The error is ErrReset or os.ErrDeadlineExceeded. That
// an earlier datagram was refused is left for the next Read to tell.
func (c *Conn) Write(p []byte) (int, error) {
	if c.tls != nil {
		return c.writeTLS(p)
	}
	n, err := c.sock.Write(p)
	if err != nil && c.Packets && c.meaning(err) == ErrRefused {
		c.refused.Store(true)
		n, err = c.sock.Write(p) // that one was not sent
	}
	return n, c.meaning(err)
}

// Cork holds back what is written next, up to a full segment, until it is called
// with false; see TCP_CORK in tcp(7). Linux holds nothing longer than 200 ms, and
// other systems hold nothing, nor does what is no TCP.
func (c *Conn) Cork(on bool) {
	if _, tcp := c.sock.(*net.TCPConn); tcp {
		c.cork(on)
	}
}

// Late is a Read, or a Peek, after the deadline: it brings what is there
// already and does not wait. A machine that stood still must not make what came
// in time come too late.
func (c *Conn) Late(p []byte, peek bool) (int, error) {
	if c.refused.Swap(false) {
		return 0, ErrRefused
	}
	if c.tls != nil {
		return c.lateTLS(p, peek)
	}
	return c.lateRead(p, peek)
}

func (c *Conn) lateRead(p []byte, peek bool) (int, error) {
	switch sock := c.sock.(type) {
	case *peer:
		return sock.late(p)
	case *Link:
		n, err := sock.read(p, peek, true)
		return n, c.meaning(err)
	case pipes:
		n, err := lateRead(sock.out, p)
		return n, c.meaning(err)
	}
	return c.rawRead(p, peek)
}

// LateWrite is a Write after the deadline: it goes on with what a Write has not
// sent, and writes what the system takes without waiting.
func (c *Conn) LateWrite(p []byte) (int, error) {
	if c.tls != nil {
		return c.lateWriteTLS(p)
	}
	n, err := c.lateWrite(p)
	return n, c.meaning(err)
}

func (c *Conn) lateWrite(p []byte) (int, error) {
	switch sock := c.sock.(type) {
	case pipes:
		return sock.lateWrite(p)
	case *Link:
		return sock.lateWrite(p)
	}
	return c.rawWrite(p)
}

// meaning reduces an error to those that matter, where it is one of them.
func (c *Conn) meaning(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		if c.reset.Load() {
			return ErrReset
		}
		return io.EOF
	case c.Packets && (IsRefused(err) || IsReset(err)): // Windows says reset
		return ErrRefused
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

// CloseWrite half-closes: the peer reads an end, and can go on sending. Once
// that is done it does nothing: the system would say ENOTCONN where the peer
// has ended as well, as it does of a connection that was reset.
func (c *Conn) CloseWrite() error {
	s, ok := c.sock.(stream)
	switch {
	case !ok:
		return errNoStream
	case c.shut:
		return nil
	}
	c.shut = true
	c.ended.Store(true)
	if c.tls != nil && c.broken.Load() == nil {
		return c.endTLS(s)
	}
	return c.meaning(s.CloseWrite())
}

// CloseRead ends reading (SHUT_RD). Where both sides have ended already, there
// is nothing to do.
func (c *Conn) CloseRead() error {
	s, ok := c.sock.(stream)
	if !ok {
		return errNoStream
	}
	if err := s.CloseRead(); !errors.Is(err, syscall.ENOTCONN) {
		return c.meaning(err)
	}
	return nil
}

// Close is close(2): bytes that were not read make the kernel send a RST. After
// a failure of TLS it reads what the peer sends, until its end or the deadline.
func (c *Conn) Close() error {
	if c.tls != nil {
		defer c.ending.Wait()
		return c.closeTLS()
	}
	return c.sock.Close()
}

// Reset closes with a RST: SO_LINGER with a time of 0, see socket(7). A Unix
// socket has none, and closes as it is.
func (c *Conn) Reset() error {
	defer c.ending.Wait()
	var err error
	switch sock := c.sock.(type) {
	case *net.TCPConn:
		err = sock.SetLinger(0)
	case *Link:
		sock.abort()
	}
	return errors.Join(err, c.sock.Close())
}

// Unsent is how many of the bytes that were written the peer's system has not
// got yet. Only Linux tells. What is on a link keeps its place before what comes
// after it, and does not count.
func (c *Conn) Unsent() (int, error) {
	n, err := 0, error(nil)
	if _, linked := c.sock.(*Link); !linked {
		n, err = c.unsent()
	}
	if err == nil && c.tls != nil {
		n += int(c.under.left.Load())
	}
	return n, err
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
	return errors.Is(err, ErrRefused) || errors.Is(err, syscall.ECONNREFUSED) || isSystemRefused(err) ||
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
	Net            *Namespace     // in which the socket is; nil: the process's own network
	Local          netip.AddrPort // of TCP and UDP; zero: the system's choice
	RcvBuf, SndBuf int            // in bytes; 0: the system's
	Congestion     string         // of TCP: the control algorithm; "": the system's
	Pending        bool           // of TCP and Unix: give up with ErrPending as soon as that is known
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
	switch to.Network {
	case unixNet:
		return dialUnix(ctx, to, o)
	case udpNet:
		return dialUDP(ctx, to, o)
	}
	if o.Pending && !pendingKnown {
		return nil, errPendingUnknown
	}
	if o.Congestion != "" {
		if err := haveCongestion(o.Net, o.Congestion); err != nil {
			return nil, err
		}
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	var second spare
	defer second.close()
	d := net.Dialer{
		KeepAlive: -1,
		ControlContext: func(_ context.Context, _, _ string, raw syscall.RawConn) error {
			if err := o.Net.take(raw); err != nil {
				return err
			}
			o.began(raw)
			second.keep(raw)
			if o.Pending {
				go watchPending(ctx, raw, end)
			}
			return setOptions(raw, o)
		},
	}
	d.SetMultipathTCP(false) // its counters differ, and filters can't be attached
	if o.Local.IsValid() {   // else there must be no bind(2), which is slow where many ports are in TIME_WAIT
		d.LocalAddr = net.TCPAddrFromAddrPort(o.Local)
	}
	c, err := d.DialContext(ctx, "tcp", to.String())
	if err != nil && IsReset(err) { // package net has closed its socket
		return second.conn(to, err)
	}
	if err != nil && errors.Is(context.Cause(ctx), ErrPending) {
		return nil, ErrPending
	}
	if err != nil {
		return nil, err
	}
	return newConn(c.(*net.TCPConn))
}

// Resolve is the address of a host: an IP address as it is, of a name the
// first IPv4 address or, if it has none, the first.
func Resolve(ctx context.Context, host string) (netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap(), nil
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
