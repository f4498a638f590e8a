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

	mu      sync.Mutex
	kept    int64
	full    bool
	tracks  []*Track
	begun   int           // tracks, whether they were kept or not
	open    int           // tracks that are not over
	fresh   []*Track      // with something that News has not brought
	waited  bool          // somebody wants to know of the next news,
	changed chan struct{} // and this is closed then
}

// TapeSize is how many bytes a tape keeps as a rule.
const TapeSize = 16 << 20

// About how many bytes an event takes beside its data, and a track beside its
// events.
const (
	eventSize = 80
	trackSize = 400
)

// NewTape returns a tape that keeps so many bytes at most, of all connections
// together. What is more is counted, and is gone.
func NewTape(most int64) *Tape {
	return &Tape{most: most, changed: make(chan struct{})}
}

// Track is one connection on a tape.
type Track struct {
	tape *Tape
	conv capture.Conversation
	sent [2]int64 // by each side, whether it was kept or not
	over bool     // it has ended
	why  string   // it was cut; "": it was not

	isFresh bool
	known   bool // News has brought it
	told    int  // events that it has brought of it
}

// Begin begins a connection.
func (t *Tape) Begin(client, server netip.AddrPort, datagrams bool) *Track {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &Track{tape: t, conv: capture.Conversation{
		Number: t.begun, Client: client, Server: server, Datagrams: datagrams, Began: time.Now(),
	}}
	t.begun++
	if t.full = t.full || t.kept+trackSize > t.most; !t.full {
		t.kept += trackSize
		t.tracks = append(t.tracks, r)
	}
	t.open++
	t.tell(r)
	return r
}

// tell makes it known that there is something new of a track.
func (t *Tape) tell(r *Track) {
	if !r.isFresh {
		r.isFresh = true
		t.fresh = append(t.fresh, r)
	}
	if t.waited {
		t.waited = false
		close(t.changed)
		t.changed = make(chan struct{})
	}
}

// Changed is closed when there is something new from now on.
func (t *Tape) Changed() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waited = true
	return t.changed
}

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
	defer t.tell(r)
	if kind == capture.Reset || kind == capture.Refused {
		r.end()
	}
	r.sent[from] += int64(len(p))
	size := eventSize + int64(len(p))
	if t.full = t.full || t.kept+size > t.most; t.full {
		return
	}
	t.kept += size
	r.conv.Events = append(r.conv.Events, capture.Event{
		Kind: kind, From: from, At: time.Since(r.conv.Began), Data: append([]byte(nil), p...),
	})
}

// end says that nothing more comes of the track.
func (r *Track) end() {
	r.over = true
	r.tape.open--
	r.tape.tell(r)
}

// Cut says why the connection has not come to its end.
func (r *Track) Cut(why string) {
	r.tape.mu.Lock()
	defer r.tape.mu.Unlock()
	if !r.over {
		r.why = why
		r.end()
	}
}

// End says that the connection has ended.
func (r *Track) End() {
	r.tape.mu.Lock()
	defer r.tape.mu.Unlock()
	if !r.over {
		r.end()
	}
}

// Take is what a tape has of a connection.
type Take struct {
	capture.Conversation
	Sent  [2]int64 // bytes by each side, also those that were not kept
	Over  bool     // it has ended
	Fresh bool     // News has not brought it before
	Cut   string   // why it has not come to its end, as far as is known; "": it has
}

// Takes are the connections as far as they have come, in the order in which they
// began. Whether the tape was too short for all of it is full.
func (t *Tape) Takes() (takes []Take, full bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.tracks {
		takes = append(takes, r.take(0))
	}
	return takes, t.full
}

// News are the connections of which something is new since the last call, with
// their new events alone.
func (t *Tape) News() (takes []Take) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.fresh {
		take := r.take(r.told)
		take.Fresh = !r.known
		takes = append(takes, take)
		r.isFresh, r.known, r.told = false, true, len(r.conv.Events)
	}
	t.fresh = nil
	return takes
}

// Open is how many connections have not ended.
func (t *Tape) Open() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open
}

// take is the track as it is now, from an event on.
func (r *Track) take(from int) Take {
	conv := r.conv
	conv.Events = conv.Events[from:len(conv.Events):len(conv.Events)] // more may come, behind these
	return Take{Conversation: conv, Sent: r.sent, Over: r.over, Cut: r.why}
}
