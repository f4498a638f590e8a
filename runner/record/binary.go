package record

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"banter/runner/scenario"
)

// isText reports whether bytes are text. Some escapes for terminals, and NULs
// behind words, are found in it as well.
func isText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	all, odd := 0, 0
	before := ' '
	for _, r := range string(b) {
		all++
		switch {
		case unicode.IsPrint(r) || r == '\t' || r == '\r' || r == '\n':
		case r == 0 && !unicode.IsPrint(before), r > 0 && r < ' ' && r != '\x1b':
			return false
		default:
			odd++
		}
		before = r
	}
	return 4*odd <= all
}

// binary spells bytes as hex, with the texts in it as such. Hexed is how many are
// hex.
func binary(b []byte) (parts []*scenario.Value, hexed int) {
	plain := 0 // from here on nothing is spelled yet
	flush := func(to int) {
		if to > plain {
			hexed += to - plain
			parts = append(parts, scenario.NewMap().Set("hex", hexText(b[plain:to])))
		}
	}
	for i := 0; i < len(b); {
		if form, n := counted(b[i:]); n > 0 {
			flush(i)
			start := i + form.Width()
			parts = append(parts, scenario.NewMap().
				Set("text", scenario.NewText(string(b[start:start+n]))).Set("length", scenario.NewWord(form.String())))
			i = start + n
			plain = i
			continue
		}
		if n := textRun(b[i:]); n > 0 {
			flush(i)
			parts = append(parts, scenario.NewText(string(b[i:i+n])))
			i += n
			plain = i
			continue
		}
		i++
	}
	flush(len(b))
	if len(parts) > 24 { // crumbs
		return []*scenario.Value{scenario.NewMap().Set("hex", hexText(b))}, len(b)
	}
	return parts, hexed
}

// hexText is bytes as hex, in lines where they are many.
func hexText(b []byte) *scenario.Value {
	const width = 24
	if len(b) <= width {
		return scenario.NewText(fmt.Sprintf("% x", b))
	}
	var text strings.Builder
	for line := range slices.Chunk(b, width) {
		fmt.Fprintf(&text, "% x\n", line)
	}
	return scenario.NewText(text.String()).Tall()
}

// counted finds a text with its length in front, and the text's size.
func counted(b []byte) (scenario.Form, int) {
	for _, form := range []scenario.Form{scenario.U32BE, scenario.U16BE, scenario.U8} {
		n, size := form.Number(b)
		if size == 0 || n < 3 || n > uint64(len(b)-size) {
			continue
		}
		if run := printed(b[size:]); run >= int(n) && (form != scenario.U8 || isWord(b[size:size+int(n)])) {
			return form, int(n)
		}
	}
	return scenario.NoForm, 0
}

// textRun is how many bytes of text begin here: words, and those that NULs part
// from them.
func textRun(b []byte) int {
	n := printed(b)
	if n < 4 || n < 8 && !isWord(b[:n]) {
		return 0
	}
	for n+1 < len(b) && b[n] == 0 && printed(b[n+1:]) > 1 {
		n += 1 + printed(b[n+1:])
	}
	if n < len(b) && b[n] == 0 {
		n++
	}
	return n
}

func printed(b []byte) int {
	for i, c := range b {
		if c < ' ' || c > '~' {
			return i
		}
	}
	return len(b)
}

func isWord(b []byte) bool {
	for _, c := range b {
		if c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}
