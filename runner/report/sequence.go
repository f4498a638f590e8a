package report

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"banter/runner"
	"banter/runner/transcript"
)

// Sequence is a play as a sequence diagram: its actors are columns, and what
// happened goes from top to bottom.
type Sequence struct {
	Actors []*CaseActor // from left to right
	Hidden int          // actors that there was no room for
	Rows   []*SequenceRow
}

// SequenceRow is what is at one height of a diagram: an event that one actor
// saw, or that two did, or a step.
type SequenceRow struct {
	At     time.Duration
	Actor  int          // the column it is about; of an event that two saw, who acted; -1: none
	To     int          // the column of who else saw it; -1: nobody
	Event  *CaseEvent   // as Actor saw it
	Seen   *CaseEvent   // as To saw it
	Sent   *SequenceRow // the other half of it, higher up, where others came between the two
	Failed *CaseFailure // Actor failed here
	Left   string       // a step of Actor that was not reached
	Late   bool         // it came after the cause of all failures
	Folded int          // so many rows are left out here; it has nothing else
}

// Sequence makes the diagram of a play with so many columns and about so many
// rows at most: what is nearest to the failure stays, or else the beginning and
// the end.
func (c *Case) Sequence(columns, rows int) *Sequence {
	s := &Sequence{}
	s.choose(c, columns)
	actors := make([]runner.Actor, len(s.Actors))
	for i, a := range s.Actors {
		actors[i] = runner.Actor{Name: a.Name, Peer: a.Peer, Server: a.Server, Observed: entriesOf(a.Observed)}
	}
	partner := pairing{}
	for i := range actors {
		client := slices.IndexFunc(actors, func(a runner.Actor) bool { return a.Name == actors[i].Peer })
		if actors[i].Server && client >= 0 {
			a, b := actors[client], actors[i]
			a.Observed, b.Observed = a.Observed[:len(s.Actors[client].Begun())], b.Observed[:len(s.Actors[i].Begun())]
			for a, b := range pairs(&a, &b) {
				partner.join(a, b)
			}
		}
	}
	lists := make([][]*sequenceNode, len(actors))
	nodes := map[*transcript.Entry]*sequenceNode{}
	for i := range actors {
		for j := range actors[i].Observed {
			e := &actors[i].Observed[j]
			n := &sequenceNode{
				SequenceRow: &SequenceRow{At: e.At, Actor: i, To: -1, Event: &s.Actors[i].Observed[j]},
				kind:        e.Kind,
			}
			lists[i] = append(lists[i], n)
			if p := partner[e]; p != nil {
				nodes[e] = n
				if other := nodes[p]; other != nil {
					n.partner, other.partner = other, n
				}
			}
		}
	}
	for i, a := range s.Actors {
		closedFirst(lists[i])
		lists[i] = withSteps(lists[i], i, a, c.Failures)
	}
	s.merge(lists)
	s.fold(rows)
	return s
}

// entriesOf is what an actor saw, as it was before it became part of a case.
func entriesOf(list []CaseEvent) []transcript.Entry {
	entries := make([]transcript.Entry, len(list))
	for i := range list {
		e := &list[i]
		entries[i] = transcript.Entry{Event: e.event(), At: e.At, Step: e.Step, Datagram: e.Datagram}
	}
	return entries
}

