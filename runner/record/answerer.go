package record

import (
	"context"
	"io"
	"os"
	"time"

	"banter/runner/capture"
	"banter/runner/wire"
)

// Answerer is a server that says one thing, or what it hears, or nothing, and
// reads each connection to its end. What is said is on a tape.
type Answerer struct {
	Tape  *Tape
	Reply []byte    // once something has come, and then the end of what it says; nil: nothing
	Echo  bool      // all that comes goes back, as it comes
	TLS   *wire.TLS // nil: none
	Most  int       // connections that are accepted; 0: as many as come
}

// Serve answers what connects to the listener, until the context is done;
// connections that are open then are broken off. It returns when all have ended.
// The error is one of accepting, of which there is none as a rule.
func (s *Answerer) Serve(ctx context.Context, ln Acceptor) error {
	at := ln.Addr().AddrPort
	return accept(ctx, ln, s.Most, func(c *wire.Conn) func() {
		track := s.Tape.Begin(c.Remote.AddrPort, at, c.Packets)
		return func() { s.serve(ctx, c, track) }
	})
}

func (s *Answerer) serve(ctx context.Context, c *wire.Conn, track *Track) {
	defer track.End()
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })()
	if s.TLS != nil {
		if _, err := c.Handshake(s.TLS, nil, nil); err != nil {
			track.Cut("TLS: " + err.Error())
			c.SetDeadline(time.Now().Add(time.Second)) // for the alert
			return
		}
		track.Event(capture.TLS, capture.Client)
	}
	say := func(p []byte) {
		track.Data(capture.Server, p)
		c.Write(p) // how it ended, a read says
	}
	end := func() {
		track.Event(capture.EOF, capture.Server)
		c.CloseWrite()
	}
	buf := make([]byte, chunk)
	ended := false
	for {
		n, err := c.Read(buf)
		if n > 0 || err == nil {
			track.Data(capture.Client, buf[:n])
			switch {
			case s.Echo:
				say(buf[:n])
			case s.Reply != nil && c.Packets:
				say(s.Reply)
			case s.Reply != nil && !ended:
				say(s.Reply)
				end()
				ended = true
			}
		}
		switch {
		case err == nil, err == wire.ErrRefused:
		case err == io.EOF:
			track.Event(capture.EOF, capture.Client)
			if !ended {
				end()
			}
			return
		case err == wire.ErrReset:
			track.Event(capture.Reset, capture.Client)
			return
		case err == os.ErrDeadlineExceeded:
			if !c.Packets {
				track.Cut("it was still open when it was ended here")
			}
			return
		default:
			track.Cut("the client is gone: " + wire.Reason(err))
			return
		}
	}
}
