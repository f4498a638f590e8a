package runner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"banter/runner/scenario"
)

// hopeful reports whether each wait has somebody who runs and may do something
// for it: then nothing is to be said yet, as they will be looked at again when
// they have done it or can't. With a thousand actors this is nearly always so,
// and takes a look at one of them.
func (o *order) hopeful() bool {
	seen := map[string]bool{}
	for w := range o.waits {
		var key string
		var helps func(*scenario.Step) bool
		switch {
		case w.await != nil:
			key = "signal " + w.await.Signal
			helps = func(s *scenario.Step) bool { return signals(s, w.await.Signal) }
		case w.meet != nil:
			key = "meeting " + w.meet.Name
			helps = func(s *scenario.Step) bool { return meets(s, w.meet.Name) }
		default:
			return false
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		may := func(p *place) bool {
			return p.wait == nil && !p.over && slices.ContainsFunc(p.rest(), helps)
		}
		if p := o.hope[key]; p != nil && may(p) {
			continue
		}
		i := slices.IndexFunc(o.actors, may)
		if i < 0 {
			return false
		}
		o.hope[key] = o.actors[i]
	}
	return true
}

// stuck finds the waits that can't end: those that nobody can end who runs, or
// who could run on if he were let. It never names one that can.
func (o *order) stuck() []*wait {
	if o.hopeful() {
		return nil
	}
	var running []*place
	for _, p := range o.actors {
		if p.runs = p.wait == nil && !p.ended; p.runs {
			running = append(running, p)
		}
	}
	left := maps.Clone(o.waits)
	for {
		coming := o.mayCome(running)
		known := map[any]bool{} // all who wait for the same get the same answer
		var freed []*place
		for w := range left {
			var key any = w
			switch {
			case w.await != nil:
				key = *w.await
			case w.meet != nil:
				key = *w.meet
			}
			may, ok := known[key]
			if !ok {
				may = o.mayEnd(w, running, coming)
				known[key] = may
			}
			if may {
				delete(left, w)
				freed = append(freed, w.who)
			}
		}
		for _, p := range freed {
			p.runs = true
		}
		running = append(running, freed...)
		switch {
		case len(left) == 0:
			return nil
		case len(freed) == 0:
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
		n := o.met[w.meet.Name]
		for _, p := range running {
			there := p.wait != nil && p.wait.meet != nil && p.wait.meet.Name == w.meet.Name
			if !there && comes(p.rest()) {
				n++
			}
		}
		return n >= o.parties(w.meet)
	}
	return !slices.ContainsFunc(w.after, func(p *place) bool { return !p.ended && !p.runs })
}

// explain says why a wait can't end.
func (o *order) explain(w *wait) *stuckError {
	switch {
	case w.await != nil:
		e := &stuckError{message: fmt.Sprintf("signal %q will not come", w.await.Signal)}
		e.notes = append(e.notes, o.tally(w.await), "nobody who still plays can give it")
		e.notes = append(e.notes, o.absent(func(s *scenario.Step) bool { return signals(s, w.await.Signal) })...)
		return e
	case w.meet != nil:
		var there []string
		for _, other := range o.meeting(w.meet) {
			there = append(there, other.who.name)
		}
		slices.Sort(there)
		e := &stuckError{message: fmt.Sprintf("meeting %q can't come about", w.meet.Name)}
		e.notes = append(e.notes, fmt.Sprintf("%d of %d are there: %s", len(there), o.parties(w.meet), some(there)),
			"too few of those who still play come to it")
		e.notes = append(e.notes, o.absent(func(s *scenario.Step) bool { return meets(s, w.meet.Name) })...)
		return e
	}
	var names []string
	for _, p := range w.after {
		if !p.ended {
			names = append(names, p.name)
		}
	}
	return &stuckError{message: fmt.Sprintf("can't start: it comes after %s, who will not end", strings.Join(names, ", "))}
}

// absent says who would help, if their scripts were played.
func (o *order) absent(helps func(*scenario.Step) bool) []string {
	names := o.unplayed(func(steps []*scenario.Step) bool { return slices.ContainsFunc(steps, helps) })
	if len(names) == 0 {
		return nil
	}
	return []string{"it is in a script that this run does not play: " + some(names)}
}

// tally says how often a signal was given and by whom.
func (o *order) tally(a *scenario.Await) string {
	s := o.signals[a.Signal]
	if s == nil {
		return fmt.Sprintf("given 0 of %d times", a.Times)
	}
	var by []string
	for _, name := range slices.Sorted(maps.Keys(s.givers)) {
		if n := s.givers[name]; n > 1 {
			name = fmt.Sprintf("%s (%d)", name, n)
		}
		by = append(by, name)
	}
	return fmt.Sprintf("given %d of %d times, by %s", s.count, a.Times, some(by))
}

// report is what is to be said of a wait that ran out of time, or that the
// scenario's end broke off.
func (o *order) report(w *wait) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	ended := o.stopped() // and the others end as well, each in its time
	var could []string
	where := ""
	for _, p := range o.actors {
		is := func(s *scenario.Step) bool {
			return w.await != nil && signals(s, w.await.Signal) || w.meet != nil && meets(s, w.meet.Name)
		}
		rest := p.rest()
		if ended {
			rest = slices.Concat(p.inOrder(), p.aside)
		}
		if p != w.who && slices.ContainsFunc(rest, is) {
			could, where = append(could, p.name), p.where()
		}
	}
	var notes []string
	if w.await != nil {
		notes = append(notes, o.tally(w.await))
	}
	if w.meet != nil {
		notes = append(notes, fmt.Sprintf("%d of %d are there", o.met[w.meet.Name]+1, o.parties(w.meet)))
	}
	from := some(could)
	if len(could) == 1 {
		from = where
	}
	switch {
	case len(could) > 0 && ended:
		notes = append(notes, "was to come from: "+from)
	case len(could) > 0:
		notes = append(notes, "could still come from: "+from)
	}
	return notes
}

// where is an actor's name, and the step that keeps it.
func (p *place) where() string {
	switch {
	case p.wait != nil && !p.wait.in:
		return p.name + ", who has not started"
	case p.at >= len(p.steps):
		return p.name
	}
	return fmt.Sprintf("%s, in step %d of %d: %s", p.name, p.at+1, len(p.steps), p.steps[p.at])
}

// some is a list of names that may be long.
func some(names []string) string {
	const most = 8
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}
