package scenario

import "slices"

// foreignOrder complains about another client's variable where nothing says
// that it has its value by then: an await of a signal which that client gives
// later than it captures, a meeting, or an "after". What follows of those is
// followed as well.
func (p *parser) foreignOrder(d *document) {
	for _, m := range d.foreign {
		from := m.ref.Actor
		var captured int
		for _, s := range d.scopes {
			if s.client == from {
				captured = s.known[m.ref.Name].at
			}
		}
		r := reach{d: d, from: map[string]int{from: captured + 1}}
		r.spread()
		if !r.ordered(m) {
			p.errorf(m.pos, "nothing says that ${%s} has its value by then; give a signal behind line %d and await it before this", m.name, r.capturePos(m).Line)
		}
	}
}

// reach is which steps come after something for certain: of each client, those
// from an index on.
type reach struct {
	d    *document
	from map[string]int
}

func (r *reach) capturePos(m mention) Pos {
	for _, s := range r.d.scopes {
		if s.client == m.ref.Actor {
			return s.known[m.ref.Name].pos
		}
	}
	return m.pos
}

// ordered reports whether the place of a mention is reached.
func (r *reach) ordered(m mention) bool {
	if m.scope.client != "" {
		at, ok := r.from[m.scope.client]
		return ok && at <= m.at
	}
	return r.first(m.scope.steps) <= m.at
}

// spread follows what is reached from client to client, until nothing is added.
func (r *reach) spread() {
	for added := true; added; {
		added = false
		for _, c := range r.d.Clients {
			at := r.first(c.Steps)
			if slices.ContainsFunc(c.After, func(n Name) bool { _, ok := r.from[n.Name]; return ok }) {
				at = 0
			}
			if before, ok := r.from[c.Name]; at < len(c.Steps) && (!ok || at < before) {
				r.from[c.Name] = at
				added = true
			}
		}
	}
}

// first is the first step behind one that waits for something which is reached;
// the number of steps if there is none.
func (r *reach) first(steps []*Step) int {
	for i, s := range steps {
		switch a := s.Action.(type) {
		case Await:
			if r.unreached(a) < a.Times {
				return i + 1
			}
		case Meet:
			if a.Parties == 0 && r.meets(a.Name) {
				return i + 1
			}
		}
	}
	return len(steps) + 1
}

// unreached is how often a signal may be given by steps that are not reached.
func (r *reach) unreached(a Await) (n int) {
	count := func(steps []*Step, from int, times int) {
		for i, s := range steps {
			if i >= from {
				return
			}
			again := false
			if g, ok := s.Action.(Signal); ok && g.Name == a.Signal {
				n += times
			}
			Walk(Inner(s.Action), func(s *Step) {
				g, ok := s.Action.(Signal)
				again = again || ok && g.Name == a.Signal
			})
			if again {
				n += a.Times
			}
		}
	}
	for _, c := range r.d.Clients {
		from, ok := r.from[c.Name]
		if !ok {
			from = len(c.Steps)
		}
		count(c.Steps, from, max(c.Count, 1))
	}
	for _, s := range r.d.Servers {
		count(s.Steps, len(s.Steps), a.Times)
		for _, c := range s.Connections {
			count(c.Steps, len(c.Steps), a.Times)
		}
	}
	return n
}

// meets reports whether a client comes to a meeting only after what is reached.
func (r *reach) meets(name string) bool {
	for _, c := range r.d.Clients {
		at := slices.IndexFunc(c.Steps, func(s *Step) bool { m, ok := s.Action.(Meet); return ok && m.Name == name })
		if from, ok := r.from[c.Name]; ok && at >= from && at >= 0 {
			return true
		}
	}
	return false
}
