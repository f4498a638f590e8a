package report

import (
	"fmt"
	"strings"

	"banter/runner"
	"banter/runner/transcript"

	"github.com/dustin/go-humanize"
	"github.com/rogpeppe/go-internal/diff"
)

// What -v shows of one actor, at most.
const (
	transcriptMax = 200 // lines
	lineMax       = 200 // columns
	diffEvents    = 2000
)

// transcripts are what each actor saw, as a scenario file would have it.
func transcripts(r *runner.Result) []string {
	var lines []string
	for i := range r.Actors {
		a := &r.Actors[i]
		lines = append(lines, Clean(a.Name)+":")
		for j, e := range a.Observed {
			if j == transcriptMax {
				lines = append(lines, fmt.Sprintf("  ⋮ %d more", len(a.Observed)-j))
				break
			}
			lines = append(lines, "  "+clip(Clean(e.String()), lineMax))
		}
		for _, t := range a.TCP {
			lines = append(lines, "  "+clip(Clean(kernelLine(&t)), lineMax))
		}
	}
	return lines
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
func differences(r *runner.Result) []string {
	var lines []string
	for i := range r.Actors {
		a := &r.Actors[i]
		if len(a.Expected) == 0 {
			continue // nothing is known
		}
		expected, observed := transcript.Text(upTo(a.Expected)), transcript.Text(upTo(events(a)))
		name := Clean(a.Name)
		d := diff.Diff(name+" expected", []byte(expected), name+" observed", []byte(observed))
		// The first line says "diff" and the two names, which follow.
		_, text, _ := strings.Cut(string(d), "\n")
		for j, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			if j == transcriptMax {
				lines = append(lines, "⋮")
				break
			}
			if line != "" {
				lines = append(lines, clip(Clean(line), lineMax))
			}
		}
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

// upTo is the part of a transcript that a diff for people is made of.
func upTo(events []transcript.Event) []transcript.Event {
	return events[:min(len(events), diffEvents)]
}
