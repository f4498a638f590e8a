//go:build unix

package wire

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// spare is a second descriptor of a socket that connects.
type spare struct {
	fd   int
	kept bool
}

// keep makes it.
func (s *spare) keep(raw syscall.RawConn) {
	raw.Control(func(fd uintptr) {
		if dup, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0); err == nil {
			s.fd, s.kept = dup, true
		}
	})
}

func (s *spare) close() {
	if s.kept {
		unix.Close(s.fd)
	}
	s.kept = false
}

// conn is the connection of a connect that was reset at once, as an error says:
// what the peer sent before is still there. The system has told of the reset,
// and says no more than that it is the end.
func (s *spare) conn(to Addr, reset error) (*Conn, error) {
	if !s.kept {
		return nil, reset
	}
	s.kept = false
	f := os.NewFile(uintptr(s.fd), "connection")
	defer f.Close()
	sock, err := net.FileConn(f)
	if err != nil {
		return nil, reset
	}
	c, err := newConn(sock)
	if err != nil {
		return nil, reset
	}
	c.Remote, c.AtOnce = to, true
	c.reset.Store(true)
	return c, nil
}

// Peek reads what is there, waiting for the first byte, and leaves it there.
func (c *Conn) Peek(p []byte) (int, error) {
	if c.tls != nil {
		return c.peekTLS(p)
	}
	if l, ok := c.sock.(*Link); ok {
		n, err := l.read(p, true, false)
		return n, c.meaning(err)
	}
	var n int
	var sys error
	err := c.raw.Read(func(fd uintptr) bool {
		n, sys = recv(fd, p, unix.MSG_PEEK)
		return sys != unix.EAGAIN
	})
	if err != nil {
		return 0, c.meaning(err)
	}
	return c.received(n, sys)
}

// rawRead reads, or peeks at, what the socket has.
func (c *Conn) rawRead(p []byte, peek bool) (int, error) {
	flags := 0
	if peek {
		flags = unix.MSG_PEEK
	}
	var n int
	var sys error
	if err := c.raw.Control(func(fd uintptr) { n, sys = recv(fd, p, flags) }); err != nil {
		return 0, err
	}
	return c.received(n, sys)
}

// rawWrite writes what the socket takes without waiting.
func (c *Conn) rawWrite(p []byte) (int, error) {
	if c.raw == nil {
		return 0, os.ErrDeadlineExceeded
	}
	var n int
	var sys error
	if err := c.raw.Control(func(fd uintptr) {
		n, sys = unix.SendmsgN(int(fd), p, nil, nil, unix.MSG_DONTWAIT|noSignal)
	}); err != nil {
		return 0, err
	}
	switch {
	case sys == unix.EAGAIN || sys == nil && n < len(p):
		return max(n, 0), os.ErrDeadlineExceeded
	case sys != nil:
		return 0, os.NewSyscallError("send", sys)
	}
	return n, nil
}

func recv(fd uintptr, p []byte, flags int) (int, error) {
	for {
		n, _, err := unix.Recvfrom(int(fd), p, flags|unix.MSG_DONTWAIT)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// received is what a recv(2) means.
func (c *Conn) received(n int, sys error) (int, error) {
	switch {
	case sys == unix.EAGAIN:
		return 0, os.ErrDeadlineExceeded
	case sys != nil:
		return 0, c.meaning(os.NewSyscallError("recv", sys))
	case n == 0 && !c.Packets:
		return 0, c.meaning(io.EOF)
	}
	return n, nil
}

// lateFrom reads a datagram that is there, whatever the deadline.
func lateFrom(c *net.UDPConn, p []byte) (n int, from netip.AddrPort, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, from, err
	}
	var sa unix.Sockaddr
	cerr := raw.Control(func(fd uintptr) {
		for err = unix.EINTR; err == unix.EINTR; {
			n, sa, err = unix.Recvfrom(int(fd), p, unix.MSG_DONTWAIT)
		}
	})
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		from = netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		from = netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	return n, from, errors.Join(cerr, err)
}

// lateRead reads what is in a pipe, whatever the deadline.
func lateRead(f *os.File, p []byte) (int, error) {
	n, err := onFile(f, func(fd int) (int, error) { return unix.Read(fd, p) })
	if err == nil && n == 0 {
		return 0, io.EOF
	}
	return n, err
}

// lateWrite writes what a pipe takes, whatever the deadline.
func lateWrite(f *os.File, p []byte) (int, error) {
	n, err := onFile(f, func(fd int) (int, error) { return unix.Write(fd, p) })
	if err == nil && n < len(p) {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

// onFile does something with a file that does not block.
func onFile(f *os.File, do func(fd int) (int, error)) (n int, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	cerr := raw.Control(func(fd uintptr) {
		for err = unix.EINTR; err == unix.EINTR; {
			n, err = do(int(fd))
		}
	})
	switch {
	case cerr != nil:
		return 0, cerr
	case err == unix.EAGAIN:
		return 0, os.ErrDeadlineExceeded
	}
	return max(n, 0), err
}

// withoutReuse takes back the SO_REUSEADDR that package net sets.
func withoutReuse(raw syscall.RawConn) (err error) {
	cerr := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 0)
	})
	return errors.Join(cerr, err)
}
