package scenario

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// level is an indentation at which a line may continue what stands above it: a
// list with a dash, or a mapping with a key.
type level struct {
	width int
	dash  bool
	line  int // where it was last
}

// indentOf splits a line into its indentation and its text.
func indentOf(line string) (indent, text string) {
	text = strings.TrimLeft(line, " \t")
	return line[:len(line)-len(text)], text
}

func isDash(text string) bool {
	return text == "-" || strings.HasPrefix(text, "- ") || strings.HasPrefix(text, "-\t")
}

// levels are those that are open above a line, the innermost first.
func levels(lines []string, line int) []level {
	var all []level
	least := 1 << 20
	for n := line - 1; n > max(0, line-500) && least > 0; n-- {
		indent, text := indentOf(lines[n-1])
		if text == "" || text[0] == '#' || len(indent) >= least {
			continue
		}
		most := least
		least = len(indent)
		var here []level
		at := least
		for isDash(text) && at < most {
			here = append(here, level{at, true, n})
			rest := strings.TrimLeft(text[1:], " \t")
			at += len(text) - len(rest)
			text = rest
		}
		if at < most && text != "" {
			here = append(here, level{at, false, n})
		}
		slices.Reverse(here)
		all = append(all, here...)
	}
	return all
}

func (d *draft) lines() []string {
	lines := make([]string, len(d.src.lines()))
	for i := range lines {
		lines[i] = string(d.src.line(i + 1))
	}
	return lines
}

// indented are the ways to make an indentation fit that does not.
func (d *draft) indented(line int) []mend {
	lines := d.lines()
	indent, text := indentOf(lines[line-1])
	if strings.Contains(indent, "\t") || text == "" {
		return nil
	}
	at, open, dash := len(indent), levels(lines, line), isDash(text)
	var mends []mend
	add := func(cost int, at complaint, changes ...change) {
		mends = append(mends, mend{complaints: []complaint{at}, changes: changes, cost: cost * len(changes)})
	}
	missingDash := func(line, from, to int) {
		_, text := indentOf(lines[line-1])
		add(1, complaint{line, from, fmt.Sprintf(`a dash is missing: "- %s"`, shorten(text)), false},
			change{line, 0, from, strings.Repeat(" ", to) + "- "})
	}
	key := (&scan{line: text}).key(0)
	if isStep(text) || text[0] == '{' {
		if width, ok := d.dashes(open, line, at); ok {
			missingDash(line, at, width)
		}
	}
	if first := deeperGroup(lines, line, at); dash && first > 0 {
		if indent, text := indentOf(lines[first-1]); isStep(text) {
			missingDash(first, len(indent), at)
		}
	}
	if !dash && key < 0 && len(open) > 0 {
		add(100, complaint{line, at, fmt.Sprintf("text that belongs to line %d, but is indented no further than that; write it in one line, in quotes",
			d.above+open[0].line), false}, change{line, 0, at, strings.Repeat(" ", open[0].width+1)})
		return mends
	}
	far := func(l level) int { return max(l.width-at, at-l.width) }
	open = slices.DeleteFunc(open, func(l level) bool { return l.dash != dash || far(l) == 0 || far(l) > 4 })
	slices.SortStableFunc(open, func(a, b level) int { return cmp.Compare(far(a), far(b)) })
	for _, l := range open[:min(len(open), 2)] {
		add(100*far(l), complaint{line, at, fmt.Sprintf("the indentation of %d fits no line above; with %d it would go on with line %d",
			at, l.width, d.above+l.line), false}, change{line, 0, at, strings.Repeat(" ", l.width)})
		// Or the lines before it are those that do not fit.
		if first := group(lines, line, l.width); first > 0 {
			add(100*far(l), complaint{first, l.width, fmt.Sprintf("the indentation of %d does not fit line %d, which has %d and goes on with it",
				l.width, d.above+line, at), false}, shifted(lines, first, line, at-l.width)...)
		}
	}
	return mends
}

// isStep reports whether a text is a step without its dash.
func isStep(text string) bool {
	s := scan{line: text}
	if key := s.key(0); key >= 0 {
		return stepWord(text[:key]) != nil
	}
	w := stepWord(text[:s.end(0)])
	return w != nil && w.alone
}

// deeperGroup is the first of the lines right before one that are indented
// further, or 0.
func deeperGroup(lines []string, line, width int) (first int) {
	for n := line - 1; n > max(0, line-500); n-- {
		if indent, text := indentOf(lines[n-1]); text != "" && len(indent) <= width {
			break
		} else if text != "" {
			first = n
		}
	}
	return first
}

// dashes is the indentation of the list that a step without a dash belongs to.
func (d *draft) dashes(open []level, line, at int) (width int, ok bool) {
	if next, text := indentOf(string(d.src.line(d.next(line)))); isDash(text) && max(at-len(next), len(next)-at) <= 3 {
		return len(next), true
	}
	for _, l := range open {
		if l.dash && max(at-l.width, l.width-at) <= 3 {
			return l.width, true
		}
	}
	return 0, false
}

// group is the first of the lines before one that are indented so far at least,
// or 0.
func group(lines []string, line, width int) (first int) {
	for n := line - 1; n > max(0, line-500); n-- {
		switch indent, text := indentOf(lines[n-1]); {
		case text == "":
		case len(indent) < width:
			return first
		case len(indent) == width:
			first = n
		}
	}
	return first
}

