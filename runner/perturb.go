package runner

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"banter/runner/scenario"
	"banter/runner/transcript"
)

// Perturbation says how a scenario is played otherwise than it is written, in ways
// that must make no difference: its bytes cut elsewhere, its actors starting later,
// its buffers small.
type Perturbation struct {
	Times   int      // how many runs, beside the one as it is written
	Seed    uint64   // of what they do otherwise; the same seed, the same changes
	Changes []Change // the one run with just these, in place of Times
}

// None reports whether scenarios are played as they are.
func (p *Perturbation) None() bool { return p.Times == 0 && len(p.Changes) == 0 }

// pausesUntil are how long a run waits after a cut. The next is tried where a
// set of changes made no difference: a peer that is not quick reads both parts
// together.
var pausesUntil = []time.Duration{2 * time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond}

// A step may take patience in a perturbed run, and hurried in the search for a
// smallest set, if it says that it may take less. pausesTime is about what the
// pauses of such a run take in all.
const (
	patience   = time.Second
	hurried    = 500 * time.Millisecond
	pausesTime = 250 * time.Millisecond
)

// shrinkTime bounds the search for the smallest set of changes, and shrinkRuns the
// runs that it takes.
const (
	shrinkTime = 20 * time.Second
	shrinkRuns = 500
)

// Perturb plays a scenario as it is written, and then otherwise. A verdict or a
// transcript that is another then is a failure. It has the smallest set of changes
// that was found to make the difference (Result.Changes). A scenario that fails as
// it is written is not perturbed, nor is one that uses "some" (Result.Note says
// so).
func Perturb(ctx context.Context, s *scenario.Scenario, opts Options, by Perturbation) (Result, error) {
	plain, err := Run(ctx, s, opts)
	if err != nil || !plain.Passed() || plain.Skipped != "" {
		return plain, err
	}
	if plain.Note = unperturbed(s); plain.Note != "" {
		return plain, nil
	}
	if opts.Real == RealBoth {
		opts.Real = RealOnly // the declared servers are our own, and need no test
	}
	p := &perturbing{ctx: ctx, s: s, opts: opts, plain: &plain, unsteady: map[string]bool{}}
	if by.Changes != nil {
		r, err := p.insist(by.Changes, false)
		switch {
		case err != nil:
			return plain, err
		case p.flaky != nil:
			return *p.flaky, nil
		case r == nil:
			return plain, nil
		}
		return p.blame(r, by), nil
	}
	began := time.Now()
	for n := 1; n <= by.Times; n++ {
		m := mutationOf(s, by.Seed, n)
		r, err := p.run(m, opts)
		if err != nil {
			return r, err
		}
		if !p.differs(&r) {
			continue
		}
		if len(m.made) == 0 && !r.Passed() {
			return nowAndThen(r), nil
		}
		if err := p.steady(); err != nil {
			return plain, err
		}
		if p.flaky != nil {
			return *p.flaky, nil
		}
		if !p.differs(&r) || len(m.made) == 0 {
			continue
		}
		r.Changes = m.made
		return p.blame(p.shrink(&r), by), nil
	}
	plain.Elapsed = max(plain.Elapsed, time.Since(began))
	return plain, nil
}

// perturbing is the search for changes that make a difference to one scenario.
type perturbing struct {
	ctx      context.Context
	s        *scenario.Scenario
	opts     Options
	plain    *Result
	unsteady map[string]bool // actors whose transcripts are others each time as it is
	flaky    *Result         // it fails now and then as it is
	compared bool            // it is known whether it does, and who they are
	seldom   bool            // what was found does not come about each time
	runs     int
}

func (p *perturbing) run(m *mutation, opts Options) (Result, error) {
	opts.mutation = m
	p.runs++
	return Run(p.ctx, p.s, opts)
}

// differs reports whether a run has come out otherwise than the plain one.
func (p *perturbing) differs(r *Result) bool { return !r.Passed() || p.other(r) != "" }

