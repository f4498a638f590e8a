package wire

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// tlsSocket is the socket below TLS, as crypto/tls sees it. A write that runs
// out of time would end TLS for good there: so what the system does not take in
// time is kept, and goes out before all that follows.
type tlsSocket struct {
	conn   *Conn
	ahead  []byte      // was read before
	late   func() bool // of the handshake
	noWait bool        // a read does not wait,
	most   int         // and these bytes are all that are left to it
	came   records     // in the handshake

	mu      sync.Mutex // a read may write, too
	wrote   time.Time  // when the last write began
	kept    []byte
	left    atomic.Int64 // how many those are
	nowSend bool         // a write does not wait
	// What is written is our end. That a peer has closed its socket, as a Unix
	// socket hears at once, is nothing to tell then: a read says how it ended.
	ending bool
}

// Read reads from the socket.
func (s *tlsSocket) Read(p []byte) (int, error) {
	if len(s.ahead) > 0 {
		n := copy(p, s.ahead)
		s.ahead = s.ahead[n:]
		return n, nil
	}
	if s.noWait {
		if p = p[:min(len(p), s.most)]; len(p) == 0 {
			return 0, os.ErrDeadlineExceeded
		}
		n, err := s.conn.lateRead(p, false)
		s.most -= n
		return n, err
	}
	n, err := s.conn.sock.Read(p)
	err = s.conn.meaning(err)
	if err == os.ErrDeadlineExceeded && s.late != nil && s.late() {
		n, err = s.conn.lateRead(p, false)
	}
	if !s.conn.handshaken {
		s.came.follow(p[:n])
	}
	return n, err
}

// Write writes to the socket, or keeps what it does not take.
func (s *tlsSocket) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrote = time.Now()
	if len(s.kept) > 0 {
		s.kept = append(s.kept, p...)
		return len(p), s.flush()
	}
	n, err := s.put(p)
	if err == os.ErrDeadlineExceeded {
		s.keep(p[n:])
		return len(p), nil
	}
	return n, err
}

// flush writes what was kept, as far as the system takes it.
func (s *tlsSocket) flush() error {
	n, err := s.put(s.kept)
	s.keep(s.kept[n:])
	if err == os.ErrDeadlineExceeded {
		return nil
	}
	return err
}

func (s *tlsSocket) keep(p []byte) {
	s.kept = append(s.kept[:0], p...)
	s.left.Store(int64(len(p)))
}

func (s *tlsSocket) put(p []byte) (n int, err error) {
	if s.nowSend {
		n, err = s.conn.lateWrite(p)
	} else {
		n, err = s.conn.sock.Write(p)
	}
	if _, unix := s.conn.sock.(*net.UnixConn); unix && s.ending && errors.Is(err, syscall.EPIPE) {
		return len(p), nil
	}
	return n, s.conn.meaning(err)
}

// hurry says whether writes wait from now on.
func (s *tlsSocket) hurry(now bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nowSend = now
}

// flushed writes what was kept. The error is os.ErrDeadlineExceeded where the
// system does not take it.
func (s *tlsSocket) flushed() error {
	if s.left.Load() == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.flush(); err != nil || len(s.kept) == 0 {
		return err
	}
	return os.ErrDeadlineExceeded
}

// Close does nothing: the Conn closes the socket.
func (s *tlsSocket) Close() error { return nil }

// LocalAddr is the socket's.
func (s *tlsSocket) LocalAddr() net.Addr { return s.conn.sock.LocalAddr() }

// RemoteAddr is the socket's.
func (s *tlsSocket) RemoteAddr() net.Addr { return s.conn.sock.RemoteAddr() }

// SetDeadline does nothing: the Conn sets the socket's.
func (s *tlsSocket) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (s *tlsSocket) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (s *tlsSocket) SetWriteDeadline(time.Time) error { return nil }
