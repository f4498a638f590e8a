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
	for _, m := range d.foreign {
		i := slices.IndexFunc(d.scopes, func(s *scope) bool { return s.client == m.ref.Actor })
		from := d.scopes[i]
		captured := from.known[m.ref.Name]
		r := reach{d: d, spans: map[*scope][]stretch{from: {{captured.at + 1, math.MaxInt}}}}
		for r.spread() {
		}
		if at := m.at; !r.reached(m.scope, at) || m.aside && !r.reached(m.scope, 0) {
			p.errorf(m.pos, "nothing says that ${%s} has its value by then; give a signal behind line %d and await it before this", m.name, captured.pos.Line)
		}
	}
}

// reach is which steps come after something for certain, whoever is quicker.
type reach struct {
	d     *document
	spans map[*scope][]stretch
}

// stretch is steps of a script, from one number to another. Number 0 stands before
// the first.
type stretch struct{ from, to int }

func (r *reach) reached(s *scope, at int) bool {
	return slices.ContainsFunc(r.spans[s], func(x stretch) bool { return x.from <= at && at <= x.to })
}

// add adds what is reached, and reports whether it was not before.
func (r *reach) add(s *scope, x stretch) bool {
	if x.from > x.to || slices.ContainsFunc(r.spans[s], func(y stretch) bool { return y.from <= x.from && x.to <= y.to }) {
		return false
	}
	r.spans[s] = append(r.spans[s], x)
	return true
}

// spread follows what is reached from script to script, and reports whether
// anything was added.
func (r *reach) spread() (added bool) {
	for _, s := range r.d.scopes {
		if r.begins(s) {
			added = r.add(s, stretch{0, math.MaxInt}) || added
		}
		certainly(s.steps, math.MaxInt, func(step *Step, behind, end int) {
			waited := false
			switch a := step.Action.(type) {
			case Await:
				waited = r.unreached(a) < a.Times
			case Meet:
				waited = a.Parties == 0 && r.meets(s, step, a.Name)
			}
			if waited {
				added = r.add(s, stretch{behind, end}) || added
			}
		})
	}
	return added
}

// certainly calls f with each step, with the number from which on steps come
// after it, and the last step of which that is certain: a loop that does not
// count may have no round, and of rules one is played.
func certainly(steps []*Step, end int, f func(s *Step, behind, end int)) {
	for _, s := range steps {
		f(s, s.at+1, end)
		switch a := s.Action.(type) {
		case Loop:
			if a.Times > 0 {
				certainly(a.Steps, end, f)
			} else {
				certainly(a.Steps, last(a.Steps), f)
			}
		case Retry:
			certainly(a.Steps, end, f)
		case Dispatch:
			for _, rule := range a.Rules {
				certainly(rule.Steps, last(rule.Steps), f)
			}
		case Parallel: // in no order with one another
			behind := last(a.Steps) + 1
			for _, sub := range a.Steps {
				f(sub, behind, end)
			}
		}
	}
}

// last is the greatest number of steps and those in them.
func last(steps []*Step) (n int) {
	Walk(steps, func(s *Step) { n = max(n, s.at) })
	return n
}

// begins reports whether all of a script comes later: that of a client which
// starts after another, or of a server whose callers connect later.
func (r *reach) begins(s *scope) bool {
	if s.client != "" {
		c := r.d.Client(s.client)
		return c != nil && slices.ContainsFunc(c.After, func(n Name) bool {
			return slices.ContainsFunc(r.d.scopes, func(other *scope) bool {
				return other.client == n.Name && r.reached(other, math.MaxInt)
			})
		})
	}
	if s.server == "" {
		return false
	}
	calls, later := 0, 0
	for _, other := range r.d.scopes {
		if other.client == "" || s.only != "" && other.client != s.only {
			continue
		}
		Walk(other.steps, func(step *Step) {
			if c, ok := step.Action.(Connect); ok && (c.Server == s.server || len(c.Address) > 0) {
				calls++
				if r.reached(other, step.at) {
					later++
				}
			}
		})
	}
	return calls > 0 && calls == later
}

// unreached is how often a signal may be given by steps that are not reached.
func (r *reach) unreached(a Await) (n int) {
	count := func(s *scope, steps []*Step, times int) {
		Walk(steps, func(step *Step) {
			if g, ok := step.Action.(Signal); ok && g.Name == a.Signal && !r.reached(s, step.at) {
				n += times
			}
		})
	}
	for _, s := range r.d.scopes {
		c := r.d.Client(s.client)
		if c == nil {
			count(s, s.steps, a.Times)
		} else {
			for _, step := range s.steps {
				times := max(c.Count, 1)
				if _, parallel := step.Action.(Parallel); !parallel && Inner(step.Action) != nil {
					times = a.Times
				}
				count(s, []*Step{step}, times)
			}
		}
		if !r.reached(s, 0) {
			count(&scope{}, s.always.Steps(), a.Times)
		}
	}
	return n
}

// meets reports whether a client comes to the same meeting only after what is
// reached. Where the same clients meet again and again, it is the first time
// with the first and the second with the second.
func (r *reach) meets(s *scope, step *Step, name string) bool {
	nth, plain := r.nth(s, name, step)
	for _, other := range r.d.scopes {
		if other == s || other.client == "" {
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

// nth is which of a script's meetings of a name a step is, if they are in order.
func (r *reach) nth(s *scope, name string, step *Step) (n int, plain bool) {
	all, flat := meetings(s.steps, name)
	return slices.Index(all, step), flat
}

// meetings are the steps of a script that come to a meeting, and whether each of
// them is done once.
func meetings(steps []*Step, name string) (all []*Step, flat bool) {
	is := func(s *Step) bool { m, ok := s.Action.(Meet); return ok && m.Name == name }
	flat = true
	for _, s := range steps {
		_, parallel := s.Action.(Parallel)
		if is(s) {
			all = append(all, s)
		}
		Walk(Inner(s.Action), func(s *Step) {
			if is(s) {
				all = append(all, s)
				flat = flat && parallel
			}
		})
	}
	return all, flat
}
