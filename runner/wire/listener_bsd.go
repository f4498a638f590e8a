//go:build unix && !linux

package wire

import (
	"errors"

	"golang.org/x/sys/unix"
)

const systemBacklog = 0

const noSignal = 0 // package net has set SO_NOSIGPIPE

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

// Queue tells the backlog's length and limit on Linux alone.
func (l *Listener) Queue() (length, limit int, err error) {
	return 0, 0, errors.ErrUnsupported
}
