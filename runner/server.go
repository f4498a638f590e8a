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
	real string    // the address of the one that takes its place; see Options.Connect

	// Under play.mu.
	ln        listener // nil while not bound
	listening bool
	round     int // of listening: which accept loop is the one
	loops     int // accept loops that run, which may still bring a connection
	closed    bool
	busy      int // connections that are served
	called    int // connects that clients of the file have tried
	pending   int // clients of the file that got in, whose connection is not admitted yet
	accepted  int
	outsiders int            // accepted connections that no client of the file made
	named     map[string]int // accepted connections by client
	guests    []guest        // whom the first of them are taken for; see Serve
}

// listener is what a server listens with: a *wire.Listener or a
// *wire.PacketListener.
type listener interface {
	Addr() wire.Addr
	Listen() error
	Accept() (*wire.Conn, error)
	Queue() (length, limit int, err error)
	Waiting() bool
	Stop() error
	Close() error
}

// pair is the two ends of a connection, as its client sees them.
type pair struct{ local, remote wire.Addr }

// caller is a client that has connected, over a link if it is not nil.
type caller struct {
	client *actor
	via    *scenario.Link
}

// dial is a connect that runs: the server may accept before it returns.
type dial struct {
	caller
	remote wire.Addr
	local  func() wire.Addr
}

