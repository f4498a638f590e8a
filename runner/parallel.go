package runner

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"banter/runner/scenario"
	"banter/runner/transcript"
)

// parallel does steps at the same time. What they bring stands in the
// transcript step by step, as they are written: how the two directions of a
// connection mix is nobody's doing.
func (a *actor) parallel(par scenario.Parallel, within time.Duration) *Failure {
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	a.reader = a // also where there is no connection yet
	a.speaking = new(sync.Mutex)
	defer func() { a.speaking = nil }()
	branches := make([]*actor, len(par.Steps))
	for i, step := range par.Steps {
		a.p.mu.Lock() // a.peer may just be found out
		b := *a
		a.p.mu.Unlock()
		bounded := *step
		bounded.Within = cmp.Or(step.Within, within)
		b.ctx, b.current, b.scope = ctx, &bounded, a.scope.branch()
		b.place = &place{name: a.place.name, steps: par.Steps[i : i+1]}
		b.deadline = a.due(&bounded)
		if i > 0 { // the first goes on with the actor's own
			b.log = transcript.Log{}
		}
		if _, reads := step.Action.(*scenario.Expect); reads {
			a.reader = &b
		}
		branches[i] = &b
	}
	failures := make([]*Failure, len(branches))
	var places []*place
	for _, b := range branches { // they know of each other before the first one starts
		a.p.order.join(b.place)
		places = append(places, b.place)
	}
	var done sync.WaitGroup
	for i, b := range branches {
		done.Go(func() {
			defer a.p.order.ended(b.place)
			f := b.play(b.current)
			if f == nil {
				return
			}
			f.Pos = b.current.Pos
			failures[i] = f
			cancel() // the others need not go on
			if a.conn != nil {
				a.conn.SetDeadline(past)
			}
		})
	}
	// As long as they are not done, a itself can't give what others wait for. If
	// they wait in vain they say so.
	a.p.order.wait(context.Background(), &wait{who: a.place, in: true, after: places})
	done.Wait()
	if a.reader == a || a.reader == nil { // nobody has read
		a.before.acted = true
	} else {
		a.before = a.reader.before
	}
	a.log = branches[0].log
	for _, b := range branches[1:] {
		a.log.Append(&b.log)
	}
	if a.reader != a { // only who has read has captured
		a.scope = a.reader.scope
	}
	for _, b := range branches {
		a.over, a.cut, a.loose = a.over || b.over, a.cut || b.cut, a.loose || b.loose
		if b.callee == nil {
			a.callee = nil
		}
	}
	a.reader = a
	failures = slices.DeleteFunc(failures, func(f *Failure) bool { return f == nil })
	if len(failures) == 0 {
		return nil
	}
	first := slices.MinFunc(failures, func(f, g *Failure) int { return cmp.Compare(f.At, g.At) })
	first.Steps = len(a.place.steps)
	return first
}
