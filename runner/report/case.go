package report

import (
	"time"
)

// Status is what came of a play, or of all plays of a scenario.
type Status string

// The statuses.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Flaky   Status = "flaky"   // of a scenario: some of its rounds passed, and some did not
	Broken  Status = "broken"  // the run broke: it says nothing about the scenario
	Skipped Status = "skipped" // the scenario was not to be played; Reason says why
	NotRun  Status = "not_run" // the suite ended before it was started
	Stopped Status = "stopped" // the suite ended while it was played
)

// Bad reports whether it is a status that a run fails with.
func (s Status) Bad() bool { return s == Failed || s == Flaky || s == Broken }

// String is the status for people: "not run".
func (s Status) String() string {
	if s == NotRun {
		return "not run"
	}
	return string(s)
}

// What a case holds at most, so that a play of any length is a report of bounded
// size. What is left out is counted.
const (
	caseFailures = 100
	caseEvents   = 10000     // of all actors
	caseBytes    = 256 << 10 // of all events
	caseActors   = 2000
	caseLeft     = 100
	caseTCP      = 100      // connections of an actor
	caseShown    = 4 << 10  // bytes of a failure's Want and Got
	caseSource   = 64 << 10 // bytes of the file around a failure
)

// Case is one play as machines read it. It holds all that a report shows, so
// that reports can be made from it elsewhere and later. Its text is as it was
// written and as it came: a report escapes it as its format needs.
type Case struct {
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	File        string        `json:"file"` // as it was named to banter
	Line        int           `json:"line"`
	Column      int           `json:"column"`
	Tags        []string      `json:"tags,omitempty"`
	Row         string        `json:"case,omitempty"` // of cases, as reports show it
	Round       int           `json:"round"`          // from 1
	Real        bool          `json:"real,omitempty"` // against a real program in place of a declared server
	Status      Status        `json:"status"`
	Reason      string        `json:"reason,omitempty"`  // why it was skipped, or the run broke
	Note        string        `json:"note,omitempty"`    // what there is to say of one that passed
	Changes     []string      `json:"changes,omitempty"` // with which it failed (--perturb), where it passes as it is written
	Began       time.Time     `json:"began,omitzero"`
	Elapsed     time.Duration `json:"elapsed_ns"`
	Failures    []CaseFailure `json:"failures,omitempty"` // the first is the cause
	Actors      []CaseActor   `json:"actors,omitempty"`
	Outputs     []CaseOutput  `json:"outputs,omitempty"`
	Picture     string        `json:"picture,omitempty"` // the text report's, of a play that failed
	Source      *CaseSource   `json:"source,omitempty"`  // of a play that failed
	More        int           `json:"more,omitempty"`    // failures and actors that are left out
}

// CaseSource is the part of a scenario file that a failure is in: the scenario's
// own document, or what is around the failure where that is long.
type CaseSource struct {
	File string `json:"file"`
	Line int    `json:"line"` // of Text's first line
	Text string `json:"text"`
}

// CaseFailure is one thing that was not as the scenario says.
type CaseFailure struct {
	Kind    string        `json:"kind"` // a runner.Kind: "differs", "timed_out", ...
	Actor   string        `json:"actor,omitempty"`
	File    string        `json:"file,omitempty"`
	Line    int           `json:"line,omitempty"`
	Column  int           `json:"column,omitempty"`
	Step    int           `json:"step,omitempty"` // from 1; 0: outside of the steps
	Steps   int           `json:"steps,omitempty"`
	Action  string        `json:"action,omitempty"` // the step, or its half that failed, as reports show it
	Over    string        `json:"over,omitempty"`
	Message string        `json:"message"`
	Notes   []string      `json:"notes,omitempty"`
	At      time.Duration `json:"at_ns"`
	Start   int64         `json:"start,omitempty"`  // of the first bytes of Want and Got
	Offset  int64         `json:"offset,omitempty"` // of the first wrong byte
	Want    []byte        `json:"want,omitempty"`   // what is near Offset; base64 in JSON
	Got     []byte        `json:"got,omitempty"`
}

