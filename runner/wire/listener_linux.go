package wire

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// systemBacklog is above any limit: listen(2) cuts it down to
// net.core.somaxconn.
const systemBacklog = 1 << 30

// noSignal has send(2) report a closed peer as EPIPE alone.
const noSignal = unix.MSG_NOSIGNAL

// unlisten ends listening and keeps the port: Linux takes a shutdown of a
// listening socket so, where the port was named in bind(2).
func (l *Listener) unlisten() error {
	return os.NewSyscallError("shutdown", unix.Shutdown(l.fd, unix.SHUT_RDWR))
}

// Queue is how many connections wait for accept, and how many may, as the
// kernel has it (TCP_INFO of a listening socket). One more than the limit gets
// in.
func (l *Listener) Queue() (length, limit int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ln == nil {
		return 0, 0, net.ErrClosed
	}
	info, err := unix.GetsockoptTCPInfo(l.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0, 0, os.NewSyscallError("getsockopt", err)
	}
	return int(info.Unacked), int(info.Sacked), nil
}
