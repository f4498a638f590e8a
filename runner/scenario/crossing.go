package scenario

import (
	"math"
)

// crossings are the steps of all scripts in which they have to do with each
// other, by what those name.
type crossings struct {
	d       *document
	waits   []waiting             // of all scripts, in their order
	signals map[string][]signaled // by the signal
	meets   map[string][]*scope   // of clients, by the meeting
	calls   map[string][]calling  // by the server; "": of addresses, which may be any server's
}

// waiting is a step that waits for others: what comes behind it, to an end,
// comes after it.
type waiting struct {
	scope       *scope
	step        *Step
	behind, end int
}

// signaled is a step that gives a signal, so many times.
type signaled struct {
	scope *scope
	at    int // 0: at any time
	times int
}

// calling is a connect.
type calling struct {
	scope *scope
	at    int
}

const anyNumber = math.MaxInt32

func newCrossings(d *document) *crossings {
	x := &crossings{d: d, signals: map[string][]signaled{}, meets: map[string][]*scope{}, calls: map[string][]calling{}}
	for _, s := range d.scopes {
		c, _ := d.played(s.client)
		certainly(s.steps, math.MaxInt, func(step *Step, behind, end int) {
			switch step.Action.(type) {
			case Await, Meet:
				x.waits = append(x.waits, waiting{s, step, behind, end})
			}
		})
		for _, step := range s.steps {
			times := anyNumber
			if _, parallel := step.Action.(Parallel); c != nil && (parallel || Inner(step.Action) == nil) {
				times = max(c.Count, 1)
			}
			Walk([]*Step{step}, func(sub *Step) { x.note(s, sub, sub.at, times) })
		}
		Walk(s.always.Steps(), func(sub *Step) { x.note(s, sub, 0, anyNumber) })
	}
	return x
}

func (x *crossings) note(s *scope, step *Step, at, times int) {
	switch a := step.Action.(type) {
	case Signal:
		x.signals[a.Name] = append(x.signals[a.Name], signaled{s, at, times})
	case Meet:
		if all := x.meets[a.Name]; s.client != "" && (len(all) == 0 || all[len(all)-1] != s) {
			x.meets[a.Name] = append(all, s)
		}
	case Connect:
		if s.client != "" && (a.Server != "" || len(a.Address) > 0) {
			x.calls[a.Server] = append(x.calls[a.Server], calling{s, at})
		}
	}
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
