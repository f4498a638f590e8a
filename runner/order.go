package runner

import (
	"context"
	"slices"
	"sync"
	"time"

	"banter/runner/scenario"
)

// order is what puts the steps of different actors in order: signals,
// meetings, and clients that start after others. All of it is under one lock,
// so that "nobody can give it any more" is said of one state of the whole.
type order struct {
	mu      sync.Mutex
	signals map[string]*signal
	actors  []*place
	waits   map[*wait]struct{}
	met     map[string]int    // those of the waits that are at a meeting, by its name
	invited map[string]int    // clients whose scripts name a meeting
	hope    map[string]*place // who may yet help those who wait for a signal or at a meeting
	// mayCome reports whether a server's scripts may still be begun by a
	// connection that one of the running actors makes, or one from outside.
	mayCome func(running []*place) [][]*scenario.Step
	// unplayed names those who would help, if their scripts were played.
	unplayed func(helps func([]*scenario.Step) bool) []string
	now      func() time.Duration
	stopped  func() bool // the scenario has ended: whoever waits is told so
}

// signal is a count that only grows.
type signal struct {
	count  int
	givers map[string]int
}

// place is where an actor is in its script.
type place struct {
	name   string
	steps  []*scenario.Step
	at     int              // the step that runs
	inner  []level          // the steps within that one, the innermost last
	aside  []*scenario.Step // are played when messages come that may come at any time
	client bool             // has a script of its own
	over   bool             // no further step will run
	ended  bool             // its connection is closed as well
	runs   bool             // stuck has found that it does, or may
	wait   *wait
}

// level is where an actor is in steps that a step holds.
type level struct {
	steps []*scenario.Step
	at    int
	again bool // they may be played once more
}

// rest are the steps that may still run. A step that waits gives nothing.
func (p *place) rest() []*scenario.Step {
	switch {
	case p.over:
		return nil
	case len(p.aside) > 0:
		return slices.Concat(p.inOrder(), p.aside)
	}
	return p.inOrder()
}

// inOrder are those of the script.
func (p *place) inOrder() []*scenario.Step {
	from := func(steps []*scenario.Step, at int, holds bool) []*scenario.Step {
		if holds || p.wait != nil && p.wait.in {
			at++
		}
		return steps[min(at, len(steps)):]
	}
	if len(p.inner) == 0 {
		return from(p.steps, p.at, false)
	}
	var rest []*scenario.Step
	for i, l := range slices.Backward(p.inner) {
		if l.again {
			rest = append(rest, l.steps...)
		} else {
			rest = append(rest, from(l.steps, l.at, i < len(p.inner)-1)...)
		}
	}
	return append(rest, from(p.steps, p.at, true)...)
}

// here is where the step that runs is counted.
func (p *place) here() (steps []*scenario.Step, at *int) {
	if n := len(p.inner); n > 0 {
		return p.inner[n-1].steps, &p.inner[n-1].at
	}
	return p.steps, &p.at
}

// enter says that an actor plays steps that its step holds.
func (o *order) enter(p *place, steps []*scenario.Step, again bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p.inner = append(p.inner, level{steps: steps, again: again})
}

// leave says that it has played them.
func (o *order) leave(p *place) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p.inner = p.inner[:len(p.inner)-1]
	o.settle() // some of them will not be played again
}

// wait is an actor that waits for others. Exactly one of the three is set.
type wait struct {
	who    *place
	in     bool // in a step, not before the first
	await  *scenario.Await
	meet   *scenario.Meet
	after  []*place
	result chan error // nil: go on
}

// stuckError says why a wait can't end well.
type stuckError struct {
	message string
	notes   []string
	at      time.Duration // the same for all who are stuck in one another
}

func (e *stuckError) Error() string { return e.message }

func newOrder() *order {
	return &order{
		signals: map[string]*signal{}, waits: map[*wait]struct{}{},
		met: map[string]int{}, invited: map[string]int{}, hope: map[string]*place{},
	}
}

// join adds an actor.
func (o *order) join(p *place) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.actors = append(o.actors, p)
}

// step says that an actor has come to a step.
func (o *order) step(p *place, at int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	steps, here := p.here()
	*here = at
	if at > 0 {
		if _, ok := steps[at-1].Action.(scenario.Connect); ok { // it brings no connection any more
			o.settle()
		}
	}
}

// over says that no further step of an actor will run.
func (o *order) over(p *place) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p.over = true
	o.settle()
}

