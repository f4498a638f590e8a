package runner

import (
	"context"
	"math"
	"sync"

	"banter/runner/scenario"
)

// SuiteOptions are what a suite is told beside its scenarios.
type SuiteOptions struct {
	Options
	Jobs      int  // scenarios played at the same time; 0: one
	Repeat    int  // how often each is played; 0: once, or without end with UntilFail
	UntilFail bool // play the whole list again and again, until one fails
	FailFast  bool // start nothing new after a failure
	Perturb   Perturbation

	// Began and Ended, where they are not nil, hear of each play when it begins
	// and when it has ended, which may be long before it is delivered. They are
	// called by several goroutines at the same time.
	Began func(*scenario.Scenario)
	Ended func(*Play)
}

// Play is what came of playing one scenario of a suite, once.
type Play struct {
	Scenario *scenario.Scenario
	Round    int    // which time this scenario was played, from 1
	NotRun   bool   // the suite ended before this scenario was ever started
	Stopped  bool   // the suite's context ended while this scenario was played
	Result   Result // what is known, where there is an Err
	Err      error  // the run broke; it says nothing about the scenario
}

// Failed reports whether the scenario was played to its end and did not pass.
func (p *Play) Failed() bool {
	return !p.NotRun && !p.Stopped && (p.Err != nil || !p.Result.Passed())
}

// PlayAll plays many scenarios, opts.Jobs at the same time, and hands each
// play to deliver as soon as it and all before it are known: the scenarios in
// their order, and each one's rounds together (with UntilFail: the whole list,
// then the whole list again). It returns when all have been delivered; deliver
// is called from PlayAll's own goroutine.
//
// Scenarios that need the same fixed port, or path of a Unix socket, are never played at the same time,
// and the others don't wait for them.
//
// Nothing new is started once ctx is done, or after a failure with FailFast or
// UntilFail. Scenarios that were never started are then delivered as not run;
// further rounds of those that were are left out.
func PlayAll(ctx context.Context, scenarios []*scenario.Scenario, opts SuiteOptions, deliver func(Play)) {
	play := Run
	if !opts.Perturb.None() {
		play = func(ctx context.Context, s *scenario.Scenario, o Options) (Result, error) {
			return Perturb(ctx, s, o, opts.Perturb)
		}
	}
	playAll(ctx, scenarios, opts, play, deliver)
}

type playFunc func(context.Context, *scenario.Scenario, Options) (Result, error)

func playAll(ctx context.Context, scenarios []*scenario.Scenario, opts SuiteOptions, play playFunc, deliver func(Play)) {
	s := newSuite(ctx, scenarios, opts, play)
	var workers sync.WaitGroup
	for range min(max(opts.Jobs, 1), s.total) {
		workers.Go(s.work)
	}
	for {
		p, more := s.nextResult()
		if !more {
			break
		}
		deliver(p)
	}
	workers.Wait()
}

// ahead is how many plays, beyond one of each scenario, may be finished before
// the ones in front of them are: it bounds what is kept when an endless suite
// waits for a slow scenario.
const ahead = 1000

// suite is the state that the workers share. Plays are numbered in the order
// in which they are delivered.
type suite struct {
	ctx       context.Context
	scenarios []*scenario.Scenario
	opts      SuiteOptions
	play      playFunc
	rounds    int // of each scenario; math.MaxInt: without end
	total     int // plays; math.MaxInt: without end

	mu        sync.Mutex
	changed   *sync.Cond
	next      int           // the first play that no worker has looked at
	delivered int           // the first play that is not delivered
	running   map[int]bool  // plays that have been started and are not finished
	finished  map[int]*Play // plays that wait to be delivered
	failed    bool          // something failed that ends the suite
	ports     ports
	needs     [][]need // fixed ports, of each scenario
}

