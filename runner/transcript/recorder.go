package transcript

import (
	"hash/crc32"
	"slices"
	"time"
)

// Recorder collects the events of one actor, neighbouring bytes of one
// direction joined. It is for one goroutine.
type Recorder struct {
	entries []Entry
	sum     uint32 // CRC-32 of what the last entry has so far, Summed bytes at most
	room    []byte // where the bytes of short events go, many to an allocation
	over    string // the connection that what comes is about
	told    int    // events that News has returned,
	size    int64  // and how much of the last of them
}

// Entries are the events so far. They are valid until the next call.
func (r *Recorder) Entries() []Entry { return r.entries }

// News are the events since the last call. Bytes that have joined an event since
// then are an event of their own; if there are many, as soon as the event is over,
// or if all is asked for.
func (r *Recorder) News(all bool) []Entry {
	var news []Entry
	if r.told > 0 {
		e := r.entries[r.told-1]
		if all = all || r.told < len(r.entries) || r.size <= Whole; e.Size > r.size && all {
			e.Data = e.Data[min(r.size, int64(len(e.Data))):]
			e.Size -= r.size
			e.Sum = 0
			news = append(news, e)
			r.size += e.Size
		}
	}
	if fresh := r.entries[r.told:]; len(fresh) > 0 {
		news = append(news, fresh...)
		r.told, r.size = len(r.entries), fresh[len(fresh)-1].Size
	}
	return news
}

// Grow makes room for n more events.
func (r *Recorder) Grow(n int) { r.entries = slices.Grow(r.entries, n) }

// Add records an event that has no bytes.
func (r *Recorder) Add(kind Kind, name string, at time.Duration, step int) {
	r.entries = append(r.entries, Entry{Event: Event{Kind: kind, Over: r.over, Name: name}, At: at, Step: step})
}

// Bytes records bytes that were sent (Send) or taken (Recv). They are copied,
// as far as they are kept.
func (r *Recorder) Bytes(kind Kind, p []byte, at time.Duration, step int) {
	if len(p) == 0 {
		return
	}
	if n := len(r.entries); n == 0 || r.entries[n-1].Kind != kind || r.entries[n-1].Name != "" || r.entries[n-1].Over != r.over {
		r.Add(kind, "", at, step)
		r.sum = 0
	}
	e := &r.entries[len(r.entries)-1]
	kept := p[:min(len(p), Kept-len(e.Data))]
	if e.Data == nil {
		e.Data = r.reserve(len(kept))
	}
	e.Data = append(e.Data, kept...)
	if left := Summed - e.Size; left > 0 {
		r.sum = crc32.Update(r.sum, crc32.IEEETable, p[:min(int64(len(p)), left)])
	}
	e.Size += int64(len(p))
	if e.Size > Kept {
		e.Sum = r.sum
	}
}

// Count records n more bytes of the last event, which has Summed or more
// already: what they are is not looked at.
func (r *Recorder) Count(n int64) { r.entries[len(r.entries)-1].Size += n }

// Datagram records a datagram that was sent (Send) or taken (Recv): an event of
// its own, also if it has no bytes.
func (r *Recorder) Datagram(kind Kind, p []byte, at time.Duration, step int) {
	r.entries = append(r.entries, Entry{
		Event: Event{Kind: kind, Over: r.over, Data: append(r.reserve(len(p)), p...), Size: int64(len(p))},
		At:    at, Step: step,
		Datagram: true,
	})
}

// reserve is an empty slice with room for n bytes and no more, so that an event
// that grows moves away and leaves its neighbours alone.
func (r *Recorder) reserve(n int) []byte {
	const most = 16 << 10
	if n > most/4 {
		return make([]byte, 0, n)
	}
	if cap(r.room)-len(r.room) < n {
		r.room = make([]byte, 0, max(n, min(2*cap(r.room), most), 64))
	}
	at := len(r.room)
	r.room = r.room[:at+n]
	return r.room[at : at : at+n]
}

// Log is what an actor saw, beside what its script says that it sees. Expected
// events are kept only from where the two part.
type Log struct {
	Seen   Recorder
	Want   Recorder
	agreed int // events of Seen at the front that Want had as well, and has no more
	held   int // while positive, nothing is forgotten
}

// Over has what follows be about a further connection of the actor, or ("") its
// first.
func (l *Log) Over(name string) { l.Seen.over, l.Want.over = name, name }

// Hold keeps Settle from forgetting, so that Undo can go back; Release ends it.
func (l *Log) Hold() { l.held++ }

// Release ends a Hold.
func (l *Log) Release() { l.held-- }

// Held reports whether what was recorded last may be undone.
func (l *Log) Held() bool { return l.held > 0 }

// LogMark is a point of a log that Undo goes back to.
type LogMark struct{ seen, want Mark }

// Mark remembers the log as it is.
func (l *Log) Mark() LogMark { return LogMark{l.Seen.Mark(), l.Want.Mark()} }

// Undo forgets all that was recorded after the mark.
func (l *Log) Undo(m LogMark) {
	l.Seen.Undo(m.seen)
	l.Want.Undo(m.want)
}

// Settle forgets the expected events that have come. It is called now and
// then, so that a long script does not need the memory twice.
func (l *Log) Settle() {
	if l.held > 0 {
		return
	}
	n := 0
	// Neither's last event is over: bytes may still join it.
	for n+1 < len(l.Want.entries) && l.agreed+1 < len(l.Seen.entries) &&
		same(&l.Want.entries[n].Event, &l.Seen.entries[l.agreed].Event) {
		n++
		l.agreed++
	}
	if n > 0 {
		l.Want.entries = l.Want.entries[:copy(l.Want.entries, l.Want.entries[n:])]
	}
}

// Append adds what another log has, which was kept at the same time. Bytes join
// as far as they are kept whole.
func (l *Log) Append(other *Log) {
	other.Want.entries = append(slices.Clone(other.Seen.entries[:other.agreed]), other.Want.entries...)
	l.Seen.append(&other.Seen)
	l.Want.append(&other.Want)
}

func (r *Recorder) append(other *Recorder) {
	for _, e := range other.entries {
		if (e.Kind == Send || e.Kind == Recv) && e.Name == "" && !e.Datagram && e.Size <= Kept {
			r.Bytes(e.Kind, e.Data, e.At, e.Step)
			continue
		}
		r.entries = append(r.entries, e)
		r.sum = other.sum // it counts for the last one, to which more may come
	}
}

// Expected are all expected events.
func (l *Log) Expected() []Event {
	return append(events(l.Seen.entries[:l.agreed]), events(l.Want.entries)...)
}

// Equal reports whether the actor saw what its script says.
func (l *Log) Equal() bool {
	return Equal(events(l.Want.entries), events(l.Seen.entries[l.agreed:]))
}

func events(entries []Entry) []Event {
	out := make([]Event, len(entries))
	for i := range entries {
		out[i] = entries[i].Event
	}
	return out
}

// Since is the bytes that were received since the mark, as far as they are kept,
// and how many they were. Of datagrams it is the first.
func (r *Recorder) Since(m Mark) (data []byte, size int64) {
	if m.entries > 0 {
		if e := &r.entries[m.entries-1]; e.Kind == Recv && !e.Datagram && e.Size > m.last.Size {
			return e.Data[len(m.last.Data):], e.Size - m.last.Size
		}
	}
	if m.entries < len(r.entries) && r.entries[m.entries].Kind == Recv {
		e := &r.entries[m.entries]
		return e.Data, e.Size
	}
	return nil, 0
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
