package scenario

import (
	"math"
	"slices"
)

// foreignOrder complains about another client's variable where nothing says
// that it has its value by then: an await of a signal that is given later than
// it is captured, a meeting, or an "after". What follows of those is followed
// as well.
func (p *parser) foreignOrder(d *document) {
	type variable struct{ client, name string }
	all := map[variable]*reach{}
	var known *crossings
	for _, m := range d.foreign {
		_, from := d.played(m.ref.Actor)
		captured := from.known[m.ref.Name]
		v := variable{m.ref.Actor, m.ref.Name}
		r := all[v]
		if r == nil {
			if known == nil {
				known = newCrossings(d)
			}
			if len(all)*len(d.scopes) > maxFollowed {
				return // so many that it is left to the run
			}
			r = &reach{crossings: known, stretches: map[*scope][]stretch{from: {{captured.at + 1, math.MaxInt}}}}
			for r.spread() {
			}
			all[v] = r
		}
		if !r.reached(m.scope, m.at) || m.aside && !r.reached(m.scope, 0) {
			p.errorf(m.pos, "nothing says that ${%s} has its value by then; give a signal behind line %d and await it before this", m.name, captured.pos.Line)
		}
	}
}

// maxFollowed bounds the scripts that are looked at for the variables of others.
const maxFollowed = 500_000

// reach is which steps come after something for certain, whoever is quicker.
type reach struct {
	*crossings
	stretches map[*scope][]stretch
}

// stretch is steps of a script, from one number to another. Number 0 stands before
// the first.
type stretch struct{ from, to int }

func (r *reach) reached(s *scope, at int) bool {
	return slices.ContainsFunc(r.stretches[s], func(x stretch) bool { return x.from <= at && at <= x.to })
}

// add adds what is reached, and reports whether it was not before.
func (r *reach) add(s *scope, x stretch) bool {
	if x.from > x.to || slices.ContainsFunc(r.stretches[s], func(y stretch) bool { return y.from <= x.from && x.to <= y.to }) {
		return false
	}
	r.stretches[s] = append(r.stretches[s], x)
	return true
}

// spread follows what is reached from script to script, and reports whether
// anything was added.
func (r *reach) spread() (added bool) {
	for _, s := range r.d.scopes {
		if r.begins(s) {
			added = r.add(s, stretch{0, math.MaxInt}) || added
		}
	}
	for _, w := range r.waits {
		waited := false
		switch a := w.step.Action.(type) {
		case Await:
			waited = r.unreached(a) < a.Times
		case Meet:
			waited = a.Parties == 0 && r.meeting(w, a.Name)
		}
		if waited {
			added = r.add(w.scope, stretch{w.behind, w.end}) || added
		}
	}
	return added
}

// begins reports whether all of a script comes later: that of a client which
// starts after another, or of a server whose callers connect later.
func (r *reach) begins(s *scope) bool {
	if s.client != "" {
		c, _ := r.d.played(s.client)
		return c != nil && slices.ContainsFunc(c.After, func(n Name) bool {
			_, other := r.d.played(n.Name)
			return other != nil && r.reached(other, math.MaxInt)
		})
	}
	if s.server == "" {
		return false
	}
	calls := 0
	for _, call := range slices.Concat(r.calls[s.server], r.calls[""]) {
		if s.only != "" && call.scope.client != s.only {
			continue
		}
		if calls++; !r.reached(call.scope, call.at) {
			return false
		}
	}
	return calls > 0
}

// unreached is how often a signal may be given by steps that are not reached.
func (r *reach) unreached(a Await) (n int) {
	for _, g := range r.signals[a.Signal] {
		if !r.reached(g.scope, g.at) {
			n += g.times
		}
		if n >= a.Times {
			break
		}
	}
	return n
}

// meeting reports whether a client comes to the same meeting only after what is
// reached. Where the same clients meet again and again, it is the first time
// with the first and the second with the second.
func (r *reach) meeting(w waiting, name string) bool {
	all, plain := meetings(w.scope.steps, name)
	nth := slices.Index(all, w.step)
	for _, other := range r.meets[name] {
		if other == w.scope {
			continue
		}
		all, flat := meetings(other.steps, name)
		same := nth
		if !plain || !flat { // it may be any of them, and the first is the earliest
			same = 0
		}
		if same < len(all) && r.reached(other, all[same].at) {
			return true
		}
	}
	return false
}
