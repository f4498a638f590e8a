package wire

import (
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"
)

// What a lane holds at most, in bytes, and what one parcel does. A parcel counts
// for some more than its bytes: nobody shall fill the memory with small ones.
const (
	laneMost   = 256 << 10
	parcelMost = 16 << 10
	parcelCost = 64
)

// smooth is how many pieces a second a lane with a rate makes at least of what it
// passes on.
const smooth = 100

// lane is one direction of a Link: what is on its way, which comes in the order
// in which it was put there, each piece when it is due. The link's lock guards it.
type lane struct {
	Faults
	seed    [2]uint64 // from which the delays follow, with the place in the stream
	changed *sync.Cond
	queue   []parcel
	size    int   // of what is in it, as laneMost counts
	taken   int64 // bytes that came out of it

	piece    int       // bytes at the head that come together
	due      time.Time // when they do; zero: it is not known yet
	last     time.Time // when the piece before was due
	ended    error     // the last end that was put
	deadline time.Time // of the near side, which puts or takes
	deaf     bool      // what is put is dropped
	nearOver bool      // that side waits no more
	farOver  bool      // nor does the other

	timer *time.Timer // that wakes all who wait,
	wakes time.Time   // at that time; zero: it does not run
}

// parcel is what was put into a lane in one go.
type parcel struct {
	data []byte
	at   time.Time // when it was put
	end  error     // in place of data
}

func newLane(mu *sync.Mutex, f Faults, seed [2]uint64) *lane {
	return &lane{Faults: f, seed: seed, changed: sync.NewCond(mu)}
}

// prompt says that nothing is late on it.
func (l *lane) prompt() bool { return l.Latency == 0 && l.Rate == 0 }

// delay is how late the byte at that place in the stream is. It is the same
// however the stream was cut.
func (l *lane) delay(at int64) time.Duration {
	if l.Jitter == 0 {
		return l.Latency
	}
	r := rand.New(rand.NewPCG(l.seed[0], uint64(at)<<1|l.seed[1]))
	return l.Latency - l.Jitter + time.Duration(r.Int64N(2*int64(l.Jitter)+1))
}

// room is how many bytes it takes now, 0 or less where it is full.
func (l *lane) room() int {
	if l.deaf {
		return parcelMost
	}
	return min(laneMost-l.size-parcelCost, parcelMost)
}

// put adds a copy of data, for which there is room.
func (l *lane) put(data []byte) {
	if !l.deaf && l.ended == nil {
		l.add(parcel{data: append([]byte{}, data...)})
	}
}

// end adds an end: io.EOF, or an error, after which there is none.
func (l *lane) end(err error) {
	if l.deaf || l.ended == err || IsReset(l.ended) {
		return
	}
	l.ended = err
	l.add(parcel{end: err})
}

func (l *lane) add(p parcel) {
	p.at = time.Now()
	l.queue = append(l.queue, p)
	l.size += len(p.data) + parcelCost
	l.changed.Broadcast()
}

// head is the piece that comes next, or an end. ok says that there is one that
// is due; else due says when it will be, if it is not zero.
func (l *lane) head() (p []byte, end error, ok bool) {
	if len(l.queue) == 0 {
		return nil, nil, false
	}
	first := &l.queue[0]
	if l.due.IsZero() {
		l.piece = len(first.data)
		if l.Slice > 0 {
			l.piece = int(min(int64(l.piece), l.Slice-l.taken%l.Slice))
		}
		l.due = first.at.Add(l.delay(l.taken))
		if l.due.Before(l.last) {
			l.due = l.last
		}
		if l.Rate > 0 {
			l.piece = int(min(int64(l.piece), max(1, l.Rate/smooth)))
			l.due = l.due.Add(time.Duration(float64(l.piece) / float64(l.Rate) * float64(time.Second)))
		}
	}
	return first.data[:l.piece], first.end, !time.Now().Before(l.due)
}

// take removes n bytes of the piece at the head, or the end there.
func (l *lane) take(n int) {
	first := &l.queue[0]
	first.data = first.data[n:]
	l.taken += int64(n)
	if l.piece -= n; l.piece == 0 {
		l.last, l.due = l.due, time.Time{}
	}
	l.size -= n
	if len(first.data) == 0 {
		l.size -= parcelCost
		*first = parcel{}
		l.queue = l.queue[1:]
	}
	l.changed.Broadcast()
}

// next waits for what comes next. The side that is near to it waits until the
// deadline: then the error is os.ErrDeadlineExceeded. It is net.ErrClosed where
// that side is over.
func (l *lane) next(near bool) (p []byte, end error) {
	for {
		if err := l.over(near); err != nil {
			return nil, err
		}
		p, end, ok := l.head()
		if ok {
			return p, end
		}
		l.wait(near, l.due)
	}
}

// have waits until there is room, and returns how much.
func (l *lane) have(near bool) (int, error) {
	for {
		if err := l.over(near); err != nil {
			return 0, err
		}
		if n := l.room(); n > 0 {
			return n, nil
		}
		l.wait(near, time.Time{})
	}
}

func (l *lane) over(near bool) error {
	switch {
	case near && l.nearOver, !near && l.farOver:
		return net.ErrClosed
	case near && !l.deadline.IsZero() && !time.Now().Before(l.deadline):
		return os.ErrDeadlineExceeded
	}
	return nil
}

// wait waits for a change, or until a time, or the deadline.
func (l *lane) wait(near bool, until time.Time) {
	if near && !l.deadline.IsZero() && (until.IsZero() || l.deadline.Before(until)) {
		until = l.deadline
	}
	if !until.IsZero() && (l.wakes.IsZero() || until.Before(l.wakes)) {
		l.wakes = until
		if d := time.Until(until); l.timer == nil {
			l.timer = time.AfterFunc(d, l.wake)
		} else {
			l.timer.Reset(d)
		}
	}
	l.changed.Wait()
}

func (l *lane) wake() {
	l.changed.L.Lock()
	defer l.changed.L.Unlock()
	l.wakes = time.Time{}
	l.changed.Broadcast()
}

// setDeadline bounds waits of the near side, also those that are under way.
func (l *lane) setDeadline(t time.Time) {
	l.deadline = t
	l.changed.Broadcast()
}

// drop loses what is in it, and all that is put from now on.
func (l *lane) drop() {
	l.deaf = true
	l.queue, l.size, l.due = nil, 0, time.Time{}
	l.changed.Broadcast()
}