// shifted moves lines to the right or, negative, to the left.
func shifted(lines []string, from, to, by int) (changes []change) {
	for n := from; n < to; n++ {
		if indent, text := indentOf(lines[n-1]); text == "" || strings.Contains(indent, "\t") {
			continue
		}
		if by > 0 {
			changes = append(changes, change{n, 0, 0, strings.Repeat(" ", by)})
		} else {
			changes = append(changes, change{n, 0, -by, ""})
		}
	}
	return changes
}

// outOfBlock puts a line of a block back into it that is indented less than the
// lines before it.
func (d *draft) outOfBlock(line int) []mend {
	lines := d.lines()
	indent, text := indentOf(lines[line-1])
	if s := (scan{line: text}); text == "" || strings.Contains(indent, "\t") || isDash(text) || s.key(0) >= 0 {
		return nil
	}
	first := 0 // of the block's text, if it is one
	for n := line - 1; n > max(0, line-500); n-- {
		before, above := indentOf(lines[n-1])
		switch {
		case above == "":
		case len(before) > len(indent):
			first = n
		case first > 0 && len(before) < len(indent) && blockEnd.MatchString(strings.TrimRight(above, " \t")):
			width := len(lines[first-1]) - len(strings.TrimLeft(lines[first-1], " "))
			return []mend{{
				complaints: []complaint{{line, len(indent), fmt.Sprintf("text of the block of line %d, but indented less than its first line", d.above+n), false}},
				changes:    []change{{line, 0, len(indent), strings.Repeat(" ", width)}},
			}}
		default:
			return nil
		}
	}
	return nil
}

// tabMends put spaces in the place of the tabs that a line is indented with,
// and of those in the lines after it.
func (d *draft) tabMends(line int) []mend {
	if indentationTab(d.src.line(line)) < 0 {
		return nil
	}
	const most = 10_000 // lines
	lines := d.lines()
	var all mend
	var tabbed []int
	var one []mend
	for n := line; n <= min(len(lines), line+most); n++ {
		tab := indentationTab([]byte(lines[n-1]))
		indent, text := indentOf(lines[n-1])
		if tab < 0 || text == "" || n > line && tab > 0 {
			continue
		}
		var changes []change
		if strings.Contains(indent, "\t") {
			widths := d.widths(lines, n, indent, isDash(text))
			if n == line {
				for _, w := range widths {
					one = append(one, mend{
						complaints: d.tabComplaints([]int{line}),
						changes:    []change{{line, 0, len(indent), strings.Repeat(" ", w)}},
					})
				}
			}
			d.tabs[indent] = widths[0]
			changes = append(changes, change{n, 0, len(indent), strings.Repeat(" ", widths[0])})
			lines[n-1] = changes[0].text + text
		}
		for i := len(indent); i < len(indent)+len(text) && isDash(text[i-len(indent):]); {
			for i++; i < len(indent)+len(text) && strings.IndexByte(" \t", text[i-len(indent)]) >= 0; i++ {
				if text[i-len(indent)] == '\t' {
					changes = append(changes, change{n, i, i + 1, " "})
				}
			}
		}
		tabbed = append(tabbed, n)
		all.changes = append(all.changes, changes...)
	}
	all.complaints = d.tabComplaints(tabbed)
	return append([]mend{all}, one...)
}

var blockEnd = regexp.MustCompile(`(?:^|[ \t])[|>][+-]?[1-9]?[+-]?$`)

// widths are how many spaces a line's tabs may stand for, the likeliest first.
func (d *draft) widths(lines []string, line int, indent string, dash bool) []int {
	var widths []int
	if w, known := d.tabs[indent]; known {
		widths = append(widths, w)
	}
	open := levels(lines, line)
	if len(open) > 0 {
		above := strings.TrimRight(lines[open[0].line-1], " \t")
		if i := strings.Index(above, " #"); i >= 0 {
			above = strings.TrimRight(above[:i], " \t")
		}
		if strings.HasSuffix(above, ":") || blockEnd.MatchString(above) {
			widths = append(widths, open[0].width+2)
		}
	}
	var stops []int
	for _, tab := range []int{8, 4, 2} {
		stops = append(stops, expanded(indent, tab))
	}
	for _, l := range open {
		if l.dash == dash && slices.Contains(stops, l.width) {
			widths = append(widths, l.width)
		}
	}
	for _, l := range open {
		if l.dash == dash {
			widths = append(widths, l.width)
		}
	}
	return append(widths, stops...)
}

// expanded is how wide blanks are where tabs go to every n-th column.
func expanded(blanks string, n int) int {
	w := 0
	for _, c := range blanks {
		if w++; c == '\t' {
			w = (w + n - 1) / n * n
		}
	}
	return w
}

// tabComplaints are those of lines that are indented with tabs: one for lines
// that follow each other.
func (d *draft) tabComplaints(lines []int) (all []complaint) {
	for i := 0; i < len(lines); {
		j := i + 1
		for j < len(lines) && lines[j] == lines[j-1]+1 {
			j++
		}
		message := "a tab in the indentation; YAML takes only spaces"
		if j-i > 1 {
			message = fmt.Sprintf("tabs in the indentation, down to line %d; YAML takes only spaces", d.above+lines[j-1])
		}
		all = append(all, complaint{lines[i], indentationTab(d.src.line(lines[i])), message, false})
		i = j
	}
	return all
}
