// Package mermaid is the report that is Markdown with a sequence diagram for each
// scenario, in Mermaid's text form, as GitHub and GitLab show it.
package mermaid

import (
	"fmt"
	"io"
	"strings"

	"banter/runner/report"
)

// How much of a play is shown. Mermaid itself gives up on much larger ones.
const (
	columns  = 12
	rows     = 80
	labelMax = 60 // columns of text
	nameMax  = 40
)

type format struct {
	w     io.Writer
	begun bool
}

// New returns a report that is written to w as cases come.
func New(w io.Writer) report.Format { return &format{w: w} }

// Add writes the diagram of a play. Of the rounds of a scenario, it is the first
// and those that failed.
func (f *format) Add(c *report.Case) error {
	if c.Round > 1 && !c.Status.Bad() {
		return nil
	}
	var b strings.Builder
	if f.begun {
		b.WriteByte('\n')
	}
	f.begun = true
	title := c.Name
	if c.Round > 1 {
		title += fmt.Sprintf(" (run %d)", c.Round)
	}
	fmt.Fprintf(&b, "## %s\n\n", markdown(title))
	switch {
	case len(c.Failures) > 0:
		failure := &c.Failures[0]
		fmt.Fprintf(&b, "%s: %s\n\n", c.Status, markdown(failure.Message))
	case c.Reason != "":
		fmt.Fprintf(&b, "%s: %s\n\n", c.Status, markdown(c.Reason))
	default:
		fmt.Fprintf(&b, "%s\n\n", c.Status)
	}
	if s := c.Sequence(columns, rows); len(s.Rows) > 0 {
		b.WriteString("```mermaid\nsequenceDiagram\n")
		write(&b, s)
		b.WriteString("```\n")
	}
	_, err := io.WriteString(f.w, b.String())
	return err
}

// Close has nothing more to write.
func (f *format) Close(report.Summary) error { return nil }

func write(b *strings.Builder, s *report.Sequence) {
	for i, a := range s.Actors {
		fmt.Fprintf(b, "    participant p%d as %s\n", i, text(a.Name, nameMax))
	}
	shown := map[*report.SequenceRow]bool{} // the second halves of what was sent
	for _, row := range s.Rows {
		if row.Sent != nil {
			shown[row.Sent] = true
		}
	}
	last := len(s.Actors) - 1
	for _, row := range s.Rows {
		switch {
		case row.Folded > 0:
			fmt.Fprintf(b, "    Note over p0,p%d: %d more\n", last, row.Folded)
		case row.Failed != nil:
			what := row.Failed.Action
			if what == "" {
				what = row.Failed.Message
			}
			fmt.Fprintf(b, "    Note right of p%d: ✗ %s\n", row.Actor, text(what, labelMax))
		case row.Left != "":
			fmt.Fprintf(b, "    Note right of p%d: not reached: %s\n", row.Actor, text(row.Left, labelMax))
		case shown[row]: // Mermaid has no slanting arrows: it is drawn where it arrives
		case row.Sent != nil:
			fmt.Fprintf(b, "    p%d%sp%d: %s\n", row.Sent.Actor, arrow(row.Sent.Event), row.Actor, label(row.Event))
		case row.To >= 0:
			fmt.Fprintf(b, "    p%d%sp%d: %s\n", row.Actor, arrow(row.Event), row.To, both(row))
		default:
			fmt.Fprintf(b, "    Note right of p%d: %s\n", row.Actor, text(row.Event.String(), labelMax))
		}
	}
	if s.Hidden > 0 {
		fmt.Fprintf(b, "    Note over p0,p%d: and %d more actors\n", last, s.Hidden)
	}
}

// arrow is solid for bytes and dashed for what happens to the connection; a
// reset ends in a cross.
func arrow(e *report.CaseEvent) string {
	switch {
	case e.Bytes():
		return "->>"
	case e.Kind == "reset":
		return "--x"
	case e.Kind == "tls":
		return "<<-->>"
	}
	return "-->>"
}

// both is what two saw of one event, once where it is the same.
func both(row *report.SequenceRow) string {
	sent, seen := row.Event, row.Seen
	switch {
	case sent.Kind == "connect":
		return sent.Kind // To says whom
	case sent.Kind == "tls":
		return label(sent)
	case sent.Kind == "reset" && seen.Kind == "peer_reset":
		return sent.Kind
	case !sent.Bytes():
		end := *seen
		end.Over = "" // it is that of what was sent
		return label(sent) + " → " + strings.TrimPrefix(label(&end), text("< ", 2))
	case !sent.SameBytes(seen):
		return label(sent) + " → " + label(seen)
	case len(seen.Data) > len(sent.Data):
		return label(seen)
	}
	return label(sent)
}

func label(e *report.CaseEvent) string { return text(e.Label(labelMax), labelMax) }

// special are the characters that mean something to Mermaid, or to the Markdown
// and the HTML around it.
const special = "#;<>&:%{}$\\`"

// text is text from others, visible and harmless, and with no meaning for
// Mermaid: special characters are written as entities in its manner.
func text(s string, limit int) string {
	var b strings.Builder
	for _, r := range report.Clip(report.Clean(s), limit) {
		if strings.ContainsRune(special, r) {
			fmt.Fprintf(&b, "#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// markdown is text from others in Markdown, on one line.
func markdown(s string) string {
	var b strings.Builder
	for _, r := range report.Clip(report.Clean(s), 200) {
		if r < 0x80 && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
