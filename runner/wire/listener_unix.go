//go:build unix

package wire

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Listener is a socket that is bound, and listens or not. It keeps its port, or
// its path, from Open to Close.
type Listener struct {
	bound netip.AddrPort
	dual  bool // bound to every address of both families
	at    Local
	file  socketFile // of a Unix socket

	mu sync.Mutex
	fd int          // the socket itself; -1 once closed
	ln net.Listener // the same socket in package net's hands; nil while it does not listen
}

// bind is done by hand, since package net binds and listens in one go. An
// invalid ip is every address.
func bind(ip netip.Addr, port int, at Local) (*Listener, error) {
	l := &Listener{at: at, dual: !ip.IsValid()}
	if l.dual {
		ip = netip.IPv6Unspecified()
	}
	var err error
	l.fd, err = boundSocket(ip, port, l.dual, at)
	if l.dual && (errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EADDRNOTAVAIL)) { // no IPv6 here
		l.dual = false
		ip = netip.IPv4Unspecified()
		l.fd, err = boundSocket(ip, port, false, at)
	}
	if err != nil {
		return nil, err
	}
	l.bound = netip.AddrPortFrom(ip, uint16(port))
	return l, nil
}

func boundSocket(ip netip.Addr, port int, dual bool, at Local) (int, error) {
	family, sa := unix.AF_INET, unix.Sockaddr(nil)
	if ip.Is4() {
		sa = &unix.SockaddrInet4{Port: port, Addr: ip.As4()}
	} else {
		family = unix.AF_INET6
		in6 := &unix.SockaddrInet6{Port: port, Addr: ip.As16()}
		if zone := ip.Zone(); zone != "" {
			ifi, err := net.InterfaceByName(zone)
			if err != nil {
				return -1, err
			}
			in6.ZoneId = uint32(ifi.Index)
		}
		sa = in6
	}
	fd, err := at.Net.stream(family)
	if err != nil {
		return -1, err
	}
	fail := func(call string, err error) (int, error) {
		unix.Close(fd)
		return -1, os.NewSyscallError(call, err)
	}
	// Without it a port is taken for a minute after a server that ended first.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return fail("setsockopt", err)
	}
	if family == unix.AF_INET6 {
		only := 1
		if dual {
			only = 0
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only); err != nil {
			return fail("setsockopt", err)
		}
	}
	if err := setBuffers(fd, at.RcvBuf, at.SndBuf); err != nil {
		return fail("setsockopt", err)
	}
	if at.Congestion != "" {
		if err := setCongestion(fd, at.Congestion); err != nil {
			return fail("setsockopt", err)
		}
	}
	if at.Loopback {
		if err := narrow(fd); err != nil {
			return fail("setsockopt", err)
		}
	}
	if err := unix.Bind(fd, sa); err != nil {
		return fail("bind", err)
	}
	if err := setShared(fd, false); err != nil {
		return fail("setsockopt", err)
	}
	return fd, nil
}

// newSocket makes a stream socket that does not block, and that no program
// inherits.
func newSocket(family int) (int, error) {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("fcntl", err)
	}
	return fd, nil
}

// setBuffers must come before listen and connect: the window's scale is agreed
// on when a connection begins, see tcp(7).
func setBuffers(fd, rcv, snd int) error {
	if rcv > 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, rcv); err != nil {
			return err
		}
	}
	if snd > 0 {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, snd)
	}
	return nil
}

// Listen makes a bound socket listen, with its backlog.
func (l *Listener) Listen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fd < 0 {
		return net.ErrClosed
	}
	if l.ln != nil {
		return nil
	}
	backlog := l.at.Backlog
	if backlog < 0 {
		backlog = unix.SOMAXCONN // the kernel cuts it down to what it allows
		if systemBacklog > backlog {
			backlog = systemBacklog
		}
	}
	if l.at.Path == "" {
		if err := setShared(l.fd, true); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	if err := unix.Listen(l.fd, backlog); err != nil {
		return os.NewSyscallError("listen", err)
	}
	// package net duplicates what it is given; the file only lends it the
	// descriptor, which stays ours.
	dup, err := unix.FcntlInt(uintptr(l.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(dup), "listener")
	defer f.Close()
	l.ln, err = net.FileListener(f)
	return err
}

// Stop ends listening: newcomers are refused, accepted connections live on,
// those that waited for accept are reset. The port stays bound.
func (l *Listener) Stop() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ln == nil {
		return nil
	}
	ln := l.ln
	l.ln = nil
	var err error
	if l.at.Path != "" {
		err = l.rebind()
	} else {
		err = l.unlisten()
	}
	return errors.Join(err, ln.Close())
}

// Close gives up the port, or the path. Connections that waited for accept are reset.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fd < 0 {
		return nil
	}
	var err error
	if l.ln != nil {
		err = l.ln.Close()
		l.ln = nil
	}
	err = errors.Join(err, unix.Close(l.fd))
	l.fd = -1
	l.file.remove()
	return err
}

// sockName is a socket's local address, or the zero Addr.
func sockName(raw syscall.RawConn) (at Addr) {
	raw.Control(func(fd uintptr) {
		sa, err := unix.Getsockname(int(fd))
		if err != nil {
			return
		}
		switch sa := sa.(type) {
		case *unix.SockaddrInet4:
			at = TCP(netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)))
		case *unix.SockaddrInet6:
			at = TCP(netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port)))
		case *unix.SockaddrUnix:
			at = Unix(sa.Name)
		}
	})
	return at
}

func setOptions(raw syscall.RawConn, o DialOptions) error {
	var err error
	if cerr := raw.Control(func(fd uintptr) {
		if o.Local.Port() != 0 {
			// A fixed local port may have a connection in TIME_WAIT.
			if err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
				return
			}
		}
		if err = setBuffers(int(fd), o.RcvBuf, o.SndBuf); err == nil && o.Congestion != "" {
			err = setCongestion(int(fd), o.Congestion)
		}
	}); cerr != nil {
		return cerr
	}
	return os.NewSyscallError("setsockopt", err)
}

func isSystemReset(error) bool { return false }

func isSystemRefused(error) bool { return false }

// Waiting reports whether a connection waits to be accepted.
func (l *Listener) Waiting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ln != nil && readable(l.fd)
}

// Waiting reports whether a datagram waits to be read.
func (l *PacketListener) Waiting() (is bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return false
	}
	if raw, err := l.conn.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { is = readable(int(fd)) })
	}
	return is
}

// readable reports whether there is something to read, or to accept.
func readable(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	for err == unix.EINTR {
		n, err = unix.Poll(fds, 0)
	}
	return err == nil && n > 0 && fds[0].Revents&unix.POLLIN != 0
}
