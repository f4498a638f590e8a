package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// Listener is a TCP socket that listens. Windows has no backlog of its own
// choosing, and no socket that is bound and does not listen, in package net.
type Listener struct {
	bound netip.AddrPort
	dual  bool
	at    Local

	mu sync.Mutex
	ln net.Listener
}

func bind(ip netip.Addr, port int, at Local) (*Listener, error) {
	l := &Listener{at: at, dual: !ip.IsValid()}
	if l.dual {
		ip = netip.IPv6Unspecified()
	}
	l.bound = netip.AddrPortFrom(ip, uint16(port))
	return l, nil
}

// Listen makes the socket listen.
func (l *Listener) Listen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ln != nil {
		return nil
	}
	lc := net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, raw syscall.RawConn) error {
		return setBuffers(raw, l.at.RcvBuf, l.at.SndBuf)
	}}
	lc.SetMultipathTCP(false)
	address := l.bound.String()
	if l.dual {
		address = fmt.Sprintf(":%d", l.bound.Port())
	}
	ln, err := lc.Listen(context.Background(), "tcp", address)
	if err != nil {
		return err
	}
	l.ln = ln
	return nil
}

// Stop ends listening. The port is not kept: only Unix can.
func (l *Listener) Stop() error { return l.Close() }

// Close gives up the port.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ln == nil {
		return nil
	}
	err := l.ln.Close()
	l.ln = nil
	return err
}

// spare is nothing here: what came before a reset is lost with it.
type spare struct{}

func (*spare) keep(syscall.RawConn) {}

func (*spare) close() {}

func (*spare) conn(_ Addr, reset error) (*Conn, error) { return nil, reset }

// errNoUnix is of every Unix socket here.
var errNoUnix = errors.New("banter has no Unix sockets on Windows")

func bindPath(Local) (*Listener, error) { return nil, errNoUnix }

func dialUnix(context.Context, Addr, DialOptions) (*Conn, error) { return nil, errNoUnix }

func (c *Conn) inherit(Local) error { return nil }

// Queue tells the backlog's length and limit on Linux alone.
func (l *Listener) Queue() (length, limit int, err error) {
	return 0, 0, errors.ErrUnsupported
}

// rawRead brings nothing after the deadline.
func (c *Conn) rawRead(p []byte, peek bool) (int, error) { return 0, os.ErrDeadlineExceeded }

// lateFrom has to wait a little, so that the system looks at the socket at all.
func lateFrom(c *net.UDPConn, p []byte) (int, netip.AddrPort, error) {
	c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	return c.ReadFromUDPAddrPort(p)
}

func (c *Conn) cork(bool) {}

func (c *Conn) unsent() (int, error) { return 0, errors.ErrUnsupported }

// rawWrite takes nothing after the deadline.
func (c *Conn) rawWrite(p []byte) (int, error) { return 0, os.ErrDeadlineExceeded }

func sockName(raw syscall.RawConn) (at Addr) {
	raw.Control(func(fd uintptr) {
		sa, err := windows.Getsockname(windows.Handle(fd))
		if err != nil {
			return
		}
		switch sa := sa.(type) {
		case *windows.SockaddrInet4:
			at = TCP(netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)))
		case *windows.SockaddrInet6:
			at = TCP(netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port)))
		}
	})
	return at
}

func setOptions(raw syscall.RawConn, o DialOptions) error {
	return setBuffers(raw, o.RcvBuf, o.SndBuf)
}

func setBuffers(raw syscall.RawConn, rcv, snd int) error {
	var err error
	cerr := raw.Control(func(fd uintptr) {
		if rcv > 0 {
			err = windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_RCVBUF, rcv)
		}
		if snd > 0 && err == nil {
			err = windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_SNDBUF, snd)
		}
	})
	return errors.Join(cerr, err)
}

func isSystemReset(err error) bool {
	return errors.Is(err, windows.WSAECONNRESET) || errors.Is(err, windows.WSAECONNABORTED)
}

func isSystemRefused(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }

func lateRead(*os.File, []byte) (int, error) { return 0, os.ErrDeadlineExceeded }

func lateWrite(*os.File, []byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// withoutReuse has nothing to take back.
func withoutReuse(syscall.RawConn) error { return nil }

// Waiting is not known here.
func (l *Listener) Waiting() bool { return false }

// Waiting is not known here.
func (l *PacketListener) Waiting() bool { return false }