// ended says that an actor's connection is closed as well.
func (o *order) ended(p *place) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p.over, p.ended = true, true
	o.settle()
}

// changed looks again at who can go on: connections have come or can't come
// any more.
func (o *order) changed() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settle()
}

// signal gives a signal once.
func (o *order) signal(p *place, name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.signals[name]
	if s == nil {
		s = &signal{givers: map[string]int{}}
		o.signals[name] = s
	}
	s.count++
	s.givers[p.name]++
	_, at := p.here()
	*at++ // it can't be given by this step again
	o.settle()
}

// given is a signal's count.
func (o *order) given(name string) int {
	if s := o.signals[name]; s != nil {
		return s.count
	}
	return 0
}

// wait waits until w's time has come. The error is a *stuckError as soon as it
// can't come, or the context's.
func (o *order) wait(ctx context.Context, w *wait) error {
	w.result = make(chan error, 1)
	o.mu.Lock()
	o.waits[w] = struct{}{}
	if w.meet != nil {
		o.met[w.meet.Name]++
	}
	w.who.wait = w
	o.settle()
	o.mu.Unlock()
	select {
	case err := <-w.result:
		return err
	case <-ctx.Done():
		o.mu.Lock()
		defer o.mu.Unlock()
		if _, ok := o.waits[w]; !ok {
			return <-w.result // at the same time, and it counts
		}
		o.release(w)
		return context.Cause(ctx)
	}
}

func (o *order) release(w *wait) {
	delete(o.waits, w)
	if w.meet != nil {
		o.met[w.meet.Name]--
	}
	w.who.wait = nil
}

func (o *order) answer(w *wait, err error) {
	o.release(w)
	if w.in { // it does not come to this step's meeting again
		_, at := w.who.here()
		*at++
	}
	w.result <- err
}

// settle lets everybody go on whose time has come, and tells those for whom it
// can't come.
func (o *order) settle() {
	if len(o.waits) == 0 {
		return
	}
	for w := range o.waits {
		if o.ready(w) {
			if w.meet != nil {
				for _, other := range o.meeting(w.meet) {
					o.answer(other, nil)
				}
				continue
			}
			o.answer(w, nil)
		}
	}
	if o.stopped() {
		return
	}
	if stuck := o.stuck(); len(stuck) > 0 {
		var errs []*stuckError
		for _, w := range stuck {
			errs = append(errs, o.explain(w))
		}
		at := o.now()
		for i, w := range stuck {
			errs[i].at = at
			o.answer(w, errs[i])
		}
	}
}

func (o *order) ready(w *wait) bool {
	if _, waits := o.waits[w]; !waits {
		return false // met with one who was looked at before
	}
	switch {
	case w.await != nil:
		return o.given(w.await.Signal) >= w.await.Times
	case w.meet != nil:
		return o.met[w.meet.Name] >= o.parties(w.meet)
	}
	return !slices.ContainsFunc(w.after, func(p *place) bool { return !p.ended })
}

// meeting are those who wait at a meeting.
func (o *order) meeting(m *scenario.Meet) []*wait {
	var there []*wait
	for w := range o.waits {
		if w.meet != nil && w.meet.Name == m.Name {
			there = append(there, w)
		}
	}
	return there
}

// parties is how many a meeting needs: those that it says, or every client
// whose script names it. All clients have joined before the first one waits.
func (o *order) parties(m *scenario.Meet) int {
	if m.Parties > 0 {
		return m.Parties
	}
	n, known := o.invited[m.Name]
	if known {
		return n
	}
	for _, p := range o.actors {
		if p.client && slices.ContainsFunc(p.steps, func(s *scenario.Step) bool { return meets(s, m.Name) }) {
			n++
		}
	}
	o.invited[m.Name] = n
	return n
}

// meets reports whether a step comes to a meeting.
func meets(s *scenario.Step, name string) bool {
	return does(s, func(a scenario.Action) bool {
		m, ok := a.(scenario.Meet)
		return ok && m.Name == name
	})
}

// signals reports whether a step gives a signal.
func signals(s *scenario.Step, name string) bool {
	return does(s, func(a scenario.Action) bool {
		g, ok := a.(scenario.Signal)
		return ok && g.Name == name
	})
}

// does reports whether a step is such an action, or holds one that is.
func does(s *scenario.Step, such func(scenario.Action) bool) bool {
	return such(s.Action) ||
		slices.ContainsFunc(scenario.Inner(s.Action), func(s *scenario.Step) bool { return does(s, such) })
}
