package wire

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// systemBacklog is above any limit: listen(2) cuts it down to
// net.core.somaxconn.
const systemBacklog = 1 << 30

// noSignal has send(2) report a closed peer as EPIPE alone.
const noSignal = unix.MSG_NOSIGNAL

// unsent is Unsent of the socket, see SIOCOUTQ in tcp(7).
func (c *Conn) unsent() (n int, err error) {
	if cerr := c.raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) }); cerr != nil {
		return 0, cerr
	}
	return n, os.NewSyscallError("ioctl", err)
}

func (c *Conn) cork(on bool) {
	value := 0
	if on {
		value = 1
	}
	c.raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_CORK, value) })
}

// unlisten ends listening and keeps the port: Linux takes a shutdown of a
// listening socket so, where the port was named in bind(2).
func (l *Listener) unlisten() error {
	if err := unix.Shutdown(l.fd, unix.SHUT_RDWR); err != nil {
		return os.NewSyscallError("shutdown", err)
	}
	return os.NewSyscallError("setsockopt", setShared(l.fd, false))
}

// setShared sets SO_REUSEADDR once a socket is bound. While it does not listen,
// somebody else who has set that too could listen on its port; while it does,
// there may be connections of earlier servers on it.
func setShared(fd int, shared bool) error {
	value := 0
	if shared {
		value = 1
	}
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, value)
}

// Queue is how many connections wait for accept, and how many may, as the
// kernel has it (TCP_INFO of a listening socket). One more than the limit gets
// in. Of a Unix socket it does not tell the length, which is -1 then.
func (l *Listener) Queue() (length, limit int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ln == nil {
		return 0, 0, net.ErrClosed
	}
	if l.at.Path != "" {
		limit, err := somaxconn()
		return -1, min(limit, l.at.Backlog), err
	}
	info, err := unix.GetsockoptTCPInfo(l.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0, 0, os.NewSyscallError("getsockopt", err)
	}
	return int(info.Unacked), int(info.Sacked), nil
}

// somaxconn is what listen(2) cuts every backlog down to.
func somaxconn() (int, error) {
	b, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

var (
	program = rand.Uint32() // this one, among those that name their clients here
	clients atomic.Uint64
)

// nameClient gives a client's Unix socket an abstract name, see unix(7): else
// it has none, and its server can't tell whose connection it accepts.
func nameClient(fd int) (forget func(), err error) {
	name := fmt.Sprintf("@banter-%08x-%d", program, clients.Add(1))
	return func() {}, unix.Bind(fd, &unix.SockaddrUnix{Name: name})
}
