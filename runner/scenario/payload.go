package scenario

import (
	"encoding/base64"
	"path/filepath"
	"strings"
)

// use says what a payload is for. A few keys have a meaning in one only.
type use uint8

const (
	toSend use = iota
	toMatch
)

// part is a part of a payload while its mapping is read.
type part struct {
	Part
	use   use
	key   string // the key that gave the bytes
	every *entry
	wrong bool
}

var partKeys = table[part]{
	{"text", (*parser).partBytes},
	{"line", (*parser).partBytes},
	{"lines", (*parser).partBytes},
	{"hex", (*parser).partBytes},
	{"base64", (*parser).partBytes},
	{"file", (*parser).partBytes},
	{"slice", (*parser).partSlice},
	{"every", (*parser).partEvery},
}

// partKinds says how each key of a payload becomes bytes.
var partKinds = map[string]func(*parser, entry, use) (Part, bool){
	"text":   (*parser).textPart,
	"line":   (*parser).linePart,
	"lines":  (*parser).linesPart,
	"hex":    (*parser).hexPart,
	"base64": (*parser).base64Part,
	"file":   (*parser).filePart,
}

// payload reads what stands at a key that takes a payload: a text, a list of
// parts, or a mapping that says how. It returns nil if something is wrong.
func (p *parser) payload(e entry, u use) *Payload {
	out := &Payload{Pos: e.value.pos}
	if e.value.isNull() {
		p.blank(e, "a payload")
		return nil
	}
	if !p.parts(e, u, out) {
		return nil
	}
	return out
}

// parts adds what a value stands for to a payload.
func (p *parser) parts(e entry, u use, out *Payload) bool {
	n := e.value
	switch n.kind {
	case scalarNode:
		return p.add(out)(p.textPart(e, u))
	case listNode:
		if len(n.items) == 0 {
			p.errorf(n.pos, "an empty list is no payload")
			return false
		}
		ok := true
		for _, item := range n.items {
			if item.isNull() {
				p.errorf(item.pos, "an empty part in the payload of %s; the text null or ~ must be in quotes", quote(e.key))
				ok = false
				continue
			}
			ok = p.parts(entry{key: e.key, pos: item.pos, value: item}, u, out) && ok
		}
		return ok
	}
	d := part{use: u}
	if !decode(p, n, "a payload", partKeys, &d) || d.wrong {
		return false
	}
	if d.key == "" {
		p.errorf(n.pos, "a payload without bytes; it needs one of: text, line, lines, hex, base64, file")
		return false
	}
	if d.every != nil && d.Slice == 0 {
		p.errorf(d.every.pos, `"every" needs "slice": how many bytes are written before each pause`)
		return false
	}
	d.Pos = n.pos
	return p.add(out)(d.Part, true)
}

func (p *parser) add(out *Payload) func(Part, bool) bool {
	return func(part Part, ok bool) bool {
		out.Parts = append(out.Parts, part)
		return ok
	}
}

func (p *parser) partBytes(d *part, e entry) {
	if d.key != "" {
		p.errorf(e.pos, "%s and %s are two payloads; put them in a list, one after the other", quote(d.key), quote(e.key))
		d.wrong = true
		return
	}
	d.key = e.key
	made, ok := partKinds[e.key](p, e, d.use)
	d.Text, d.File, d.Any = made.Text, made.File, made.Any
	d.wrong = d.wrong || !ok
}

func (p *parser) partSlice(d *part, e entry) {
	if !p.onlyToSend(d, e) {
		return
	}
	n, ok := p.number(e, 1, MaxFileSize)
	d.Slice = n
	d.wrong = d.wrong || !ok
}

func (p *parser) partEvery(d *part, e entry) {
	d.every = &e
	if !p.onlyToSend(d, e) {
		return
	}
	pause, ok := p.duration(e)
	d.Every = pause
	d.wrong = d.wrong || !ok
}

func (p *parser) onlyToSend(d *part, e entry) bool {
	if d.use == toSend {
		return true
	}
	p.errorf(e.pos, "%s is for what is sent; what is expected comes however it is cut", quote(e.key))
	d.wrong = true
	return false
}

// textPart is a scalar as spelled.
func (p *parser) textPart(e entry, _ use) (Part, bool) {
	if _, ok := p.scalar(e, "a text"); !ok {
		return Part{}, false
	}
	p.traps(e.value)
	p.lostCR(e.value)
	text, ok := p.text(e.value)
	return Part{Pos: e.value.pos, Text: text}, ok
}

