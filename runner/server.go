package runner

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"banter/runner/scenario"
	"banter/runner/wire"
)

// server is a declared server: its socket, and what it counts.
type server struct {
	p    *play
	decl *scenario.Server
	addr wire.Addr // where clients reach it

	// Under play.mu.
	ln        *wire.Listener // nil while not bound
	listening bool
	round     int // of listening: which accept loop is the one
	closed    bool
	busy      int // connections that are served
	called    int // connects that clients of the file have tried
	connected int // those that got in
	accepted  int
	outsiders int            // accepted connections that no client of the file made
	named     map[string]int // accepted connections by client
}

// pair is the two ends of a connection, as its client sees them.
type pair struct{ local, remote wire.Addr }

// dial is a connect that runs: the server may accept before it returns.
type dial struct {
	client *actor
	remote wire.Addr
	local  func() wire.Addr
}

// bind binds every server, and reports whether it could.
func (p *play) bind() bool {
	for _, decl := range p.scenario.Servers {
		s := &server{p: p, decl: decl, named: map[string]int{}}
		p.servers = append(p.servers, s)
		if err := s.bind(); err != nil {
			p.fail(Failure{Kind: Environment, Actor: decl.Name, Pos: s.bindPos(), At: p.now(), Message: err.Error()})
		}
	}
	return len(p.failures) == 0
}

func (s *server) bindPos() scenario.Pos {
	if s.decl.Bind != nil {
		return s.decl.Bind.Pos
	}
	return s.decl.Pos
}

// bind binds the server as it is declared, and listens where it shall.
func (s *server) bind() error {
	at := s.local()
	if !s.decl.Start && at.Path != "" {
		s.addr = wire.Unix(at.Path)
		return nil
	}
	if !s.decl.Start && at.Port != 0 {
		// Not even bound, and still it has an address that clients try.
		host := at.Host
		if host == "" {
			host = "127.0.0.1"
		}
		ip, err := wire.Resolve(s.p.ctx, host)
		if ip.IsUnspecified() {
			ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
		s.addr = wire.TCP(netip.AddrPortFrom(ip, uint16(at.Port)))
		return err
	}
	return s.openAt(at, s.decl.Listen && s.decl.Start)
}

func (s *server) openAt(at wire.Local, listen bool) error {
	ln, err := wire.Open(s.p.ctx, at, listen)
	if err != nil {
		return refusal(at, err)
	}
	s.ln, s.addr, s.listening = ln, ln.Addr(), listen
	return s.checkBacklog()
}

// checkBacklog refuses a backlog that the kernel has cut down in silence.
func (s *server) checkBacklog() error {
	if s.decl.Backlog < 0 || !s.listening {
		return nil
	}
	_, limit, err := s.ln.Queue()
	if err != nil || limit == s.decl.Backlog { // where it can't be read, there is nothing to compare
		return nil
	}
	return fmt.Errorf("backlog %d: this machine allows %d (net.core.somaxconn)", s.decl.Backlog, limit)
}

// start makes the server listen (again), as a step says.
func (s *server) start() error {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if s.closed {
		return errEnded
	}
	if s.listening {
		return fmt.Errorf("%s listens already", s.decl.Name)
	}
	if s.ln == nil {
		if err := s.openAt(s.local(), true); err != nil {
			return err
		}
	} else if err := s.ln.Listen(); err != nil {
		return refusal(wire.Local{Path: s.addr.Path, Host: s.addr.Addr().String(), Port: int(s.addr.Port())}, err)
	}
	s.listening = true
	if err := s.checkBacklog(); err != nil {
		return err
	}
	s.accept()
	return nil
}

// stop ends listening, as a step says. Those who have connected before it are
// accepted first, as far as the server would: which of them the accept loop has
// got to is nobody's doing.
func (s *server) stop(deadline time.Time) error {
	s.await(deadline, func() bool { return s.settled() || s.full() })
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if !s.listening {
		return fmt.Errorf("%s does not listen", s.decl.Name)
	}
	s.listening = false
	s.p.progress.Broadcast()
	return s.ln.Stop()
}

// drain waits until every connection of a client of the file is accepted that
// the server would accept.
func (s *server) drain() {
	for {
		s.p.mu.Lock()
		before := s.accepted
		s.p.mu.Unlock()
		s.await(time.Now().Add(s.p.timeout(0)), func() bool { return s.settled() || s.accepted > before })
		s.p.mu.Lock()
		again := s.accepted > before && !s.settled()
		s.p.mu.Unlock()
		if !again {
			return
		}
	}
}

// await waits until something holds, the scenario ends, or the deadline is
// there.
func (s *server) await(deadline time.Time, holds func() bool) {
	p := s.p
	late := false
	timer := time.AfterFunc(time.Until(deadline), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		late = true
		p.progress.Broadcast()
	})
	defer timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for !holds() && !late && !p.ended {
		p.progress.Wait()
	}
}

// settled reports whether nobody who connected waits for an accept that will
// come.
func (s *server) settled() bool {
	return !s.listening || s.accepted-s.outsiders >= s.connected || s.limit()
}

func (s *server) limit() bool { return s.decl.Accept >= 0 && s.accepted >= s.decl.Accept }

func (s *server) full() bool { return s.decl.AtOnce > 0 && s.busy >= s.decl.AtOnce }

// close gives up the server's port.
func (s *server) close() {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.closed, s.listening = true, false
	s.p.progress.Broadcast()
	if s.ln != nil {
		s.ln.Close()
	}
}

// accept starts the accept loop of a server that listens.
func (s *server) accept() {
	if s.ln == nil || !s.listening || s.decl.Accept == 0 {
		return
	}
	s.round++
	round := s.round
	s.p.serving.Go(func() { s.acceptLoop(round) })
}