// choose takes the actors that are shown, each client beside the connections
// that it made, and the one that failed in front; of too many, those that failed
// and their peers.
func (s *Sequence) choose(c *Case, columns int) {
	made := map[string][]*CaseActor{} // by the name of the client
	for i := range c.Actors {
		if a := &c.Actors[i]; a.Server {
			made[a.Peer] = append(made[a.Peer], a)
		}
	}
	placed := map[*CaseActor]bool{}
	place := func(list ...*CaseActor) {
		for _, a := range list {
			if !placed[a] {
				placed[a] = true
				s.Actors = append(s.Actors, a)
			}
		}
	}
	group := func(a *CaseActor) {
		if !a.Server {
			place(a)
			place(made[a.Name]...)
		}
	}
	for i := range c.Actors {
		if a := &c.Actors[i]; len(c.Failures) > 0 && a.Name == c.Failures[0].Actor {
			for j := range c.Actors {
				if a.Server && c.Actors[j].Name == a.Peer {
					group(&c.Actors[j])
				}
			}
			group(a)
			place(a)
		}
	}
	for i := range c.Actors {
		group(&c.Actors[i])
	}
	for i := range c.Actors {
		place(&c.Actors[i])
	}
	if len(s.Actors) <= columns {
		return
	}

	weight := map[string]int{}
	for i, f := range slices.Backward(c.Failures) {
		weight[f.Actor] = 2 * (1 + len(c.Failures) - i)
	}
	for _, a := range s.Actors {
		if w := weight[a.Name]; w%2 == 0 && w > weight[a.Peer] {
			weight[a.Peer] = w - 1
		}
	}
	best := slices.Clone(s.Actors)
	slices.SortStableFunc(best, func(a, b *CaseActor) int { return cmp.Compare(weight[b.Name], weight[a.Name]) })
	s.Hidden = len(best) - columns
	s.Actors = slices.DeleteFunc(s.Actors, func(a *CaseActor) bool { return slices.Contains(best[columns:], a) })
}

// sequenceNode is a row that has not got its place yet.
type sequenceNode struct {
	*SequenceRow
	kind    transcript.Kind
	partner *sequenceNode // the same as the other side saw it
	state   int           // of merge
}

// States of a node while rows are put in order.
const (
	unplaced = iota
	visited  // what must stand before it is being placed
	placed
)

func acts(kind transcript.Kind) bool {
	switch kind {
	case transcript.Connect, transcript.Send, transcript.Shutdown, transcript.Close, transcript.Reset:
		return true
	}
	return false
}

// closedFirst puts a close before the eof that came while it went on. It is
// noted when it is done, but had begun if the peer saw it before we saw the
// peer's own end.
func closedFirst(list []*sequenceNode) {
	for i := range len(list) - 1 {
		eof, closed := list[i], list[i+1]
		if isEnd(eof.kind) && !acts(eof.kind) && closed.kind == transcript.Close && closed.Event.Over == eof.Event.Over &&
			closed.partner != nil && closed.partner.At < eof.At {
			list[i], list[i+1] = closed, eof
			closed.At = closed.partner.At
		}
	}
}

// withSteps puts the step that failed and those that were not reached between
// the events of an actor.
func withSteps(list []*sequenceNode, actor int, a *CaseActor, failures []CaseFailure) []*sequenceNode {
	place := len(list)
	var when time.Duration
	if place > 0 {
		when = list[place-1].At
	}
	var steps []*sequenceNode
	add := func(row SequenceRow) {
		row.At, row.Actor, row.To = when, actor, -1
		steps = append(steps, &sequenceNode{SequenceRow: &row})
	}
	if i := slices.IndexFunc(failures, func(f CaseFailure) bool { return f.Actor == a.Name }); i >= 0 {
		f := &failures[i]
		when = f.At
		after := func(n *sequenceNode) bool {
			return n.At > f.At && (n.Event.Step == 0 || n.Event.Step > f.Step)
		}
		if i := slices.IndexFunc(list, after); i >= 0 {
			place = i
		}
		add(SequenceRow{Failed: f})
	}
	left := a.Left
	if len(steps) > 0 && len(left) > 0 && steps[0].Failed.Step == a.Done+1 {
		left = left[1:] // the one that failed
	}
	for _, left := range left {
		if left == "" {
			continue // of a case from elsewhere
		}
		add(SequenceRow{Left: left})
	}
	return slices.Insert(list, place, steps...)
}

// merge brings the lists of all actors into one by their times, and in the order
// that each of them saw. Two halves are one row, unless each of two actors saw
// another one first: then they are two, and cross others.
func (s *Sequence) merge(lists [][]*sequenceNode) {
	for {
		var next *sequenceNode
		for _, list := range lists {
			if len(list) > 0 && (next == nil || list[0].At < next.At) {
				next = list[0]
			}
		}
		if next == nil {
			break
		}
		s.place(lists, next)
	}
	caused := false
	for _, row := range s.Rows {
		row.Late = caused
		caused = caused || row.Failed != nil
	}
}

