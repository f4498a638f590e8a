package record

import (
	"net/netip"
	"sync"
	"time"

	"banter/runner/capture"
)

// Tape keeps what goes over connections, while it goes over them. Any number of
// goroutines may use it.
type Tape struct {
	most int64

	mu     sync.Mutex
	kept   int64
	full   bool
	tracks []*Track
	wake   chan struct{} // has room for one
}

// eventSize is about how many bytes an event takes beside its data.
const eventSize = 80

// NewTape returns a tape that keeps so many bytes at most, of all connections
// together. What is more is counted, and is gone.
func NewTape(most int64) *Tape {
	return &Tape{most: most, wake: make(chan struct{}, 1)}
}

// Track is one connection on a tape.
type Track struct {
	tape *Tape
	conv capture.Conversation
	sent [2]int64 // by each side, whether it was kept or not
	over bool     // it has ended
	why  string   // it was cut; "": it was not
}

// Begin begins a connection.
func (t *Tape) Begin(client, server netip.AddrPort, datagrams bool) *Track {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &Track{tape: t, conv: capture.Conversation{
		Number: len(t.tracks), Client: client, Server: server, Datagrams: datagrams, Began: time.Now(),
	}}
	t.tracks = append(t.tracks, r)
	t.tell()
	return r
}

// tell has Changed bring something.
func (t *Tape) tell() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// Changed brings something whenever there is news. One goroutine can have it.
func (t *Tape) Changed() <-chan struct{} { return t.wake }

// Data keeps bytes that a side has sent.
func (r *Track) Data(from capture.Side, p []byte) { r.add(capture.Data, from, p) }

// Event keeps something else that a side has done.
func (r *Track) Event(kind capture.Kind, from capture.Side) { r.add(kind, from, nil) }

func (r *Track) add(kind capture.Kind, from capture.Side, p []byte) {
	t := r.tape
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.over {
		return
	}
	r.over = kind == capture.Reset || kind == capture.Refused
	r.sent[from] += int64(len(p))
	size := eventSize + int64(len(p))
	if t.full = t.full || t.kept+size > t.most; t.full {
		t.tell()
		return
	}
	t.kept += size
	r.conv.Events = append(r.conv.Events, capture.Event{
		Kind: kind, From: from, At: time.Since(r.conv.Began), Data: append([]byte(nil), p...),
	})
	t.tell()
}

// Cut says why the connection has not come to its end.
func (r *Track) Cut(why string) {
	r.tape.mu.Lock()
	defer r.tape.mu.Unlock()
	if !r.over {
		r.over, r.why = true, why
		r.tape.tell()
	}
}

// End says that the connection has ended.
func (r *Track) End() {
	r.tape.mu.Lock()
	defer r.tape.mu.Unlock()
	r.over = true
	r.tape.tell()
}

// Take is what a tape has of a connection.
type Take struct {
	capture.Conversation
	Sent [2]int64 // bytes by each side, also those that were not kept
	Over bool     // it has ended
	Cut  string   // why it has not come to its end, as far as is known; "": it has
}

// Takes are the connections as far as they have come, in the order in which they
// began. Whether the tape was too short for all of it is full.
func (t *Tape) Takes() (takes []Take, full bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.tracks {
		conv := r.conv
		conv.Events = conv.Events[:len(conv.Events):len(conv.Events)] // more may come, behind these
		takes = append(takes, Take{Conversation: conv, Sent: r.sent, Over: r.over, Cut: r.why})
	}
	return takes, t.full
}