// other is the actor whose transcript is another than in the plain run; "": no
// one's.
func (p *perturbing) other(r *Result) string {
	for i := range p.plain.Actors {
		was := &p.plain.Actors[i]
		if p.unsteady[was.Name] {
			continue
		}
		if is := r.actor(was.Name); is == nil || !transcript.Equal(seen(was), seen(is)) {
			return was.Name
		}
	}
	for i := range r.Actors {
		name := r.Actors[i].Name
		if !p.unsteady[name] && p.plain.actor(name) == nil {
			return name
		}
	}
	return ""
}

func seen(a *Actor) []transcript.Event {
	events := make([]transcript.Event, len(a.Observed))
	for i := range a.Observed {
		events[i] = a.Observed[i].Event
	}
	return events
}

// nowAndThen says of a scenario that failed as it is written that it has passed so.
func nowAndThen(r Result) Result {
	f := &r.Failures[0]
	f.Notes = slices.Insert(slices.Clone(f.Notes), 0, "it fails now and then as it is written: it has just passed so")
	return r
}

// steadyRuns is how often a scenario is played again as it is before changes are
// blamed, and confirmRuns how often with the changes that are.
const (
	steadyRuns  = 3
	confirmRuns = 2
)

// steady plays the scenario as it is a few more times: what is another then
// anyway, such as a date or a port, or the verdict, is not the changes' doing.
func (p *perturbing) steady() error {
	if p.compared {
		return nil
	}
	p.compared = true
	for range steadyRuns {
		r, err := p.run(nil, p.opts)
		if err != nil {
			return err
		}
		if !r.Passed() {
			r = nowAndThen(r)
			p.flaky = &r
			return nil
		}
		for name := p.other(&r); name != ""; name = p.other(&r) {
			p.unsteady[name] = true
		}
	}
	return nil
}

// insist plays a scenario with just these changes until it comes out otherwise,
// with longer and longer pauses, and returns nil where it does not. quick has
// scripts that hang do so for a shorter time.
func (p *perturbing) insist(changes []Change, quick bool) (*Result, error) {
	opts, least := p.opts, patience
	if quick {
		opts.Timeout, least = min(cmp.Or(opts.Timeout, p.s.Timeout), p.plain.quickly()), hurried
	}
	for _, pause := range pausesUntil {
		m := &mutation{asked: changes, pause: min(pause, max(time.Millisecond, pausesTime/time.Duration(len(changes)))), least: least}
		m.asks = func(c Change) bool { return slices.Contains(changes, c) }
		r, err := p.run(m, opts)
		if err != nil {
			return nil, err
		}
		if !p.differs(&r) {
			continue
		}
		if err := p.steady(); err != nil || p.flaky != nil {
			return nil, err
		}
		if p.differs(&r) && len(m.made) > 0 {
			r.Changes = m.made
			return &r, nil
		}
	}
	return nil, nil
}

// quickly is a timeout that is enough for what was played so: programs take long
// until they are ready, and then it goes fast.
func (r *Result) quickly() time.Duration {
	first, last := r.Elapsed, time.Duration(0)
	for i := range r.Actors {
		if seen := r.Actors[i].Observed; len(seen) > 0 {
			first, last = min(first, seen[0].At), max(last, seen[len(seen)-1].At)
		}
	}
	return hurried + 4*first + 20*max(0, last-first)
}

// shrink finds a smallest set of changes with which the scenario still comes out
// otherwise, and returns what it comes to with it. On a machine that stands still
// for a while a script that is hurried fails without any: what was found so and
// does not hold is looked for again, without hurry.
func (p *perturbing) shrink(found *Result) *Result {
	began, before := time.Now(), p.runs
	spent := func() bool {
		return time.Since(began) > shrinkTime || p.runs-before > shrinkRuns || p.ctx.Err() != nil
	}
	for _, quick := range []bool{true, false} {
		set := p.reduce(found.Changes, quick, spent)
		if len(set) == len(found.Changes) {
			continue
		}
		if r, _ := p.insist(set, false); r != nil {
			found = r
			break
		}
	}
	for range confirmRuns {
		if r, err := p.insist(found.Changes, true); r == nil && err == nil {
			p.seldom = true
			break
		}
	}
	return found
}

