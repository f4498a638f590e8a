package scenario

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// Format is the source of a scenario file in the one way to write it. Nothing but
// blanks and blank lines change, so that it means the same, and every comment
// stays. So do blanks that Parse warns of, and CRLF where the first line has it.
//
// A file that has mistakes of the language can be formatted. One that is not YAML,
// or has what the language has no use for, can't: the Problems say why. The error
// is that a file would mean something else, which is no fault of the file.
func Format(path string, src []byte) ([]byte, Problems, error) {
	p := Config{}.newParser(path, src, false)
	if p.isText(src) {
		p.documents()
	}
	if problems := p.result().Problems; problems.HaveErrors() {
		return nil, problems.Errors(), nil
	}
	text := bytes.ReplaceAll(p.src.text, []byte("\r\n"), []byte("\n"))
	before := Config{}.newParser(path, text, false).places()
	r := &tokenReader{all: before, text: before.p.src.text}
	tokens, err := r.read()
	if err != nil {
		return nil, nil, err
	}
	out := layOut(tokens)
	after := Config{}.newParser(path, out, false).places()
	same := func(a, b *place) bool { return a.same(b, nil) }
	if !slices.EqualFunc(before.docs, after.docs, same) || ink(text) != ink(out) {
		return nil, nil, errFormat
	}
	if first, _, _ := bytes.Cut(p.src.text, []byte("\n")); bytes.HasSuffix(first, []byte("\r")) {
		out = bytes.ReplaceAll(out, []byte("\n"), []byte("\r\n"))
	}
	return out, nil, nil
}

var errFormat = errors.New("it is written in a way that can't be formatted without changing what it means")

// ink is all of a text that can be seen.
func ink(text []byte) string {
	return strings.Map(func(r rune) rune {
		if isBlank(r) {
			return -1
		}
		return r
	}, string(text))
}

// token is a piece of a file that stays as it is.
type token struct {
	kind  tokenKind
	text  string
	was   int      // its column in the source
	gap   int      // the blanks before it there
	col   int      // its column where it begins a line outside of brackets
	level *nesting // that it is in, or (a dash, a key) that it belongs to
	lines []string // of a block's text, without its indentation; more lines of another text
	empty bool     // a block's head, of no text
	open  bool     // the file ends with a block's text, and not with an end of line
	lost  []bool   // blank lines below a block's text that YAML drops, and Parse warns of: whether they are as deep
}

type tokenKind byte

const (
	lineEndToken  tokenKind = '\n'
	commentToken  tokenKind = '#'
	scalarToken   tokenKind = 'a' // an alias too
	anchorToken   tokenKind = '&'
	blockToken    tokenKind = '|' // the text of a block, below its head
	documentToken tokenKind = 'd' // --- and ...
	openToken     tokenKind = '[' // or {
	closeToken    tokenKind = ']' // or }
	dashToken     tokenKind = '-'
	questionToken tokenKind = '?'
	colonToken    tokenKind = ':'
	commaToken    tokenKind = ','
)

// nesting is a list or a mapping outside of brackets: the columns of its dashes or
// keys. At the top of a document nothing is, which is as good as -2.
type nesting struct {
	was, col int
	up       *nesting
}

func (l *nesting) below() *nesting { return &nesting{col: l.col + 2, up: l} }

// tokenReader cuts a file into tokens. It follows the values as YAML has read
// them, so that between two of them there are only marks and comments.
type tokenReader struct {
	all    *places
	text   []byte
	at     int // up to here there are tokens
	tokens []token
	err    error

	measured, wide int // of column
}

func (r *tokenReader) read() ([]token, error) {
	for _, doc := range r.all.docs {
		r.value(doc, &nesting{was: -2, col: -2})
	}
	top := &nesting{was: -2, col: -2}
	r.gap(func(at int) bool { return at == len(r.text) }, top, top)
	return r.tokens, r.err
}