func (s *server) acceptLoop(round int) {
	p := s.p
	for {
		p.mu.Lock()
		for s.full() && s.listening && s.round == round && !p.ended {
			p.progress.Wait()
		}
		over := s.limit() || !s.listening || s.round != round || p.ended
		p.mu.Unlock()
		if over {
			return
		}
		conn, err := s.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			p.fail(Failure{Kind: Environment, Actor: s.decl.Name, Pos: s.decl.Pos, At: p.now(), Message: "can't accept: " + wire.Reason(err)})
			p.end()
			return
		}
		a := s.admit(conn)
		p.serving.Go(a.playConnection)
	}
}

// admit gives an accepted connection its name and its script.
func (s *server) admit(conn *wire.Conn) *actor {
	p := s.p
	p.mu.Lock()
	at := pair{local: conn.Remote, remote: conn.Local}
	client := p.names[at]
	delete(p.names, at)
	for d := range p.dials {
		if client == nil && d.remote == conn.Local && d.local() == conn.Remote {
			client = d.client
			delete(p.dials, d)
		}
	}
	a := &actor{p: p, ctx: p.ctx, server: s, pos: s.decl.Pos, nth: s.accepted}
	a.rank = [3]int{slices.Index(p.servers, s), len(p.clients), a.nth}
	who := ""
	if client == nil {
		s.outsiders++
		who = fmt.Sprint(s.outsiders)
	} else {
		who = client.place.name
		s.named[who]++
		if n := s.named[who]; n > 1 {
			who = fmt.Sprintf("%s#%d", who, n)
		}
		a.rank[1] = client.rank[1]
		a.peer = client.place.name
		client.peer = s.decl.Name + "/" + who
	}
	a.place = &place{name: s.decl.Name + "/" + who}
	a.cast(client)
	a.attach(conn)
	p.open[conn] = struct{}{}
	p.accepted = append(p.accepted, a)
	p.mu.Unlock()

	p.order.join(a.place)
	p.mu.Lock()
	s.accepted++
	s.busy++
	p.progress.Broadcast()
	p.mu.Unlock()
	return a
}

// cast gives an accepted connection its part: the script that it runs.
func (a *actor) cast(client *actor) {
	decl := a.server.decl
	switch {
	case decl.Steps != nil:
		a.place.steps = decl.Steps
	case decl.ReplyAfter != nil:
		a.place.steps = []*scenario.Step{
			{Pos: decl.ReplyAfter.Pos, Action: decl.ReplyAfter},
			{Pos: decl.Reply.Pos, Action: scenario.Send{Payload: decl.Reply}},
			{Pos: decl.Reply.Pos, Action: scenario.Close{}},
		}
	case decl.Reply != nil:
		a.reply = decl.Reply
		a.pos = decl.Reply.Pos
	case decl.Connections == nil:
		a.place.steps = []*scenario.Step{{Pos: decl.Pos, Action: scenario.Close{}}}
	case decl.ByClient:
		i := slices.IndexFunc(decl.Connections, func(c *scenario.Script) bool {
			return client != nil && c.Client == client.place.name
		})
		if i < 0 {
			a.uncast = "connections of " + decl.Name + " has no script for it"
			return
		}
		a.place.steps, a.pos = decl.Connections[i].Steps, decl.Connections[i].Pos
	case a.nth >= len(decl.Connections):
		a.uncast = fmt.Sprintf("it is connection %d; connections of %s lists %d", a.nth+1, decl.Name, len(decl.Connections))
	default:
		a.place.steps, a.pos = decl.Connections[a.nth].Steps, decl.Connections[a.nth].Pos
	}
}

// uncalled are the failures of a server whom nobody called, or too few did.
func (s *server) uncalled() []Failure {
	fail := func(pos scenario.Pos, format string, args ...any) Failure {
		return Failure{Kind: NotCalled, Actor: s.decl.Name, Pos: pos, At: s.p.now(), Message: fmt.Sprintf(format, args...)}
	}
	var out []Failure
	switch {
	case s.decl.ByClient:
		for _, script := range s.decl.Connections {
			if s.named[script.Client] == 0 {
				out = append(out, fail(script.Pos, "the connection of %s did not come", script.Client))
			}
		}
	case s.accepted < len(s.decl.Connections):
		out = append(out, fail(s.decl.Connections[s.accepted].Pos, "%d of %d connections came", s.accepted, len(s.decl.Connections)))
	case s.called+s.outsiders == 0 && s.decl.Accept != 0 && s.decl.Listen && s.decl.Start:
		out = append(out, fail(s.decl.Pos, "nobody called %s", s.decl.Name))
	}
	return out
}

// mayCome are the scripts that connections may still begin: those of servers
// which a running actor may call, whose callers wait for an accept, or which
// are there for callers from outside, as no client of the file calls them.
func (p *play) mayCome(running []*place) [][]*scenario.Step {
	p.mu.Lock()
	defer p.mu.Unlock()
	var scripts [][]*scenario.Step
	for _, s := range p.servers {
		calls := func(step *scenario.Step) bool {
			c, ok := step.Action.(scenario.Connect)
			return ok && s.isCalledBy(c)
		}
		may := s.accepted-s.outsiders < s.connected
		called := false
		for _, c := range p.clients {
			called = called || slices.ContainsFunc(c.place.steps, calls)
		}
		for _, r := range running {
			may = may || slices.ContainsFunc(r.rest(), calls)
		}
		if s.closed || s.limit() || called && !may {
			continue
		}
		scripts = append(scripts, s.decl.Steps)
		for _, c := range s.decl.Connections {
			scripts = append(scripts, c.Steps)
		}
	}
	return scripts
}
