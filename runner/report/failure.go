package report

import (
	"cmp"
	"fmt"
	"strings"

	"banter/runner"
	"banter/runner/scenario"
)

// A failure is one screen. The lanes get what the rest leaves of it, but at
// least lanesMin.
const (
	screen   = 40
	lanesMin = 10
	notesMax = 5 // lines of notes
	othersIn = 6 // failures that follow from the first, by name
)

// failure is the picture of a play that failed: the cause on top, then what
// followed from it, and how to run just this again.
func (t *Text) failure(p *runner.Play) []string {
	st := t.style
	name := Clean(p.Scenario.Name)
	if p.Round > 1 {
		name += fmt.Sprintf(" (run %d)", p.Round)
	}
	if p.Result.Real {
		name += " (real)"
	}
	again := []string{"again: " + t.again(p.Scenario)}
	if p.Err != nil {
		return frame(st.headline(name, p.Scenario.Pos), []string{"the run broke: " + Clean(p.Err.Error())}, again)
	}
	r := &p.Result
	f := &r.Failures[0]
	pos := f.Pos
	if !pos.IsValid() {
		pos = p.Scenario.Pos
	}
	columns := t.opts.Columns - len(indent)

	name = clip(name, max(nameMin, columns-width(pos.String())-3))
	headline := st.headline(name, pos)
	cause := []string{clip(who(f)+Clean(f.Message), 2*columns)}
	cause = append(cause, fold(f.Notes, notesMax, columns)...)
	cause = append(cause, fold(notes(p.Scenario, f), notesMax, columns)...)
	bytes := st.difference(f, columns)
	source := st.source(p.Scenario.File, pos, columns)

	used := 1 + len(cause) + height(bytes) + height(source) + height(again)
	printed := t.printed(r, f, columns)
	for _, block := range printed {
		used += height(block)
	}
	followed := consequences(r.Failures[1:], screen-used-lanesMin-1, columns)
	for _, block := range followed {
		used += height(block)
	}
	lanes := st.lanes(r, f, columns, screen-used-1)

	blocks := [][]string{cause, bytes, source, lanes}
	blocks = append(blocks, followed...)
	blocks = append(blocks, printed...)
	if t.opts.Verbose {
		blocks = append(blocks, transcripts(r), differences(r))
	}
	return frame(headline, append(blocks, again)...)
}

func (st style) headline(name string, pos scenario.Pos) string {
	line := st.fail("FAIL") + "  " + name
	if pos.IsValid() {
		line += "   " + Clean(pos.String())
	}
	return line
}

// frame puts blocks below a headline: the first directly, the others after a
// blank line each.
func frame(headline string, blocks ...[]string) []string {
	lines := []string{headline}
	for i, block := range blocks {
		if i > 0 && len(block) > 0 {
			lines = append(lines, "")
		}
		for _, line := range block {
			lines = append(lines, strings.TrimRight(indent+line, " "))
		}
	}
	return lines
}

// height is the lines that a block and the blank line before it take.
func height(block []string) int {
	if len(block) == 0 {
		return 0
	}
	return len(block) + 1
}

// who says whose failure it is: "ann, step 3 of 4: ". Its name must leave room
// for what there is to say.
func who(f *runner.Failure) string {
	name := clip(Clean(f.Actor), nameMax)
	switch {
	case f.Actor == "":
		return ""
	case f.Step == 0 && f.Over != "":
		return name + ", over " + Clean(f.Over) + ": "
	case f.Step == 0:
		return name + ": "
	}
	over := ""
	if f.Over != "" {
		over = ", over " + Clean(f.Over)
	}
	return fmt.Sprintf("%s, step %d of %d%s: ", name, f.Step, f.Steps, over)
}

// notes are what the file has for people who read this: the row of its cases,
// and the notes of the step and of the actor.
func notes(s *scenario.Scenario, f *runner.Failure) (lines []string) {
	if s.Case != "" {
		lines = append(lines, "case: "+s.Case)
	}
	if f.In != nil && f.In.Note != "" {
		lines = append(lines, "note: "+f.In.Note)
	}
	name, _, _ := strings.Cut(f.Actor, "/") // of a client's copies, and of a server's connections
	note := ""
	if c := s.Client(name); c != nil {
		note = c.Note
	} else if srv := s.Server(name); srv != nil {
		note = srv.Note
	}
	if note != "" {
		lines = append(lines, "note of "+name+": "+note)
	}
	return lines
}

// consequences are the failures after the first: those that follow from it,
// and who still waited when the scenario ended. They have so many lines in all.
func consequences(failures []runner.Failure, room, columns int) [][]string {
	var after, waiting []string
	for i := range failures {
		f := &failures[i]
		line := who(f) + Clean(f.Message)
		if f.Pos.IsValid() {
			line = fmt.Sprintf("%s (line %d)", clip(line, columns-16), f.Pos.Line)
		}
		if f.Kind == runner.Unfinished {
			waiting = append(waiting, line)
		} else {
			after = append(after, line)
		}
	}
	limit := othersIn
	for limit > 1 && listHeight(after, limit)+listHeight(waiting, limit) > room {
		limit--
	}
	var blocks [][]string
	add := func(title string, list []string) {
		if len(list) == 0 {
			return
		}
		block := []string{title}
		for _, line := range fold(list, limit, columns-2) {
			block = append(block, "  "+line)
		}
		blocks = append(blocks, block)
	}
	add("after that:", after)
	add("still waiting:", waiting)
	return blocks
}

// listHeight is the lines that a titled list takes.
func listHeight(list []string, limit int) int {
	switch {
	case len(list) == 0:
		return 0
	case len(list) > limit:
		return 2 + limit + 1
	}
	return 2 + len(list)
}

// fold is the first lines of a list, each in one line, and how many more there
// are.
func fold(list []string, limit, columns int) []string {
	var lines []string
	for i, s := range list {
		if i == limit {
			return append(lines, fmt.Sprintf("and %d more", len(list)-limit))
		}
		lines = append(lines, clip(Clean(s), columns))
	}
	return lines
}

// again is the command that runs just this scenario.
func (t *Text) again(s *scenario.Scenario) string {
	if t.opts.Again != "" {
		return t.opts.Again
	}
	words := []string{"banter", cmp.Or(t.opts.Command, "run")}
	for _, flag := range t.opts.Flags {
		words = append(words, ShellWord(flag))
	}
	words = append(words, "--filter", filterFor(s.Name))
	file := path(s)
	switch {
	case file == scenario.StdinName:
		file = scenario.Stdin
	case strings.HasPrefix(file, "-"):
		words = append(words, "--")
	}
	return strings.Join(append(words, ShellWord(file)), " ")
}
