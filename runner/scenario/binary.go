package scenario

import (
	"encoding/base64"
	"strings"
)

// hexPart is bytes in hexadecimal, with blanks and comments between them. In a
// match ".." is any byte.
func (p *parser) hexPart(e entry, u use) (Part, bool) {
	s, ok := p.scalar(e, "bytes in hexadecimal")
	if text, good := p.text(e.value); ok && good {
		if value, known := text.literal(); known {
			s = string(value)
		}
	}
	if !ok {
		return Part{}, false
	}
	made := Part{Pos: e.value.pos}
	lit := make([]byte, 0, len(s)/2)
	var wild []bool
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '#':
			end := strings.IndexByte(s[i:], '\n')
			if end < 0 {
				end = len(s) - i
			}
			i += end
		case i+1 < len(s) && isHex(c) && isHex(s[i+1]):
			lit = append(lit, unhex(c)<<4|unhex(s[i+1]))
			i += 2
		case i+1 < len(s) && c == '.' && s[i+1] == '.':
			if u == toSend {
				p.errorf(e.value.pos, `".." (any byte) can only be expected, not sent`)
				return made, false
			}
			for len(wild) < len(lit) {
				wild = append(wild, false)
			}
			lit, wild = append(lit, 0), append(wild, true)
			i += 2
		default:
			p.badHex(e, s[i:])
			return made, false
		}
	}
	for wild != nil && len(wild) < len(lit) {
		wild = append(wild, false)
	}
	made.Any = wild
	if len(lit) > 0 {
		made.Text = Text{{Pos: e.value.pos, Lit: lit}}
	}
	return made, true
}

func (p *parser) badHex(e entry, rest string) {
	word, _, _ := strings.Cut(strings.Fields(rest)[0], "#")
	switch {
	case strings.HasPrefix(rest, "${"):
		p.errorf(e.value.pos, "a variable can't stand in hex; make it a part of its own, in a list")
	case len(word) == 1 && isHex(word[0]):
		p.errorf(e.value.pos, "%s is half a byte; a byte is two hexadecimal digits, such as %s", quote(word), quote("0"+word))
	default:
		p.errorf(e.value.pos, `%s is not hexadecimal; bytes are pairs of digits, such as "0d 0a"`, quote(word))
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// base64Part is bytes in base64, with blanks wherever the file wraps them.
func (p *parser) base64Part(e entry, _ use) (Part, bool) {
	s, ok := p.fixed(e, "bytes in base64")
	if !ok {
		return Part{}, false
	}
	made := Part{Pos: e.value.pos}
	compact := strings.Join(strings.Fields(s), "")
	lit, err := base64.StdEncoding.Strict().DecodeString(compact)
	if err != nil {
		if _, unpadded := base64.RawStdEncoding.DecodeString(compact); unpadded == nil {
			p.errorf(e.value.pos, `the base64 is not padded; it ends with "%s"`, strings.Repeat("=", 4-len(compact)%4))
			return made, false
		}
		p.errorf(e.value.pos, "%s is not base64 (letters, digits, +, / and = at the end)", quote(s))
		return made, false
	}
	if len(lit) > 0 {
		made.Text = Text{{Pos: e.value.pos, Lit: lit}}
	}
	return made, true
}

// filePart is a file's content.
func (p *parser) filePart(e entry, _ use) (Part, bool) {
	path, ok := p.fileName(e, "payload file")
	return Part{Pos: e.value.pos, File: path}, ok
}

// fileName is the name of a file that the run reads, as it is to be opened. It
// is relative to the scenario's folder.
func (p *parser) fileName(e entry, what string) (path string, ok bool) {
	s, ok := p.fixed(e, "the name of a file")
	if !ok {
		return "", false
	}
	if s == "" {
		p.errorf(e.value.pos, "%s needs the name of a file", quote(e.key))
		return "", false
	}
	path = p.beside(e.value, s) // what is opened is what is looked at here
	if err := p.doc.MayRead(path); err != nil {
		p.errorf(e.value.pos, "%s", err)
		return "", false
	}
	p.namedFiles = append(p.namedFiles, namedFile{what: what, pos: e.value.pos, path: path})
	return path, true
}
