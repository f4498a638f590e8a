//go:build unix && !linux

package wire

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const systemBacklog = 0

const noSignal = 0 // package net has set SO_NOSIGPIPE

func (c *Conn) unsent() (int, error) { return 0, errors.ErrUnsupported }

func (c *Conn) cork(bool) {}

// unlisten ends listening and takes the port again. For an instant in between
// somebody else could take it: only Linux can end listening and keep the port.
func (l *Listener) unlisten() error {
	if err := unix.Close(l.fd); err != nil {
		return err
	}
	fd, err := boundSocket(l.bound.Addr(), int(l.bound.Port()), l.dual, l.at)
	l.fd = fd
	return err
}

// setShared is for Linux alone: elsewhere two can't have a port anyway.
func setShared(int, bool) error { return nil }

// Queue tells the backlog's length and limit on Linux alone.
func (l *Listener) Queue() (length, limit int, err error) {
	return 0, 0, errors.ErrUnsupported
}

var clients atomic.Uint64

// nameClient gives a client's Unix socket a name: else it has none, and its
// server can't tell whose connection it accepts. Only Linux has names that are
// no files; this one can be removed once the socket is connected.
func nameClient(fd int) (forget func(), err error) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("banter-%d-%d", os.Getpid(), clients.Add(1)))
	os.Remove(path) // of a program that had the same number and was killed
	return func() { os.Remove(path) }, unix.Bind(fd, &unix.SockaddrUnix{Name: path})
}