// linePart is a text and the end of line.
func (p *parser) linePart(e entry, u use) (Part, bool) {
	if e.value.isNull() && p.commentAfter(e.value) == "" {
		p.errorf(e.pos, `"line" has no text; an empty line is {line: ""}`)
		return Part{}, false
	}
	if !p.canEndLines(e, u) {
		return Part{}, false
	}
	made, ok := p.textPart(e, u)
	made.Text = p.endLine(made.Text, e.value.pos)
	return made, ok
}

// linesPart is several lines: a list of them, or a block. The newline that
// ends a block is not one more line.
func (p *parser) linesPart(e entry, u use) (Part, bool) {
	n := e.value
	if !p.canEndLines(e, u) {
		return Part{}, false
	}
	made, ok := Part{Pos: n.pos}, true
	if n.kind == listNode {
		for _, item := range n.items {
			line, good := p.textPart(entry{key: e.key, pos: item.pos, value: item}, u)
			made.Text = append(made.Text, p.endLine(line.Text, item.pos)...)
			ok = ok && good
		}
		if len(n.items) == 0 {
			p.errorf(n.pos, `"lines" has no lines`)
			ok = false
		}
		return made, ok
	}
	s, ok := p.scalar(e, "a list of lines or a block")
	if !ok {
		return made, false
	}
	if s == "" {
		p.errorf(n.pos, `"lines" has no lines; one empty line is {line: ""}`)
		return made, false
	}
	p.traps(n)
	texts := p.texts(n)
	for line := range strings.SplitSeq(strings.TrimSuffix(s, "\n"), "\n") {
		text, good := texts.text(line)
		made.Text = append(made.Text, p.endLine(text, n.pos)...)
		ok = ok && good
	}
	return made, ok
}

// canEndLines complains about whole lines in an exact match where there is no
// exact end of line.
func (p *parser) canEndLines(e entry, u use) bool {
	if u == toSend || p.doc.eol != AnyEOL {
		return true
	}
	p.errorf(e.pos, `%s can't be compared byte by byte with "eol: any"; expect each line as {line: ...}`, quote(e.key))
	return false
}

func (p *parser) endLine(t Text, pos Pos) Text {
	end := []byte(p.doc.eol.Bytes())
	if last := len(t) - 1; last >= 0 && t[last].Var == "" {
		t[last].Lit = append(t[last].Lit, end...)
		return t
	}
	return append(t, Segment{Pos: pos, Lit: end})
}

// hexPart is bytes in hexadecimal, with blanks and comments between them. In a
// match ".." is any byte.
func (p *parser) hexPart(e entry, u use) (Part, bool) {
	s, ok := p.scalar(e, "bytes in hexadecimal")
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
	s, ok := p.scalar(e, "bytes in base64")
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

// filePart is a file's content. The name is relative to the scenario's folder.
func (p *parser) filePart(e entry, _ use) (Part, bool) {
	s, ok := p.scalar(e, "the name of a file")
	if !ok {
		return Part{}, false
	}
	made := Part{Pos: e.value.pos}
	if s == "" {
		p.errorf(e.value.pos, `"file" needs the name of a file`)
		return made, false
	}
	made.File = filepath.FromSlash(s)
	if !filepath.IsAbs(made.File) {
		made.File = filepath.Join(p.dir, made.File)
	}
	p.payloadFiles = append(p.payloadFiles, payloadFile{pos: made.Pos, path: made.File})
	return made, true
}

// literal returns a payload's bytes if they are known before the run, with
// nothing left open.
func (pl *Payload) literal() ([]byte, bool) {
	if pl == nil {
		return nil, false
	}
	var out []byte
	for i := range pl.Parts {
		part := &pl.Parts[i]
		lit, ok := part.Text.literal()
		if !ok || part.File != "" || part.Any != nil {
			return nil, false
		}
		if len(pl.Parts) == 1 {
			return lit, true
		}
		out = append(out, lit...)
	}
	return out, true
}

// length returns how many bytes a payload has if that is known before the run.
func (pl *Payload) length() (int64, bool) {
	if pl == nil {
		return 0, false
	}
	n := int64(0)
	for i := range pl.Parts {
		lit, ok := pl.Parts[i].Text.literal()
		if !ok || pl.Parts[i].File != "" {
			return 0, false
		}
		n += int64(len(lit))
	}
	return n, true
}
