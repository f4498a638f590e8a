package scenario

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// An error of YAML's syntax hides all that comes after it in its document. So
// each is mended in memory: where it is known what was meant, that is put in its
// place, and the document is read again.

// The bounds of mending, for a whole file.
const (
	maxMends  = 100      // after a hundred mistakes the rest is better read again from the start
	maxEffort = 16 << 20 // bytes that are read
	maxTries  = 24       // for one mistake
)

// mending is what mistakes of a file are mended already.
type mending struct {
	mends   int
	effort  int            // so far, in bytes
	mended  map[Pos]bool   // values whose text in the file is not what was read
	doubted map[Pos]string // the one complaint about a value of which it is not sure what it is
}

// draft is the text of one document while it is mended.
type draft struct {
	p     *parser
	src   source
	above int            // lines of the file before it
	edits map[int][]edit // by line, in the order in which they were made
	tabs  map[string]int // how wide blanks with tabs in them were taken to be
}

// edit is a change within a line, in characters of the line as it was then.
type edit struct{ col, del, ins int }

// mend is what a mistake is, and the text that was meant.
type mend struct {
	complaints []complaint
	changes    []change
	sure       bool // whatever the reader stopped at
	cost       int  // of two with which the reader comes equally far the smaller is taken
}

// complaint is what is wrong at a byte of a line.
type complaint struct {
	line, at int
	message  string
	doubt    bool // it may be no text that was meant: nothing else is said of it
}

// change puts a text in place of some bytes of a line.
type change struct {
	line, from, to int
	text           string
}

// reading is what became of a text.
type reading struct {
	trees   []*yaml.Node
	err     error
	message string // of the error, without its line
	size    int    // of the text
	read    int    // bytes, before the reader gave up
	stop    int    // where it is wrong: what begins and never ends, at its beginning
}

// drafts cuts the file into its documents. A line that starts with --- starts
// one wherever it stands; the directives before it belong to it.
func (p *parser) drafts() []*draft {
	var all []*draft
	text, starts := p.src.text, p.src.lines()
	begin, loose := 0, 0 // loose: the line since which there was nothing to read, or -1
	cut := func(line int) {
		if line == begin {
			return
		}
		end := len(text)
		if line < len(starts) {
			end = starts[line]
		}
		all = append(all, &draft{
			p: p, src: source{text: text[starts[begin]:end]}, above: begin,
			edits: map[int][]edit{}, tabs: map[string]int{},
		})
		begin = line
	}
	for i, start := range starts {
		line := bytes.TrimRight(text[start:], " \t\r\n")
		if i+1 < len(starts) {
			line = bytes.TrimRight(text[start:starts[i+1]], " \t\r\n")
		}
		switch {
		case isMark(line, "---"):
			if loose < 0 {
				loose = i
			}
			cut(loose)
			loose = -1
		case isMark(line, "..."):
			loose = i + 1
		case len(line) > 0 && line[0] != '#' && line[0] != '%':
			loose = -1
		}
	}
	cut(len(starts))
	return all
}

func isMark(line []byte, mark string) bool {
	rest, found := bytes.CutPrefix(line, []byte(mark))
	return found && (len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t')
}

var played = regexp.MustCompile(`(?m)^(servers|clients|dialogue)\s*:`)

// shares reports whether a document looks as if it only gave to others.
func (d *draft) shares() bool { return !played.Match(d.src.text) }

// read reads a draft's documents, with all mistakes mended that can be. It
// reports whether there is something to look at.
func (d *draft) read() ([]*yaml.Node, bool) {
	now := d.p.try(d.src.text)
	for now.err != nil {
		next, ok := d.mend(now)
		if !ok {
			d.syntaxError(now.err)
			return nil, false
		}
		now = next
	}
	return now.trees, true
}

// mend finds a change with which the reader comes further, makes it, and says
// what was wrong.
func (d *draft) mend(now reading) (reading, bool) {
	tries := 0
	for _, find := range d.finders(now) {
		found := find()
		var best *mend
		var then reading
		var text []byte
		for i := range found.mends {
			if tries++; tries > maxTries || d.p.mends >= maxMends || d.p.effort > maxEffort {
				return reading{}, false
			}
			m := &found.mends[i]
			changed, stop := d.changed(m.changes, now.stop)
			next := d.p.try(changed)
			if next.err != nil && !m.sure && next.stop <= stop && (!scanned(now) || scanned(next)) {
				continue
			}
			if best == nil || next.left() < then.left() || next.left() == then.left() && m.cost < best.cost {
				best, then, text = m, next, changed
			}
			if !found.compare {
				break
			}
		}
		if best != nil {
			d.p.mends++
			d.accept(*best)
			d.src = source{text: text}
			return then, true
		}
	}
	return reading{}, false
}

// try reads a text.
func (p *parser) try(text []byte) reading {
	in := &byteReader{rest: text}
	trees, err := readYAML(in)
	r := reading{trees: trees, err: err, size: len(text), read: len(text) - len(in.rest)}
	r.stop = r.read
	p.effort += r.read + len(text)/16 // and the copy
	if err == nil {
		return r
	}
	var line int
	if r.message, line = plainMessage(err); r.read == len(text) {
		r.stop = 0
		for range line - 1 {
			r.stop += bytes.IndexByte(text[r.stop:], '\n') + 1
		}
	}
	return r
}

// left is how much there is behind the mistake.
func (r reading) left() int {
	if r.err == nil {
		return -1
	}
	return r.size - r.stop
}

// scanned reports whether the error is one of single characters and words,
// which the reader looks at ahead of their order: a mistake in that may stand
// before.
func scanned(r reading) bool {
	switch r.message {
	case "did not find expected ',' or '}'", "did not find expected ',' or ']'", "did not find expected key",
		"did not find expected '-' indicator", "did not find expected node content", "did not find expected <document start>":
		return false
	}
	return !strings.HasPrefix(r.message, "unknown anchor")
}

// byteReader hands out a byte at a time, and so knows how far somebody read.
type byteReader struct{ rest []byte }

func (r *byteReader) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	b[0] = r.rest[0]
	r.rest = r.rest[1:]
	return 1, nil
}

