package html

import (
	"html/template"
	"strings"

	"banter/runner/report"
)

// How much of a file is shown: lines before and after the one in question, and
// columns of one.
const (
	linesBefore = 60
	linesAfter  = 30
	columnsMax  = 240
)

// source is a scenario file with the places that failed.
type source struct {
	File  string
	Lines []sourceLine
	Above int // lines that are left out before these
	Below int // and after them
}

type sourceLine struct {
	Number int
	Text   template.HTML
	Class  string // "bad": the cause is here; "also": another failure is
	Why    string // the message of what failed here, below its column
}

func newSource(c *report.Case) *source {
	if c.Source == nil || c.Source.Text == "" {
		return nil
	}
	s := &source{File: c.Source.File}
	at := c.Line
	for i, f := range c.Failures {
		if i == 0 && f.File == s.File {
			at = f.Line
		}
	}
	lines := strings.Split(strings.TrimSuffix(c.Source.Text, "\n"), "\n")
	at -= c.Source.Line // its place in lines
	first := min(max(at-linesBefore, 0), len(lines))
	last := max(min(at+1+linesAfter, len(lines)), first)
	s.Above, s.Below = first, len(lines)-last
	for i, line := range lines[first:last] {
		s.Lines = append(s.Lines, sourceLine{
			Number: c.Source.Line + first + i,
			Text:   yaml(clip(report.Clean(strings.TrimRight(line, "\r")), columnsMax)),
		})
	}
	for i := range c.Failures {
		f := &c.Failures[i]
		n := f.Line - c.Source.Line - first
		if f.File != s.File || n < 0 || n >= len(s.Lines) {
			continue
		}
		line := &s.Lines[n]
		switch {
		case i == 0:
			line.Class = "bad"
		case line.Class == "":
			line.Class = "also"
		default:
			continue
		}
		line.Why = under(lines[first+n], f.Column) + clip(report.Clean(f.Message), columnsMax)
	}
	return s
}

// under is a caret below a column of a line.
func under(line string, column int) string {
	width := 0
	for i := range line {
		if column--; column < 1 {
			width = report.Width(report.Clean(line[:i]))
			break
		}
	}
	if width > columnsMax {
		width = 0
	}
	return strings.Repeat(" ", width) + "^ "
}

// yaml is a line of a file, with its comment and its key told from the rest
// where that is plain to see.
func yaml(line string) template.HTML {
	body := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(body)]
	if strings.HasPrefix(body, "#") {
		return template.HTML(indent + `<span class="com">` + text(body) + `</span>`)
	}
	for strings.HasPrefix(body, "- ") {
		indent, body = indent+"- ", body[2:]
	}
	key, rest, ok := strings.Cut(body, ":")
	if !ok || key == "" || strings.ContainsAny(key, "\"'{}[]#,&*!|> ") || rest != "" && rest[0] != ' ' {
		return template.HTML(text(line))
	}
	if at := strings.LastIndex(rest, " #"); at >= 0 && !strings.ContainsAny(rest[at:], `"'`) {
		return template.HTML(indent + `<span class="key">` + text(key) + `</span>:` + text(rest[:at]) + `<span class="com">` + text(rest[at:]) + `</span>`)
	}
	return template.HTML(indent + `<span class="key">` + text(key) + `</span>:` + text(rest))
}
