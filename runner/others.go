package runner

import (
	"slices"
	"time"

	"banter/runner/scenario"
)

// Callers that are no clients of the file: programs that it starts.

// haveOthers reports whether a program runs, or may be started, that could call
// a server. The caller holds play.mu.
func (p *play) haveOthers(running []*place) bool {
	if slices.ContainsFunc(p.processes, (*process).runs) {
		return true
	}
	return p.spawns && slices.ContainsFunc(running, func(r *place) bool { return slices.ContainsFunc(r.steps, spawns) })
}

// spawns reports whether a step starts a program.
func spawns(s *scenario.Step) bool {
	return does(s, func(a scenario.Action) bool {
		c, connects := a.(scenario.Connect)
		_, runs := a.(scenario.Run)
		return runs || connects && c.Run != nil
	})
}

// serveOthers waits, when the clients have ended, until the processes have had
// what the servers have for them: until as many connections have come as there
// have to, and the scripts of those that are there wait for nothing but the
// other's end. Each has the time of a step for it.
func (p *play) serveOthers() {
	if len(p.processes) == 0 {
		return
	}
	for _, s := range p.servers {
		s.await(time.Now().Add(p.timeout(0)), func() bool {
			return s.calledEnough() || !slices.ContainsFunc(p.processes, (*process).runs)
		})
	}
	for {
		p.mu.Lock()
		i := slices.IndexFunc(p.accepted, func(a *actor) bool { return a.peer == "" && !a.resting() })
		runs := slices.ContainsFunc(p.processes, (*process).runs)
		var a *actor
		if i >= 0 {
			a = p.accepted[i]
		}
		p.mu.Unlock()
		if a == nil || !runs {
			return
		}
		select {
		case <-a.rested:
		case <-p.ctx.Done():
			return
		}
	}
}

// admitOthers waits until those are let in who have come, as far as the server
// would: a program may be gone before it was seen.
func (s *server) admitOthers() {
	for end := time.Now().Add(s.p.timeout(0)); time.Now().Before(end); time.Sleep(time.Millisecond) {
		s.p.mu.Lock()
		waiting := s.ln != nil && s.listening && !s.limit() && !s.p.ended && s.ln.Waiting()
		s.p.mu.Unlock()
		if !waiting {
			return
		}
	}
}

// calledEnough reports whether nothing is to be said of a server that too few
// have called.
func (s *server) calledEnough() bool { return s.closed || len(s.uncalled()) == 0 }

// rest says that the actor waits for nothing any more but the other's end.
func (a *actor) rest() {
	if a.rested != nil && !a.resting() {
		close(a.rested)
	}
}

func (a *actor) resting() bool {
	select {
	case <-a.rested:
		return true
	default:
		return false
	}
}

// last reports whether a script's step waits for nothing but the other's end:
// it is the last one, and closes, or goes on for as long as the other does.
func last(steps []*scenario.Step, i int) bool {
	if i < len(steps)-1 {
		return false
	}
	switch act := steps[i].Action.(type) {
	case scenario.Close:
		return true
	case scenario.Loop:
		return !act.Counts() && act.Until == nil
	}
	return false
}
