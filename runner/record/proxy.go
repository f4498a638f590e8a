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
	// Ended is called when a connection has ended. It may be nil.
	Ended func()

	wg sync.WaitGroup
}

// ProxyTLS is TLS on both sides of a proxy: what is between them is what the
// tape has.
type ProxyTLS struct {
	Client *wire.TLS // as a server, to those who connect
	Target *wire.TLS // as a client, to the target
}

// Acceptor is a listener of wire.
type Acceptor interface {
	Accept() (*wire.Conn, error)
	Addr() wire.Addr
	Stop() error
	Close() error
}

// Serve passes on what connects to the listener, until the context is done;
// connections that are open then are broken off. It returns when all have ended.
// The error is one of accepting, of which there is none as a rule.
func (p *Proxy) Serve(ctx context.Context, ln Acceptor) error {
	ctx, cancel := context.WithCancel(ctx)
	defer p.wg.Wait()
	defer cancel()
	defer ln.Close()
	defer context.AfterFunc(ctx, func() { ln.Stop() })()
	for {
		client, err := ln.Accept()
		switch {
		case err != nil && ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		track := p.Tape.Begin(client.Remote.AddrPort, p.To.AddrPort, client.Packets)
		p.wg.Go(func() {
			p.pass(ctx, client, track)
			if p.Ended != nil {
				p.Ended()
			}
		})
	}
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
