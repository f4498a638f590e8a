package report

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"banter/runner"
)

// labelWidth is that of "expected", "received" and the blanks after them.
const labelWidth = 10

// hexMin is how many bytes a row of hex has room for at least, so that short
// ones look alike.
const hexMin = 6

// difference shows the bytes that were wanted over those that came, with a
// caret at the first that is wrong: short ones as hex and text, long text as
// text, and everything else as a hex dump, a few lines around the difference.
func (st style) difference(f *runner.Failure, columns int) []string {
	if len(f.Want) == 0 && len(f.Got) == 0 {
		return nil
	}
	p := picture{style: st, want: f.Want, wild: f.Any, got: f.Got, columns: columns, perRow: 16}
	switch {
	case columns < labelWidth+8*3+1+10:
		p.perRow = 4
	case columns < labelWidth+16*3+1+20:
		p.perRow = 8
	}
	// Where nothing is known that should have come, nothing is marked.
	p.marked = f.Want != nil
	p.start = f.Start
	p.offset = int(min(max(f.Offset-f.Start, 0), int64(max(len(f.Want), len(f.Got)))))
	p.label = "received"
	if f.Kind == runner.Unread && f.Want == nil {
		p.label = "unread"
	}
	p.text = isText(around(p.want, p.offset)) && isText(around(p.got, p.offset))
	switch {
	case max(len(p.want), len(p.got)) <= p.perRow:
		return p.row()
	case !p.text || f.Any != nil:
		return p.dump()
	case p.marked:
		return p.lines()
	}
	return p.all()
}

// picture is what the ways to show a difference share.
type picture struct {
	style
	want, got []byte
	wild      []bool // offsets of want where any byte will do
	label     string // of what came
	start     int64  // what stands before want and got, in bytes
	offset    int    // of the first wrong byte in both
	marked    bool   // there is one
	text      bool   // both are text, near the offset
	columns   int    // there are
	perRow    int    // bytes in a row of hex
}

// row shows bytes that fit into one row, as hex and as text.
func (p *picture) row() []string {
	w := 3*max(hexMin, len(p.want), len(p.got)) + 1
	row := func(label string, data []byte, wild []bool) string {
		return pad(label, labelWidth) + pad(hex(data, wild), w) + p.dim("│") + clip(p.column(data), p.columns-labelWidth-w-1)
	}
	var lines []string
	if p.want != nil {
		lines = append(lines, row("expected", p.want, p.wild))
	}
	if len(p.got) == 0 {
		return append(lines, pad(p.label, labelWidth)+"nothing")
	}
	lines = append(lines, row(p.label, p.got, nil))
	if p.marked {
		lines = append(lines, p.caret(labelWidth+3*p.offset, 2))
	}
	return lines
}

// column is the bytes of a row as text.
func (p *picture) column(data []byte) string {
	if p.text {
		return Clean(escapeBackslash(data))
	}
	return dots(data)
}

// dump shows the rows of hex around the offset: the one before it, which is
// right, the two that differ, and what follows.
func (p *picture) dump() []string {
	start := p.offset - p.offset%p.perRow
	labels := max(labelWidth, len(fmt.Sprint(p.start+int64(start)))+2)
	row := func(label string, data []byte, wild []bool, at int) string {
		data = data[min(at, len(data)):min(at+p.perRow, len(data))]
		if wild != nil {
			wild = wild[min(at, len(wild)):min(at+p.perRow, len(wild))]
		}
		return pad(label, labels) + pad(hex(data, wild), 3*p.perRow+1) + p.dim("│") + dots(data)
	}
	same := func(at int) string {
		return row(padLeft(fmt.Sprint(p.start+int64(at)), labels-2), p.got, nil, at)
	}
	both := func(at int) (lines []string) {
		if end := at + p.perRow; end <= min(len(p.want), len(p.got)) && bytes.Equal(p.want[at:end], p.got[at:end]) {
			return []string{same(at)}
		}
		if at < len(p.want) {
			lines = append(lines, row("expected", p.want, p.wild, at))
		}
		if at < len(p.got) {
			lines = append(lines, row(p.label, p.got, nil, at))
		}
		return lines
	}
	var lines []string
	if before := start - p.perRow; before >= 0 && len(p.got) > before {
		lines = append(lines, same(before))
	}
	lines = append(lines, both(start)...)
	switch {
	case len(p.got) == 0:
		return append(lines, pad(p.label, labels)+"nothing")
	case p.marked:
		lines = append(lines, p.caret(labels+3*(p.offset-start), 2))
	}
	return append(lines, both(start+p.perRow)...)
}

func (p *picture) caret(column, wide int) string {
	return strings.Repeat(" ", column) + p.fail(strings.Repeat("^", wide))
}

// hex is bytes as hexadecimal digits, those that are wild as dots.
func hex(data []byte, wild []bool) string {
	var b strings.Builder
	for i, c := range data {
		if i > 0 {
			b.WriteByte(' ')
		}
		if i < len(wild) && wild[i] {
			b.WriteString("..")
		} else {
			fmt.Fprintf(&b, "%02x", c)
		}
	}
	return b.String()
}

// dots is bytes as ASCII, with a dot for whatever is not printable.
func dots(data []byte) string {
	text := bytes.Clone(data)
	for i, c := range text {
		if c < ' ' || c > '~' {
			text[i] = '.'
		}
	}
	return string(text)
}

func escapeBackslash(data []byte) string { return strings.ReplaceAll(string(data), `\`, `\\`) }

// around is the part of data near an offset that decides how it is shown.
func around(data []byte, offset int) []byte {
	return data[min(max(0, offset-64), len(data)):min(offset+64, len(data))]
}

// isText reports whether most of data reads as text. It may begin and end in
// the middle of a character.
func isText(data []byte) bool { return 4*strange(data) <= len(data) }

// strange is how many bytes and characters of data are no text.
func strange(data []byte) (n int) {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		cut := i < utf8.UTFMax-1 || i >= len(data)-utf8.UTFMax+1
		switch {
		case r == utf8.RuneError && size == 1 && cut && data[i] >= utf8.RuneSelf:
		case r == utf8.RuneError && size == 1, r != '\r' && r != '\n' && r != '\t' && !unicode.IsPrint(r):
			n++
		}
		i += size
	}
	return n
}
