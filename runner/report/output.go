package report

import (
	"bytes"
	"fmt"
	"strings"

	"banter/runner"
)

// Lines of what programs have printed that a failure shows: of the one that it
// is about, of each of the others, and of those together.
const (
	printedMain   = 10
	printedOther  = 3
	printedOthers = 7
)

// printed is what programs have printed, a block for each that has something to
// say, with its last lines.
func (t *Text) printed(r *runner.Result, f *runner.Failure, columns int) (blocks [][]string) {
	others, left := 0, 0
	for i := range r.Outputs {
		o := &r.Outputs[i]
		main := o.Name == f.Actor || strings.HasPrefix(o.Name, programOf(f))
		most := printedOther
		switch {
		case t.opts.Verbose:
			most = transcriptMax
		case main:
			most = printedMain
		}
		block := output(o, most, columns)
		if !main && !t.opts.Verbose {
			if others += height(block); others > printedOthers && block != nil {
				left++
				continue
			}
		}
		if block != nil {
			blocks = append(blocks, block)
		}
	}
	if left > 0 {
		blocks = append(blocks, []string{"what " + count(left, "more program") + " printed is shown by -v"})
	}
	return blocks
}

// programOf is what the names of the outputs begin with that are part of a
// failure.
func programOf(f *runner.Failure) string {
	if f.Program == "" {
		return "\x00" // no name has that
	}
	return f.Program + ","
}

// output is a program's name, how it has ended, and the last lines that it has
// printed.
func output(o *runner.Output, most, columns int) []string {
	end := o.Head
	whole := o.Cut == 0 && len(o.Tail) == 0
	if !whole {
		end = o.Tail
		if o.Cut == 0 {
			end = append(bytes.Clone(o.Head), o.Tail...)
		}
	}
	lines := strings.Split(strings.TrimRight(string(end), "\r\n"), "\n")
	if len(lines) == 1 && lines[0] == "" {
		lines = nil
	}
	name := clip(Clean(o.Name), nameMax)
	if len(lines) == 0 {
		if o.Status == "" {
			return nil
		}
		return []string{clip(fmt.Sprintf("%s has ended: %s", name, o.Status), columns)}
	}
	title := name + " printed"
	if o.Status != "" {
		title = fmt.Sprintf("%s has ended (%s), and printed", name, o.Status)
	}
	if len(lines) > most || o.Cut > 0 {
		title += ", in the end"
		lines = lines[max(0, len(lines)-most):]
	}
	block := []string{clip(title, columns-1) + ":"}
	for _, line := range lines {
		block = append(block, "  "+clip(Clean(strings.TrimRight(line, "\r")), columns-2))
	}
	return block
}
