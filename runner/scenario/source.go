package scenario

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// source is a file's text without its byte order mark, with the places of its
// lines. After check every line ends with \n or \r\n, so that YAML, editors
// and we count the same lines.
type source struct {
	text   []byte
	dir    string // of the file
	starts []int  // byte offset of each line, filled in on first use
	last   mark   // of offset
}

func newSource(path string, text []byte) *source {
	return &source{text: bytes.TrimPrefix(text, utf8BOM), dir: filepath.Dir(path)}
}

// mark is a place in all its forms.
type mark struct{ line, col, off int }

// to returns the mark of a later offset.
func (m mark) to(text []byte, off int) mark {
	between := text[m.off:off]
	if lines := bytes.Count(between, []byte("\n")); lines > 0 {
		m.line += lines
		m.col = 1
		between = between[bytes.LastIndexByte(between, '\n')+1:]
	}
	m.col += utf8.RuneCount(between)
	m.off = off
	return m
}

var utf8BOM = []byte("\xef\xbb\xbf")

// lines returns the offset of each line's first byte.
func (s *source) lines() []int {
	if s.starts == nil {
		s.starts = append(s.starts, 0)
		for i, b := range s.text {
			if b == '\n' && i+1 < len(s.text) {
				s.starts = append(s.starts, i+1)
			}
		}
	}
	return s.starts
}

// line returns a line without its end. Lines count from 1.
func (s *source) line(n int) []byte {
	starts := s.lines()
	if n < 1 || n > len(starts) {
		return nil
	}
	rest := s.text[starts[n-1]:]
	if end := bytes.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	return bytes.TrimSuffix(rest, []byte("\r"))
}

// offset is the byte offset of a line and a column in characters. It goes on
// from the last one asked for where it can, so that a file of one long line
// costs no more than others.
func (s *source) offset(line, col int) int {
	starts := s.lines()
	if line > len(starts) {
		return len(s.text)
	}
	if line != s.last.line || col < s.last.col {
		s.last = mark{line: line, col: 1, off: starts[line-1]}
	}
	for ; s.last.col < col && s.last.off < len(s.text); s.last.col++ {
		_, size := utf8.DecodeRune(s.text[s.last.off:])
		s.last.off += size
	}
	return s.last.off
}

// place is the line and the column in characters of a byte offset.
func (s *source) place(off int) (line, col int) {
	m := mark{line: 1, col: 1}.to(s.text, off)
	return m.line, m.col
}

// characters complains about each character that can't stand in a scenario
// file, and reports whether what is left can be looked at.
func (p *parser) characters() bool {
	const most = 20 // of more the file is no text
	for n, from := 0, 0; ; n++ {
		bad := p.src.firstBad(from)
		if bad.why == "" {
			return true
		}
		p.errorf(p.pos(p.src.place(bad.off)), "%s", bad.why)
		if bad.fatal || n == most {
			return false
		}
		instead := strings.Repeat("\ufffd", utf8.RuneCount(p.src.text[bad.off:bad.off+bad.size])) // the columns stay
		*p.src = source{dir: p.src.dir, text: slices.Concat(p.src.text[:bad.off], []byte(instead), p.src.text[bad.off+bad.size:])}
		from = bad.off + len(instead)
	}
}

// badCharacter is a character that can't stand in a scenario file.
type badCharacter struct {
	off, size int
	why       string
	fatal     bool // YAML sees other lines than people do, or no text at all
}

// firstBad finds the first such character from a place on. yaml.v3 refuses most
// of them too, but says neither where nor what; and it counts U+0085, U+2028
// and U+2029 as ends of line, which no editor does.
func (s *source) firstBad(from int) badCharacter {
	for i := from; i < len(s.text); {
		c := s.text[i]
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\t' {
			i++
			continue
		}
		r, size := utf8.DecodeRune(s.text[i:])
		why, fatal := "", false
		switch {
		case c == '\r':
			if i+1 == len(s.text) || s.text[i+1] != '\n' {
				why, fatal = `a carriage return without a line feed; write it as "\r" in double quotes`, true
			}
		case c == 0:
			why, fatal = "a NUL byte; a scenario file is text", true
		case r == utf8.RuneError && size == 1:
			why = fmt.Sprintf("the byte %02x is not UTF-8; other bytes than text are written as {hex: \"%02x\"}", c, c)
			for next, n := r, 1; next == utf8.RuneError && n == 1; { // more of them are one mistake
				if next, n = utf8.DecodeRune(s.text[i+size:]); n == 1 && next == utf8.RuneError {
					size++
				}
			}
		case r == '\u0085' || r == '\u2028' || r == '\u2029':
			why, fatal = fmt.Sprintf(`U+%04X is an end of line to YAML; write it as "\u%04x" in double quotes`, r, r), true
		case r == '\ufeff':
			why = "a byte order mark that is not at the start of the file"
		case r < 0xa0:
			why = fmt.Sprintf(`the control character U+%04X; write it as "\x%02x" in double quotes`, r, r)
		case r == '\ufffe' || r == '\uffff':
			why = fmt.Sprintf("U+%04X can't stand in YAML", r)
		}
		if why != "" {
			return badCharacter{i, size, why, fatal}
		}
		i += size
	}
	return badCharacter{}
}