// changed is the text with changes, which it puts in their order, and where in
// it the place stop is.
func (d *draft) changed(changes []change, stop int) ([]byte, int) {
	starts := d.src.lines()
	slices.SortStableFunc(changes, func(a, b change) int { return (a.line-b.line)<<20 + a.from - b.from })
	var out bytes.Buffer
	at, moved := 0, stop
	for _, c := range changes {
		from, to := starts[c.line-1]+c.from, starts[c.line-1]+c.to
		out.Write(d.src.text[at:from])
		out.WriteString(c.text)
		at = to
		switch {
		case from >= stop:
		case to <= stop:
			moved += len(c.text) - (to - from)
		default:
			moved = out.Len()
		}
	}
	out.Write(d.src.text[at:])
	return out.Bytes(), moved
}

// accept complains about what a mend mends, and notes what it moves.
func (d *draft) accept(m mend) {
	if d.p.mended == nil {
		d.p.mended, d.p.doubted = map[Pos]bool{}, map[Pos]string{}
	}
	for _, c := range m.complaints {
		pos := d.pos(c.line, d.col(c.line, c.at))
		d.p.errorf(pos, "%s", c.message)
		d.p.mended[pos] = true
		if c.doubt {
			d.p.doubted[pos] = c.message
		}
	}
	for _, c := range slices.Backward(m.changes) { // so that none moves another
		line := d.src.line(c.line)
		e := edit{d.col(c.line, c.from), utf8.RuneCount(line[c.from:c.to]), utf8.RuneCountInString(c.text)}
		d.p.mended[d.pos(c.line, e.col)] = true
		d.edits[c.line] = append(d.edits[c.line], e)
	}
}

// col is the column of a byte of a line.
func (d *draft) col(line, at int) int { return utf8.RuneCount(d.src.line(line)[:at]) + 1 }

// pos is where in the file a place of the draft is.
func (d *draft) pos(line, col int) Pos {
	for _, e := range slices.Backward(d.edits[line]) {
		switch {
		case col >= e.col+e.ins:
			col += e.del - e.ins
		case col > e.col:
			col = min(col, e.col+e.del)
		}
	}
	return d.p.pos(d.above+line, col)
}

// finding is what a mistake may be.
type finding struct {
	mends   []mend
	compare bool // take the one with which the reader comes furthest, and not the first
}

// finders find out what may be wrong where the reader stopped, the likeliest
// first.
func (d *draft) finders(now reading) []func() finding {
	if now.message == "did not find expected <document start>" {
		return nil
	}
	last := d.lineOf(now.read)
	near := d.filled(last, 3) // the reader looks ahead, across blank lines
	two := near[:min(len(near), 2)]
	first := func(lines []int, find func(line int) []mend) func() finding {
		return func() finding { return finding{mends: d.each(lines, find)} }
	}
	unclosed := func() finding {
		var all []mend
		if now.stop < now.read {
			all = d.unclosed(d.lineOf(now.stop+1)+1, 2)
		}
		return finding{mends: append(all, d.unclosed(last, 5000)...)}
	}
	all := []func() finding{
		first(near, d.tabMends),
		func() finding { return finding{mends: d.oddBlanks(near)} },
		first(near, d.outOfBlock),
		first(d.before(now, near), d.glued),
		first(near, d.textMends),
		unclosed,
		func() finding { return finding{d.each(two, d.indented), true} },
	}
	if now.message == "found unexpected end of stream" {
		return append([]func() finding{unclosed}, all...)
	}
	return all
}

// before adds to the lines near a mistake where what goes wrong there may have
// begun: the line with the same indentation, and what never ends.
func (d *draft) before(now reading, near []int) []int {
	lines := slices.Clone(near)
	if len(near) > 0 {
		indent, _ := indentOf(string(d.src.line(near[0])))
		for n := near[0] - 1; n > max(0, near[0]-500); n-- {
			if before, text := indentOf(string(d.src.line(n))); text != "" && text[0] != '#' && len(before) <= len(indent) {
				lines = append(lines, n)
				break
			}
		}
	}
	if now.stop < now.read {
		first := d.lineOf(now.stop + 1)
		lines = append(lines, first, first+1)
	}
	return lines
}

func (d *draft) each(lines []int, find func(line int) []mend) (all []mend) {
	for _, line := range lines {
		all = append(all, find(line)...)
	}
	return all
}

// lineOf is the line of the byte before a place.
func (d *draft) lineOf(off int) int {
	i, found := slices.BinarySearch(d.src.lines(), max(off-1, 0))
	if found {
		return i + 1
	}
	return i
}

// filled are the last n lines up to one that hold something, the last first.
func (d *draft) filled(last, n int) []int {
	var lines []int
	for ; last > 0 && len(lines) < n; last-- {
		line := d.src.line(last)
		if text := bytes.TrimLeft(line, " \t"); len(text) > 0 && (text[0] != '#' || line[0] == '\t') {
			lines = append(lines, last)
		}
	}
	return lines
}
