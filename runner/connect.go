package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"banter/runner/match"
	"banter/runner/scenario"
	"banter/runner/transcript"
	"banter/runner/wire"
)

// cast makes the clients, so that everybody knows of everybody before the
// first one starts.
func (p *play) cast() {
	for _, c := range p.scenario.Clients {
		for n := range max(c.Count, 1) {
			a := &actor{
				p: p, ctx: p.ctx, pos: c.Pos, client: c, rank: [3]int{-1, len(p.clients)}, scope: &scope{p: p},
				place: &place{name: c.Name, steps: c.Steps, aside: c.Always.Steps(), client: true},
			}
			if c.Count > 0 {
				a.place.name = fmt.Sprintf("%s/%d", c.Name, n+1)
				a.scope.set("index", bytesOf(fmt.Sprint(n+1)))
			}
			p.clients = append(p.clients, a)
			p.order.join(a.place)
		}
	}
}

// connect opens a connection, or meets the outcome that is expected of it.
func (a *actor) connect(c scenario.Connect, ride *scenario.Expect) *Failure {
	if c.Run != nil {
		return a.connectProgram(c, ride)
	}
	to, name, err := a.scope.target(c)
	if err != nil {
		if kindOf(err) == Forbidden {
			return a.failure(Forbidden, "%s", err)
		}
		return a.failure(Environment, "can't connect to %s: %s", name, wire.Reason(err))
	}
	a.meant(transcript.Connect, name)
	outcome := scenario.NoOutcome
	if ride != nil {
		outcome = ride.Outcome
	}
	switch outcome {
	case scenario.Refused, scenario.Unreachable, scenario.Timeout, scenario.Pending:
		a.riding = true
		a.meantOutcome(ride)
	}
	began := a.p.now()
	conn, err := a.dial(c, to, outcome == scenario.Pending)
	a.packets = to.Network == "udp"
	switch {
	case err == nil:
		l := a.p.scenario.Link(c.Via)
		if l != nil {
			conn = a.p.over(conn, l)
		}
		a.p.hold(conn)
		a.attach(conn)
		a.via = l
		a.saw(transcript.Connect, name)
		if l != nil {
			if err := a.p.harm(conn, &l.Back, &l.Out); err != nil {
				return a.failure(Environment, "link %s: %s", l.Name, err)
			}
		}
	case wire.IsReset(err):
		// The server has reset it before the dial was done: connected, then
		// reset.
		a.stream = match.NewStream(broken{wire.ErrReset}, nil)
		a.over, a.cut, a.loose = false, true, false
		a.saw(transcript.Connect, name)
	default:
		a.log.Seen.Add(transcript.Connect, name, began, a.step)
		f := a.unconnected(to, name, err, outcome)
		if f != nil && a.p.elsewhere(name) {
			f.Notes = append(f.Notes, fmt.Sprintf("%s is the real server at %s", name, a.p.server(name).real))
		}
		return f
	}
	a.host = hostOf(c, name)
	if a.p.elsewhere(name) {
		a.host = hostOf(scenario.Connect{}, a.p.server(name).real)
	}
	switch {
	case a.riding && !(outcome == scenario.Timeout && c.TLS != nil):
		return a.failure(Ended, "connected, where %s was expected", ride)
	case c.TLS != nil:
		return a.startTLS(c.TLS, ride)
	}
	return a.ridden(nil, ride)
}

