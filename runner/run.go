// Package runner plays a scenario over the operating system's sockets: it
// binds all servers, starts the clients, joins everybody, and then judges what
// each side saw.
//
//	result, err := runner.Run(ctx, scenario, runner.Options{})
//	if err != nil {
//		return err // the run broke
//	}
//	if !result.Passed() {
//		fmt.Println(result.Failures[0].Message) // the run ran, and this is what came of it
//	}
package runner

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"banter/runner/scenario"
	"banter/runner/wire"
)

// Options are what a run is told beside its scenario.
type Options struct {
	Timeout time.Duration // of a step that has no within, in place of the scenario's; 0: the scenario's
	Slow    float64       // every timeout is multiplied by it; 0 is 1
	Real    Real          // whom the clients play against where a process serves a declared server

	// Kernel has what the kernel keeps of connections be in the result.
	Kernel bool

	// Isolate has each scenario be played in a network of its own: see
	// wire.Namespace. Its file is to be read with Allow.Isolated then.
	Isolate bool
	// NotIsolated is why Isolate is not set, where it was asked for.
	NotIsolated string

	// Connect names servers of which the real thing is played against: where
	// each of them is, as scenario.ParseAddress has it (the path of a Unix
	// socket is relative to the working folder). Such a server is not bound,
	// and its scripts are not played. Names that the scenario does not declare
	// mean nothing.
	Connect map[string]string

	mutation *mutation // what is done otherwise than the scenario says
}

// Run plays a scenario. A result says that it ran, and what came of it; an
// error that the run broke. An interrupted run (the error is then the
// context's cause) has both: the result is what was known by then.
//
// It ends within the sum of the scenario's timeouts and a second, whatever the
// peers do, and leaves no socket and no goroutine behind.
func Run(ctx context.Context, s *scenario.Scenario, opts Options) (Result, error) {
	switch why := missing(s, opts); {
	case s.Skip != "":
		return Result{Scenario: s, Skipped: s.Skip}, context.Cause(ctx)
	case why != "":
		return Result{Scenario: s, Skipped: why}, context.Cause(ctx)
	case opts.Real == RealBoth && serves(s):
		return runBoth(ctx, s, opts)
	}
	return run(ctx, s, opts)
}

// run plays a scenario once.
func run(ctx context.Context, s *scenario.Scenario, opts Options) (Result, error) {
	p := newPlay(ctx, s, opts)
	defer p.cancel(nil)
	defer context.AfterFunc(ctx, p.end)()
	if p.isolate() && p.bind() && p.enlist() && p.compute() && p.write() {
		p.cast()
		p.accept()
		if p.played = p.launch(); p.played {
			for _, c := range p.clients {
				p.playing.Go(c.playClient)
			}
			p.playing.Wait()
			p.deliver()
			p.outlast()
			p.serveOthers()
		}
		p.dismiss()
		p.finish()
		for _, srv := range p.servers {
			srv.drain()
			if p.spawns || len(p.processes) > 0 {
				srv.admitOthers()
			}
		}
	}
	return p.conclude(), context.Cause(ctx)
}

// newPlay is a run that has not begun.
func newPlay(ctx context.Context, s *scenario.Scenario, opts Options) *play {
	p := &play{
		scenario: s, opts: opts, began: time.Now(), order: newOrder(),
		idle: map[*actor]bool{}, open: map[*wire.Conn]struct{}{}, dials: map[*dial]struct{}{}, names: map[pair]caller{},
		links: map[*wire.Link]struct{}{},
	}
	p.order.mayCome, p.order.unplayed, p.order.now = p.mayCome, p.unplayed, p.now
	p.order.stopped = func() bool { return p.ctx.Err() != nil }
	p.progress = sync.NewCond(&p.mu)
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	p.linked, p.cut = context.WithCancel(context.Background())
	return p
}

// conclude lets nobody new in, joins those who still play, and judges.
func (p *play) conclude() Result {
	for _, srv := range p.servers {
		srv.close()
	}
	p.mu.Lock()
	for slices.ContainsFunc(p.servers, func(s *server) bool { return s.loops > 0 }) {
		p.progress.Wait()
	}
	p.mu.Unlock()
	p.order.changed() // no connection will come any more
	p.serving.Wait()
	p.unlink()
	p.settle()
	p.clean()
	p.network.Close()
	return p.judge()
}

// result is what came of an actor.
func (a *actor) result() Actor {
	return Actor{
		Name: a.place.name, Peer: a.peer, Server: a.server != nil, Script: a.place.steps, Done: a.done,
		Observed: a.log.Seen.Entries(), Expected: a.log.Expected(), TCP: a.kept,
	}
}

// compute computes the scenario's own variables, and reports whether it could.
func (p *play) compute() bool {
	if len(p.scenario.Lets) == 0 {
		return true
	}
	p.lets = map[string]value{}
	err := (&scope{p: p}).define(p.scenario.Lets, func(name string, v value) { p.lets[name] = v })
	if err != nil {
		p.fail(Failure{Kind: Environment, Pos: p.scenario.Lets[0].Pos, At: p.now(), Message: "let: " + err.Error()})
	}
	return err == nil
}

