// Package scenario is banter's language: the types that a scenario file
// becomes, its parser and its checks. Every value knows the line and column
// that it was written at, so that a failure at run time can point there.
//
//	file := scenario.Parse("greeting.yaml", source)
//	for _, p := range file.Problems {
//		fmt.Println(p) // greeting.yaml:7:5: unknown key "stps" ...
//	}
//	if !file.Problems.HaveErrors() {
//		for _, s := range file.Scenarios { ... }
//	}
//
// The package opens no socket. It is the only one that knows YAML.
package scenario

import (
	"fmt"
	"strings"
	"time"

	"banter/runner/pattern"
)

// Pos is a place in a scenario file. Line and Col count from 1, Col in
// characters (not bytes). The zero Pos is no place.
type Pos struct {
	File      string
	Line, Col int
}

// IsValid reports whether p is a place.
func (p Pos) IsValid() bool { return p.Line > 0 }

// before reports whether p stands before q, in the same file.
func (p Pos) before(q Pos) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Col < q.Col
}

// String is the place as compilers write it: file:line:column.
func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col) }

// File is one scenario file: what was read, what it says, and what is wrong
// with it. Scenarios is to be run only if Problems has no errors.
type File struct {
	Path      string
	Source    []byte
	Scenarios []*Scenario
	Problems  Problems
	Allow     Allow             // what it was read with: runs are held to it too
	Takes     map[string]bool   // variables from outside that the file has a place for
	Included  map[string][]byte // the sources of the files that it includes, by their paths
	Reads     []string          // other files that its runs read, payloads and certificates; see Read
}

// Defaults and bounds of the language.
const (
	DefaultTimeout = 10 * time.Second // of a step that can wait
	DefaultMax     = 16 << 20         // bytes in a frame whose length the peer decides
	MaxFileSize    = 1 << 20          // bytes in a scenario file
	MaxBacklog     = 65535            // connections; the kernel's own limit is usually lower
)

// Scenario is one conversation: a YAML document.
type Scenario struct {
	Pos         Pos
	File        *File
	Name        string // the file's base name where the document gives none
	Description string
	Tags        []string
	Timeout     time.Duration // of each step that says nothing else
	EOL         EOL           // of each line that says nothing else
	Servers     []*Server     // in the file's order
	Clients     []*Client     // in the file's order
	Lets        []Definition  // variables that are computed once, before the clients start
	Case        string        // the row of cases that this is, as reports show it; "" for none
	Secrets     [][]byte      // values that are shown as ***
	Echoes      bool          // some step sends what came
	Some        Pos           // of a "some", if there is one: timing decides
	Processes   []*Process    // in the file's order, in which they are started
	Files       []TmpFile
	Skip        string       // why it is not to be run; "": it is
	Requires    []string     // programs, and abilities (RequiresIsolation, ...), without which it is skipped
	Links       []*Link      // in the file's order
	Addresses   []IP         // that its own network has, beside the loopback ones
	Transcripts []Transcript // what actors are to see word for word, beside what the steps say
	Unwritten   Pos          // of "transcript" if all of them are still to be written
}

// Server returns the declared server of that name, or nil.
func (s *Scenario) Server(name string) *Server {
	for _, srv := range s.Servers {
		if srv.Name == name {
			return srv
		}
	}
	return nil
}