// unconnected is a connect that did not get through.
func (a *actor) unconnected(to wire.Addr, name string, err error, outcome scenario.Outcome) *Failure {
	met := func(o scenario.Outcome, kind transcript.Kind, f *Failure) *Failure {
		a.saw(kind, "")
		if o == outcome {
			return nil
		}
		return f
	}
	var timeout net.Error
	var call *os.SyscallError
	switch {
	case errors.Is(err, wire.ErrPending):
		return met(scenario.Pending, transcript.Pending, nil)
	case wire.IsRefused(err):
		f := a.failure(Ended, "the connection to %s was refused", name)
		if errors.Is(err, fs.ErrNotExist) {
			f.Notes = append(f.Notes, "there is no such socket")
		}
		return met(scenario.Refused, transcript.Refused, f)
	case wire.IsUnreachable(err):
		return met(scenario.Unreachable, transcript.Unreachable, a.failure(Ended, "no way to %s: %s", name, wire.Reason(err)))
	case a.stopped() && (errors.Is(err, context.Canceled) || time.Now().Before(a.deadline)):
		return a.failure(Unfinished, "was waiting: connect %s; no answer had come", name)
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		f := a.failure(TimedOut, "timeout after %s: %s did not answer", a.allowed(), name)
		f.Notes = a.p.queue(name)
		return met(scenario.Timeout, transcript.Timeout, f)
	case errors.Is(err, syscall.EADDRNOTAVAIL) && errors.As(err, &call) && call.Syscall == "connect":
		return a.failure(Environment, "can't connect to %s: no local port is free, or these two ports were connected a moment ago", name)
	case to.Path != "": // what follows is of ports
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EACCES):
		return a.failure(Environment, "%s", bindError("a local address", err))
	}
	return a.failure(Environment, "can't connect to %s: %s", name, wire.Reason(err))
}

// broken is the stream of a connection that was reset before it was there.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// dial connects, and has the connection known under the client's name from the
// moment on at which its server can see it. It is given up where it is to be
// pending, and is.
func (a *actor) dial(c scenario.Connect, to wire.Addr, pending bool) (*wire.Conn, error) {
	p := a.p
	o := wire.DialOptions{Net: p.network, Congestion: a.client.Congestion, Pending: pending}
	o.RcvBuf, o.SndBuf = a.buffers()
	local := a.client.Bind
	if c.Bind != nil {
		local = c.Bind
	}
	if local != nil && to.Path == "" {
		ip := netip.IPv4Unspecified()
		if to.Addr().Is6() {
			ip = netip.IPv6Unspecified()
		}
		if local.Host != "" {
			var err error
			if ip, err = wire.Resolve(p.ctx, local.Host); err != nil {
				return nil, err
			}
		}
		o.Local = netip.AddrPortFrom(ip, uint16(local.Port))
	}
	d := &dial{caller: caller{a, p.scenario.Link(c.Via)}, remote: to}
	o.Began = func(name func() wire.Addr) {
		p.mu.Lock()
		defer p.mu.Unlock()
		d.local = name
		p.dials[d] = struct{}{}
	}
	srv := p.serverAt(to)
	if srv != nil && srv.real != "" { // nobody here accepts it
		srv = nil
	}
	a.callee = nil
	if to.Network == "udp" {
		a.callee, srv = srv, nil
	}
	if srv != nil {
		p.mu.Lock()
		srv.called++
		p.mu.Unlock()
	}
	ctx, cancel := context.WithDeadline(p.ctx, a.deadline)
	defer cancel()
	conn, err := wire.Dial(ctx, to, o)

	p.mu.Lock()
	defer p.mu.Unlock()
	if _, waits := p.dials[d]; waits {
		delete(p.dials, d)
		if err == nil && !conn.AtOnce { // its server has not accepted it yet
			if conn.Packets {
				to = wire.Addr{} // as the server sees it; the client's own is enough
			}
			p.names[pair{local: conn.Local, remote: to}] = d.caller
			if srv != nil {
				srv.pending++
			}
		}
	}
	return conn, err
}

// queue says what waits in a server's backlog, for a connect that got no
// answer.
func (p *play) queue(name string) []string {
	s := p.server(name)
	if s == nil {
		return nil
	}
	p.mu.Lock()
	ln := s.ln
	p.mu.Unlock()
	if ln == nil {
		return nil
	}
	length, limit, err := ln.Queue()
	if err != nil || length < 0 {
		return nil
	}
	return []string{fmt.Sprintf("waiting in the backlog of %s, which is %d: %d", name, limit, length)}
}
