package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"banter/runner"
	"banter/runner/scenario"
)

// A failure is one screen. The lanes get what the rest leaves of it, but at
// least lanesMin.
const (
	screen          = 40
	lanesMin        = 10
	lanesMax        = 18  // more of a conversation is no help
	messageMax      = 3   // lines of a message
	notesMax        = 4   // lines of notes
	othersIn        = 6   // failures that follow from the first, by name
	consequencesMin = 8   // lines of those, of both kinds
	filterMax       = 100 // bytes of an expression to find a name by
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
	again := []string{"again: " + t.again(p)}
	columns := t.opts.Columns - len(indent)
	if p.Err != nil {
		return frame(st.headline(name, p.Scenario.Pos, columns), t.message("the run broke: "+p.Err.Error(), columns), again)
	}
	r := &p.Result
	f := &r.Failures[0]
	pos := f.Pos
	if !pos.IsValid() {
		pos = p.Scenario.Pos
	}
	headline := st.headline(name, pos, columns)
	cause := t.message(who(f)+f.Message, columns)
	cause = append(cause, fold(f.Notes, notesMax, columns)...)
	cause = append(cause, fold(notes(p.Scenario, f), notesMax, columns)...)
	bytes := st.difference(f, columns)
	source := st.source(p.Scenario.File, pos, columns)

	used := rows(headline, t.opts.Columns) + len(cause) + height(bytes) + height(source) + 1 + rows(indent+again[0], t.opts.Columns)
	room := screen - used - lanesMin
	if len(r.Failures) > 1 {
		room -= consequencesMin
	}
	printed := t.printed(r, f, room, columns)
	for _, block := range printed {
		used += height(block)
	}
	followed := consequences(r.Failures[1:], screen-used-lanesMin-1, columns)
	for _, block := range followed {
		used += height(block)
	}
	for used > screen && len(printed) > 1 { // long names on a narrow terminal
		used -= height(printed[len(printed)-1])
		printed = printed[:len(printed)-1]
	}
	lanes := st.lanes(r, f, columns, min(screen-used-1, lanesMax))

	blocks := [][]string{cause, bytes, source, lanes}
	blocks = append(blocks, followed...)
	blocks = append(blocks, printed...)
	if t.opts.Verbose {
		blocks = append(blocks, transcripts(r, failingMax), differences(r, failingMax))
	}
	return frame(headline, append(blocks, again)...)
}

// message is what there is to say first. In a pipe it is one line, to be found
// by other programs.
func (t *Text) message(s string, columns int) []string {
	if t.piped {
		return []string{clip(Clean(s), messageMax*columns)}
	}
	return wrap(Clean(s), columns, messageMax)
}

func (st style) headline(name string, pos scenario.Pos, columns int) string {
	if !pos.IsValid() {
		return st.fail("FAIL") + "  " + clip(name, columns)
	}
	place := Clean(pos.String())
	return st.fail("FAIL") + "  " + clip(name, max(nameMin, columns-width(place)-3)) + "   " + place
}

// rows is how many lines of a terminal a line takes, without its colours.
func rows(line string, columns int) int {
	return max(1, (width(colors.ReplaceAllString(line, ""))+columns-1)/columns)
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
func who(f *runner.Failure) string { return whose(clip(Clean(f.Actor), nameMax), f) }

// whose says it of an actor of this name, or of several.
func whose(name string, f *runner.Failure) string {
	switch {
	case name == "":
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
	var after, waiting [][]*runner.Failure
	for _, same := range alike(failures) {
		if same[0].Kind == runner.Unfinished {
			waiting = append(waiting, same)
		} else {
			after = append(after, same)
		}
	}
	// All were woken at the same time, so their order is that of the file.
	slices.SortStableFunc(waiting, func(a, b []*runner.Failure) int { return cmp.Compare(a[0].Pos.Line, b[0].Pos.Line) })
	limit := othersIn
	for limit > 1 && listHeight(len(after), limit)+listHeight(len(waiting), limit) > room {
		limit--
	}
	var blocks [][]string
	add := func(title string, list [][]*runner.Failure) {
		if len(list) == 0 {
			return
		}
		block := []string{title}
		for _, same := range list[:min(len(list), limit)] {
			block = append(block, "  "+alikeText(same, columns-2))
		}
		if more := len(list) - limit; more > 0 {
			block = append(block, fmt.Sprintf("  and %d more", more))
		}
		blocks = append(blocks, block)
	}
	add("after that:", after)
	add("still waiting:", waiting)
	return blocks
}

// alike brings together the failures of actors that say the same of the same
// step, in the order of the first of each.
func alike(failures []runner.Failure) (groups [][]*runner.Failure) {
	type what struct {
		pos     scenario.Pos
		message string
	}
	at := map[what]int{}
	for i := range failures {
		f := &failures[i]
		key := what{f.Pos, f.Message}
		n, ok := at[key]
		if !ok {
			n = len(groups)
			at[key] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], f)
	}
	return groups
}

// alikeText is a line for failures that are alike.
func alikeText(same []*runner.Failure, columns int) string {
	f := same[0]
	for _, other := range same { // of those who fail at about the same time, chance has the first
		if len(other.Actor) < len(f.Actor) || len(other.Actor) == len(f.Actor) && other.Actor < f.Actor {
			f = other
		}
	}
	name := clip(Clean(f.Actor), nameMax)
	if len(same) > 1 {
		name = fmt.Sprintf("%s and %d more", name, len(same)-1)
	}
	message := Clean(f.Message)
	if f.Kind == runner.Unfinished { // under a title that says so
		message = strings.TrimPrefix(message, "was waiting: ")
	}
	line := whose(name, f) + message
	if !f.Pos.IsValid() {
		return clip(line, columns)
	}
	place := fmt.Sprintf(" (line %d)", f.Pos.Line)
	return clip(line, columns-len(place)) + place
}

// listHeight is the lines that a titled list of so many takes.
func listHeight(n, limit int) int {
	switch {
	case n == 0:
		return 0
	case n > limit:
		return 2 + limit + 1
	}
	return 2 + n
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

// wrap is a text in so many lines at most, broken at blanks where it has some.
func wrap(s string, columns, most int) (lines []string) {
	for width(s) > columns && len(lines) < most-1 {
		line := cells.Truncate(s, columns+1, "")
		if blank := strings.LastIndexByte(line, ' '); blank > len(line)/2 {
			line = line[:blank]
		} else {
			line = cells.Truncate(s, columns, "")
		}
		lines = append(lines, line)
		s = strings.TrimPrefix(s[len(line):], " ")
	}
	return append(lines, clip(s, columns))
}

// again is the command that runs just this scenario.
func (t *Text) again(p *runner.Play) string {
	if t.opts.Again != "" {
		return t.opts.Again
	}
	s := p.Scenario
	words := []string{"banter", cmp.Or(t.opts.Command, "run")}
	for _, flag := range t.opts.Flags {
		words = append(words, ShellWord(flag))
	}
	if changes := p.Result.Changes; changes != nil {
		var list []string
		for _, c := range changes {
			list = append(list, c.String())
		}
		words = append(words, "--perturb", ShellWord(strings.Join(list, ",")))
	}
	words = append(words, "--filter", filterFor(s.Name, filterMax))
	file := path(s)
	switch {
	case file == scenario.StdinName:
		file = scenario.Stdin
	case strings.HasPrefix(file, "-"):
		words = append(words, "--")
	}
	return strings.Join(append(words, ShellWord(file)), " ")
}
