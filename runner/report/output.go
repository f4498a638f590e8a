package report

import (
	"bytes"
	"fmt"
	"strings"

	"banter/runner"
)

// Lines of what programs have printed that a failure shows: of the one that it
// is about, and of each of the others.
const (
	printedMain  = 10
	printedOther = 3
)

// printed is what programs have printed, a block for each that has something to
// say, with its last lines. Of what the failure is not about, as much is shown as
// there is room for.
func (t *Text) printed(r *runner.Result, f *runner.Failure, room, columns int) (blocks [][]string) {
	var others [][]string
	for i := range r.Outputs {
		o := &r.Outputs[i]
		switch {
		case t.opts.Verbose:
			blocks = append(blocks, output(o, transcriptMax, columns))
		case o.Name == f.Actor, f.Program != "" && strings.HasPrefix(o.Name, f.Program+","):
			block := output(o, min(printedMain, max(printedOther, room)), columns)
			room -= height(block)
			blocks = append(blocks, block)
		default:
			if block := output(o, printedOther, columns); block != nil {
				others = append(others, block)
			}
		}
	}
	for i, block := range others {
		if room -= height(block); room < 0 {
			return append(blocks, []string{clip("what "+count(len(others)-i, "more program")+" printed is shown by -v", columns)})
		}
		blocks = append(blocks, block)
	}
	return blocks
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
