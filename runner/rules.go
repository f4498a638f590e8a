package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"banter/runner/scenario"
	"banter/runner/transcript"
	"banter/runner/wire"
)

// dispatch takes the next message and plays the first rule that it meets.
func (a *actor) dispatch(d scenario.Dispatch) *Failure {
	a.listen(a.deadline)
	any := &scenario.Expect{Frame: d.Message, Match: scenario.Match{Size: -1, Captures: []scenario.Capture{{}}}}
	if f := a.expect(any); f != nil {
		return f
	}
	message := a.wants.All()[0].Value
	for _, r := range d.Rules {
		if r.When != nil {
			when, err := a.scope.inner(r.When)
			if err != nil {
				f := a.failure(Environment, "%s", err)
				f.Pos = r.Pos
				return f
			}
			captured, holds := when.Holds(message)
			if !holds {
				continue
			}
			a.scope.keep(captured)
		}
		return blame(a.inner(r.Steps, true), r, "")
	}
	return nil
}

// blame says in which rule's steps a failure is.
func blame(f *Failure, r *scenario.Rule, of string) *Failure {
	if f == nil {
		return nil
	}
	in := fmt.Sprintf("in %sby the rule in line %d", of, r.Pos.Line)
	if of == "" {
		in = fmt.Sprintf("in the rule in line %d", r.Pos.Line)
	}
	if r.Note != "" {
		in += ": " + r.Note
	}
	f.Notes = append(f.Notes, in)
	return f
}

// mind deals with messages that may come at any time, as long as one of them is
// what comes next. They leave no trace in the transcript, as it is nobody's
// doing when they come. answer says whether there is still somebody to answer.
func (a *actor) mind(deadline time.Time, answer bool) *Failure {
	always := a.minds()
	if always == nil || a.stream == nil || a.on != nil || a.minding {
		return nil
	}
	deaf, last := a.deaf, a.scope.last
	a.minding = true
	defer func() { a.minding, a.deaf, a.scope.last = false, deaf, last }()
	for {
		met, f := a.mindOne(always, deadline, answer)
		if f != nil || !met {
			return f
		}
	}
}

func (a *actor) mindOne(always *scenario.Always, deadline time.Time, answer bool) (met bool, f *Failure) {
	for _, r := range always.Rules {
		var want wanted
		x := scenario.Expect{Frame: always.Message, Match: scenario.Match{Size: -1}}
		if r.When != nil {
			x.Match = *r.When
		}
		if err := a.scope.fill(&want, &x); err != nil {
			f := a.failure(Environment, "%s", err)
			f.Pos = r.Pos
			return false, f
		}
		a.listen(deadline)
		a.scope.last = heard{}
		a.deaf = true
		met, m := a.stream.Try(&want.Expectation)
		a.deaf = false
		switch {
		case m != nil: // what it is, the step that waits will say
			return false, nil
		case !met:
			continue
		}
		a.scope.keep(want.All())
		if !answer {
			return true, nil
		}
		return true, a.answerAside(r)
	}
	return false, nil
}

// answerAside plays a rule's steps so that the step that runs goes on as if
// nothing had been.
func (a *actor) answerAside(r *scenario.Rule) *Failure {
	current, riding, until, welcome := a.current, a.riding, a.deadline, a.welcome
	mark := a.log.Mark()
	a.log.Hold()
	f := blame(a.inner(r.Steps, true), r, "a message that may come at any time, ")
	a.log.Release()
	if f != nil {
		return f
	}
	a.log.Undo(mark)
	a.current, a.riding, a.deadline, a.welcome = current, riding, until, welcome
	return nil
}

// minds are the messages that may come at any time on the actor's connection.
func (a *actor) minds() *scenario.Always {
	if a.server != nil {
		return a.server.decl.Always
	}
	return a.client.Always
}

// more waits until more comes, or the peer's end. A patient actor waits as long
// as clients play: the others bound themselves.
func (a *actor) more(patient bool) error {
	if !patient {
		a.listen(a.deadline)
		return a.stream.Ready()
	}
	p := a.p
	p.mu.Lock()
	p.idle[a] = true
	a.listen(p.patience(a))
	p.mu.Unlock()
	err := a.stream.Ready()
	p.mu.Lock()
	delete(p.idle, a)
	finished := p.finished
	p.mu.Unlock()
	if a.packets && finished && errors.Is(err, os.ErrDeadlineExceeded) && !a.stopped() {
		return io.EOF // over UDP nobody says so
	}
	return err
}

// patience is how long an actor waits for a peer who may still come with more.
// p.mu is held.
func (p *play) patience(a *actor) time.Time {
	switch {
	case !p.finished, p.serve != nil && !a.packets:
		return time.Now().Add(forever)
	case a.packets && p.serve == nil:
		return past
	}
	return time.Now().Add(p.timeout(0))
}

// finish says that all clients have ended: who waits for more of them waits no
// longer.
func (p *play) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished = true
	if p.ended || p.leaving.Load() {
		return
	}
	for a := range p.idle {
		a.conn.SetReadDeadline(p.patience(a))
	}
}

// echo is a server's reply of all that comes, as it comes. In the transcript it
// stands behind all of that, as any plain reply.
func (a *actor) echo() *Failure {
	var echoed transcript.Log
	a.welcome = true
	for {
		err := a.more(true)
		var p []byte
		if err == nil {
			p, err = a.stream.Some(64 << 10)
		}
		if err == nil {
			at := a.p.now()
			echoed.Seen.Bytes(transcript.Send, p, at, 0)
			echoed.Want.Bytes(transcript.Send, p, at, 0)
			a.deadline = time.Now().Add(a.p.timeout(0))
			a.arm(a.conn.SetWriteDeadline, a.deadline)
			if _, err = a.conn.Write(p); err == nil {
				continue
			}
		}
		a.log.Append(&echoed)
		switch {
		case err == io.EOF:
			a.ended(transcript.EOF)
		case wire.IsReset(err):
			a.ended(transcript.PeerReset)
		case errors.Is(err, os.ErrDeadlineExceeded):
			return a.late("the peer neither reads nor ends")
		default:
			return a.failure(Environment, "can't echo: %s", wire.Reason(err))
		}
		a.conn.CloseWrite()
		a.drop(false)
		a.saw(transcript.Close, "")
		a.meant(transcript.Close, "")
		return nil
	}
}