// errEnded is why a step breaks off when the scenario has ended elsewhere.
var errEnded = errors.New("the scenario ended")

// play is one run of a scenario.
type play struct {
	scenario *scenario.Scenario
	opts     Options
	began    time.Time
	ctx      context.Context // ends when the scenario has to
	cancel   context.CancelCauseFunc
	order    *order
	network  *wire.Namespace // nil: the machine's
	servers  []*server       // in the file's order, as the clients are
	clients  []*actor
	played   bool          // all servers could be bound, and the clients were started
	serve    *ServeOptions // of Serve, where no clients are played

	tmp       tmp
	processes []*process     // in the file's order
	spawns    bool           // a step starts a program
	watching  sync.WaitGroup // of those who wait for their ends

	playing sync.WaitGroup // clients
	serving sync.WaitGroup // accept loops and the connections that they have accepted

	delivering sync.WaitGroup // of what still comes to UDP servers

	linked  context.Context // ends when nobody needs the links any more
	cut     context.CancelFunc
	linking sync.WaitGroup // of what goes over them

	leaving atomic.Bool   // Serve has to end: nobody waits for more than is there
	hurry   chan struct{} // closed some time after that: nobody lets time pass any more
	telling sync.Mutex    // while Serve tells what happens

	security security

	filesMu sync.Mutex
	files   map[string][]byte // payload files that were read

	lets map[string]value // computed once all servers are bound

	mu       sync.Mutex // of all that follows, and of what servers count
	progress *sync.Cond // a connection was accepted, or the scenario has ended
	ended    bool
	finished bool            // all clients have ended
	idle     map[*actor]bool // who waits for more of a peer
	open     map[*wire.Conn]struct{}
	dials    map[*dial]struct{}
	names    map[pair]caller // whose connection this is
	links    map[*wire.Link]struct{}
	accepted []*actor
	failures []Failure
	printed  []Output            // of programs that are part of a failure
	secrets  map[string]struct{} // values that are not to be shown, beside the scenario's
}

// now is the time since the scenario's start.
func (p *play) now() time.Duration { return time.Since(p.began) }

// timeout is how long a step may take. within is 0 where the step says nothing.
// In a perturbed run it is long enough for the pauses that others make there.
func (p *play) timeout(within time.Duration) time.Duration {
	d := p.asWritten(within)
	if m := p.opts.mutation; m != nil {
		d = max(d, m.least)
	}
	return d
}

// asWritten is the same as the scenario and the options say it.
func (p *play) asWritten(within time.Duration) time.Duration {
	d := within
	if d == 0 {
		d = p.scenario.Timeout
		if p.opts.Timeout > 0 {
			d = p.opts.Timeout
		}
	}
	return p.stretch(d)
}

func (p *play) stretch(d time.Duration) time.Duration {
	if p.opts.Slow > 0 {
		d = time.Duration(min(float64(d)*p.opts.Slow, float64(forever)))
	}
	return min(d, forever)
}

// forever is more than any run takes, and can be added to the time of day.
const forever = 100 * 365 * 24 * time.Hour

// server is the server of that name, or nil.
func (p *play) server(name string) *server {
	for _, s := range p.servers {
		if s.decl.Name == name {
			return s
		}
	}
	return nil
}

// fail records a failure.
func (p *play) fail(f Failure) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures = append(p.failures, f)
	p.printed = append(p.printed, f.printed...)
}

// end ends the scenario at this instant: whoever waits is woken.
func (p *play) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.ended = true
	p.cancel(errEnded) // before the deadlines: see arm
	for c := range p.open {
		c.SetDeadline(past)
	}
	p.progress.Broadcast()
}

var past = time.Unix(1, 0)

// hold has a connection in those that the scenario's end wakes.
func (p *play) hold(c *wire.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = struct{}{}
}

func (p *play) letGo(c *wire.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

// judge compares what each actor saw with what its script says, once everybody
// has ended.
func (p *play) judge() Result {
	r := Result{Scenario: p.scenario}
	slices.SortFunc(p.accepted, func(a, b *actor) int { return slices.Compare(a.rank[:], b.rank[:]) })
	actors := slices.Concat(p.clients, p.accepted)
	if p.played {
		p.failures = append(p.failures, p.written(actors)...)
	}
	for _, a := range actors {
		if !a.failed && !a.log.Equal() {
			p.failures = append(p.failures, Failure{
				Kind: Differs, Actor: a.place.name, Pos: a.pos, At: p.now(),
				Message: "the transcript is not the one that the steps describe",
			})
		}
		r.Actors = append(r.Actors, a.result())
	}
	for _, s := range p.servers {
		if p.played {
			p.failures = append(p.failures, s.uncalled()...)
		}
	}
	slices.SortStableFunc(p.failures, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(a.At, b.At), slices.Compare(a.rank[:], b.rank[:]))
	})
	r.Failures = causeFirst(p.failures)
	r.Outputs, r.Real = p.outputs(), p.opts.Real.plays() && serves(p.scenario)
	p.informed(r.Failures)
	p.mask(&r)
	r.Began, r.Elapsed = p.began, p.now()
	return r
}
