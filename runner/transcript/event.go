// Package transcript is what each actor of a conversation saw: events, their
// recording, their text form and their comparison.
//
// A transcript is the same however the stream was cut, on every machine and on
// every run: neighbouring bytes of one direction are one event, addresses are
// names, and the time stands beside an event and not in it.
package transcript

import "time"

// Kind says what happened.
type Kind uint8

// The kinds of events. Those with the peer as their subject are written with
// "<" in front.
const (
	Connect     Kind = iota + 1 // Name is whom
	Accept                      // a connection was accepted
	Send                        // Data went out
	Recv                        // Data was taken
	EOF                         // < eof: the peer sent no more
	PeerReset                   // < reset: the peer reset the connection
	PeerEnd                     // < end: eof or reset, where the script allows either
	Shutdown                    // we sent no more; Name is "", "read" or "both"
	Close                       // we closed
	Reset                       // we reset the connection
	Refused                     // the connect was refused
	Unreachable                 // the connect found no way
	Pending                     // the connect was neither accepted nor refused
	Timeout                     // a connect or a send took too long, as was expected
	TLS                         // the handshake was done; Name is the protocol that was agreed on, if one was
	TLSError                    // TLS could not be agreed on, or broke off
	Stop                        // a server stopped listening; Name is which
	Start                       // a server started to listen; Name is which
	Run                         // a program ran to its end; Name is which
)

var kindName = [...]string{
	Connect: "connect", Accept: "accept", Send: "send", Recv: "recv",
	EOF: "eof", PeerReset: "peer_reset", PeerEnd: "peer_end",
	Shutdown: "shutdown", Close: "close", Reset: "reset",
	Refused: "refused", Unreachable: "unreachable", Pending: "pending", Timeout: "timeout",
	TLS: "tls", TLSError: "tls_error",
	Stop: "stop", Start: "start", Run: "run",
}

// String is the kind's name for machines, one lower-case word: "peer_reset".
// A kind that there is not has none.
func (k Kind) String() string {
	if int(k) >= len(kindName) {
		return ""
	}
	return kindName[k]
}

// Kept is how many bytes of an event are kept. An event of more has its size
// and the CRC-32 (IEEE) of its first Summed bytes.
const (
	Kept   = 64 << 10
	Summed = 16 << 20
)

// Event is one thing that an actor saw. It is flat, so that two of them can be
// compared field by field.
type Event struct {
	Kind Kind
	Over string // the connection that it is about, if it is a further one of its actor
	Name string
	Data []byte // the first bytes, Kept of them at most
	Size int64  // all of the bytes
	Sum  uint32 // CRC-32 of the first Summed bytes, where there are more than Kept; else 0
}

// Entry is an event at its time.
type Entry struct {
	Event
	At   time.Duration // since the scenario's start
	Step int           // the step that it happened in, from 1; 0: in none

	Datagram bool // no bytes are joined to it
}
