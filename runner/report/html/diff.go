package html

import (
	"html/template"
	"slices"
	"strings"
	"unicode/utf8"

	"banter/runner/report"

	"github.com/rogpeppe/go-internal/diff"
)

// How much of a transcript is compared, and shown.
const (
	diffEvents = 2000
	diffRows   = 120
	diffText   = 400 // bytes of an event
)

// comparison is lines of what should have been beside those of what was.
type comparison struct {
	Of    string // whose
	Left  string // what stands at the left; "": there is only the right side
	Right string
	Rows  []diffRow
	More  bool // there are rows that are not shown
}

// diffRow is a line of each side; one may have none.
type diffRow struct {
	Class       string // "same", "changed", "gone", "came", "gap"
	Left, Right template.HTML
}

// newTranscript compares what an actor should have seen with what it saw.
func newTranscript(a *report.CaseActor) *comparison {
	if len(a.Expected) == 0 && len(a.Observed) == 0 {
		return nil
	}
	expected, observed := transcriptOf(a.Expected), transcriptOf(a.Observed)
	if slices.Equal(expected, observed) {
		expected = nil
	}
	c := compare(expected, observed, diffRows)
	c.Of = a.Name
	c.More = c.More || a.More > 0 || len(a.Observed) > diffEvents
	if expected != nil {
		c.Left, c.Right = "expected", "observed"
	}
	return c
}

// compare lays lines beside each other, with three around each that differs.
// Where there is nothing to compare with, left is nil.
func compare(left, right []string, most int) *comparison {
	c := &comparison{}
	if left == nil {
		c.More = len(right) > most
		for _, line := range right[:min(len(right), most)] {
			c.Rows = append(c.Rows, diffRow{Class: "same", Right: template.HTML(text(begin(line)))})
		}
		return c
	}
	join := func(lines []string) []byte { return []byte(strings.Join(lines, "\n") + "\n") }
	all := strings.Split(string(diff.Diff("left", join(left), "right", join(right))), "\n")
	var gone, came []string
	flush := func() {
		for i := range max(len(gone), len(came)) {
			row := diffRow{Class: "changed"}
			switch {
			case i >= len(came):
				row = diffRow{Class: "gone", Left: template.HTML(text(begin(gone[i])))}
			case i >= len(gone):
				row = diffRow{Class: "came", Right: template.HTML("<mark>" + text(begin(came[i])) + "</mark>")}
			default:
				row.Left, row.Right = changed(gone[i], came[i])
			}
			c.Rows = append(c.Rows, row)
		}
		gone, came = nil, nil
	}
	for _, line := range all[min(3, len(all)):] { // "diff", "---" and "+++"
		if len(c.Rows) > most {
			break
		}
		switch {
		case strings.HasPrefix(line, "-"):
			gone = append(gone, line[1:])
		case strings.HasPrefix(line, "+"):
			came = append(came, line[1:])
		case strings.HasPrefix(line, "@@"):
			flush()
			if len(c.Rows) > 0 {
				c.Rows = append(c.Rows, diffRow{Class: "gap"})
			}
		case line != "":
			flush()
			same := template.HTML(text(begin(line[1:])))
			c.Rows = append(c.Rows, diffRow{Class: "same", Left: same, Right: same})
		}
	}
	flush()
	c.More = len(c.Rows) > most
	c.Rows = c.Rows[:min(len(c.Rows), most)]
	return c
}

func transcriptOf(events []report.CaseEvent) []string {
	var lines []string
	for i := range events[:min(len(events), diffEvents)] {
		lines = append(lines, report.Clean(events[i].String()))
	}
	return lines
}

// sameEnd is how many bytes of the end of both are the same, whole characters
// of them.
func sameEnd(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	for n > 0 && !utf8.RuneStart(a[len(a)-n]) {
		n--
	}
	return n
}

// changed is two lines with what differs in them marked.
func changed(left, right string) (template.HTML, template.HTML) {
	at := 0
	for at < len(left) && at < len(right) && left[at] == right[at] {
		at++
	}
	for at > 0 && (at < len(left) && !utf8.RuneStart(left[at]) || at < len(right) && !utf8.RuneStart(right[at])) {
		at--
	}
	from := max(0, at-diffText/2)
	for from > 0 && !utf8.RuneStart(left[from]) {
		from--
	}
	before := ""
	if from > 0 {
		before = "…"
	}
	before = text(before + left[from:at])
	left, right = left[at:], right[at:]
	end := sameEnd(left, right)
	side := func(s string) template.HTML {
		return template.HTML(before + "<mark>" + text(begin(s[:len(s)-end])) + "</mark>" + text(begin(s[len(s)-end:])))
	}
	return side(left), side(right)
}

// begin is as much of a line as is shown.
func begin(line string) string {
	if len(line) <= diffText {
		return line
	}
	end := diffText
	for end > 0 && !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end] + "…"
}
