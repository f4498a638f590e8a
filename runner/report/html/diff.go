package html

import (
	"html/template"
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

// comparison is what an actor should have seen beside what it saw.
type comparison struct {
	Actor string
	Rows  []diffRow
	More  bool // there are rows that are not shown
	Same  bool // nothing differs
}

// diffRow is an event of each side; one may have none.
type diffRow struct {
	Class       string // "same", "changed", "gone", "came", "gap"
	Left, Right template.HTML
}

func newComparison(a *report.CaseActor) *comparison {
	if a == nil || len(a.Expected) == 0 && len(a.Observed) == 0 {
		return nil
	}
	c := &comparison{Actor: a.Name}
	expected, observed := transcriptOf(a.Expected), transcriptOf(a.Observed)
	if expected == observed || len(a.Expected) == 0 {
		c.Same = true
		for i, line := range strings.Split(strings.TrimSuffix(observed, "\n"), "\n") {
			if c.More = i == diffRows; c.More {
				break
			}
			c.Rows = append(c.Rows, diffRow{Class: "same", Right: template.HTML(text(begin(line)))})
		}
		return c
	}
	d := string(diff.Diff("expected", []byte(expected), "observed", []byte(observed)))
	all := strings.Split(strings.TrimSuffix(d, "\n"), "\n")
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
		if len(c.Rows) >= diffRows {
			c.More = true
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
	c.Rows = c.Rows[:min(len(c.Rows), diffRows)]
	return c
}

func transcriptOf(events []report.CaseEvent) string {
	var b strings.Builder
	for i := range events[:min(len(events), diffEvents)] {
		b.WriteString(events[i].String())
		b.WriteByte('\n')
	}
	return b.String()
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
	end := sameEnd([]byte(left), []byte(right))
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
