package runner

import (
	"slices"
	"time"

	"banter/runner/scenario"
	"banter/runner/transcript"
)

// Result is what came of a scenario that ran.
type Result struct {
	Scenario *scenario.Scenario
	Failures []Failure // in the order in which they happened; none: it passed
	Actors   []Actor   // clients in the file's order, then each server's connections
	Began    time.Time // zero where nothing was played
	Elapsed  time.Duration
	Skipped  string   // why it was not played; "": it was
	Real     bool     // it was played against a real program in place of a declared server
	Changes  []Change // with which it failed, where it passes as it is written; see Perturb
	Note     string   // what there is to say of a scenario that passed
	Outputs  []Output // what processes have printed, and programs that are part of a failure
}

// Output is what a program has printed: the beginning, the end, and how much was
// left out between them.
type Output struct {
	Name   string // of the process
	Status string // how it has ended by itself; "": it has not
	Head   []byte
	Tail   []byte
	Cut    int64
}

// Passed reports whether everything was as the scenario says.
func (r *Result) Passed() bool { return len(r.Failures) == 0 }

// actor is the actor of that name, or nil.
func (r *Result) actor(name string) *Actor {
	i := slices.IndexFunc(r.Actors, func(a Actor) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Actors[i]
}

// Actor is one side of a conversation, as it saw it.
type Actor struct {
	Name     string // "ann", "greeter/ann", "greeter/1"
	Peer     string // the actor at the other end of its last connection; "" if unknown
	Server   bool   // a connection that a server accepted
	Script   []*scenario.Step
	Done     int // steps that were passed
	Observed []transcript.Entry
	Expected []transcript.Event // what the script demands, as far as it can be told
	TCP      []TCP              // of its connections, in the order in which they were closed; see Options.Kernel
}

// Kind is the kind of a failure.
type Kind uint8

// The kinds of failures.
const (
	Differs     Kind = iota + 1 // bytes came that are not the expected ones
	Short                       // the peer ended before all had come
	TimedOut                    // a step took longer than it may
	Unread                      // bytes came that no step took
	Ended                       // eof, reset or refused where something else was expected
	Order                       // a signal or a meeting that can't come about any more
	NotCalled                   // nobody called a server, or too few or too many did
	Unfinished                  // the scenario ended while this actor waited
	Environment                 // the system refused: a port in use, no descriptors left, ...
	Forbidden                   // the scenario may not touch this without a flag
)

var kindName = [...]string{
	Differs: "differs", Short: "short", TimedOut: "timed_out", Unread: "unread", Ended: "ended", Order: "order",
	NotCalled: "not_called", Unfinished: "unfinished", Environment: "environment", Forbidden: "forbidden",
}

// String is the kind's name for machines, one lower-case word: "timed_out".
// A kind that there is not has none.
func (k Kind) String() string {
	if int(k) >= len(kindName) {
		return ""
	}
	return kindName[k]
}

// Failure is one thing that was not as the scenario says.
type Failure struct {
	Kind    Kind
	Actor   string         // "" where it is the scenario's own
	Pos     scenario.Pos   // in the scenario file
	Step    int            // from 1; 0: outside of the steps
	Steps   int            // how many the actor has
	In      *scenario.Step // the step itself, which may be within another; nil: outside of the steps
	Over    string         // the actor's further connection that it is about; "": the first
	Message string         // one line, lower case: "the bytes differ at offset 2"
	Notes   []string       // more of it, a line each
	At      time.Duration

	// With a frame's failure: what was wanted where that is known to the byte
	// (Any marks the offsets where any byte will do), and what had come, the
	// frame's bytes and those after it. Offset is the first byte that is wrong.
	// Of a very long payload they are what is near that byte: Start is the
	// offset of their first.
	Start  int64
	Want   []byte
	Any    []bool
	Got    []byte
	Offset int64

	Missed  *Missed // what an expect of bytes has missed, where that is known
	Written bool    // a transcript that is written out is not what was seen

	Program string // that is part of it, beside what Result.Outputs has of it

	printed []Output // of the program

	whole bool   // Got is all there is to see
	rank  [3]int // the actor's, to order what happened at the same time
}