// Client returns the declared client of that name, or nil.
func (s *Scenario) Client(name string) *Client {
	for _, c := range s.Clients {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Address is a host and a port as written: "127.0.0.1:0", ":7890",
// "[::1]:80", "localhost:25". An empty Host is every address. Of a Unix socket
// it is a path, as written: "unix:greeter.sock".
type Address struct {
	Pos       Pos
	Transport Transport
	Host      string
	Port      int    // 0 to 65535; 0: a free one
	Path      string // of a Unix socket; see Scenario.Path
	Tmp       bool   // the Path is below the run's own folder
}

// Unlimited stands for "no limit given" in Server.Backlog and Server.Accept.
const Unlimited = -1

// Server is a listening socket and what is played on the connections that it
// accepts. At most one of Reply, Steps and Connections is set; with none of
// them a connection runs a lone close.
type Server struct {
	Pos  Pos // of its name
	Name string
	Note string // for people who read a report

	Bind        *Address // nil: a free port on a loopback address
	Backlog     int      // of listen(2); Unlimited: the system's maximum
	RcvBuf      int      // SO_RCVBUF in bytes; 0: the system's
	SndBuf      int      // SO_SNDBUF in bytes; 0: the system's
	Congestion  string   // TCP_CONGESTION; "": the system's
	Accept      int      // connections accepted at most; Unlimited: all. 0: listen, and never accept
	AtOnce      int      // connections served at the same time; 0: all
	Listen      bool     // false: bound only, until a step starts it
	Start       bool     // false: not even bound, until a step starts it
	Aside       bool     // no step names it, but something that is said tells its address
	TLS         *TLS     // every connection begins with its handshake; nil: without TLS
	Reply       *Payload // answer what comes first with this, read on to the peer's end, close
	ReplyAfter  *Expect  // with Reply: this must come first; nil: anything
	Steps       []*Step  // the script of every connection
	Connections []*Script
	Always      *Always // messages that may come at any time; nil: none
	ByClient    bool    // Connections are chosen by the client's name, not by order
}

// Script is one entry of a server's connections.
type Script struct {
	Pos    Pos
	Client string // the client that it is for, with Server.ByClient
	Steps  []*Step
}

// Name is a reference to something else in the scenario.
type Name struct {
	Pos  Pos
	Name string
}

// Client is an actor with a script of its own.
type Client struct {
	Pos        Pos // of its name
	Name       string
	Note       string   // for people who read a report
	Count      int      // copies that play at the same time, named NAME/1 and so on; 0: one, without a number
	After      []Name   // clients that must have ended before this one starts
	Bind       *Address // local address; nil: the system's choice
	RcvBuf     int
	SndBuf     int
	Congestion string // as of a Server
	Steps      []*Step
	Always     *Always // messages that may come at any time; nil: none
}

// Step is one entry of a script: an action, and perhaps an expect that rides
// on it.
type Step struct {
	Pos    Pos    // of the step's word
	Action Action // an *Expect where the step is a plain expect
	Expect *Expect
	Within time.Duration // 0: the scenario's timeout
	Note   string        // for people who read a report
	Over   string        // the connection that it is about; "": the first
	Via    []Call        // the fragments that it comes from, the outermost first

	at int // the script's steps are numbered as they are written, those within others too
}

// Call is a "do" that put a fragment's steps into a script.
type Call struct {
	Pos  Pos
	Name string // of the fragment
}

// Action is what a step does: one of Connect, StartTLS, Send, *Expect, Shutdown,
// Close, Reset, Wait, Signal, Await, Meet, Stop, Start, Parallel, Let, Loop,
// Retry, Dispatch, Run, AwaitOutput, StopProcess and StartProcess.
type Action interface {
	// Word is the step's word in the language.
	Word() string
	// String is the action in a few characters, as reports show it.
	String() string
}

// The actions. Each is what language.md says of its word.
type (
	// Connect opens a connection to a declared server or a process or, where
	// both are empty, to the address that Address becomes ("host:port",
	// "udp:host:port", "unix:PATH"). With Run, it is a program's input and
	// output, and Exit the status that it must end with.
	Connect struct {
		Pos       Pos // of the target
		Server    string
		Process   string
		Run       *Program
		Exit      int
		Address   Text
		Transport Transport
		Bind      *Address // local address, before the client's own
		Via       string   // the link that it goes over; "": none
		As        string   // the name of a further connection of the actor; "": the first
		TLS       *TLS     // nil: without
	}
	// StartTLS begins TLS on a connection that is there.
	StartTLS struct{ TLS *TLS }
	// Send sends a payload, all of it. Sets are variables that the actor has
	// from then on, as what a line of a dialogue puts into its holes.
	Send struct {
		Payload *Payload
		Sets    []Definition
	}
	// Shutdown half-closes.
	Shutdown struct{ How How }
	// Close ends a connection in order.
	Close struct{ Mode CloseMode }
	// Reset ends a connection with a RST.
	Reset struct{}
	// Wait lets time pass.
	Wait struct{ For time.Duration }
	// Signal adds one to a signal's count.
	Signal struct{ Name string }
	// Await waits until a signal's count has reached Times (1 or more).
	Await struct {
		Signal string
		Times  int
	}
	// Meet waits until all parties are there. Parties is 0 where every client
	// whose script names it is meant.
	Meet struct {
		Name    string
		Parties int
	}
	// Stop closes a server's listening socket.
	Stop struct {
		Pos    Pos
		Server string
	}
	// Start makes a server listen (again).
	Start struct {
		Pos    Pos
		Server string
	}
	// Parallel does its steps, two or more, at the same time: one Send and one
	// Expect at most, and Wait, Signal, Await and Meet.
	Parallel struct{ Steps []*Step }
	// Let gives the actor variables.
	Let struct{ Definitions []Definition }
	// Loop plays its steps again and again: so many Times, or until a frame
	// comes that is as Until says, which is taken; with neither, until the peer
	// has ended when they begin anew.
	Loop struct {
		Times   int    // 0: not counted, but for Count
		Count   Text   // in place of Times, a number that is known when the scenario runs
		As      string // a variable that is the round, from 1; "": none
		Until   *Expect
		Steps   []*Step
		Patient bool // waits for the peer as long as any client plays
	}
	// Retry plays its steps from the start, on a fresh connection, until all of
	// them pass.
	Retry struct {
		Within time.Duration // for all tries; 0: as a step's timeout
		Every  time.Duration // the pause between two of them
		Steps  []*Step
	}
)

// Definition gives a variable a value.
type Definition struct {
	Pos     Pos
	Name    string
	Payload *Payload
}

// How says which direction a shutdown ends.
type How uint8

// The directions of shutdown(2).
const (
	ShutWrite How = iota // no more will be sent: the half-close
	ShutRead
	ShutBoth
)

// CloseMode says what a close looks at.
type CloseMode uint8

// The ways to close.
const (
	CloseClean   CloseMode = iota // half-close, read to the peer's end; unread bytes or a reset fail
	CloseDiscard                  // the same, and whatever comes is allowed
	CloseNow                      // a bare close(2)
)

// Payload is bytes to send or to compare with: its parts, one after the other.
type Payload struct {
	Pos   Pos
	Parts []Part
}

// Part is a piece of a payload: text, a file's content, bytes that are made, or
// parts of its own. Files are read when the scenario runs.
type Part struct {
	Pos    Pos
	Text   Text
	File   string        // as it is to be opened; the Text is empty then
	Fill   *Fill         // bytes that are made, of the Text if they are not random
	Parts  []Part        // one after the other; the Text is empty then
	Echo   bool          // what the actor's last expect has taken; the Text is empty then
	Number Form          // the Text is a whole number that is known when the scenario runs, in this form
	Xor    *Payload      // again and again over the bytes, before the length stands in front
	Any    []bool        // where true, any byte will do at that offset ("..", hex in a match only)
	Length *Length       // stands in front
	Times  int           // all of it, the length too, so many times; 0: once
	Slice  int           // bytes written at a time; 0: all at once
	Every  time.Duration // pause between slices
}

// Fill is Size bytes: random ones that follow from the Seed, or the part's text
// again and again, the last time perhaps not to its end.
type Fill struct {
	Random bool
	Seed   uint64
	Size   int64
}

// Length is a number that says how many bytes follow it, and Plus.
type Length struct {
	Pos  Pos
	Form Form
	Plus int64
}

// Text is literal bytes and variables, in order.
type Text []Segment

// Segment is a piece of a text: literal bytes, a variable, or a hole.
type Segment struct {
	Pos    Pos
	Lit    []byte // literal bytes, or the value of a variable that was known when the file was read
	Var    string // as it stands between ${ and }; "" of literal bytes
	Ref    *Ref   // of a variable whose value is known when the scenario runs
	Secret bool   // the value is shown as ***
}

// Open reports whether the bytes are known only when the scenario runs.
func (s *Segment) Open() bool { return s.Ref != nil || strings.HasPrefix(s.Var, "?") }

// Expect is what a read must bring: a frame and what must be true of it, or an
// outcome.
type Expect struct {
	Pos     Pos
	Outcome Outcome
	Silence time.Duration // with OutcomeSilence
	Reason  string        // with TLSError: a piece of it; "": any
	TCP     []Counted     // with Counters: all of them
	Queue   []QueueLength // with Queued: all of them; of the script's own server where none is named
	Frame   Frame
	Match   Match

	Optional bool      // if the next frame is another, nothing is taken
	AnyOrder []*Expect // as many frames, in whatever order they come
	Skip     *Expect   // with AnyOrder: frames that are passed over
}

// Outcome is how a connection or a wait ends.
type Outcome uint8

// The outcomes. NoOutcome is an expect of bytes.
const (
	NoOutcome Outcome = iota
	EOF
	PeerReset
	End
	Refused
	Unreachable
	Timeout
	Silence
	TLSError
	Pending  // a connect was neither accepted nor refused
	Counters // no end: the kernel's counters of the connection are as TCP says
	Queued   // no end either: as many connections wait in a backlog as Queue says
)

// FrameKind says how a frame knows where it ends.
type FrameKind uint8

// The frames.
const (
	FrameExact    FrameKind = iota // as many bytes as Match.Equals has
	FrameLine                      // up to and with the end of line; the match sees it without
	FrameUntil                     // up to and with the delimiter
	FrameBytes                     // N bytes
	FrameRest                      // to the peer's end
	FrameSome                      // whatever the next read brings, N bytes at most
	FrameLines                     // whole lines up to and with the one that Through matches
	FrameAnyOrder                  // those of AnyOrder
	FrameLength                    // At bytes, a length, and as many bytes as it says and Plus; the match sees those
	FrameDatagram                  // one datagram of UDP
)

// Frame says how many bytes an expect takes.
type Frame struct {
	Kind    FrameKind
	EOL     EOL      // of a line, and of lines
	Delim   *Payload // of until
	Through *Regex   // of lines
	Form    Form     // of a length, as all that follows
	At      int64    // bytes before it
	Plus    int64    // to add to it
	Header  *Match   // of the bytes before it; nil: anything
	N       int64    // of bytes and some
	Count   Text     // in place of N, a number that is known when the scenario runs
	Max     int64    // bytes, the end of line included; bounds line, lines, until, length and rest
}

// EOL is how a line ends: "\r\n", "\n", or other bytes. AnyEOL is either of
// the first two.
type EOL string

// Ends of line with names.
const (
	CRLF   EOL = "\r\n"
	LF     EOL = "\n"
	AnyEOL EOL = ""
)

// Bytes is what a sender ends a line with: CRLF for AnyEOL.
func (e EOL) Bytes() string {
	if e == AnyEOL {
		return string(CRLF)
	}
	return string(e)
}

// Match is what must be true of a frame: all that is set.
type Match struct {
	Equals   *Payload
	Prefix   *Payload
	Suffix   *Payload
	Contains []*Payload // each of them
	Regex    *Regex
	Like     *Like
	JSON     *JSON
	Not      *Match // does not hold
	Size     int64  // -1: not given
	SHA256   []byte // 32 bytes, or nil
	Sum      Text   // in place of SHA256, in hexadecimal or as it is, known when the scenario runs
	Captures []Capture
}

// Capture makes a variable of what a match has seen: of the whole of it, or of
// a hole or a named group, where From is set.
type Capture struct {
	Pos  Pos
	Name string
	As   Conversion
	From CaptureFrom
}

// CaptureFrom is what a capture takes.
type CaptureFrom uint8

// What captures take.
const (
	FromFrame CaptureFrom = iota
	FromHole              // of "like", of the capture's name
	FromGroup             // of "regex", of the capture's name
)

// Conversion is what a capture makes of the bytes.
type Conversion struct {
	Kind ConversionKind
	Form Form // with AsNumber
}

// ConversionKind is a kind of conversions.
type ConversionKind uint8

// The conversions. All but the first make a number in decimal digits.
const (
	AsBytes  ConversionKind = iota // as they are
	AsNumber                       // from binary, in a Form
	AsInt                          // from decimal digits
	AsHex                          // from hexadecimal digits
)

// Regex is a regular expression on bytes, in RE2 syntax. Compiled is set where Source
// has no variables.
type Regex struct {
	Pos      Pos
	Source   Text
	Compiled *pattern.Pattern
}
