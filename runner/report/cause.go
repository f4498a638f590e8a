package report

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The text of cases that more than one format has.

// oneLineMax is how long a message may be in formats that have it in one line.
const oneLineMax = 1000

// Cause is what a case did not pass for, in one line: "ann, step 3 of 4: the
// bytes differ at offset 2".
func (c *Case) Cause() string {
	if c.Status == Broken {
		return clip(Clean("the run broke: "+c.Reason), oneLineMax)
	}
	if len(c.Failures) == 0 {
		return string(c.Status)
	}
	f := &c.Failures[0]
	who := ""
	switch {
	case f.Actor == "":
	case f.Step == 0:
		who = f.Actor + ": "
	default:
		who = fmt.Sprintf("%s, step %d of %d: ", f.Actor, f.Step, f.Steps)
	}
	if f.Over != "" && who != "" {
		who = strings.TrimSuffix(who, ": ") + ", over " + f.Over + ": "
	}
	return clip(Clean(who+f.Message), oneLineMax)
}

// picture is a case's picture, which one that was not written by us may not have.
func (c *Case) picture() string {
	if c.Picture != "" {
		return strings.TrimRight(cleanLines(c.Picture), "\n")
	}
	file, line, column := c.place()
	return fmt.Sprintf("FAIL  %s   %s:%d:%d\n%s%s", Clean(c.Name), Clean(file), line, column, indent, c.Cause())
}

// place is where a case did not pass: its first failure's, or else its own.
func (c *Case) place() (file string, line, column int) {
	if len(c.Failures) > 0 && c.Failures[0].Line > 0 {
		f := &c.Failures[0]
		return cmp.Or(f.File, c.File), f.Line, f.Column
	}
	return c.File, c.Line, c.Column
}

// kind is the kind of a case's first failure.
func (c *Case) kind() string {
	if len(c.Failures) == 0 {
		return string(c.Status)
	}
	return c.Failures[0].Kind
}

// why a case was not played, or not to its end.
func (c *Case) why() string {
	if c.Status == Skipped {
		return c.Reason
	}
	return c.Status.String()
}

// Cause is that of the case; of a flaky scenario, how often it failed too.
func (g *Group) Cause() string {
	if g.Status == Flaky {
		return g.flaky()
	}
	return g.Case.Cause()
}

func (g *Group) flaky() string {
	return fmt.Sprintf("flaky: %d of %d runs failed; run %d: %s", g.Failed, g.Plays, g.Case.Round, g.Case.Cause())
}

// cleanLines is Clean for text of several lines.
func cleanLines(s string) string {
	fine := func(r rune) bool { return r == '\n' || r != utf8.RuneError && unicode.IsPrint(r) }
	if !strings.ContainsFunc(s, func(r rune) bool { return !fine(r) }) {
		return s
	}
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}
