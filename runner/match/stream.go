// Package match takes frames from a stream and says whether they are what was
// expected. What a frame takes is a function of the bytes alone, never of how
// they were cut.
package match

import (
	"errors"
	"io"
	"os"
)

// Source is where the bytes come from: a connection.
//
// If it can Peek, a Stream takes no byte from it that no frame wants, so that
// a peer who is not read fills its window as in life. From one that can't the
// Stream reads ahead, Least bytes at the most.
type Source interface {
	Read(p []byte) (int, error)
}

// Peeker is a Source that shows bytes and keeps them.
type Peeker interface {
	// Peek waits for a byte and returns what is there, up to len(p).
	Peek(p []byte) (int, error)
}

// Bounds of the buffer that a Stream reads through, in bytes.
const (
	Least = 4 << 10
	Most  = 256 << 10 // Least times a power of 4
)

// Stream is what comes on a connection. It is for one goroutine.
type Stream struct {
	src   Source
	peek  Peeker // nil: read ahead
	taken func([]byte)
	end   error  // what the connection ended with: told again and again
	ahead []byte // read and not taken
	buf   []byte
	// filled says that a read has brought more than half of what buf holds.
	filled bool

	count int64 // bytes that were taken

	datagrams int64 // that were taken

	packets bool // each read brings a datagram
	held    bool // ahead is one, which may have no bytes
}

// NewStream makes a stream of a source. taken, if not nil, is called with all
// bytes that frames take, in order, in pieces that mean nothing.
func NewStream(src Source, taken func([]byte)) *Stream {
	s := &Stream{src: src, taken: taken}
	s.peek, _ = src.(Peeker)
	if s.taken == nil {
		s.taken = func([]byte) {}
	}
	return s
}

// Ahead is what was read and not taken. It is the caller's now, and no frame
// sees it.
func (s *Stream) Ahead() []byte {
	ahead := s.ahead
	s.ahead = nil
	return ahead
}

// buffer is scratch space for up to n bytes. It grows when it was filled:
// most connections bring little.
func (s *Stream) buffer(n int64) []byte {
	switch {
	case s.buf == nil:
		s.buf = make([]byte, Least)
	case s.filled && int64(len(s.buf)) < min(n, Most):
		s.buf = make([]byte, 4*len(s.buf))
		s.filled = false
	}
	return s.buf[:min(n, int64(len(s.buf)))]
}

// over remembers how the connection ended. A deadline is no end.
func (s *Stream) over(err error) error {
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		s.end = err
	}
	return err
}

// read takes up to n bytes, at least one, from the stream. They are valid until
// the next call.
func (s *Stream) read(n int64) ([]byte, error) {
	if len(s.ahead) > 0 {
		p := s.ahead[:min(n, int64(len(s.ahead)))]
		s.ahead = s.ahead[len(p):]
		s.count += int64(len(p))
		s.taken(p)
		return p, nil
	}
	if s.end != nil {
		return nil, s.end
	}
	buf := s.buffer(n)
	k, err := s.src.Read(buf)
	s.filled = k > len(s.buf)/2
	if k > 0 {
		s.count += int64(k)
		s.taken(buf[:k])
		return buf[:k], nil // an error comes again
	}
	return nil, s.over(err)
}

// look shows what is there, at least one byte and at most n, and takes
// nothing.
func (s *Stream) look(n int64) ([]byte, error) {
	if len(s.ahead) > 0 {
		return s.ahead[:min(n, int64(len(s.ahead)))], nil
	}
	if s.end != nil {
		return nil, s.end
	}
	if s.peek != nil {
		buf := s.buffer(n)
		k, err := s.peek.Peek(buf)
		s.filled = k > len(s.buf)/2
		return buf[:k], s.over(err)
	}
	buf := s.buffer(Least)
	k, err := s.src.Read(buf)
	if k == 0 {
		return nil, s.over(err)
	}
	s.ahead = append(s.ahead[:0], buf[:k]...)
	return s.ahead[:min(n, int64(k))], nil
}

// take takes n bytes of those that look has shown.
func (s *Stream) take(n int) error {
	for n > 0 {
		p, err := s.read(int64(n))
		if err != nil {
			return err
		}
		n -= len(p)
	}
	return nil
}

// Taken is how many bytes were taken.
func (s *Stream) Taken() int64 { return s.count }

// Progress is greater when anything was taken, a datagram without bytes too.
func (s *Stream) Progress() int64 { return s.count + s.datagrams }

// Some waits for bytes and takes those that are there, n at most. They are
// valid until the next call. At the peer's end the error is io.EOF.
func (s *Stream) Some(n int64) ([]byte, error) { return s.read(n) }

// Ready waits until there is a byte, or a datagram, and takes nothing. The error is nil if
// there is one, else how the connection ended, or os.ErrDeadlineExceeded.
func (s *Stream) Ready() error {
	if s.packets {
		return s.packet()
	}
	_, err := s.look(1)
	return err
}

// Rest takes all that comes until the peer's end. The error is nil for an end
// in order.
func (s *Stream) Rest() (n int64, err error) {
	for {
		p, err := s.read(Most)
		n += int64(len(p))
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
