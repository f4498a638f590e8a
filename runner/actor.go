package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"banter/runner/match"
	"banter/runner/scenario"
	"banter/runner/transcript"
	"banter/runner/wire"
)

// actor plays a script: a client, or a connection that a server accepted. It
// belongs to one goroutine, other than what play.mu and order guard.
type actor struct {
	p      *play
	scope  *scope
	ctx    context.Context // ends when the actor has to
	place  *place
	pos    scenario.Pos // of its name, or of its script
	client *scenario.Client
	server *server       // whose connection it is; nil for a client
	nth    int           // of the server's connections, from 0
	rested chan struct{} // of a server's connection: closed when it waits only for the other's end
	rank   [3]int        // where it stands in the result
	peer   string        // under play.mu
	reply  *scenario.Payload
	uncast string // why the server has no script for it

	link              // the connection that the step is about
	others []*further // further ones, in the order of their connects
	on     *further   // which of them the step is about; nil: the first
	lefts  []left

	log      transcript.Log // what happened, and what the script says
	wants    wanted         // of the expect that runs
	welcome  bool           // what is taken now is expected, whatever it is
	step     int            // that runs, from 1; 0: none
	current  *scenario.Step // the same, or one of those that it does in parallel
	reader   *actor         // who reads the stream: a, or its branch that does
	deadline time.Time      // of the step
	bound    bound          // of the steps around it
	grace    int            // bytes that may still be read after the deadline
	lastly   time.Time      // when that is over; zero: it has not begun
	deaf     bool           // what is taken now is nobody's business
	speaking *sync.Mutex    // of those who send in parallel; nil: nobody does
	cuts     *cuts          // of the send that runs; nil: as it is written
	corked   bool           // what was sent waits for the next send
	minding  bool           // a message that may come at any time is dealt with
	riding   bool           // the expect that rides on the step has begun
	kept     []TCP
	done     int
	failed   bool
}

// attach gives the actor a connection.
func (a *actor) attach(conn *wire.Conn) {
	a.conn = conn
	a.reader = a
	a.packets = conn.Packets
	a.over, a.cut, a.loose = false, false, false
	a.before, a.via = exactly{}, nil
	if a.packets {
		a.stream = match.NewPackets(source{a}, a.take)
		return
	}
	a.stream = match.NewStream(source{a}, a.take)
	if peeker, ok := any(conn).(match.Peeker); ok && !conn.Piped {
		a.stream = match.NewStream(peekable{source{a}, peeker}, a.take)
	}
}

// source is the actor's connection as its stream reads it.
type source struct{ a *actor }

func (s source) Read(p []byte) (int, error) {
	s.a.tellHappened(false)
	n, err := s.a.conn.Read(p)
	return s.told(n, err, p, false)
}

// peekable is a source on systems whose sockets can be peeked at.
type peekable struct {
	source
	conn match.Peeker
}

func (s peekable) Peek(p []byte) (int, error) {
	s.a.tellHappened(false)
	n, err := s.conn.Peek(p)
	return s.told(n, err, p, true)
}

// told hears what a read says. Where the deadline has passed, what had come by
// then counts all the same, as far as a.grace goes: else a machine that stood
// still for a while would decide.
func (s source) told(n int, err error, p []byte, peek bool) (int, error) {
	a := s.a.reader
	if errors.Is(err, os.ErrDeadlineExceeded) && a.gracious() && !a.stopped() {
		if !a.packets {
			p = p[:min(len(p), a.grace)]
		}
		n, err = a.conn.Late(p, peek)
		if !peek {
			a.grace -= n
		}
	}
	if err != nil && wire.IsReset(err) {
		a.cut = true
	}
	return n, err
}

// gracious reports whether what is there may still be read, although the
// deadline has passed. Somebody who sends without end must not make it last.
func (a *actor) gracious() bool {
	if a.lastly.IsZero() {
		a.lastly = time.Now().Add(graceTime)
	}
	return a.grace > 0 && time.Now().Before(a.lastly)
}

// take hears what frames take.
func (a *actor) take(p []byte) {
	a = a.reader
	if a.p.scenario.Echoes {
		a.scope.last.add(p)
	}
	if a.deaf {
		return
	}
	now := a.p.now()
	if a.packets {
		a.log.Seen.Datagram(transcript.Recv, p, now, a.step)
		if a.welcome {
			a.log.Want.Datagram(transcript.Recv, p, now, a.step)
		}
		return
	}
	a.log.Seen.Bytes(transcript.Recv, p, now, a.step)
	if a.welcome {
		a.log.Want.Bytes(transcript.Recv, p, now, a.step)
	}
}

// saw records an event that happened.
func (a *actor) saw(kind transcript.Kind, name string) {
	a.log.Seen.Add(kind, name, a.p.now(), a.step)
}