// bind binds every server, and reports whether it could.
func (p *play) bind() bool {
	for _, decl := range p.scenario.Servers {
		s := &server{p: p, decl: decl, named: map[string]int{}}
		p.servers = append(p.servers, s)
		if p.playsFor(decl.Name) { // see enlist
			continue
		}
		err := s.bind()
		if err == nil && decl.TLS != nil && s.real == "" {
			_, err = s.side(decl.TLS)
		}
		if err != nil {
			p.fail(Failure{Kind: kindOf(err), Actor: decl.Name, Pos: s.bindPos(), At: p.now(), Message: err.Error()})
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
	if address, ok := s.p.opts.Connect[s.decl.Name]; ok {
		return s.replace(address)
	}
	if s.decl.Bind != nil {
		if err := s.p.mayUse(s.decl.Bind); err != nil {
			return err
		}
	}
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
		s.addr = wire.TCP(netip.AddrPortFrom(wire.Reachable(ip), uint16(at.Port)))
		if s.packets() {
			s.addr = wire.UDP(s.addr.AddrPort)
		}
		return err
	}
	if err := s.openAt(at, s.decl.Listen && s.decl.Start); err != nil {
		return err
	}
	s.addr = s.ln.Addr()
	return s.checkBacklog()
}

func (s *server) openAt(at wire.Local, listen bool) error {
	var ln listener
	var err error
	if s.packets() {
		ln, err = wire.OpenPackets(s.p.ctx, at, listen)
	} else {
		ln, err = wire.Open(s.p.ctx, at, listen)
	}
	if err != nil {
		return refusal(at, err)
	}
	s.ln, s.listening = ln, listen
	return nil
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
	if s.real != "" {
		return nil // it is there
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if s.listening {
		return fmt.Errorf("%s listens already", s.decl.Name)
	}
	if s.closed { // nobody is left who could tell
		s.listening = true
		return nil
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
	if s.real != "" {
		return fmt.Errorf("%s is a real server at %s, which no step can stop", s.decl.Name, s.real)
	}
	s.await(deadline, func() bool { return s.settled() || s.full() })
	defer s.p.order.changed() // some connections will not come any more
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if !s.listening {
		return fmt.Errorf("%s does not listen", s.decl.Name)
	}
	s.listening = false
	if s.closed {
		return nil
	}
	for at := range s.p.names { // the system resets those that still wait
		if s.p.serverAt(at.remote) == s {
			delete(s.p.names, at)
			s.pending--
		}
	}
	if s.packets() { // and those of UDP are not heard
		s.pending = 0
	}
	s.p.progress.Broadcast()
	return s.ln.Stop()
}

// drain waits until every connection of a client of the file is accepted that
// the server would accept. As long as it serves as many as it may, that takes
// as long as their scripts do.
func (s *server) drain() {
	for again := true; again; {
		s.p.mu.Lock()
		before, busy := s.accepted, s.busy
		s.p.mu.Unlock()
		s.await(time.Now().Add(s.p.timeout(0)), func() bool { return s.settled() || s.accepted > before })
		s.p.mu.Lock()
		again = !s.settled() && !s.p.ended && (s.accepted > before || s.busy != busy || s.full())
		s.p.mu.Unlock()
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
	return !s.listening || s.closed || s.pending <= 0 || s.limit()
}

func (s *server) limit() bool {
	if n := s.once(); n > 0 {
		return s.accepted >= n
	}
	return s.decl.Accept >= 0 && s.accepted >= s.decl.Accept
}

func (s *server) full() bool { return s.decl.AtOnce > 0 && s.busy >= s.decl.AtOnce }

// close gives up the server's port.
func (s *server) close() {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.closed = true
	s.p.progress.Broadcast()
	switch {
	case s.ln == nil:
	case s.packets():
		s.ln.Stop() // what is for those who still play comes; see settle
	default:
		s.ln.Close()
	}
}

// packets reports whether the server is one of UDP.
func (s *server) packets() bool { return s.decl.Transport() == scenario.UDP }

// accept lets everybody in.
func (p *play) accept() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.servers {
		s.accept()
	}
}

// accept starts the accept loop of a server that listens. p.mu is held.
func (s *server) accept() {
	if s.ln == nil || !s.listening || s.decl.Accept == 0 {
		return
	}
	s.round++
	s.loops++
	round := s.round
	s.p.serving.Go(func() {
		if ln, ok := s.ln.(*wire.PacketListener); ok {
			s.demux(ln)
		} else {
			s.acceptLoop(round)
		}
		s.p.mu.Lock()
		defer s.p.mu.Unlock()
		s.loops--
		s.p.progress.Broadcast()
	})
}

func (s *server) acceptLoop(round int) {
	p := s.p
	for {
		p.mu.Lock()
		for s.full() && s.listening && !s.closed && s.round == round && !p.ended {
			p.progress.Wait()
		}
		over := s.limit() || !s.listening || s.closed || s.round != round || p.ended
		p.mu.Unlock()
		if over {
			return
		}
		conn, err := s.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.unaccepted(err)
			return
		}
		a := s.admit(conn)
		p.serving.Go(a.playConnection)
	}
}

// left says that a connection of the server has been served.
func (s *server) left() {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.busy--
	s.p.progress.Broadcast()
}

// unaccepted ends a scenario whose server can't be called any more.
func (s *server) unaccepted(err error) {
	p := s.p
	p.fail(Failure{Kind: Environment, Actor: s.decl.Name, Pos: s.decl.Pos, At: p.now(), Message: "can't accept: " + wire.Reason(err)})
	p.end()
}

// uncalled are the failures of a server whom nobody called, or too few did.
func (s *server) uncalled() []Failure {
	fail := func(pos scenario.Pos, format string, args ...any) Failure {
		return Failure{Kind: NotCalled, Actor: s.decl.Name, Pos: pos, At: s.p.now(), Message: fmt.Sprintf(format, args...)}
	}
	var out []Failure
	switch {
	case s.real != "":
	case s.decl.ByClient && s.p.serve != nil:
		for _, g := range s.guests[min(s.accepted, len(s.guests)):] {
			out = append(out, fail(g.script.Pos, "the connection of %s did not come", g.name))
		}
	case s.decl.ByClient:
		for _, script := range s.decl.Connections {
			for _, c := range s.p.clients {
				if c.client.Name == script.Client && s.named[c.place.name] == 0 {
					out = append(out, fail(script.Pos, "the connection of %s did not come", c.place.name))
				}
			}
		}
	case s.accepted < len(s.decl.Connections):
		out = append(out, fail(s.decl.Connections[s.accepted].Pos, "%d of %d connections came", s.accepted, len(s.decl.Connections)))
	case s.decl.Aside && slices.ContainsFunc(s.p.servers, func(o *server) bool { return o.real != "" }):
		// It belongs to what a real server plays now.
	case s.called+s.outsiders == 0 && s.decl.Accept != 0 && s.decl.Listen && s.decl.Start:
		out = append(out, fail(s.decl.Pos, "nobody called this server"))
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
	others := p.haveOthers(running)
	for _, s := range p.servers {
		if s.real != "" {
			continue
		}
		calls := func(step *scenario.Step) bool {
			return does(step, func(action scenario.Action) bool {
				c, ok := action.(scenario.Connect)
				return ok && s.isCalledBy(c)
			})
		}
		may := s.pending > 0
		called := false
		for _, c := range p.clients {
			called = called || slices.ContainsFunc(c.place.steps, calls)
		}
		for _, r := range running {
			steps := r.rest()
			if s.packets() && !r.over { // it may have a socket and not have sent yet
				steps = r.steps
			}
			may = may || slices.ContainsFunc(steps, calls)
		}
		if s.closed && s.loops == 0 || s.limit() || called && !may && !others {
			continue
		}
		scripts = append(scripts, s.scripts()...)
	}
	return scripts
}

// scripts are those that the server's connections run.
func (s *server) scripts() [][]*scenario.Step {
	scripts := [][]*scenario.Step{s.decl.Steps, s.decl.Always.Steps()}
	for _, c := range s.decl.Connections {
		scripts = append(scripts, c.Steps)
	}
	return scripts
}
