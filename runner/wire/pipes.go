package wire

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// pipes are a program's standard input and output as a connection.
type pipes struct{ in, out *os.File }

// Pipes makes a connection of the pipes that are a program's standard input
// and output. Nobody sees a reset on it: what a program does not read is lost.
// It fails where the system has no deadlines for pipes.
func Pipes(in, out *os.File) (*Conn, error) {
	if err := errors.Join(in.SetDeadline(time.Time{}), out.SetDeadline(time.Time{})); err != nil {
		return nil, errors.ErrUnsupported
	}
	return &Conn{sock: pipes{in, out}, Piped: true}, nil
}

// Read reads what the program prints.
func (p pipes) Read(b []byte) (int, error) { return p.out.Read(b) }

// Write writes what the program is to read. That it has closed its input, or
// ended, is nobody's failure: whether it does before this or after it is a
// matter of timing.
func (p pipes) Write(b []byte) (int, error) {
	n, err := p.in.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return len(b), nil
	}
	return n, err
}

func (p pipes) lateWrite(b []byte) (int, error) {
	n, err := lateWrite(p.in, b)
	if errors.Is(err, syscall.EPIPE) {
		return len(b), nil
	}
	return n, err
}

// Close gives up both.
func (p pipes) Close() error {
	err := p.CloseWrite()
	return errors.Join(err, p.CloseRead())
}

// CloseWrite ends the program's input.
func (p pipes) CloseWrite() error { return closed(p.in) }

// CloseRead has the program's output go nowhere.
func (p pipes) CloseRead() error { return closed(p.out) }

// closed closes a file that may be closed already.
func closed(f *os.File) error {
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// SetDeadline bounds reads and writes. One whose pipe is closed has no bound to
// set.
func (p pipes) SetDeadline(t time.Time) error {
	p.in.SetDeadline(t)
	p.out.SetDeadline(t)
	return nil
}

// SetReadDeadline bounds reads.
func (p pipes) SetReadDeadline(t time.Time) error { return p.out.SetReadDeadline(t) }

// SetWriteDeadline bounds writes.
func (p pipes) SetWriteDeadline(t time.Time) error { return p.in.SetWriteDeadline(t) }

// LocalAddr is nothing.
func (p pipes) LocalAddr() net.Addr { return nil }

// RemoteAddr is nothing.
func (p pipes) RemoteAddr() net.Addr { return nil }
