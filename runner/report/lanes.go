package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"banter/runner"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// gutter is what is between two lanes. The arrow points away from the one who acts.
type gutter struct {
	toRight, toLeft, bothWays, none string
	gap                             int // between it and the lanes
}

var (
	wideGutter   = gutter{"──────▶", "◀──────", "◀─────▶", "       ", 2}
	narrowGutter = gutter{"──▶", "◀──", "◀─▶", "   ", 1}
)

// laneMin is how wide the text of a lane is at least, where there is room. Lanes
// have no times where there is less room than lanesWide.
const (
	laneMin   = 15
	lanesWide = 54
)

// lanesLeast is the actors' names, three rows, the step that failed and one that
// was not reached.
const lanesLeast = 6

// notReachedMax is how many steps are shown that were not reached.
const notReachedMax = 4

// lanes shows what the actor that failed saw, at the left, beside what its
// peer saw, in so many rows at most. A few of them would tell nothing.
func (st style) lanes(r *runner.Result, f *runner.Failure, columns, rows int) []string {
	actor := actorNamed(r.Actors, f.Actor)
	if actor == nil || rows < lanesLeast {
		return nil
	}
	l := lanes{style: st, room: columns, left: actor, gutter: wideGutter}
	if l.narrow() {
		l.gutter = narrowGutter
	}
	l.right = peerOf(r.Actors, actor, f.Over)
	for i := range r.Failures {
		if other := &r.Failures[i]; l.right != nil && other.Actor == l.right.Name && other.Kind == runner.Unfinished {
			l.waits = other.In
		}
	}
	l.fill(f)
	return l.paint(f, rows)
}