// meant records an event that the script says.
func (a *actor) meant(kind transcript.Kind, name string) {
	a.log.Want.Add(kind, name, 0, a.step)
}

// playClient plays a client from its start to its end.
func (a *actor) playClient() {
	defer a.p.order.ended(a.place)
	if len(a.client.After) > 0 {
		w := &wait{who: a.place}
		for _, name := range a.client.After {
			for _, c := range a.p.clients {
				if c.client.Name == name.Name {
					w.after = append(w.after, c.place)
				}
			}
		}
		err := a.p.order.wait(a.ctx, w)
		if a.stopped() {
			a.fail(a.failure(Unfinished, "had not started: it comes after %s", a.client.After[0].Name))
			return
		}
		if err != nil {
			f := a.failure(Order, "%s", err)
			f.At = err.(*stuckError).at
			a.fail(f)
			return
		}
	}
	a.playScript()
}

// playConnection plays the part of a server on a connection.
func (a *actor) playConnection() {
	defer a.p.order.ended(a.place)
	defer a.server.left()
	defer a.p.tellServed(a)
	defer a.rest()
	a.saw(transcript.Accept, "")
	a.meant(transcript.Accept, "")
	if a.server.decl.TLS != nil && a.uncast == "" {
		over, f := a.acceptTLS()
		if f != nil {
			a.fail(f)
		}
		if over {
			return
		}
	}
	switch {
	case a.uncast != "":
		a.fail(a.failure(NotCalled, "%s", a.uncast))
	case a.reply != nil && a.packets:
		if f := a.replyDatagram(); f != nil {
			a.fail(f)
		}
	case a.reply != nil && a.reply.Echo():
		a.rest()
		if f := a.echo(); f != nil {
			a.fail(f)
		}
	case a.reply != nil:
		if f := a.playReply(); f != nil {
			a.fail(f)
		}
	default:
		a.playScript()
	}
}

// playScript plays the steps, and closes what they leave open.
func (a *actor) playScript() {
	a.lag()
	a.log.Seen.Grow(len(a.place.steps) + 2) // most steps are one event
	if f := a.playSteps(a.place.steps, func(i int) {
		a.step, a.done = i+1, i
		if last(a.place.steps, i) {
			a.rest()
		}
	}); f != nil {
		a.fail(f)
		return
	}
	a.done = len(a.place.steps)
	a.p.order.over(a.place)
	a.rest()
	a.step, a.current = 0, nil
	a.deadline = time.Now().Add(a.p.timeout(0))
	f := a.closeOthers()
	if f == nil && a.stream != nil {
		f = a.close(scenario.CloseClean)
	}
	if f != nil {
		if n := len(a.place.steps); n > 0 {
			f.Pos = a.place.steps[n-1].Pos
		}
		f.Message = "at the end: " + f.Message
		a.fail(f)
	}
}

// playSteps plays steps up to the first that fails. begin, if not nil, hears
// which one begins.
func (a *actor) playSteps(steps []*scenario.Step, begin func(i int)) *Failure {
	for i, step := range steps {
		if begin != nil {
			begin(i)
		}
		a.riding, a.current = false, step
		a.p.order.step(a.place, i)
		a.deadline = a.due(step)
		f := a.playOver(step)
		if f == nil {
			a.log.Settle()
			a.tellHappened(false)
			continue
		}
		if !f.Pos.IsValid() {
			f.Pos, f.In = step.Pos, step
			if a.riding {
				f.Pos = step.Expect.Pos
			}
			for _, call := range slices.Backward(step.Via) {
				f.Notes = append(f.Notes, fmt.Sprintf("in %s, which line %d does", call.Name, call.Pos.Line))
			}
		}
		return f
	}
	return nil
}

