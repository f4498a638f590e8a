package wire

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// AwaitReset waits, once the peer's end was read, until the connection is reset
// as well: no read tells of that. The error is ErrReset; nil, when both sides
// have ended in order; errors.ErrUnsupported, where the system does not say; or
// what has ended the wait.
func (c *Conn) AwaitReset() error {
	if _, tcp := c.sock.(*net.TCPConn); !tcp {
		return errors.ErrUnsupported
	}
	var events int16
	err := c.raw.Read(func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd)}}
		for err := error(unix.EINTR); err == unix.EINTR; {
			_, err = unix.Poll(fds, 0)
		}
		events = fds[0].Revents
		return events&(unix.POLLERR|unix.POLLHUP) != 0
	})
	switch {
	case err != nil:
		return c.meaning(err)
	case c.ended.Load() && events&unix.POLLERR == 0:
		return nil
	}
	c.reset.Store(true)
	return ErrReset
}
