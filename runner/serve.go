package runner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"banter/runner/scenario"
	"banter/runner/transcript"
	"banter/runner/wire"
)

// ServeOptions are what Serve is told beside its scenario. Its functions are
// called one at a time, and may be nil.
type ServeOptions struct {
	Options
	Once     bool                    // end as soon as each declared connection has been served
	Ready    func([]Listening)       // all servers are bound, and nobody is accepted yet
	Accepted func(name, from string) // a connection begins
	Served   func(Actor, []Failure)  // a connection has ended

	// Happened hears what a connection sees, as it comes, before Served does. Where
	// the scenario has secrets it hears all of it at the end: one may come in
	// pieces. The entries are valid until it returns.
	Happened func(name string, news []transcript.Entry)
}

// Listening is a server that listens.
type Listening struct {
	Server  string
	Address string // where clients of this machine reach it, as scenario.ParseAddress has it
	Every   bool   // it is bound to every address,
	Others  bool   // and other machines reach it too
	CA      string // with a certificate of the run: a PEM file of the authority that has signed it
}

// guest is a client that a stranger is taken for.
type guest struct {
	name   string
	index  int // of a client with a count, from 1
	script *scenario.Script
}

// Serve plays the servers of a scenario, for clients that are none of the
// scenario's, until its context is done, or with Once until each declared
// connection has been served: those of "connections", and one of every other
// server that has to be called. Those that still wait for their peers are broken
// off when the context is done. Then it judges, as Run does.
//
// The clients and the processes of the scenario are not played. Where "connections" has scripts by
// client, the n-th that comes is taken for the n-th client.
//
// A timeout ends the connection that it is of, and no other.
func Serve(ctx context.Context, s *scenario.Scenario, opts ServeOptions) Result {
	p := newPlay(context.WithoutCancel(ctx), s, opts.Options)
	defer p.cancel(nil)
	p.serve, p.hurry = &opts, make(chan struct{})
	defer context.AfterFunc(ctx, p.leave)()
	if p.played = p.isolate() && p.bind() && p.enlist() && p.compute() && p.write(); p.played {
		for _, srv := range p.servers {
			srv.invite()
		}
		if opts.Ready != nil {
			opts.Ready(p.listening())
		}
		p.accept()
		p.until(func(s *server) bool { return opts.Once && s.accepted >= s.once() })
		p.finish()
		p.until(func(s *server) bool { return s.busy == 0 })
		for _, srv := range p.servers {
			srv.admitRest()
		}
	}
	return p.conclude()
}

// leaveTime is how long waits may last when it is time to end.
const leaveTime = time.Second

// leave ends what Serve does. Whatever has come by now counts: a client that
// has ended in order is not to fail because its server had not got to it. Those
// who wait for one another need no bound: some of them go on, or they are told
// that nobody will.
func (p *play) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leaving.Store(true) // before the deadlines: see arm
	p.finished = true
	for c := range p.open {
		c.SetDeadline(past)
	}
	p.progress.Broadcast()
	time.AfterFunc(leaveTime, func() { close(p.hurry) })
}

// admitRest waits until those are accepted who have connected, as far as the
// server would accept them.
func (s *server) admitRest() {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	for s.ln != nil && s.listening && !s.limit() && !s.full() && !s.p.ended {
		if n, _, err := s.ln.Queue(); err != nil || n <= 0 {
			return
		}
		s.p.progress.Wait()
	}
}

// until waits until something is true of every server, or the scenario ends.
func (p *play) until(holds func(*server) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.ended && !p.leaving.Load() && slices.ContainsFunc(p.servers, func(s *server) bool { return !holds(s) }) {
		p.progress.Wait()
	}
}

// invite says whom the server's first connections are taken for.
func (s *server) invite() {
	if !s.decl.ByClient {
		return
	}
	for _, script := range s.decl.Connections {
		c := s.p.scenario.Client(script.Client)
		if c == nil || c.Count == 0 {
			s.guests = append(s.guests, guest{name: script.Client, script: script})
			continue
		}
		for n := range c.Count {
			s.guests = append(s.guests, guest{name: fmt.Sprintf("%s/%d", c.Name, n+1), index: n + 1, script: script})
		}
	}
}

// once is how many connections of the server are served with ServeOptions.Once;
// 0: as many as come, and none has to.
func (s *server) once() int {
	switch {
	case s.p.serve == nil || !s.p.serve.Once:
		return 0
	case s.guests != nil:
		return len(s.guests)
	case s.decl.Connections != nil:
		return len(s.decl.Connections)
	case s.decl.Accept == 0 || !s.decl.Listen || !s.decl.Start:
		return 0
	}
	return 1
}

// listening are the servers that listen.
func (p *play) listening() (list []Listening) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.servers {
		if s.listening {
			every := s.decl.Bind != nil && s.decl.Bind.Transport != scenario.Unix && s.everywhere(s.addr.Addr())
			l := Listening{
				Server: s.decl.Name, Address: s.addr.String(),
				Every: every, Others: every && p.scenario.MayServeOthers(s.decl.Bind.Port),
			}
			if s.shows() {
				l.CA, _ = p.tlsFile("ca.pem")
			}
			list = append(list, l)
		}
	}
	return list
}

// tellAccepted says that a connection begins.
func (p *play) tellAccepted(a *actor, conn *wire.Conn) {
	if p.serve == nil || p.serve.Accepted == nil {
		return
	}
	p.telling.Lock()
	defer p.telling.Unlock()
	p.serve.Accepted(a.place.name, conn.Remote.String())
}

// tellHappened says what is new on a connection. What is done in parallel, or may
// be undone, is told when it is over.
func (a *actor) tellHappened(all bool) {
	p := a.p
	if p.serve == nil || p.serve.Happened == nil || a.server == nil || a.speaking != nil || a.log.Held() || p.hasSecrets() {
		return
	}
	if news := a.log.Seen.News(all); len(news) > 0 {
		p.telling.Lock()
		defer p.telling.Unlock()
		p.serve.Happened(a.place.name, news)
	}
}

// tellServed says that a connection has ended, and what it saw.
func (p *play) tellServed(a *actor) {
	if p.serve == nil || p.serve.Served == nil {
		return
	}
	a.tellHappened(true)
	r := Result{Actors: []Actor{a.result()}}
	r.Actors[0].Observed = slices.Clone(r.Actors[0].Observed) // it is judged later, and not as it is shown
	p.mu.Lock()
	for _, f := range p.failures {
		if f.Actor == a.place.name {
			r.Failures = append(r.Failures, f)
		}
	}
	p.mu.Unlock()
	p.mask(&r)
	p.telling.Lock()
	defer p.telling.Unlock()
	if n := len(a.log.Seen.News(true)); n > 0 && p.serve.Happened != nil {
		p.serve.Happened(a.place.name, r.Actors[0].Observed[len(r.Actors[0].Observed)-n:])
	}
	p.serve.Served(r.Actors[0], r.Failures)
}
