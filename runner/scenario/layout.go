package scenario

import (
	"maps"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

// layout is a file while its lines are put together.
type layout struct {
	lines    []outLine
	line     outLine
	text     []byte          // of the line
	begun    bool            // the line has something in it
	last     tokenKind       // of the line
	brackets []bracketColumn // those that are open
	level    *nesting        // that the last token outside of them is in
}

// bracketColumn is where what stands in brackets begins a line: by two deeper than
// what they are in. In the outermost, it is below what follows in the bracket's line.
type bracketColumn struct {
	col      int // 0: not known yet
	followed bool
}

// outLine is a line of a formatted file.
type outLine struct {
	text    string
	width   int    // of the text
	comment string // behind the text
	was     int    // the comment's column in the source
	gap     int    // the blanks before it there
	fixed   bool   // a part of a text, which counts even if it is blank
	marker  bool   // it stands between documents
}

// layOut is the text that tokens make.
func layOut(tokens []token) []byte {
	l := &layout{}
	behind := followers(tokens)
	open := false
	for i, t := range tokens {
		switch t.kind {
		case lineEndToken:
			l.endLine(false)
		case commentToken:
			if l.begun {
				l.line.comment, l.line.was, l.line.gap = t.text, t.was, t.gap
				break
			}
			l.begin(l.commentColumn(t, behind[i]))
			l.put(t.text)
		case blockToken:
			for _, line := range t.lines {
				if line != "" {
					l.begin(t.col)
					l.put(line)
				}
				l.endLine(true)
			}
			for _, deep := range t.lost {
				if deep {
					l.begin(t.col)
				}
				l.endLine(true)
			}
		default:
			l.add(t)
		}
		if t.kind != lineEndToken && t.kind != commentToken {
			open = t.open
		}
	}
	if l.begun {
		l.endLine(false)
	}
	l.alignComments()
	out := l.join()
	if open {
		out = out[:len(out)-1]
	}
	return out
}

// followers is, for each token, the next one that is neither a comment nor the
// end of a line.
func followers(tokens []token) []*token {
	all := make([]*token, len(tokens))
	var next *token
	for i := len(tokens) - 1; i >= 0; i-- {
		all[i] = next
		if kind := tokens[i].kind; kind != commentToken && kind != lineEndToken {
			next = &tokens[i]
		}
	}
	return all
}

// add puts a token behind those before it, or at the beginning of a line.
func (l *layout) add(t token) {
	if l.begun {
		l.put(between(l.last, t.kind))
		if l.last == openToken && t.kind != closeToken && len(l.brackets) == 1 {
			l.brackets[0] = bracketColumn{l.line.width, true}
		}
	}
	indent := max(t.col, 0)
	if len(l.brackets) > 0 {
		b := l.inside(t.level)
		if indent = b.col; t.kind == closeToken && b.followed {
			indent--
		}
	}
	if !l.begun {
		l.begin(indent)
	}
	l.put(t.text)
	for _, line := range t.lines {
		l.endLine(true)
		if line != "" {
			l.begin(indent)
			l.put(line)
		}
	}
	l.line.marker = t.kind == documentToken
	l.last, l.level = t.kind, t.level
	if t.empty { // what is indented below it would be its text
		l.level = nil
	}
	switch t.kind {
	case openToken:
		l.brackets = append(l.brackets, bracketColumn{})
	case closeToken:
		l.brackets = l.brackets[:len(l.brackets)-1]
	}
}

// inside is the innermost of the open brackets. In is what they all stand in.
func (l *layout) inside(in *nesting) bracketColumn {
	col := 0
	if in != nil {
		col = max(in.col, 0)
	}
	for i := range l.brackets {
		if b := &l.brackets[i]; b.col == 0 {
			b.col = col + 2
		}
		col = l.brackets[i].col
	}
	return l.brackets[len(l.brackets)-1]
}

// between is what stands between two tokens of a line. A colon without a value has
// a blank behind it all the same, or YAML would not see it.
func between(a, b tokenKind) string {
	switch {
	case a == openToken, a != colonToken && (b == closeToken || b == commaToken), b == colonToken && a == scalarToken:
		return ""
	}
	return " "
}

// commentColumn is where a comment stands that has a line of its own: as deep as
// what comes next, or as something that ends before that and that it stood below.
func (l *layout) commentColumn(t token, next *token) int {
	if len(l.brackets) > 0 {
		return l.inside(t.level).col
	}
	was, col := 0, 0
	if next != nil && next.kind != documentToken {
		was, col = next.was, max(next.col, 0)
	}
	best, found := col, was <= t.was
	for up := l.level; up != nil && up.col >= max(col, 0); up = up.up {
		if up.was <= t.was && (!found || up.was > was) {
			was, best, found = up.was, up.col, true
		}
	}
	return best
}

func (l *layout) begin(col int) {
	l.put(strings.Repeat(" ", col))
	l.begun = true
}

func (l *layout) put(text string) {
	l.text = append(l.text, text...)
	l.line.width += width(text)
}

func (l *layout) endLine(fixed bool) {
	l.line.text, l.line.fixed = string(l.text), fixed
	l.lines = append(l.lines, l.line)
	l.line, l.text, l.begun, l.last = outLine{}, l.text[:0], false, lineEndToken
}

// alignComments puts the comments behind their texts: one blank away, and below
// each other where somebody has put them so.
func (l *layout) alignComments() {
	from := 0
	for i := range l.lines {
		if line := &l.lines[i]; line.text == "" && !line.fixed || line.marker {
			alignParagraph(l.lines[from:i])
			alignParagraph(l.lines[i : i+1])
			from = i + 1
		}
	}
	alignParagraph(l.lines[from:])
	for i := range l.lines {
		if line := &l.lines[i]; line.comment != "" {
			line.text += strings.Repeat(" ", line.gap) + line.comment
		}
	}
}

// alignParagraph sets the gaps of lines that no blank line divides. Comments in a
// column stay in one, wherever the longest of their lines puts it. Some of these
// may stand out in the source: those between them, with one blank. Columns that
// come together are one from then on, so that there is nothing left to do in what
// is formatted.
func alignParagraph(lines []outLine) {
	for changed := true; changed; {
		changed = false
		first, last, meant := map[int]int{}, map[int]int{}, map[int]bool{}
		for i, line := range lines {
			if line.comment == "" {
				continue
			}
			if _, seen := first[line.was]; !seen {
				first[line.was] = i
			}
			last[line.was] = i
			meant[line.was] = meant[line.was] || line.gap > 1
		}
		for _, was := range slices.Sorted(maps.Keys(first)) {
			var members []*outLine
			column := 0
			for i := first[was]; i <= last[was]; i++ {
				line := &lines[i]
				out := meant[was] && line.was > was && line.gap == 1
				if line.comment != "" && (line.was == was || out) {
					members = append(members, line)
					column = max(column, line.width+1)
				}
			}
			for _, line := range members {
				if gap := column - line.width; line.was != column || line.gap != gap {
					line.was, line.gap, changed = column, gap, true
				}
			}
		}
	}
}

// join is the lines, without blank ones at both ends and beside what stands
// between documents, and with one where there were more.
func (l *layout) join() []byte {
	var out []byte
	blank := true // none is wanted here
	pending := false
	for _, line := range l.lines {
		if line.text == "" && !line.fixed {
			pending = !blank
			continue
		}
		if pending && !line.marker {
			out = append(out, '\n')
		}
		out = append(append(out, line.text...), '\n')
		pending, blank = false, line.marker
	}
	return out
}

// width is how many columns a text takes, whatever the language of the system.
func width(s string) int { return narrow.StringWidth(s) }

var narrow = &runewidth.Condition{StrictEmojiNeutral: true}
