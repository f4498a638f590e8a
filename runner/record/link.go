package record

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"banter/runner/capture"
	"banter/runner/wire"
)

// link is the two connections that are to look like one.
type link struct {
	track   *Track
	conns   [2]*wire.Conn  // by capture.Side
	stopped atomic.Bool    // it is to be broken off
	ended   [2]atomic.Bool // it has said so
	unread  [2]atomic.Bool // and nobody looks at it any more
	gone    [2]atomic.Bool // it takes no more
}

// chunk is how many bytes are read at a time.
const chunk = 64 << 10

var chunks = sync.Pool{New: func() any { return new([chunk]byte) }}

// run passes everything on until both sides have ended, and closes both.
func (l *link) run() {
	var wg sync.WaitGroup
	wg.Go(func() { l.copy(capture.Client) })
	l.copy(capture.Server)
	wg.Wait()
	for _, c := range l.conns {
		c.Close()
	}
	if l.stopped.Load() && !l.conns[0].Packets { // of UDP there is no other end
		l.track.Cut("it was still open when the recording ended")
	}
	l.track.End()
}

// copy passes on what one side sends, and how it ends.
func (l *link) copy(from capture.Side) {
	buf := chunks.Get().(*[chunk]byte)
	defer chunks.Put(buf)
	to := from.Other()
	src, dst := l.conns[from], l.conns[to]
	for {
		n, err := src.Read(buf[:])
		if n > 0 || err == nil {
			l.track.Data(from, buf[:n]) // before anybody can answer it
			if !l.gone[to].Load() {
				if _, werr := dst.Write(buf[:n]); werr != nil {
					// What it has sent before that still passes, and then its
					// reader meets the reset, if there is one.
					l.gone[to].Store(true)
					l.resetIfGone(to)
				}
			}
		}
		switch {
		case err == nil:
		case err == io.EOF:
			l.track.Event(capture.EOF, from)
			l.ended[from].Store(true)
			dst.CloseWrite()
			switch err := src.AwaitReset(); {
			case err == wire.ErrReset && !l.ended[to].Load(): // else all has been said
				l.reset(from)
			case errors.Is(err, errors.ErrUnsupported):
				l.unread[from].Store(true)
				l.resetIfGone(from)
			}
			return
		case err == wire.ErrReset:
			l.reset(from)
			return
		case err == wire.ErrRefused: // of UDP: the peer does not hear of it
		case err == os.ErrDeadlineExceeded:
			return
		default:
			l.track.Cut("the " + sideName(from) + " is gone: " + wire.Reason(err))
			dst.Reset()
			return
		}
	}
}

// resetIfGone resets the other side of one that has ended and takes no more.
func (l *link) resetIfGone(side capture.Side) {
	if l.unread[side].Load() && l.gone[side].Load() && !l.stopped.Load() {
		l.reset(side)
	}
}

// reset passes a reset on, once the peer's system has what came before it.
func (l *link) reset(from capture.Side) {
	l.track.Event(capture.Reset, from)
	dst := l.conns[from.Other()]
	for end := time.Now().Add(resetTime); !l.stopped.Load() && time.Now().Before(end); time.Sleep(time.Millisecond) {
		if n, err := dst.Unsent(); err != nil || n == 0 {
			break
		}
	}
	dst.Reset()
}

// resetTime is how long a reset waits at most for what was sent before it.
const resetTime = time.Second
