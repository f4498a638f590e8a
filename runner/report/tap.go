package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// tap collects, as the last round of a scenario may be the last of all.
type tap struct {
	w       io.Writer
	version int
	groups  Groups
}

// NewTAP returns a report in the Test Anything Protocol, version 13 or 14: a
// test point for each scenario, and what a failure is about as YAML.
func NewTAP(w io.Writer, version int) Format { return &tap{w: w, version: version} }

func (t *tap) Add(c *Case) error {
	t.groups.Add(c.Slim())
	return nil
}

func (t *tap) Close(s Summary) error {
	b := bufio.NewWriter(t.w)
	fmt.Fprintf(b, "TAP version %d\n1..%d", t.version, len(t.groups.List))
	if len(t.groups.List) == 0 {
		b.WriteString(" # SKIP nothing was to be run")
	}
	b.WriteByte('\n')
	for i, g := range t.groups.List {
		point(b, i+1, g)
	}
	if s.Interrupted {
		b.WriteString("Bail out! interrupted\n")
	}
	return b.Flush()
}

func point(b *bufio.Writer, number int, g *Group) {
	c := g.Case
	description := fmt.Sprintf("%d - %s", number, tapText(fmt.Sprintf("%s (%s)", c.Name, c.File)))
	switch g.Status {
	case Passed:
		fmt.Fprintf(b, "ok %s\n", description)
	case Skipped, NotRun, Stopped:
		fmt.Fprintf(b, "ok %s # SKIP %s\n", description, tapText(c.why()))
	default:
		fmt.Fprintf(b, "not ok %s\n", description)
		diagnosis(b, g)
	}
}

// diagnosis is the YAML block of a test point. It keeps to what the readers of
// TAP take, which know little of YAML: strings in double quotes and literal blocks.
func diagnosis(b *bufio.Writer, g *Group) {
	c := g.Case
	file, line, column := c.place()
	severity := "fail"
	if g.Status == Broken {
		severity = "error"
	}
	fmt.Fprintf(b, "  ---\n  message: %s\n  severity: %s\n  status: %s\n", yamlText(g.Cause()), severity, g.Status)
	fmt.Fprintf(b, "  at:\n    file: %s\n    line: %d\n    column: %d\n", yamlText(file), line, column)
	fmt.Fprintf(b, "  duration_ms: %.3f\n", 1e3*g.Elapsed.Seconds())
	if g.Plays > 1 {
		fmt.Fprintf(b, "  runs: %d\n  failed_runs: %d\n", g.Plays, g.Failed)
	}
	b.WriteString("  picture: |\n")
	for line := range strings.SplitSeq(strings.TrimSpace(c.picture()), "\n") {
		b.WriteString("    " + line + "\n") // prove takes an empty line for the block's end
	}
	b.WriteString("  ...\n")
}

var tapEscapes = strings.NewReplacer(`\`, `\\`, "#", `\#`)

// tapText is text for a test point's line, in which "#" begins a directive.
func tapText(s string) string { return tapEscapes.Replace(clip(Clean(s), oneLineMax)) }

var yamlEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// yamlText is text in double quotes.
func yamlText(s string) string {
	return `"` + yamlEscapes.Replace(clip(Clean(s), oneLineMax)) + `"`
}
