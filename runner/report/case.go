package report

import (
	"time"
)

// Status is what came of a play.
type Status string

// The statuses.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Broken  Status = "broken"  // the run broke: it says nothing about the scenario
	Skipped Status = "skipped" // the scenario was not to be played; Reason says why
	NotRun  Status = "not run" // the suite ended before it was started
	Stopped Status = "stopped" // the suite ended while it was played
)

// Case is one play as machines read it. It holds all that a report shows, so
// that reports can be made from it elsewhere and later.
type Case struct {
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	File        string        `json:"file"`
	Line        int           `json:"line"`
	Column      int           `json:"column"`
	Tags        []string      `json:"tags,omitempty"`
	Row         string        `json:"case,omitempty"` // of cases, as reports show it
	Round       int           `json:"round"`          // from 1
	Real        bool          `json:"real,omitempty"` // against a real program in place of a declared server
	Status      Status        `json:"status"`
	Reason      string        `json:"reason,omitempty"` // why it was skipped, or the run broke
	Began       time.Time     `json:"began,omitzero"`
	Elapsed     time.Duration `json:"elapsed_ns"`
	Failures    []CaseFailure `json:"failures,omitempty"` // the first is the cause
	Actors      []CaseActor   `json:"actors,omitempty"`
	Outputs     []CaseOutput  `json:"outputs,omitempty"`
	Picture     string        `json:"picture,omitempty"` // the text report's, of a play that failed
	Source      string        `json:"source,omitempty"`  // the file, of a play that failed
}

// CaseFailure is one thing that was not as the scenario says.
type CaseFailure struct {
	Kind    string        `json:"kind"`
	Actor   string        `json:"actor,omitempty"`
	File    string        `json:"file,omitempty"`
	Line    int           `json:"line,omitempty"`
	Column  int           `json:"column,omitempty"`
	Step    int           `json:"step,omitempty"` // from 1; 0: outside of the steps
	Steps   int           `json:"steps,omitempty"`
	Over    string        `json:"over,omitempty"`
	Message string        `json:"message"`
	Notes   []string      `json:"notes,omitempty"`
	At      time.Duration `json:"at_ns"`
	Start   int64         `json:"start,omitempty"`
	Offset  int64         `json:"offset,omitempty"`
	Want    []byte        `json:"want,omitempty"` // base64, as is Got
	Got     []byte        `json:"got,omitempty"`
}

// CaseActor is one side of a conversation.
type CaseActor struct {
	Name     string      `json:"name"`
	Peer     string      `json:"peer,omitempty"`
	Server   bool        `json:"server,omitempty"`
	Steps    int         `json:"steps"`
	Done     int         `json:"done"`
	Observed []CaseEvent `json:"observed,omitempty"`
	Expected []CaseEvent `json:"expected,omitempty"` // of a play that failed
	Left     []string    `json:"left,omitempty"`     // steps that were not reached, as reports show them
}

// CaseEvent is an event of a transcript.
type CaseEvent struct {
	Kind     string        `json:"kind"` // the transcript's word for it: "connect", "send", "recv", "eof", ...
	Over     string        `json:"over,omitempty"`
	Name     string        `json:"name,omitempty"`
	Data     []byte        `json:"data,omitempty"` // base64; the first bytes of those that are many
	Size     int64         `json:"size,omitempty"` // all of the bytes
	Datagram bool          `json:"datagram,omitempty"`
	At       time.Duration `json:"at_ns,omitempty"` // since the scenario's start
	Step     int           `json:"step,omitempty"`
}

// CaseOutput is what a program has printed.
type CaseOutput struct {
	Name   string `json:"name"`
	Status string `json:"status,omitempty"`
	Text   []byte `json:"text,omitempty"` // base64; the beginning and the end where it is much
	Cut    int64  `json:"cut,omitempty"`  // bytes left out between them
}

// Summary is what came of a whole run.
type Summary struct {
	Began       time.Time     `json:"began,omitzero"`
	Elapsed     time.Duration `json:"elapsed_ns"`
	Interrupted bool          `json:"interrupted,omitempty"`
	Command     []string      `json:"command,omitempty"` // the flags that a scenario needs to be played again the same
}

// Format is a report for machines, written as cases come. Add is called for each
// play in order, the rounds of one scenario as they come, Close once at the end.
type Format interface {
	Add(*Case) error
	Close(Summary) error
}
