package report

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Rows of text that are shown: of what came after a line that differs, and of
// each end of what came where no place in it is the wrong one.
const (
	thenRows = 2
	endRows  = 2
)

// lines shows the line of a text that differs, with the one before it and those
// that came after it.
func (p *picture) lines() []string {
	longer := p.want
	if len(p.got) > len(p.want) {
		longer = p.got
	}
	from, room := p.lineStart(longer), p.textRoom()
	var lines []string
	if before := p.before(from); before >= 0 {
		text, _, _ := window(longer[:from], before, before, room)
		lines = append(lines, p.textRow(p.place(before), text))
	}
	if p.want != nil {
		text, _, _ := window(p.want[:lineEnd(p.want, p.offset)], from, p.offset, room)
		lines = append(lines, p.textRow("expected", text))
	}
	if len(p.got) == 0 {
		return append(lines, pad(p.label, labelWidth)+"nothing")
	}
	end := lineEnd(p.got, p.offset)
	text, at, wide := window(p.got[:end], from, p.offset, room)
	lines = append(lines, p.textRow(p.label, text), p.caretText(labelWidth+1+at, wide))
	if end < len(p.got) && p.got[end-1] == '\n' {
		label := "then"
		for _, text := range textRows(p.got[end:], room, thenRows) {
			lines = append(lines, p.textRow(label, text))
			label = ""
		}
	}
	return lines
}

// all shows a text in which no place is the wrong one: the whole of it, or its
// two ends.
func (p *picture) all() []string {
	room := p.textRoom()
	texts := textRows(p.got, room, 2*endRows+1)
	var lines []string
	add := func(texts []string) {
		for _, text := range texts {
			label := ""
			if len(lines) == 0 {
				label = p.label
			}
			lines = append(lines, p.textRow(label, text))
		}
	}
	if len(texts) <= 2*endRows {
		add(texts)
		return lines
	}
	add(texts[:endRows])
	end := p.got
	for range endRows {
		end = end[:lineBegin(end, room)]
	}
	lines = append(lines, pad("", labelWidth)+p.dim("⋮"))
	add(textRows(p.got[len(end):], room, endRows))
	return lines
}

func (p *picture) textRoom() int { return p.columns - labelWidth - 2 }

func (p *picture) textRow(label, text string) string {
	return pad(label, labelWidth) + p.dim("│") + text
}

// place is the label of what begins so many bytes after the start.
func (p *picture) place(at int) string {
	return padLeft(fmt.Sprint(p.start+int64(at)), labelWidth-2)
}

// lineStart is where the text that is shown begins: with the line that the
// offset is in, or where half the room is left for what stands before the
// offset.
func (p *picture) lineStart(text []byte) int {
	from, room := p.offset, p.textRoom()/2
	for from < len(text) && from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	for from > 0 && text[from-1] != '\n' {
		_, n := utf8.DecodeLastRune(text[:from])
		if room -= width(visible(string(text[from-n : from]))); room < 0 {
			break
		}
		from -= n
	}
	return from
}

// before is where the line before the one at from begins, as far as it is shown;
// -1 where there is none.
func (p *picture) before(from int) int {
	text := p.got
	if from == 0 || from > len(text) || text[from-1] != '\n' {
		return -1
	}
	return lineBegin(text[:from], p.textRoom())
}

// lineBegin is where the last line of a text begins, or the part of it that has
// so much room.
func lineBegin(text []byte, room int) int {
	from := len(text)
	for from > 0 && (from == len(text) || text[from-1] != '\n') {
		_, n := utf8.DecodeLastRune(text[:from])
		if room -= width(visible(string(text[from-n : from]))); room < 0 {
			break
		}
		from -= n
	}
	return from
}

// lineEnd is where the line ends that the byte at offset is in.
func lineEnd(text []byte, offset int) int {
	if offset >= len(text) {
		return len(text)
	}
	if n := bytes.IndexByte(text[offset:], '\n'); n >= 0 {
		return offset + n + 1
	}
	return len(text)
}

// textRows is the beginning of a text in so many rows at most, each of a line or
// a part of one.
func textRows(text []byte, room, most int) (rows []string) {
	for at := 0; at < len(text) && len(rows) < most; {
		end := lineEnd(text, at)
		row, n := fill(text[at:end], room)
		if n == 0 {
			break // no room for anything
		}
		rows = append(rows, row)
		at += n
	}
	return rows
}

// fill is as much of a text as there is room for, and how many bytes of it that
// is.
func fill(text []byte, room int) (row string, n int) {
	var b strings.Builder
	for used := 0; n < len(text); {
		char, size := character(text, n)
		if used += width(char); used > room {
			break
		}
		b.WriteString(char)
		n += size
	}
	return b.String(), n
}

// window is text from a byte on, in so much room. It says at which column the
// character with the byte at offset is shown, and how wide.
func window(text []byte, from, offset, room int) (shown string, at, wide int) {
	var b strings.Builder
	used := 0
	if from > 0 && text[from-1] != '\n' {
		b.WriteString("…")
		used++
	}
	at, wide = -1, 1
	for i := min(from, len(text)); i < len(text); {
		char, n := character(text, i)
		w := width(char)
		if at < 0 && i+n > offset {
			at, wide = width(b.String()), max(w, 1)
			if w == 0 { // it stands upon the one before it
				at = max(0, at-1)
			}
		}
		if used+w > room {
			b.WriteString("…")
			break
		}
		b.WriteString(char)
		used += w
		i += n
	}
	if at < 0 {
		at = width(b.String())
	}
	return b.String(), at, wide
}

// character is one of a text as it is shown. A blank at the end of all, and a
// mark that has nothing to stand upon, could not be seen.
func character(text []byte, at int) (shown string, size int) {
	_, size = utf8.DecodeRune(text[at:])
	switch char := string(text[at : at+size]); {
	case char == `\`:
		return `\\`, size
	case char == " " && at+size == len(text), at == 0 && width(char) == 0:
		return escaped(char), size
	default:
		return visible(char), size
	}
}

// caretText is a caret, and the bytes that were wanted and that came there.
func (p *picture) caretText(column, wide int) string {
	if p.want == nil || p.offset >= len(p.got) {
		return p.caret(column, wide)
	}
	came := hex(characterAt(p.got, p.offset), nil)
	text := "nothing more expected"
	if p.offset < len(p.want) {
		text = fmt.Sprintf("%s expected, %s received", hex(characterAt(p.want, p.offset), nil), came)
	}
	caret := p.caret(0, wide)
	if column+wide+1+len(text) <= p.columns {
		return strings.Repeat(" ", column) + caret + " " + text
	}
	if len(text) > column-1 {
		return strings.Repeat(" ", column) + caret
	}
	return padLeft(text, column-1) + " " + caret
}

// characterAt is the bytes of the character that the byte at offset is in.
func characterAt(text []byte, offset int) []byte {
	for from := offset; from >= 0 && from > offset-utf8.UTFMax; from-- {
		if r, n := utf8.DecodeRune(text[from:]); r != utf8.RuneError && from+n > offset {
			return text[from : from+n]
		}
	}
	return text[offset : offset+1]
}
