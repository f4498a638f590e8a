package report

import (
	"fmt"
	"slices"
	"strings"

	"banter/runner"
	"banter/runner/transcript"

	"github.com/dustin/go-humanize"
	"github.com/rogpeppe/go-internal/diff"
)

// What -v shows, at most.
const (
	transcriptMax = 200 // lines of one actor
	lineMax       = 200 // columns
	diffEvents    = 2000
	diffContext   = 3        // events before the first that differs
	passingMax    = 56 << 10 // bytes of the transcripts of a scenario that passed
	failingMax    = 24 << 10 // of one that failed, and of what differs
)

// budget is what there is room for, in bytes, of what several actors have to
// show.
type budget struct {
	lines []string
	room  int
}

// add adds the lines of one actor: as many of them as fit into half the room,
// for there is another side.
func (b *budget) add(lines []string) {
	half := b.room / 2
	for i, line := range lines {
		if half -= len(line) + len(indent) + 1; half < 0 {
			lines = append(slices.Clip(lines[:i]), "  ⋮")
			break
		}
		b.room -= len(line) + len(indent) + 1
	}
	b.lines = append(b.lines, lines...)
}

// full reports whether there is no room for another actor, and says so.
func (b *budget) full(left int) bool {
	if b.room > 1<<10 {
		return false
	}
	b.lines = append(b.lines, "⋮ "+count(left, "more actor"))
	return true
}

// transcripts are what each actor saw, as a scenario file would have it, in so
// many bytes at most. Those come first whom the first failure is about.
func transcripts(r *runner.Result, most int) []string {
	b := budget{room: most}
	for i, a := range concerned(r) {
		if b.full(len(r.Actors) - i) {
			break
		}
		b.add(transcriptOf(a))
	}
	return b.lines
}

// transcriptOf is what one actor saw: of a long conversation the two ends.
func transcriptOf(a *runner.Actor) []string {
	lines := []string{Clean(a.Name) + ":"}
	add := func(entries []transcript.Entry) {
		for _, e := range entries {
			lines = append(lines, "  "+clip(Clean(e.String()), lineMax))
		}
	}
	begin, more := len(a.Observed), len(a.Observed)-transcriptMax
	if more > 0 {
		begin = transcriptMax / 4
	}
	add(a.Observed[:begin])
	if more > 0 {
		lines = append(lines, fmt.Sprintf("  ⋮ %d more", more))
		add(a.Observed[begin+more:])
	}
	for _, t := range a.TCP {
		lines = append(lines, "  "+clip(Clean(kernelLine(&t)), lineMax))
	}
	return lines
}

// concerned are the actors, those first whom the first failure is about.
func concerned(r *runner.Result) []*runner.Actor {
	all := make([]*runner.Actor, len(r.Actors))
	for i := range r.Actors {
		all[i] = &r.Actors[i]
	}
	if len(r.Failures) == 0 {
		return all
	}
	first := r.Failures[0].Actor
	slices.SortStableFunc(all, func(a, b *runner.Actor) int { return distance(a, first) - distance(b, first) })
	return all
}

// distance is 0 for an actor, 1 for its peer, and 2 for the others.
func distance(a *runner.Actor, name string) int {
	switch name {
	case a.Name:
		return 0
	case a.Peer:
		return 1
	}
	return 2
}

// kernelLine is what the kernel kept of a connection.
func kernelLine(t *runner.TCP) string {
	over := ""
	if t.Over != "" {
		over = "[" + t.Over + "] "
	}
	retransmits := fmt.Sprintf("%d retransmits", t.Retransmits)
	if t.Retransmits == 1 {
		retransmits = "1 retransmit"
	}
	return fmt.Sprintf("(%skernel: %s, rtt %s, %s, window %s out and %s in, held back %s)",
		over, t.Congestion, t.RTT, retransmits,
		size(t.SendWindow), size(t.RecvWindow), t.HeldBack)
}

func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// differences are those between what each actor should have seen and what it
// saw.
func differences(r *runner.Result, most int) []string {
	b := budget{room: most}
	for i, a := range concerned(r) {
		if len(a.Expected) == 0 {
			continue // nothing is known
		}
		if b.full(len(r.Actors) - i) {
			break
		}
		b.add(differencesOf(a))
	}
	return b.lines
}

// differencesOf are those of one actor, from the first event that differs on.
func differencesOf(a *runner.Actor) (lines []string) {
	observed := events(a)
	same := 0
	for same < min(len(a.Expected), len(observed)) && transcript.Equal(a.Expected[same:same+1], observed[same:same+1]) {
		same++
	}
	from := max(0, same-diffContext)
	name := Clean(a.Name)
	d := diff.Diff(name+" expected", []byte(transcript.Text(part(a.Expected, from))),
		name+" observed", []byte(transcript.Text(part(observed, from))))
	// The first line says "diff" and the two names, which follow.
	_, text, _ := strings.Cut(string(d), "\n")
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if len(lines) == transcriptMax {
			return append(lines, "⋮")
		}
		if line != "" {
			lines = append(lines, clip(Clean(line), lineMax))
		}
	}
	if from > 0 && len(lines) > 0 {
		return slices.Insert(lines, 0, fmt.Sprintf("from event %d on:", from+1))
	}
	return lines
}

func events(a *runner.Actor) []transcript.Event {
	list := make([]transcript.Event, len(a.Observed))
	for i, e := range a.Observed {
		list[i] = e.Event
	}
	return list
}

// part is the part of a transcript that a diff for people is made of.
func part(events []transcript.Event, from int) []transcript.Event {
	return events[from:min(len(events), from+diffEvents)]
}