func (r *tokenReader) value(pl *place, in *nesting) {
	y := pl.y
	bracket := len(r.text) > r.all.begin(pl) && strings.IndexByte("[{", r.text[r.all.begin(pl)]) >= 0
	switch {
	case y.Kind != yaml.MappingNode && y.Kind != yaml.SequenceNode:
		r.scalar(pl, y, in, in)
	case y.Style&yaml.FlowStyle != 0 && bracket:
		r.to(r.all.begin(pl), in, in)
		r.add(token{kind: openToken, level: in, col: in.col + 2}, 1)
		for _, c := range pl.children {
			if c.key != nil {
				r.scalar(nil, c.key, in, in)
			}
			r.value(c, in)
		}
		r.gap(func(at int) bool { return strings.IndexByte("]}", r.text[at]) >= 0 }, in, in)
		r.add(token{kind: closeToken, level: in, col: in.col + 2}, 1)
	case y.Style&yaml.FlowStyle != 0: // one entry in a list in brackets
		for _, c := range pl.children {
			r.scalar(nil, c.key, in, in)
			r.value(c, in)
		}
	case y.Kind == yaml.MappingNode:
		l := in.below()
		for i, c := range pl.children {
			if i == 0 {
				l.was = c.key.Column - 1
			}
			r.key(c.key, l)
			r.value(c, l)
		}
	default:
		l := in.below()
		for i, c := range pl.children {
			r.gap(func(at int) bool { return r.text[at] == '-' && !r.marker(at) }, l, in)
			if i == 0 {
				l.was = r.column(r.at)
			}
			r.add(token{kind: dashToken, level: l, col: l.col}, 1)
			r.value(c, l)
		}
	}
}

// key is a key outside of brackets.
func (r *tokenReader) key(y *yaml.Node, l *nesting) {
	first := len(r.tokens)
	r.scalar(nil, y, l, l.up)
	for i := first; i < len(r.tokens); i++ {
		switch t := &r.tokens[i]; t.kind {
		case questionToken:
			l.was = t.was
			return
		case scalarToken:
			t.col = l.col
		}
	}
}

// scalar is a scalar or an alias; as a key it has no place.
func (r *tokenReader) scalar(pl *place, y *yaml.Node, in, behind *nesting) {
	if pl == nil {
		pl = &place{y: y}
	}
	style := styleOf(y)
	if y.Kind == yaml.ScalarNode && style == plain && y.Value == "" {
		return // nothing is written
	}
	from := r.all.begin(pl)
	r.to(from, in, behind)
	if y.Kind == yaml.ScalarNode && (style == literalBlock || style == foldedBlock) {
		r.block(pl, in)
		return
	}
	s, ok := span{from: from}, true
	if y.Kind == yaml.ScalarNode && style == plain {
		s.to, _ = wordsEnd(r.text, from, y.Value)
	} else {
		s, ok = r.all.span(pl)
	}
	if !ok || s.to <= from || r.err != nil {
		r.fail()
		return
	}
	t := token{kind: scalarToken, level: in, col: in.col + 2}
	pieces := strings.Split(string(r.text[from:s.to]), "\n")
	for _, piece := range pieces[1:] {
		piece = strings.TrimLeft(piece, " \t")
		if style == plain {
			piece = strings.TrimRight(piece, " \t")
		}
		t.lines = append(t.lines, piece)
	}
	if style == plain {
		pieces[0] = strings.TrimRight(pieces[0], " \t")
		if prompt.MatchString(y.Value) && blanksAt(r.text[s.to:]) { // which Parse warns of
			if n := len(t.lines); n > 0 {
				t.lines[n-1] += " "
			} else {
				pieces[0] += " "
			}
		}
	}
	r.add(t, s.to-from)
	r.tokens[len(r.tokens)-1].text = pieces[0]
}

// block is a block scalar: its head, what stands behind that, and its text.
func (r *tokenReader) block(pl *place, in *nesting) {
	head := r.at + 1
	digit := 0
	for head < len(r.text) && strings.IndexByte("+-123456789", r.text[head]) >= 0 {
		if c := r.text[head]; c >= '1' && c <= '9' {
			digit = int(c - '0')
		}
		head++
	}
	keep := bytes.IndexByte(r.text[r.at:head], '+') >= 0
	stripped := bytes.IndexByte(r.text[r.at:head], '-') >= 0
	r.add(token{kind: scalarToken, level: in, col: in.col + 2, empty: strings.Trim(pl.y.Value, "\n") == ""}, head-r.at)
	r.to(nextLine(r.text, r.at), in, in)

	t := token{kind: blockToken, level: in, col: in.col + 2}
	indent := -1 // of the text; not known yet
	if digit > 0 {
		indent, t.col = max(in.was, 0)+digit, max(in.col, 0)+digit
	}
	deepest := max(in.was+1, 0) // of the blank lines before it
	end, text := r.at, 0        // of the last line that counts, and how many lines there are up to it
	for at := r.at; at < len(r.text); {
		line := r.text[at:lineEnd(r.text, at)]
		blanks := leadingBlanks(line, 0)
		blank := blanks == len(line) && (indent < 0 || blanks <= indent)
		deepest = max(deepest, blanks)
		if !blank && indent < 0 {
			indent = deepest
		}
		if !blank && blanks < indent {
			break
		}
		at = nextLine(r.text, at)
		if blank {
			t.lines = append(t.lines, "")
		} else {
			t.lines = append(t.lines, string(line[indent:]))
		}
		if !blank || keep {
			end, text = at, len(t.lines)
		}
	}
	if text == 0 {
		return
	}
	t.lost, t.lines = r.lostBlanks(pl, t.lines[text:], end, indent), t.lines[:text]
	for range t.lost {
		end = nextLine(r.text, end)
	}
	t.open = end == len(r.text) && r.text[end-1] != '\n' && !stripped
	r.add(t, end-r.at)
}

