package scenario

import (
	"cmp"
	"slices"
)

// order is what a scenario's scripts have to do with each other: who signals,
// awaits, meets, stops, starts and connects.
type order struct {
	p *parser
	d *document

	servers map[string]*Server
	signals map[string]*signalled // by name
	names   []string              // of signals, in the file's order
	meets   map[string][]given
	awaited []given
	stopped map[string]bool
	started map[string]Pos
	starts  []Start
	stops   []Stop
	called  map[string]bool // servers
	ports   map[int]bool    // of literal addresses that are connected to
	paths   map[string]bool // of Unix sockets, in the same way
}

// given is one step of an actor.
type given struct {
	client *Client // nil in a server's script
	index  int     // of the step in the script
	step   *Step
	again  bool // in a loop: it may be done any number of times
}

// signalled is who gives a signal.
type signalled struct {
	first     Pos
	byMany    bool // in a server's script or a loop, which may run any number of times
	byClients int
	indexes   map[*Client][]int // of the steps, ascending
}

// order collects every step that has to do with others.
func (p *parser) order(d *document) *order {
	o := &order{
		p: p, d: d,
		servers: map[string]*Server{},
		signals: map[string]*signalled{},
		meets:   map[string][]given{},
		stopped: map[string]bool{},
		started: map[string]Pos{},
		called:  map[string]bool{},
		ports:   map[int]bool{},
		paths:   map[string]bool{},
	}
	for _, s := range d.Servers {
		o.servers[s.Name] = s
		o.collect(nil, s.Steps)
		o.atAnyTime(s.Always)
		for _, c := range s.Connections {
			o.collect(nil, c.Steps)
		}
	}
	for _, c := range d.Clients {
		o.collect(c, c.Steps)
		o.atAnyTime(c.Always)
	}
	for _, c := range d.Processes {
		o.collect(nil, c.Ready.Steps)
		o.tells(slices.Concat(c.Before, []*Program{c.Run})...)
		for _, v := range c.Env {
			o.mentions(v.Value)
		}
	}
	for _, f := range d.Files {
		o.parts(f.Content.Parts)
	}
	slices.SortFunc(o.names, func(a, b string) int { // servers may stand below the clients
		return cmp.Compare(o.signals[a].first.Line, o.signals[b].first.Line)
	})
	return o
}

func (o *order) collect(client *Client, steps []*Step) {
	for i, s := range steps {
		o.note(given{client: client, index: i, step: s})
		_, parallel := s.Action.(Parallel)
		Walk(Inner(s.Action), func(sub *Step) {
			o.note(given{client: client, index: i, step: sub, again: !parallel})
		})
	}
}

// atAnyTime collects what is done with messages that may come at any time, any
// number of them.
func (o *order) atAnyTime(a *Always) {
	if a == nil {
		return
	}
	for _, r := range a.Rules {
		o.collect(nil, r.Steps)
	}
}

func (o *order) note(g given) {
	switch a := g.step.Action.(type) {
	case Signal:
		o.signal(a.Name, g)
	case Await:
		o.awaited = append(o.awaited, g)
	case Meet:
		o.meets[a.Name] = append(o.meets[a.Name], g)
	case Stop:
		o.stopped[a.Server] = true
		o.stops = append(o.stops, a)
	case Start:
		o.started[a.Server] = a.Pos
		o.starts = append(o.starts, a)
	case Connect:
		o.calls(a)
	case Run:
		o.tells(a.Program)
	}
}

// tells notes the servers of which programs are told: they may call them.
func (o *order) tells(programs ...*Program) {
	for _, c := range programs {
		for _, arg := range c.Args {
			o.mentions(arg)
		}
	}
}

func (o *order) mentions(t Text) {
	for _, s := range t {
		if s.Ref != nil {
			o.called[s.Ref.Name] = true
		}
	}
}

func (o *order) parts(parts []Part) {
	for _, part := range parts {
		o.mentions(part.Text)
		o.parts(part.Parts)
	}
}