// place makes the first node of a list a row, after all that its other half
// comes after.
func (s *Sequence) place(lists [][]*sequenceNode, n *sequenceNode) {
	n.state = visited
	p := n.partner
	joined := p != nil && p.state == unplaced
	for joined && lists[p.Actor][0] != p {
		before := lists[p.Actor][0]
		if joined = before.state == unplaced; joined {
			s.place(lists, before)
			joined = p.state == unplaced
		}
	}
	lists[n.Actor] = lists[n.Actor][1:]
	n.state = placed
	switch {
	case joined:
		lists[p.Actor] = lists[p.Actor][1:]
		p.state = placed
		if acts(p.kind) && !acts(n.kind) {
			n, p = p, n
		}
		n.At = min(n.At, p.At)
		n.To, n.Seen = p.Actor, p.Event
	case p != nil && p.state == placed && acts(p.kind):
		n.Sent = p.SequenceRow
	}
	s.Rows = append(s.Rows, n.SequenceRow)
}

// lateMax is how many rows are shown of what came after the cause.
const lateMax = 12

// fold leaves out rows, at the end, and between the beginning and the cause.
func (s *Sequence) fold(rows int) {
	end := slices.IndexFunc(s.Rows, func(r *SequenceRow) bool { return r.Late })
	if end < 0 {
		end = len(s.Rows)
	}
	late := min(len(s.Rows)-end, lateMax)
	s.cut(end+late, len(s.Rows))
	if room := max(rows-late-1, 3); end > room {
		head := room / 3
		s.cut(head, end-(room-head))
		for _, a := range s.Actors {
			s.Rows[head].Folded += a.More
		}
	}
}

// cut puts one row in the place of several.
func (s *Sequence) cut(from, to int) {
	if to-from > 1 {
		s.Rows = slices.Replace(s.Rows, from, to, &SequenceRow{Actor: -1, To: -1, Late: s.Rows[from].Late, Folded: to - from})
	}
}

// event is the event as transcripts have it.
func (e *CaseEvent) event() transcript.Event {
	return transcript.Event{Kind: kindNamed[e.Kind], Over: e.Over, Name: e.Name, Data: e.Data, Size: e.Size}
}

// String is the event as transcripts are written, and of many bytes the first.
func (e *CaseEvent) String() string {
	if !e.Bytes() || int64(len(e.Data)) == e.Size && e.Size <= transcript.Whole {
		return e.event().String()
	}
	short := *e
	short.Data, short.Size = nil, 0
	sign := strings.TrimSuffix(short.event().String(), `""`)
	return sign + transcript.Quote(e.Data, e.Size, min(len(e.Data), shownOfMany))
}

// shownOfMany is how many bytes are shown of more than a line has room for.
const shownOfMany = 64

// kindNamed has the kinds of events by their names.
var kindNamed = func() map[string]transcript.Kind {
	named := map[string]transcript.Kind{}
	for kind := transcript.Connect; kind <= transcript.Run; kind++ {
		named[kind.String()] = kind
	}
	return named
}()

// Label is an event in so many columns: bytes in quotes, and how many there
// are if there is no room for all.
func (e *CaseEvent) Label(columns int) string {
	if !e.Bytes() {
		return clip(Clean(e.event().String()), columns)
	}
	text := ""
	for limit := columns; ; limit -= max(1, limit/8) {
		text = transcript.Quote(e.Data, e.Size, min(limit, len(e.Data)))
		if width(text) <= columns {
			return text
		}
		if limit <= 1 {
			return fmt.Sprintf("%d bytes", e.Size)
		}
	}
}

// Bytes reports whether an event is bytes, sent or received.
func (e *CaseEvent) Bytes() bool {
	return (e.Kind == "send" || e.Kind == "recv") && e.Name == ""
}

// SameBytes reports whether two events of bytes have the same, as far as the case
// has kept them.
func (e *CaseEvent) SameBytes(other *CaseEvent) bool {
	n := min(len(e.Data), len(other.Data))
	return e.Size == other.Size && bytes.Equal(e.Data[:n], other.Data[:n])
}
