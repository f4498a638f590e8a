// Package record makes scenarios of conversations that went over a network.
//
//	script := record.NewScript(conversations, record.Options{})
//	// what varies from run to run can be made a Hole here
//	source, err := script.YAML()
//
// A Script is what both of a conversation's scripts follow from: who said what,
// in which order. Each side sends its own turns and expects the other's.
package record

import (
	"time"

	"banter/runner/capture"
	"banter/runner/scenario"
)

// Script is a scenario before it is spelled.
type Script struct {
	Name        string // "": the file's
	Description string // where it comes from
	EOL         scenario.EOL
	Talks       []*Talk // in the order in which they began

	seen  string    // as in Options
	began time.Time // the first conversation
	save  func(name string, data []byte) (string, error)
	files map[string]string // their names, by what is in them
	err   error             // of saving

	tooLarge error // there is too much for a scenario
}

// Save has payloads that are too long for the scenario kept in files beside it.
// The function is given the name that one may have and returns the one that it
// has, as the scenario is to name it.
func (s *Script) Save(keep func(name string, data []byte) (string, error)) { s.save = keep }

// Talk is one connection of a client, or what it says to a UDP server.
type Talk struct {
	Client, Server string // the actors' names
	Address        string // where the server was; "" if that is not known
	Datagrams      bool   // it is UDP: each turn is a datagram
	Guessed        bool   // who connected was guessed
	Refused        bool   // it is all that happened; there are no turns
	After          []string
	Await          []string // signals without which the client does not connect
	Told           string   // the variable with the port that the client was told to connect to; "": none
	Turns          []*Turn

	began time.Duration // as Turn.At
	over  time.Duration // when the client may have gone
}

// Turn is what one side says before the other does, or how it ends. Kind is that
// of the events it is made from: Data, EOF, Reset, TLS or Gap.
type Turn struct {
	Kind    capture.Kind
	From    capture.Side
	At      time.Duration // since the first conversation began
	Units   []*Unit       // of Data
	Pieces  []int         // of Data: the sizes that came at a time
	Missing int64         // of a Gap

	Await  []string // signals that From waits for before it
	Signal string   // that the other side gives when it has taken it; "": none

	data []byte        // all of the units, as they went over the network
	end  time.Duration // when the last of it came
}

// Unit is a piece of a turn that its receiver can tell from the next: a line, a
// message with its length in front, or bytes that are compared as they are.
type Unit struct {
	Line   bool    // the script's end of line stands behind it
	Length *Length // stands in it; nil: none
	Parts  []Part  // without the end of line, and without Before and the length

	// Of bytes that are in no frame and of which some vary.
	Size   int    // how many there are, if that is always the same; else 0
	SizeBy string // the variable that says how many there are; "": none

	sizes []string // on each run
}

// Length is a number that says how many bytes follow: those of the parts, and
// Plus more than it says.
type Length struct {
	Form   scenario.Form
	Plus   int64
	Before []byte // the bytes in front of it
}

// Part is bytes of a unit, of which its receiver knows more or less.
type Part struct {
	Data []byte // as it was recorded
	Vary Vary
	Name string       // of the variable; "" of a hole that nobody refers to
	Int  bool         // of a hole: it has digits only
	Size int          // of a hole: it always has as many bytes; 0: not known
	By   capture.Side // of a reference: who made the value up
	Own  string       // of a hole: the variable that its sender has for it; "": it makes it up
}

// nobody has made a value up that both sides know: an address.
const nobody capture.Side = 2

// Vary says whether bytes are the same on every run.
type Vary uint8

// The ways of bytes. Who has made a value up sends and expects it as it was
// recorded; the other side takes whatever comes in the place of a hole, and says
// the variable from then on.
const (
	Literal   Vary = iota // always the same
	Hole                  // the sender makes it up
	Reference             // what was in the hole of that name
)