func (o *order) signal(name string, g given) {
	s := o.signals[name]
	if s == nil {
		s = &signalled{first: g.step.Pos, indexes: map[*Client][]int{}}
		o.signals[name] = s
		o.names = append(o.names, name)
	}
	if g.client == nil || g.again {
		s.byMany = true
		return
	}
	s.byClients += max(g.client.Count, 1)
	s.indexes[g.client] = append(s.indexes[g.client], g.index)
}

// calls notes what a connect goes to.
func (o *order) calls(c Connect) {
	if c.Server != "" {
		o.called[c.Server] = true
		return
	}
	if c.Run != nil {
		o.tells(c.Run)
		return
	}
	o.mentions(c.Address)
	if lit, ok := c.Address.literal(); ok {
		if t, rest := cutTransport(string(lit)); t == Unix {
			o.paths[o.d.Path(rest)] = true
			return
		}
		_, address := cutTransport(string(lit))
		_, port, _ := splitAddress(address)
		o.ports[port] = true
	}
}

// awaits complains about signals that nobody can give, or not that often. The
// scripts of servers may run any number of times.
func (o *order) awaits() {
	for _, g := range o.awaited {
		a := g.step.Action.(Await)
		s := o.signals[a.Signal]
		if s == nil {
			o.p.unsignalled(g.step.Pos, a.Signal, o.names)
			continue
		}
		own := s.indexes[g.client]
		before, _ := slices.BinarySearch(own, g.index)
		late := len(own) - before // this client's own, behind the await
		switch possible := s.byClients - late; {
		case s.byMany || possible >= a.Times:
		case possible == 0:
			o.p.errorf(g.step.Pos, "nobody signals %s but this client itself, and only after this", quote(a.Signal))
		default:
			o.p.errorf(g.step.Pos, "waits for %s of %s, which is given %s at most",
				count(a.Times, "signal"), quote(a.Signal), times(possible))
		}
	}
}

func (p *parser) unsignalled(pos Pos, name string, known []string) {
	if len(known) == 0 {
		p.errorf(pos, "nobody signals %s; there are no signals in the file", quote(name))
		return
	}
	p.errorf(pos, "nobody signals %s%s", quote(name), p.hint(name, known))
}

// meetings complains about parties that can't all come.
func (o *order) meetings() {
	for name, all := range o.meets {
		if slices.ContainsFunc(all, func(g given) bool { return g.client == nil }) {
			continue // as many as connections come
		}
		clients := map[*Client]bool{}
		come := 0
		for _, g := range all {
			if !clients[g.client] {
				come += max(g.client.Count, 1)
			}
			clients[g.client] = true
		}
		for _, g := range all {
			parties := g.step.Action.(Meet).Parties
			if come == 1 && parties == 0 {
				o.p.warnf(g.step.Pos, "nobody else meets at %s, so nobody is waited for", quote(name))
			}
			if parties > come {
				o.p.errorf(g.step.Pos, "waits for %d parties at %s, but only %s can come",
					parties, quote(name), count(come, "client"))
			}
		}
	}
}

// listeners complains about a stop of what never listens and a start of what
// always does.
func (o *order) listeners() {
	for _, a := range o.stops {
		s := o.servers[a.Server]
		if _, started := o.started[a.Server]; !started && (!s.Start || !s.Listen) {
			o.p.errorf(a.Pos, "stops server %s, which never listens: nothing starts it", quote(a.Server))
		}
	}
	for _, a := range o.starts {
		s := o.servers[a.Server]
		if s.Start && s.Listen && !o.stopped[a.Server] {
			o.p.errorf(a.Pos, "starts server %s, which listens already: nothing stops it, and it has no start: false or listen: false", quote(a.Server))
		}
	}
}

// uncalled warns of servers that no client connects to.
func (o *order) uncalled() {
	for _, s := range o.d.Servers {
		switch {
		case o.called[s.Name], s.Accept == 0, !s.Listen, !s.Start:
		case s.Bind != nil && s.Bind.Port != 0 && o.ports[s.Bind.Port]:
		case s.Transport() == Unix && (s.Bind.Tmp || o.paths[o.d.Path(s.Bind.Path)]): // of what is in ${tmp} the run says it
		case o.d.mentioned[s.Name]:
			s.Aside = true
		default:
			o.p.warnf(s.Pos, "no client connects to server %s", quote(s.Name))
		}
	}
}
