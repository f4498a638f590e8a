//go:build unix

package wire

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxPath is how long the name of a Unix socket can be: sun_path holds a zero
// byte behind it.
const maxPath = len(unix.RawSockaddrUnix{}.Path) - 1

// sunPath is a path as a Unix socket's address holds it. One that is too long
// may still do as seen from the working folder.
func sunPath(path string) (string, error) {
	if len(path) <= maxPath {
		return path, nil
	}
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, path); err == nil && len(rel)+len("./") <= maxPath {
			if strings.HasPrefix(rel, "@") { // which would be an abstract name
				rel = "./" + rel
			}
			return rel, nil
		}
	}
	return "", fmt.Errorf("the path has %d bytes, and the address of a Unix socket holds %d", len(path), maxPath)
}

// socketFile is the file of a Unix socket that is bound.
type socketFile struct {
	name string // as it was bound
	info fs.FileInfo
}

// remove removes the file, if it still is this socket's.
func (f *socketFile) remove() {
	if f.info == nil {
		return
	}
	if now, err := os.Lstat(f.name); err == nil && os.SameFile(now, f.info) {
		os.Remove(f.name)
	}
	f.info = nil
}

// ErrNoSocket says that the file at a path is none of a Unix socket.
var ErrNoSocket = errors.New("a file that is no socket has this name")

// bindPath binds a Unix socket. The file of a server that is gone is replaced.
func bindPath(at Local) (*Listener, error) {
	name, err := sunPath(at.Path)
	if err != nil {
		return nil, err
	}
	l := &Listener{at: at, fd: -1, file: socketFile{name: name}}
	err = l.bindFile()
	if errors.Is(err, unix.EADDRINUSE) {
		if info, statErr := os.Lstat(name); statErr == nil && info.Mode()&fs.ModeSocket == 0 {
			return nil, ErrNoSocket
		}
		if dead(name) && os.Remove(name) == nil {
			err = l.bindFile()
		}
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// dead reports whether the server of a socket's file is gone: then it refuses.
// One that is bound and does not listen looks the same.
func dead(name string) bool {
	c, err := net.Dial("unix", name)
	if err == nil {
		c.Close()
	}
	return errors.Is(err, unix.ECONNREFUSED)
}

// bindFile makes the socket and its file.
func (l *Listener) bindFile() error {
	fd, err := newSocket(unix.AF_UNIX)
	if err != nil {
		return err
	}
	if err := setBuffers(fd, l.at.RcvBuf, l.at.SndBuf); err != nil {
		unix.Close(fd)
		return os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: l.file.name}); err != nil {
		unix.Close(fd)
		return os.NewSyscallError("bind", err)
	}
	l.fd = fd
	l.file.info, err = os.Lstat(l.file.name)
	return err
}

// rebind ends listening and takes the path again, since a Unix socket that has
// listened can't be told to stop.
func (l *Listener) rebind() error {
	err := unix.Close(l.fd)
	l.fd = -1
	l.file.remove()
	return errors.Join(err, l.bindFile())
}

// inherit gives an accepted connection the buffers of its listener, as TCP
// does.
func (c *Conn) inherit(at Local) error {
	return setOptions(c.raw, DialOptions{RcvBuf: at.RcvBuf, SndBuf: at.SndBuf})
}

// backlogPoll is how often a client looks whether there is a place for it in a
// full backlog.
const backlogPoll = 5 * time.Millisecond

// dialUnix connects to a Unix socket. Where the backlog is full a socket that
// does not block is turned away at once (EAGAIN); here it waits, as one of TCP
// does.
func dialUnix(ctx context.Context, to Addr, o DialOptions) (*Conn, error) {
	name, err := sunPath(to.Path)
	if err != nil {
		return nil, err
	}
	forget := func() {}
	o.Congestion = ""
	d := net.Dialer{ControlContext: func(_ context.Context, _, _ string, raw syscall.RawConn) error {
		var err error
		if cerr := raw.Control(func(fd uintptr) { forget, err = nameClient(int(fd)) }); cerr != nil || err != nil {
			return errors.Join(cerr, os.NewSyscallError("bind", err))
		}
		o.began(raw)
		return setOptions(raw, o)
	}}
	for {
		c, err := d.DialContext(ctx, "unix", name)
		forget()
		if err == nil {
			conn, err := newConn(c.(*net.UnixConn))
			if err == nil {
				conn.Remote = to
			}
			return conn, err
		}
		switch {
		case !errors.Is(err, unix.EAGAIN):
			return nil, err
		case o.Pending:
			return nil, ErrPending
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(backlogPoll):
		}
	}
}
