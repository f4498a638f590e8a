package record

import (
	"context"
	"sync"
	"time"

	"banter/runner/capture"
	"banter/runner/wire"
)

// Proxy passes connections on to a target as they are: bytes, ends, resets and
// refusals, in both directions, any number of connections at a time. What goes
// through is on a tape.
type Proxy struct {
	To   wire.Addr
	Tape *Tape
	TLS  *ProxyTLS // nil: what goes through is not looked into
	Most int       // connections that are accepted; 0: as many as come

	mu     sync.Mutex
	marker wire.Addr // where our own knock comes from
	marked chan struct{}
}

// ProxyTLS is TLS on both sides of a proxy: what is between them is what the
// tape has.
type ProxyTLS struct {
	Client *wire.TLS // as a server, to those who connect
	Target *wire.TLS // as a client, to the target
}

// Serve passes on what connects to the listener, until the context is done;
// connections that are open then are broken off. It returns when all have ended.
// The error is one of accepting, of which there is none as a rule.
func (p *Proxy) Serve(ctx context.Context, ln Acceptor) error {
	return accept(ctx, ln, p.Most, func(client *wire.Conn) func() {
		if p.isMarker(client) {
			return nil
		}
		track := p.Tape.Begin(client.Remote.AddrPort, p.To.AddrPort, client.Packets)
		return func() { p.pass(ctx, client, track) }
	})
}

// Settle waits until every connection that somebody has made by now has ended,
// but no longer than for a time or until the context is done.
func (p *Proxy) Settle(ctx context.Context, ln Acceptor, most time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	p.accepted(ctx, ln)
	for {
		changed := p.Tape.Changed()
		if p.Tape.Open() == 0 {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// accepted waits until all are accepted who have connected by now. Those who wait
// are accepted in the order in which they came: so we come as well.
func (p *Proxy) accepted(ctx context.Context, ln Acceptor) {
	at := ln.Addr()
	if at.Network != "tcp" {
		for ctx.Err() == nil && ln.Waiting() {
			time.Sleep(time.Millisecond)
		}
		return
	}
	marked := make(chan struct{})
	p.mu.Lock()
	c, err := wire.Dial(ctx, at, wire.DialOptions{})
	if err != nil {
		p.mu.Unlock()
		return
	}
	defer c.Close()
	p.marker, p.marked = c.Local, marked
	p.mu.Unlock()
	select {
	case <-marked:
	case <-ctx.Done():
	}
}

// isMarker reports whether a connection is our own.
func (p *Proxy) isMarker(c *wire.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.marked == nil || c.Remote != p.marker {
		return false
	}
	close(p.marked)
	p.marked = nil
	c.Close()
	return true
}

// pass passes one connection on.
func (p *Proxy) pass(ctx context.Context, client *wire.Conn, track *Track) {
	server, err := wire.Dial(ctx, p.To, wire.DialOptions{})
	switch {
	case wire.IsReset(err):
		client.Reset()
		track.Event(capture.Reset, capture.Server)
		return
	case err != nil:
		// It was connected before we knew: a reset is the nearest thing.
		client.Reset()
		if wire.IsRefused(err) {
			track.Event(capture.Refused, capture.Server)
			return
		}
		track.Cut("the target can't be reached: " + wire.Reason(err))
		return
	}
	l := link{track: track, conns: [2]*wire.Conn{client, server}}
	defer context.AfterFunc(ctx, func() {
		l.stopped.Store(true)
		for _, c := range l.conns {
			c.SetDeadline(time.Unix(1, 0))
		}
	})()
	if p.TLS != nil && !l.secure(p.TLS) {
		return
	}
	l.run()
}

// secure begins TLS on both sides.
func (l *link) secure(t *ProxyTLS) bool {
	for side, config := range []*wire.TLS{t.Client, t.Target} {
		if _, err := l.conns[side].Handshake(config, nil, nil); err != nil {
			l.track.Cut("TLS with the " + sideName(capture.Side(side)) + ": " + err.Error())
			l.conns[side].SetDeadline(time.Now().Add(time.Second)) // for the alert
			l.conns[side].Close()
			l.conns[1-side].Reset()
			return false
		}
	}
	l.track.Event(capture.TLS, capture.Client)
	return true
}

func sideName(s capture.Side) string {
	if s == capture.Client {
		return "client"
	}
	return "target"
}
