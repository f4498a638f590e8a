package transcript

import (
	"hash/crc32"
	"time"
)

// Recorder collects the events of one actor, neighbouring bytes of one
// direction joined. It is for one goroutine.
type Recorder struct {
	entries []Entry
	sum     uint32 // CRC-32 of what the last entry has so far, Summed bytes at most
}

// Entries are the events so far. They are valid until the next call.
func (r *Recorder) Entries() []Entry { return r.entries }

// Events are the events so far, without their times.
func (r *Recorder) Events() []Event {
	events := make([]Event, len(r.entries))
	for i := range r.entries {
		events[i] = r.entries[i].Event
	}
	return events
}

// Add records an event that has no bytes.
func (r *Recorder) Add(kind Kind, name string, at time.Duration, step int) {
	r.entries = append(r.entries, Entry{Event: Event{Kind: kind, Name: name}, At: at, Step: step})
}

// Bytes records bytes that were sent (Send) or taken (Recv). They are copied,
// as far as they are kept.
func (r *Recorder) Bytes(kind Kind, p []byte, at time.Duration, step int) {
	if len(p) == 0 {
		return
	}
	if n := len(r.entries); n == 0 || r.entries[n-1].Kind != kind || r.entries[n-1].Name != "" {
		r.Add(kind, "", at, step)
		r.sum = 0
	}
	e := &r.entries[len(r.entries)-1]
	e.Data = append(e.Data, p[:min(len(p), Kept-len(e.Data))]...)
	if left := Summed - e.Size; left > 0 {
		r.sum = crc32.Update(r.sum, crc32.IEEETable, p[:min(int64(len(p)), left)])
	}
	e.Size += int64(len(p))
	if e.Size > Kept {
		e.Sum = r.sum
	}
}

// Mark is a point of a recording that Undo goes back to.
type Mark struct {
	entries int
	last    Entry
	sum     uint32
}

// Mark remembers the recording as it is.
func (r *Recorder) Mark() Mark {
	m := Mark{entries: len(r.entries), sum: r.sum}
	if m.entries > 0 {
		m.last = r.entries[m.entries-1]
	}
	return m
}

// Undo forgets all that was recorded after the mark.
func (r *Recorder) Undo(m Mark) {
	r.entries = r.entries[:m.entries]
	if m.entries > 0 {
		r.entries[m.entries-1] = m.last
	}
	r.sum = m.sum
}