func actorNamed(actors []runner.Actor, name string) *runner.Actor {
	i := slices.IndexFunc(actors, func(a runner.Actor) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return &actors[i]
}

// peerOf is who is at the other end of an actor's connection: of a client, which
// may have several, of the one that it made last under the name over.
func peerOf(actors []runner.Actor, actor *runner.Actor, over string) *runner.Actor {
	peer := actorNamed(actors, actor.Peer)
	if actor.Server {
		return peer
	}
	to, connects := "", 0
	for _, e := range actor.Observed {
		if e.Kind == transcript.Connect {
			connects++
			if e.Over == over {
				to = e.Name
			}
		}
	}
	serves := func(a *runner.Actor) bool {
		return a != nil && a.Server && a.Peer == actor.Name && strings.HasPrefix(a.Name, to+"/")
	}
	if connects < 2 || serves(peer) {
		return peer
	}
	for i := range slices.Backward(actors) {
		if serves(&actors[i]) {
			return &actors[i]
		}
	}
	return nil
}

// lanes is what happened at two actors, in rows.
type lanes struct {
	style
	left, right *runner.Actor  // right is nil where the peer is not known
	waits       *scenario.Step // what the right one waited for when the scenario ended; nil: for nothing
	room        int            // columns
	gutter      gutter
	rows        []laneRow
}

func (l *lanes) narrow() bool { return l.room < lanesWide }

// alone is the room for a text with nothing but its time beside it.
func (l *lanes) alone() int {
	if l.narrow() {
		return l.room - len(cross)
	}
	return l.room - 16
}

// laneRow is an event at one of the actors, or one event as both saw it.
type laneRow struct{ left, right *transcript.Entry }

func (row laneRow) at() time.Duration {
	if row.left != nil {
		return row.left.At
	}
	return row.right.At
}

// fill makes the rows: what happened up to the failure. What an actor does to
// end its connections afterwards is not shown.
func (l *lanes) fill(f *runner.Failure) {
	left := entries(l.left.Observed)
	var right []*transcript.Entry
	partner := pairing{}
	if l.right != nil {
		right = entries(l.right.Observed)
		partner = pairs(l.left, l.right)
	}
	before := func(e *transcript.Entry) bool {
		return e.At <= f.At || 0 < e.Step && e.Step <= f.Step
	}
	// A pair is shown if the actor that failed still saw its half of it. Of the
	// peer alone, all that was before; but how a connection ended says nothing
	// about bytes that differ or are too many.
	left = slices.DeleteFunc(left, func(e *transcript.Entry) bool { return !before(e) })
	right = slices.DeleteFunc(right, func(e *transcript.Entry) bool {
		if p := partner[e]; p != nil {
			return !before(p)
		}
		return e.At > f.At || (f.Kind == runner.Differs || f.Kind == runner.Unread) && isEnd(e.Kind)
	})
	l.rows = merge(left, right, partner)
}

// entries is a list of pointers to the entries, which identify them.
func entries(list []transcript.Entry) []*transcript.Entry {
	pointers := make([]*transcript.Entry, len(list))
	for i := range list {
		pointers[i] = &list[i]
	}
	return pointers
}

// isEnd reports whether an event is the end of a connection, or of a
// direction of it.
func isEnd(k transcript.Kind) bool {
	switch k {
	case transcript.EOF, transcript.PeerReset, transcript.PeerEnd, transcript.TLSError,
		transcript.Shutdown, transcript.Close, transcript.Reset:
		return true
	}
	return false
}

// merge brings the entries of two actors into rows, in the order that each
// actor saw. Where two pairs cross (both sent before they received) the earlier
// half stands alone.
func merge(left, right []*transcript.Entry, partner pairing) []laneRow {
	rows := make([]laneRow, 0, len(left)+len(right))
	for len(left) > 0 || len(right) > 0 {
		switch {
		case len(right) == 0:
			rows = append(rows, laneRow{left: left[0]})
			left = left[1:]
		case len(left) == 0:
			rows = append(rows, laneRow{right: right[0]})
			right = right[1:]
		case partner[left[0]] == right[0]:
			rows = append(rows, laneRow{left[0], right[0]})
			left, right = left[1:], right[1:]
		case leftFirst(left[0], right[0], partner):
			partner.part(left[0])
			rows = append(rows, laneRow{left: left[0]})
			left = left[1:]
		default:
			partner.part(right[0])
			rows = append(rows, laneRow{right: right[0]})
			right = right[1:]
		}
	}
	return rows
}

// leftFirst decides between two entries that are no pair: one that has none
// goes first, else the earlier one. Where both sides end at the same time, it is
// chance who was the earlier one.
func leftFirst(left, right *transcript.Entry, partner pairing) bool {
	l, r := partner[left] != nil, partner[right] != nil
	switch {
	case l != r:
		return r
	case isEnd(left.Kind) && isEnd(right.Kind):
		return true
	}
	return left.At <= right.At
}

// paint turns the rows into lines, at most so many, folding those in the
// middle. The last ones are the nearest to the failure.
func (l *lanes) paint(f *runner.Failure, limit int) []string {
	failed, rest := l.failedAt(f, min(notReachedMax, max(1, limit-6)))
	tail := len(rest)
	if failed != "" {
		tail++
	}
	head, folded := l.rows, []laneRow(nil)
	var end []laneRow
	if room := max(limit-1-tail, 3); len(l.rows) > room {
		first := (room - 1) / 3
		last := room - 1 - first
		head, folded, end = l.rows[:first], l.rows[first:len(l.rows)-last], l.rows[len(l.rows)-last:]
	}

	when := "" // the step failed, where that took its time
	if f.Kind == runner.TimedOut && failed != "" && !l.narrow() {
		when = duration(f.At)
	}
	gap := l.gutter.gap
	arrow := 2*gap + len(l.gutter.none)
	laneRoom := l.alone()
	switch {
	case l.right != nil && l.narrow():
		laneRoom = (l.room - arrow) / 2
	case l.right != nil:
		laneRoom = (l.room - 10 - 2 - arrow) / 2
	}
	times, texts := width(when), min(laneMin, laneRoom)
	waits := ""
	if l.waits != nil && failed != "" && width(cross+failed) <= laneRoom {
		waits = Clean(l.waits.String()) + waiting
		texts = max(texts, width(cross+failed))
	}
	shown := append(slices.Clone(head), end...)
	for _, row := range shown {
		if !l.narrow() {
			times = max(times, width(duration(row.at())))
		}
		texts = max(texts, width(eventText(row.left, row.right != nil, laneRoom)))
	}
	indent := strings.Repeat(" ", times+2)
	if times == 0 {
		indent = ""
	}

	lines := []string{clip(Clean(l.left.Name), l.room)}
	if l.right != nil {
		column := len(indent) + texts + arrow
		lines[0] = pad(clip(Clean(l.left.Name), column-gap), column) + clip(Clean(l.right.Name), l.room-column)
	}
	paintRow := func(row laneRow) {
		line := ""
		if times > 0 {
			line = padLeft(duration(row.at()), times) + "  "
		}
		text := eventText(row.left, row.right != nil, laneRoom)
		if row.right == nil {
			lines = append(lines, line+text)
			return
		}
		lines = append(lines, line+pad(text, texts+gap)+row.arrow(&l.gutter)+strings.Repeat(" ", gap)+
			eventText(row.right, row.left != nil, laneRoom))
	}
	for _, row := range head {
		paintRow(row)
	}
	if folded != nil {
		lines = append(lines, indent+l.dim(fmt.Sprintf("⋮ %d more", len(folded))))
		for _, row := range end {
			paintRow(row)
		}
	}
	if failed != "" {
		line := pad(padLeft(when, times), len(indent)) + l.fail("✗") + " " + failed
		if before := len(indent) + texts + arrow; waits != "" && before+width(waits) <= l.room {
			line += strings.Repeat(" ", max(0, texts+arrow-width(cross+failed))) + waits
		}
		lines = append(lines, line)
	}
	for _, line := range rest {
		lines = append(lines, indent+line)
	}
	return lines
}

// arrow points away from the actor that did what both saw.
func (row laneRow) arrow(g *gutter) string {
	if row.left == nil || row.right == nil {
		return g.none
	}
	switch row.left.Kind {
	case transcript.TLS:
		return g.bothWays
	case transcript.Connect, transcript.Send, transcript.Shutdown, transcript.Close, transcript.Reset:
		return g.toRight
	}
	return g.toLeft
}

// cross stands before the step that failed, waiting behind what the other one
// waits for.
const (
	cross   = "✗ "
	waiting = " (waiting)"
)

// failedAt is the step that failed, and those that were not reached, in so many
// lines at most.
func (l *lanes) failedAt(f *runner.Failure, most int) (failed string, rest []string) {
	script := l.left.Script
	if f.Step < 1 || f.Step > len(script) {
		if f.Kind == runner.Unread {
			return "close", nil // the one at the end of every script
		}
		return "", nil
	}
	step := script[f.Step-1]
	if f.In != nil { // perhaps a step within that one
		step = f.In
	}
	room := l.alone()
	failed = clip(Clean(failedText(step, f)), room)
	script = script[f.Step:]
	for i, step := range script {
		if i == most-1 && len(script) > most {
			return failed, append(rest, l.dim(fmt.Sprintf("⋮ %d more (not reached)", len(script)-i)))
		}
		rest = append(rest, clip(Clean(step.String()), room-len(" (not reached)"))+" (not reached)")
	}
	return failed, rest
}

// failedText says which half of a step failed: its action, or the expect that
// rides on it.
func failedText(step *scenario.Step, f *runner.Failure) string {
	expect, plain := step.Action.(*scenario.Expect)
	if !plain {
		expect = step.Expect
	}
	if expect == nil || !plain && f.Pos == step.Pos {
		return step.Action.String()
	}
	return "expected " + expect.String()
}

// eventText is an event in so much room. Whom a connect went to is clear where
// the two lanes name it.
func eventText(e *transcript.Entry, paired bool, room int) string {
	switch {
	case e == nil:
		return ""
	case e.Kind == transcript.Connect && paired && e.Over == "":
		return "connect"
	case e.Kind != transcript.Send && e.Kind != transcript.Recv || e.Name != "":
		return clip(Clean(e.String()), room)
	}
	sign := "> "
	if e.Kind == transcript.Recv {
		sign = "< "
	}
	if e.Over != "" {
		sign = "[" + Clean(e.Over) + "] " + sign
	}
	show := transcript.Quote
	if first := around(e.Data, 0); 3*strange(first) > len(first) {
		show = quoteHex
	}
	size := fmt.Sprintf(" (%d bytes)", e.Size)
	// Where there is no room for the size and some of the bytes, these tell more.
	for _, end := range []string{size, ""} {
		for limit := max(room, 8); limit > 1; limit -= max(1, limit/8) {
			text := sign + strings.TrimSuffix(show(e.Data, e.Size, limit), size) + end
			if e.Size <= int64(limit) {
				text = strings.TrimSuffix(text, end)
			}
			if width(text) <= room {
				return text
			}
		}
	}
	return clip(sign+strings.TrimSpace(size), room)
}

// quoteHex is bytes as a script has them that are no text, as transcript.Quote
// has text.
func quoteHex(data []byte, size int64, limit int) string {
	if size <= int64(limit) {
		return `hex "` + hex(data, nil) + `"`
	}
	return fmt.Sprintf(`hex "%s"… (%d bytes)`, hex(data[:min(limit, len(data))], nil), size)
}