// reduce leaves out more and more of the changes, as long as the scenario still
// comes out otherwise (Zeller and Hildebrandt, Simplifying and Isolating
// Failure-Inducing Input, 2002).
func (p *perturbing) reduce(set []Change, quick bool, spent func() bool) []Change {
	for parts := 2; len(set) > 1 && !spent(); {
		size := (len(set) + parts - 1) / parts
		smaller := false
		for _, only := range []bool{true, false} {
			for at := 0; at < len(set) && !smaller && !spent(); at += size {
				end := min(at+size, len(set))
				try := slices.Clone(set[at:end])
				if !only {
					try = slices.Concat(set[:at], set[end:])
				}
				if len(try) == 0 || len(try) == len(set) {
					continue
				}
				if r, _ := p.insist(try, quick); r != nil {
					set, smaller = r.Changes, true
					if only {
						parts = 2
					} else {
						parts = max(parts-1, 2)
					}
				}
			}
		}
		if smaller {
			continue
		}
		if parts >= len(set) {
			break
		}
		parts = min(2*parts, len(set))
	}
	return set
}

// mutationOf is what the n-th perturbed run does: the first sends byte by byte,
// the second in one go what the scenario slices, and together what follows each
// other; the others cut after ends of line, and anywhere, and have some actors
// start late and some buffers small.
func mutationOf(s *scenario.Scenario, seed uint64, n int) *mutation {
	m := &mutation{pause: pausesUntil[0], least: patience, asks: func(Change) bool { return false }}
	of := func(actor string, send int) *rand.Rand {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s\x00%s\x00%d\x00%d", s.Name, actor, send, n)
		return rand.New(rand.NewPCG(seed, h.Sum64()))
	}
	switch n {
	case 1:
		m.pick = func(actor string, send int, size int64, _ []byte) (changes []Change) {
			for at := int64(1); at < min(size, eachByte); at++ {
				changes = append(changes, Change{Actor: actor, Send: send, Cut: at})
			}
			return changes
		}
		return m
	case 2:
		m.pick = func(actor string, send int, _ int64, _ []byte) []Change {
			return []Change{{Actor: actor, Send: send, Whole: true}, {Actor: actor, Send: send, Join: true}}
		}
		return m
	}
	m.pick = func(actor string, send int, size int64, head []byte) []Change {
		return randomCuts(of(actor, send), actor, send, size, head)
	}
	m.asks = func(c Change) bool {
		r := of(c.Actor, 0)
		late, small := r.IntN(4) == 0, r.IntN(4) == 0
		return c.Late && late || c.Small && small
	}
	return m
}

// eachByte is up to where a send is cut after every byte.
const eachByte = 256

// randomCuts are places where one send is cut: after bytes that end something,
// between CR and LF, and anywhere.
func randomCuts(r *rand.Rand, actor string, send int, size int64, head []byte) (changes []Change) {
	switch r.IntN(6) {
	case 0:
		return nil
	case 1:
		return []Change{{Actor: actor, Send: send, Join: true}}
	}
	head = head[:min(len(head), 4<<10)]
	var ends []int64
	for i, c := range head {
		if c == '\r' || c == '\n' || c == ' ' || c == 0 {
			ends = append(ends, int64(i)+1)
		}
	}
	places := map[int64]bool{}
	for range 1 + r.IntN(4) {
		at := int64(0)
		switch {
		case len(ends) > 0 && r.IntN(2) == 0:
			at = ends[r.IntN(len(ends))]
		case size > 1:
			at = 1 + r.Int64N(size-1)
		}
		if at > 0 && at < size {
			places[at] = true
		}
	}
	for at := range places {
		changes = append(changes, Change{Actor: actor, Send: send, Cut: at})
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Cut, b.Cut) })
	return changes
}