// play plays one step.
func (a *actor) play(step *scenario.Step) *Failure {
	ride := step.Expect
	if _, sends := step.Action.(scenario.Send); !sends {
		a.uncork()
	}
	switch act := step.Action.(type) {
	case scenario.Connect:
		return a.connect(act, ride)
	case scenario.StartTLS:
		return a.startTLS(act.TLS, ride)
	case scenario.Send:
		a.before.acted = true
		if err := a.scope.define(act.Sets, a.scope.set); err != nil {
			return a.failure(Environment, "let: %s", err)
		}
		return a.send(act.Payload, ride)
	case *scenario.Expect:
		return a.expect(act)
	case scenario.Shutdown:
		return a.ridden(a.shutdown(act.How), ride)
	case scenario.Close:
		return a.close(act.Mode)
	case scenario.Reset:
		return a.reset()
	case scenario.Wait:
		return a.ridden(a.wait(act.For), ride)
	case scenario.Signal:
		a.p.order.signal(a.place, act.Name)
		return a.ridden(nil, ride)
	case scenario.Await:
		return a.ridden(a.waitFor(&wait{who: a.place, in: true, await: &act}), ride)
	case scenario.Meet:
		return a.ridden(a.waitFor(&wait{who: a.place, in: true, meet: &act}), ride)
	case scenario.Stop:
		a.meant(transcript.Stop, act.Server)
		if err := a.p.server(act.Server).stop(a.deadline); err != nil {
			return a.failure(Environment, "stop: %s", err)
		}
		a.saw(transcript.Stop, act.Server)
		return a.ridden(nil, ride)
	case scenario.Start:
		a.meant(transcript.Start, act.Server)
		if err := a.p.server(act.Server).start(); err != nil {
			return a.failure(Environment, "start: %s", err)
		}
		a.saw(transcript.Start, act.Server)
		return a.ridden(nil, ride)
	case scenario.StopProcess:
		return a.ridden(a.stopProcess(act.Name), ride)
	case scenario.StartProcess:
		return a.ridden(a.startProcess(act.Name), ride)
	case scenario.Run:
		return a.ridden(a.run(act), ride)
	case scenario.AwaitOutput:
		return a.ridden(a.awaitOutput(act), ride)
	case scenario.Parallel:
		return a.parallel(act, step.Within)
	case scenario.Let:
		if err := a.scope.define(act.Definitions, a.scope.set); err != nil {
			return a.failure(Environment, "let: %s", err)
		}
		return nil
	case scenario.Loop:
		if step.Within > 0 {
			defer a.bind(step.Within)()
		}
		return a.loop(act)
	case scenario.Retry:
		return a.retry(act)
	case scenario.Dispatch:
		return a.dispatch(act)
	}
	panic(fmt.Sprintf("runner: no way to play %T", step.Action))
}

// ridden plays the expect that rides on an action, once that was done.
func (a *actor) ridden(f *Failure, ride *scenario.Expect) *Failure {
	if f != nil || ride == nil {
		return f
	}
	a.riding = true
	return a.expect(ride)
}

// pause lets time pass.
func (a *actor) pause(d time.Duration) *Failure {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-a.ctx.Done():
	case <-a.p.hurry:
	}
	return a.failure(Unfinished, "was to wait for %s", d)
}

// wait lets time pass, as a step says. What rides on it has its own time.
func (a *actor) wait(d time.Duration) *Failure {
	if left := time.Until(a.bound.at); !a.bound.at.IsZero() && left < d {
		if f := a.pause(left); f != nil {
			return f
		}
		a.deadline = a.bound.at
		return a.late("was to wait for %s", d)
	}
	f := a.pause(d)
	a.deadline = a.due(a.current)
	return f
}

// waitFor waits for other actors.
func (a *actor) waitFor(w *wait) *Failure {
	ctx, cancel := context.WithDeadline(a.ctx, a.deadline)
	defer cancel()
	err := a.p.order.wait(ctx, w)
	var stuck *stuckError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &stuck):
		f := a.failure(Order, "%s", stuck.message)
		f.Notes, f.At = stuck.notes, stuck.at
		return f
	case a.stopped():
		f := a.failure(Unfinished, "was waiting: %s", a.action())
		f.Notes = a.p.order.report(w)
		return f
	}
	f := a.failure(TimedOut, "timeout after %s: %s", a.allowed(), a.action())
	f.Notes = a.p.order.report(w)
	return f
}

// action is the step that runs, in a few characters.
func (a *actor) action() string {
	if a.current == nil {
		return "close"
	}
	return a.current.String()
}

// allowed is how long the step that runs may take.
func (a *actor) allowed() time.Duration {
	switch {
	case !a.bound.at.IsZero() && !a.deadline.Before(a.bound.at):
		return a.bound.of
	case a.current == nil:
		return a.p.timeout(0)
	}
	return a.p.timeout(a.current.Within)
}

// stopped reports whether the actor has to end. The scenario's end counts at
// once: a branch's own context hears of it a moment later, in which peers who
// heard of it first may have gone.
func (a *actor) stopped() bool { return a.p.ctx.Err() != nil || a.ctx.Err() != nil }

// ending reports whether the actor has to end, or may end what it does with what
// is there already.
func (a *actor) ending() bool { return a.stopped() || a.p.leaving.Load() }

// arm sets a deadline of the connection, which is past where the actor has to
// end. The end may come at the same time: it is marked before the deadlines are
// set, so that one of the two sets the past last.
func (a *actor) arm(set func(time.Time) error, deadline time.Time) {
	set(deadline)
	if a.ending() {
		set(past)
	}
}

// drop closes the connection as it is, or with a RST.
func (a *actor) drop(reset bool) {
	defer a.abort()
	if a.conn == nil {
		a.stream = nil
		return
	}
	a.note()
	if reset {
		a.conn.Reset()
	} else {
		a.conn.Close()
	}
	a.p.letGo(a.conn) // after that: it may read to the peer's end
	a.conn, a.stream = nil, nil
}
