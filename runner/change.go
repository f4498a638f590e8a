package runner

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"banter/runner/scenario"
)

// Change is one thing that a perturbed run does otherwise than the scenario says,
// and that must make no difference. Just one of Cut, Whole, Join, Late and Small
// is set.
type Change struct {
	Actor string // "ann", "greeter/ann"
	Send  int    // which of its sends, from 1: those that it does, not those that are written
	Cut   int64  // that send goes out in two, after so many bytes
	Whole bool   // that send goes out without the slices and pauses that the scenario gives it
	Join  bool   // that send goes out with the next one, if one follows at once
	Late  bool   // the actor starts later
	Small bool   // the client's socket has small buffers
}

// String is the change as ParseChange takes it: "ann:2@5", "ann:2=", "ann:2+",
// "ann:late", "ann:small".
func (c Change) String() string {
	switch {
	case c.Late:
		return c.Actor + ":late"
	case c.Small:
		return c.Actor + ":small"
	case c.Whole:
		return fmt.Sprintf("%s:%d=", c.Actor, c.Send)
	case c.Join:
		return fmt.Sprintf("%s:%d+", c.Actor, c.Send)
	}
	return fmt.Sprintf("%s:%d@%d", c.Actor, c.Send, c.Cut)
}

// ParseChange is the inverse of Change.String.
func ParseChange(text string) (Change, error) {
	wrong := fmt.Errorf("%q is no change; there are ACTOR:SEND@BYTES (a send cut in two), ACTOR:SEND= (in one go), ACTOR:SEND+ (with the next one), ACTOR:late and ACTOR:small", text)
	i := strings.LastIndexByte(text, ':')
	if i <= 0 {
		return Change{}, wrong
	}
	c := Change{Actor: text[:i]}
	what := text[i+1:]
	number, cut, isCut := strings.Cut(what, "@")
	switch {
	case what == "late":
		c.Late = true
		return c, nil
	case what == "small":
		c.Small = true
		return c, nil
	case isCut:
		n, err := strconv.ParseInt(cut, 10, 64)
		if err != nil || n <= 0 {
			return Change{}, wrong
		}
		c.Cut = n
	case strings.HasSuffix(what, "="):
		number, c.Whole = what[:len(what)-1], true
	case strings.HasSuffix(what, "+"):
		number, c.Join = what[:len(what)-1], true
	default:
		return Change{}, wrong
	}
	n, err := strconv.Atoi(number)
	if err != nil || n <= 0 {
		return Change{}, wrong
	}
	c.Send = n
	return c, nil
}

// smallBuffer is what the buffers of a socket have with Change.Small, in bytes.
// Less would have Linux send in crumbs, and take long.
const smallBuffer = 16 << 10

// mutation is how one run differs from what the scenario says. It keeps what it
// has changed, so that less and less of it can be tried.
type mutation struct {
	pick  func(actor string, send int, size int64, head []byte) []Change // for each send; nil: only what is asked
	asks  func(Change) bool                                              // of Late and Small, and of all where there is no pick
	asked []Change
	pause time.Duration // after a cut, and of who starts late
	least time.Duration // that a step may take, whatever the scenario says

	mu     sync.Mutex
	sends  map[string]int
	pauses map[string]int // of each actor, so far
	made   []Change
}

// cuts is what one send does otherwise.
type cuts struct {
	at     []int64 // where it is cut, in order
	whole  bool
	join   bool
	pauses int // after so many of the cuts there is a pause
	pause  time.Duration
	sent   int64 // of the send, all of its parts
}

// pausesMost is after how many cuts of an actor there is a pause: what follows is
// only written piece by piece, so that no step runs out of time over it. cutsMost
// bounds the cuts of a run.
const (
	pausesMost = 64
	cutsMost   = 20_000
)

// cutsOf is what the actor's next send, of size bytes, does otherwise; nil:
// nothing. Its first bytes are head.
func (m *mutation) cutsOf(actor string, size int64, head []byte) *cuts {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sends == nil {
		m.sends, m.pauses = map[string]int{}, map[string]int{}
	}
	m.sends[actor]++
	nth := m.sends[actor]
	var changes []Change
	if m.pick != nil {
		changes = m.pick(actor, nth, size, head)
	} else {
		for _, c := range m.asked {
			if c.Actor == actor && c.Send == nth {
				changes = append(changes, c)
			}
		}
	}
	if len(changes) == 0 || len(m.made) > cutsMost {
		return nil
	}
	out := &cuts{pause: m.pause}
	for _, c := range changes {
		switch {
		case c.Whole:
			out.whole = true
		case c.Join:
			out.join = true
		case c.Cut < size:
			out.at = append(out.at, c.Cut)
		default:
			continue // there is nothing behind it
		}
		m.made = append(m.made, c)
	}
	out.pauses = min(len(out.at), pausesMost-m.pauses[actor])
	m.pauses[actor] += out.pauses
	return out
}

// does reports whether the actor is changed so, and notes that it is.
func (m *mutation) does(c Change) bool {
	if m == nil || !m.asks(c) {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made = append(m.made, c)
	return true
}

// next is how many bytes may go out before the next cut; 0: all.
func (c *cuts) next() int64 {
	for len(c.at) > 0 && c.at[0] <= c.sent {
		c.at = c.at[1:]
	}
	if len(c.at) == 0 {
		return 0
	}
	return c.at[0] - c.sent
}

// passed counts bytes that went out, and reports whether there is to be a pause.
func (c *cuts) passed(n int64) (pause bool) {
	c.sent += n
	if len(c.at) == 0 || c.at[0] != c.sent || c.pauses == 0 {
		return false
	}
	c.pauses--
	return true
}

// perturb says what the send of these pieces does otherwise. Over UDP a send is
// a datagram, and nothing cuts it.
func (a *actor) perturb(pieces []piece, total int64) {
	a.cuts = nil
	if m := a.p.opts.mutation; m != nil && !a.packets && total > 0 {
		var head []byte
		for i := range pieces {
			if pieces[i].Len() > 0 {
				head, _ = pieces[i].At(0)
				break
			}
		}
		a.cuts = m.cutsOf(a.place.name, total, head)
	}
	if a.conn != nil && a.cuts != nil && a.cuts.join {
		a.conn.Cork(true)
		a.corked = true
	} else {
		a.uncork()
	}
}

// uncork sends what was to go out with the next send.
func (a *actor) uncork() {
	if a.corked {
		a.corked = false
		if a.conn != nil {
			a.conn.Cork(false)
		}
	}
}

// lag has an actor start late, if it is to.
func (a *actor) lag() {
	if m := a.p.opts.mutation; m.does(Change{Actor: a.place.name, Late: true}) {
		a.pause(m.pause)
	}
}

// buffers are the sizes of a client's buffers: those that it says, or small ones.
func (a *actor) buffers() (rcv, snd int) {
	c := a.client
	if c.RcvBuf == 0 && c.SndBuf == 0 && a.p.opts.mutation.does(Change{Actor: a.place.name, Small: true}) {
		return smallBuffer, smallBuffer
	}
	return c.RcvBuf, c.SndBuf
}

// unperturbed is why a scenario is played only as it is; "": it is not.
func unperturbed(s *scenario.Scenario) string {
	if s.Some.IsValid() {
		return fmt.Sprintf("not perturbed: it uses \"some\" in line %d, which takes whatever the next read brings", s.Some.Line)
	}
	return ""
}
