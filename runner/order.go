package runner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	// mayCome reports whether a server's scripts may still be begun by a
	// connection that one of the running actors makes, or one from outside.
	mayCome func(running []*place) [][]*scenario.Step
	now     func() time.Duration
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
	at     int  // the step that runs
	client bool // has a script of its own
	over   bool // no further step will run
	ended  bool // its connection is closed as well
	wait   *wait
}

// rest are the steps that may still run. A step that waits gives nothing.
func (p *place) rest() []*scenario.Step {
	switch {
	case p.over:
		return nil
	case p.wait != nil && p.wait.in:
		return p.steps[min(p.at+1, len(p.steps)):]
	}
	return p.steps[min(p.at, len(p.steps)):]
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
	return &order{signals: map[string]*signal{}, waits: map[*wait]struct{}{}}
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
	p.at = at
	o.mu.Unlock()
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
	p.at++ // it can't be given by this step again
	o.settle()
	p.at--
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
	w.who.wait = nil
}

func (o *order) answer(w *wait, err error) {
	o.release(w)
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
		return len(o.meeting(w.meet)) >= o.parties(w.meet)
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
// whose script names it.
func (o *order) parties(m *scenario.Meet) int {
	if m.Parties > 0 {
		return m.Parties
	}
	n := 0
	for _, p := range o.actors {
		if p.client && slices.ContainsFunc(p.steps, func(s *scenario.Step) bool { return meets(s, m.Name) }) {
			n++
		}
	}
	return n
}

func meets(s *scenario.Step, name string) bool {
	switch act := s.Action.(type) {
	case scenario.Meet:
		return act.Name == name
	case scenario.Parallel:
		return slices.ContainsFunc(act.Steps, func(s *scenario.Step) bool { return meets(s, name) })
	}
	return false
}

func signals(s *scenario.Step, name string) bool {
	switch act := s.Action.(type) {
	case scenario.Signal:
		return act.Name == name
	case scenario.Parallel:
		return slices.ContainsFunc(act.Steps, func(s *scenario.Step) bool { return signals(s, name) })
	}
	return false
}

// stuck finds the waits that can't end: those that nobody can end who runs, or
// who could run on if he were let. It never names one that can.
func (o *order) stuck() []*wait {
	var running []*place
	for _, p := range o.actors {
		if p.wait == nil && !p.ended {
			running = append(running, p)
		}
	}
	left := maps.Clone(o.waits)
	for {
		coming := o.mayCome(running)
		freed := false
		for w := range left {
			if o.mayEnd(w, running, coming) {
				delete(left, w)
				running = append(running, w.who)
				freed = true
			}
		}
		if !freed {
			return slices.SortedFunc(maps.Keys(left), func(a, b *wait) int { return strings.Compare(a.who.name, b.who.name) })
		}
	}
}

// mayEnd reports whether a wait may end by what those who run may still do, and
// by the scripts of connections that may still come.
func (o *order) mayEnd(w *wait, running []*place, coming [][]*scenario.Step) bool {
	switch {
	case w.await != nil:
		gives := func(steps []*scenario.Step) bool {
			return slices.ContainsFunc(steps, func(s *scenario.Step) bool { return signals(s, w.await.Signal) })
		}
		return slices.ContainsFunc(running, func(p *place) bool { return gives(p.rest()) }) || slices.ContainsFunc(coming, gives)
	case w.meet != nil:
		comes := func(steps []*scenario.Step) bool {
			return slices.ContainsFunc(steps, func(s *scenario.Step) bool { return meets(s, w.meet.Name) })
		}
		if slices.ContainsFunc(coming, comes) {
			return true // and so may any number of connections
		}
		n := len(o.meeting(w.meet))
		for _, p := range running {
			there := p.wait != nil && p.wait.meet != nil && p.wait.meet.Name == w.meet.Name
			if !there && comes(p.rest()) {
				n++
			}
		}
		return n >= o.parties(w.meet)
	}
	return !slices.ContainsFunc(w.after, func(p *place) bool { return !p.ended && !slices.Contains(running, p) })
}

// explain says why a wait can't end.
func (o *order) explain(w *wait) *stuckError {
	switch {
	case w.await != nil:
		e := &stuckError{message: fmt.Sprintf("signal %q will not come", w.await.Signal)}
		e.notes = append(e.notes, o.tally(w.await), "nobody who still plays can give it")
		return e
	case w.meet != nil:
		var there []string
		for _, other := range o.meeting(w.meet) {
			there = append(there, other.who.name)
		}
		slices.Sort(there)
		e := &stuckError{message: fmt.Sprintf("meeting %q can't come about", w.meet.Name)}
		e.notes = append(e.notes, fmt.Sprintf("%d of %d are there: %s", len(there), o.parties(w.meet), strings.Join(there, ", ")),
			"too few of those who still play come to it")
		return e
	}
	return &stuckError{message: "the clients that this one starts after will not end"}
}

// tally says how often a signal was given and by whom.
func (o *order) tally(a *scenario.Await) string {
	s := o.signals[a.Signal]
	if s == nil {
		return fmt.Sprintf("given 0 of %s", times(a.Times))
	}
	var by []string
	for _, name := range slices.Sorted(maps.Keys(s.givers)) {
		if n := s.givers[name]; n > 1 {
			name = fmt.Sprintf("%s (%d)", name, n)
		}
		by = append(by, name)
	}
	return fmt.Sprintf("given %d of %s, by %s", s.count, times(a.Times), strings.Join(by, ", "))
}

func times(n int) string {
	if n == 1 {
		return "1 time"
	}
	return fmt.Sprintf("%d times", n)
}

// report is what is to be said of a wait that ran out of time.
func (o *order) report(w *wait) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var could []string
	for _, p := range o.actors {
		is := func(s *scenario.Step) bool {
			return w.await != nil && signals(s, w.await.Signal) || w.meet != nil && meets(s, w.meet.Name)
		}
		if p != w.who && slices.ContainsFunc(p.rest(), is) {
			could = append(could, p.name)
		}
	}
	var notes []string
	if w.await != nil {
		notes = append(notes, o.tally(w.await))
	}
	if w.meet != nil {
		notes = append(notes, fmt.Sprintf("%d of %d are there", len(o.meeting(w.meet))+1, o.parties(w.meet)))
	}
	if len(could) > 0 {
		notes = append(notes, "could still come from: "+strings.Join(could, ", "))
	}
	return notes
}