// lostBlanks is what Parse warns of below a block's text: blank lines that YAML
// drops.
func (r *tokenReader) lostBlanks(pl *place, lines []string, at, indent int) (lost []bool) {
	if len(lines) == 0 {
		return nil
	}
	p := r.all.p
	before := len(p.file.Problems)
	if p.lostBlank(r.all.node(pl)); len(p.file.Problems) == before {
		return nil
	}
	for range lines {
		lost = append(lost, leadingBlanks(r.text, at) >= indent)
		at = nextLine(r.text, at)
	}
	return lost
}

// to takes what stands before the next value.
func (r *tokenReader) to(off int, in, behind *nesting) {
	r.gap(func(at int) bool { return at >= off }, in, behind)
	if r.at != off {
		r.fail()
	}
}

// gap takes marks and comments, up to where it is done. In is what a question mark
// belongs to, and behind what a colon or an anchor does.
func (r *tokenReader) gap(done func(at int) bool, in, behind *nesting) {
	for r.err == nil && (r.at < len(r.text) || !done(r.at)) {
		if r.at >= len(r.text) {
			r.fail()
			return
		}
		if done(r.at) {
			return
		}
		switch c := r.text[r.at]; {
		case c == ' ' || c == '\t':
			r.at++
		case c == '\n':
			r.add(token{kind: lineEndToken}, 1)
		case c == '#':
			r.add(token{kind: commentToken, level: in}, lineEnd(r.text, r.at)-r.at)
		case r.marker(r.at):
			r.add(token{kind: documentToken}, 3)
		case c == '%' && r.column(r.at) == 0:
			r.add(token{kind: documentToken}, lineEnd(r.text, r.at)-r.at)
		case c == ',' || c == '?':
			r.add(token{kind: tokenKind(c), level: in, col: in.col}, 1)
		case c == ':':
			r.add(token{kind: colonToken, level: behind, col: behind.col}, 1)
		case c == '&':
			rest := bytes.TrimLeftFunc(r.text[r.at+1:], isAnchor)
			r.add(token{kind: anchorToken, level: behind, col: behind.col + 2}, len(r.text)-len(rest)-r.at)
		default:
			r.fail()
		}
	}
}

// isAnchor reports whether a character can be in the name of an anchor.
func isAnchor(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-'
}

// marker reports whether a mark between documents stands there.
func (r *tokenReader) marker(at int) bool {
	if at > 0 && r.text[at-1] != '\n' || len(r.text) < at+3 {
		return false
	}
	mark := string(r.text[at : at+3])
	return (mark == "---" || mark == "...") && (at+3 == len(r.text) || isBlank(rune(r.text[at+3])))
}

// add adds a token of so many bytes.
func (r *tokenReader) add(t token, n int) {
	if r.err != nil {
		return
	}
	t.was = r.column(r.at)
	t.gap = r.at - len(bytes.TrimRight(r.text[:r.at], " \t"))
	if t.kind != blockToken && t.kind != lineEndToken {
		t.text = strings.TrimRightFunc(string(r.text[r.at:r.at+n]), unicode.IsSpace)
	}
	r.at += n
	r.tokens = append(r.tokens, t)
}

func (r *tokenReader) fail() { r.err = errFormat }

// column is how wide what stands before an offset in its line is. Offsets only
// grow, so that a file of one long line costs no more than others.
func (r *tokenReader) column(at int) int {
	if r.measured > at {
		r.measured, r.wide = lineStart(r.text, at), 0
	}
	piece := r.text[r.measured:at]
	if newline := bytes.LastIndexByte(piece, '\n'); newline >= 0 {
		piece, r.wide = piece[newline+1:], 0
	}
	r.wide += width(string(piece))
	r.measured = at
	return r.wide
}