func newSuite(ctx context.Context, scenarios []*scenario.Scenario, opts SuiteOptions, play playFunc) *suite {
	s := &suite{
		ctx: ctx, scenarios: scenarios, opts: opts, play: play,
		rounds:   max(opts.Repeat, 1),
		running:  map[int]bool{},
		finished: map[int]*Play{},
	}
	s.changed = sync.NewCond(&s.mu)
	if opts.UntilFail && opts.Repeat == 0 {
		s.rounds = math.MaxInt
	}
	switch {
	case len(scenarios) == 0:
	case s.rounds > math.MaxInt/len(scenarios):
		s.total = math.MaxInt
	default:
		s.total = s.rounds * len(scenarios)
	}
	for _, sc := range scenarios {
		s.needs = append(s.needs, fixedPorts(sc, opts.Options))
	}
	s.ports = ports{users: map[fixed]int{}, waiting: map[fixed][]int{}, needs: s.needsOf}
	return s
}

// which says what play i is: a scenario's index, and the round from 1.
func (s *suite) which(i int) (index, round int) {
	if s.opts.UntilFail {
		return i % len(s.scenarios), i/len(s.scenarios) + 1
	}
	return i / s.rounds, i%s.rounds + 1
}

func (s *suite) needsOf(i int) []need {
	index, _ := s.which(i)
	return s.needs[index]
}

// work is a worker: it plays what is next until nothing is.
func (s *suite) work() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		i, ok := s.take()
		if !ok {
			return
		}
		s.mu.Unlock()
		index, round := s.which(i)
		p := &Play{Scenario: s.scenarios[index], Round: round}
		if s.opts.Began != nil {
			s.opts.Began(p.Scenario)
		}
		p.Result, p.Err = s.play(s.ctx, p.Scenario, s.opts.Options)
		p.Stopped = p.Err != nil && s.ctx.Err() != nil
		if s.opts.Ended != nil {
			s.opts.Ended(p)
		}
		s.mu.Lock()

		delete(s.running, i)
		s.finished[i] = p
		if p.Failed() && (s.opts.FailFast || s.opts.UntilFail) {
			s.failed = true
		}
		s.ports.release(i)
		s.changed.Broadcast()
	}
}

// ended reports whether nothing new is to be started.
func (s *suite) ended() bool { return s.failed || s.ctx.Err() != nil }

// take waits for a play that can be started and marks it as running. It
// reports false when there is nothing left to start.
func (s *suite) take() (i int, ok bool) {
	for !s.ended() {
		if i, ok = s.ports.takeReady(); !ok {
			i, ok = s.takeNew()
		}
		if ok {
			s.running[i] = true
			return i, true
		}
		if s.next == s.total && s.ports.queued == 0 {
			return 0, false
		}
		s.changed.Wait()
	}
	return 0, false
}

// takeNew returns the next play whose ports are free, and leaves those before
// it to wait for theirs.
func (s *suite) takeNew() (i int, ok bool) {
	for s.next < s.total && s.next-s.delivered < len(s.scenarios)+ahead {
		i = s.next
		s.next++
		if s.ports.acquire(i) {
			return i, true
		}
	}
	return 0, false
}

// nextResult waits for the next play in order. It reports false when all are
// delivered.
func (s *suite) nextResult() (p Play, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.delivered < s.total {
		i := s.delivered
		index, round := s.which(i)
		switch finished := s.finished[i]; {
		case finished != nil:
			delete(s.finished, i)
			s.delivered++
			s.changed.Broadcast() // a worker may wait for takeNew's bound
			return *finished, true
		case !s.ended() || s.running[i]:
			s.changed.Wait()
		case round == 1:
			s.delivered++
			return Play{Scenario: s.scenarios[index], Round: 1, NotRun: true}, true
		case i < s.next:
			s.delivered++ // a later round that still waited for its ports
		case s.opts.UntilFail:
			return Play{}, false // nothing but later rounds can follow
		default:
			s.delivered += s.rounds - round + 1 // on to the next scenario
		}
	}
	return Play{}, false
}