// CaseActor is one side of a conversation.
type CaseActor struct {
	Name     string      `json:"name"`
	Peer     string      `json:"peer,omitempty"`
	Server   bool        `json:"server,omitempty"` // a connection that a server accepted
	Steps    int         `json:"steps"`
	Done     int         `json:"done"`
	Observed []CaseEvent `json:"observed,omitempty"`
	Expected []CaseEvent `json:"expected,omitempty"` // of a play that failed
	TCP      []CaseTCP   `json:"tcp,omitempty"`      // its connections of TCP, where the kernel was asked (-v)
	Left     []string    `json:"left,omitempty"`     // steps that were not reached, as reports show them
	More     int         `json:"more,omitempty"`     // observed events that are left out,
	Head     int         `json:"head,omitempty"`     // after so many of Observed
}

// CaseEvent is an event of a transcript.
type CaseEvent struct {
	Kind     string        `json:"kind"` // a transcript.Kind: "connect", "send", "recv", "eof", ...
	Over     string        `json:"over,omitempty"`
	Name     string        `json:"name,omitempty"`
	Data     []byte        `json:"data,omitempty"` // base64 in JSON; the first bytes of those that are many
	Size     int64         `json:"size,omitempty"` // all of the bytes
	Datagram bool          `json:"datagram,omitempty"`
	At       time.Duration `json:"at_ns,omitempty"` // since the scenario's start; an expected event has none
	Step     int           `json:"step,omitempty"`
}

// CaseTCP is what the kernel knew of a connection when it was closed.
type CaseTCP struct {
	Over        string        `json:"over,omitempty"`
	Congestion  string        `json:"congestion,omitempty"`
	Retransmits int64         `json:"retransmits"` // segments
	RTT         time.Duration `json:"rtt_ns"`
	SendWindow  int64         `json:"send_window"`  // bytes that the peer had offered
	RecvWindow  int64         `json:"recv_window"`  // bytes that the actor had
	HeldBack    time.Duration `json:"held_back_ns"` // by the peer's window
}

// CaseOutput is what a program has printed.
type CaseOutput struct {
	Name   string `json:"name"`
	Status string `json:"status,omitempty"` // how it has ended by itself; "": it has not
	Head   []byte `json:"head,omitempty"`   // base64 in JSON
	Cut    int64  `json:"cut,omitempty"`    // bytes left out between Head and Tail
	Tail   []byte `json:"tail,omitempty"`
}

// Run is what is known of a run before its first play.
type Run struct {
	Began     time.Time `json:"began"`
	Banter    string    `json:"banter,omitempty"` // which one it is
	Flags     []string  `json:"flags,omitempty"`  // that a scenario needs to be played again the same
	Scenarios int       `json:"scenarios"`        // that are to be played
	Shard     int       `json:"shard,omitempty"`  // of Shards, from 1: every Shards-th scenario of the whole, from the Shard-th on
	Shards    int       `json:"shards,omitempty"` // 0: the run is the whole
}

// Summary is what came of a whole run. Its counts are of scenarios, each of them
// in one.
type Summary struct {
	Elapsed     time.Duration `json:"elapsed_ns"`
	Interrupted bool          `json:"interrupted,omitempty"`
	Plays       int           `json:"plays"` // all rounds of all scenarios that were played to their end
	Scenarios   int           `json:"scenarios"`
	Passed      int           `json:"passed"`
	Failed      int           `json:"failed"`
	Flaky       int           `json:"flaky"`
	Broken      int           `json:"broken"`
	Skipped     int           `json:"skipped"`
	NotRun      int           `json:"not_run"` // or stopped
}

// Bad is the number of scenarios that a run fails with.
func (s *Summary) Bad() int { return s.Failed + s.Flaky + s.Broken }

// Format is a report for machines, written as cases come. Add is called for each
// play in order, the rounds of one scenario together (with --until-fail: the
// whole list, then the whole list again), and Close once, at the end, also of a
// run that was interrupted. A case is not changed once it was added, and may be
// kept. The errors are the writer's.
type Format interface {
	Add(*Case) error
	Close(Summary) error
}
