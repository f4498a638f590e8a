package runner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"banter/runner/scenario"
)

// Real says whom the clients play against where a process serves a declared
// server.
type Real uint8

// The ways to play a scenario in which a process serves a declared server.
const (
	RealNever Real = iota // the declared server; the process is not started
	RealOnly              // the process; the declared server is not bound
	RealBoth              // one after the other, to see where they differ
)

// plays reports whether the process plays.
func (r Real) plays() bool { return r != RealNever }

// serves reports whether a scenario has a process that serves.
func serves(s *scenario.Scenario) bool {
	return slices.ContainsFunc(s.Processes, func(c *scenario.Process) bool { return c.Serves != "" })
}

// playsFor reports whether a process plays in place of a declared server. One
// that is said to be elsewhere needs none.
func (p *play) playsFor(server string) bool {
	_, elsewhere := p.opts.Connect[server]
	return p.opts.Real.plays() && !elsewhere && slices.ContainsFunc(p.scenario.Processes, func(c *scenario.Process) bool {
		return c.Serves == server
	})
}

// runBoth plays a scenario against the declared servers, and then against the
// real ones. What the clients expect of both says whether these differ: bytes
// that no expect minds may be others.
func runBoth(ctx context.Context, s *scenario.Scenario, opts Options) (Result, error) {
	opts.Real = RealNever
	stub, err := run(ctx, s, opts)
	if err != nil {
		return stub, err
	}
	opts.Real = RealOnly
	real, err := run(ctx, s, opts)
	real.Elapsed += stub.Elapsed
	switch {
	case err != nil:
	case stub.Passed() && !real.Passed():
		note(&real, "against the declared server it passes: the real one differs here")
	case real.Passed() && !stub.Passed():
		note(&stub, "against the real server it passes: the declared one differs here")
		stub.Elapsed = real.Elapsed
		return stub, nil
	case !real.Passed():
		note(&real, both(&stub.Failures[0], &real.Failures[0]))
	}
	return real, err
}

// note puts a line in front of what is to be said of the first failure.
func note(r *Result, line string) {
	f := &r.Failures[0]
	f.Notes = slices.Insert(slices.Clone(f.Notes), 0, line)
}

// both says how the declared server failed where the real one did as well.
func both(stub, real *Failure) string {
	if stub.Actor == real.Actor && stub.Step == real.Step && stub.Message == real.Message {
		return "against the declared server it fails in the same way"
	}
	where := stub.Actor
	if stub.Step > 0 {
		where = fmt.Sprintf("%s, step %d of %d", stub.Actor, stub.Step, stub.Steps)
	}
	return fmt.Sprintf("against the declared server it fails otherwise: %s: %s", where, stub.Message)
}

// rankCause is the rank of a failure that others follow from, although they may
// have been seen before: a program's connections end a moment before it does.
var rankCause = [3]int{-2}

// causeTime is how long that moment may be.
const causeTime = time.Second

// causeFirst puts what others follow from in front of them.
func causeFirst(failures []Failure) []Failure {
	i := slices.IndexFunc(failures, func(f Failure) bool { return f.rank == rankCause })
	if i <= 0 || failures[i].At-failures[0].At > causeTime {
		return failures
	}
	cause := failures[i]
	return slices.Insert(slices.Delete(failures, i, i+1), 0, cause)
}
