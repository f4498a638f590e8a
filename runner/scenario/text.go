package scenario

import (
	"bytes"
	"strings"
)

// texts cuts the strings of one scalar into literal bytes and variables. It
// remembers how far it has looked in the source, so that each variable gets
// its own place.
type texts struct {
	p   *parser
	n   *node
	at  mark // in the source; zero: not looked up yet
	end int  // of the scalar, if it is in double quotes

	holes    bool // ${?} may stand in it
	defaults bool // with what the sender puts in
}

func (p *parser) texts(n *node) *texts { return &texts{p: p, n: n} }

// text is a scalar's value as literal bytes and variables.
func (p *parser) text(n *node) (Text, bool) { return p.texts(n).text(n.value) }

// text cuts s, which is n's value or the next piece of it. It reports whether
// all variables were known.
func (t *texts) text(s string) (Text, bool) {
	if !strings.Contains(s, "${") {
		if s == "" {
			return nil, true
		}
		return Text{{Pos: t.n.pos, Lit: []byte(s)}}, true
	}
	var out Text
	ok := true
	var lit []byte
	for {
		before, rest, found := strings.Cut(s, "${")
		lit = append(lit, before...)
		if !found {
			break
		}
		pos := t.place()
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			t.p.errorf(pos, `"${" without "}"; a dollar itself is ${$}`)
			ok = false
			break
		}
		s = after
		if name == "$" {
			lit = append(lit, '$')
			continue
		}
		if len(lit) > 0 {
			out = append(out, Segment{Pos: t.n.pos, Lit: lit})
			lit = nil
		}
		seg := Segment{Pos: pos, Var: name}
		switch {
		case !strings.HasPrefix(name, "?"):
			ok = t.p.resolve(&seg) && ok
		case t.holes:
			ok = t.p.hole(pos, name, t.defaults) && ok
		default:
			t.p.errorf(pos, `a hole such as ${?} can only stand in "like" and in a dialogue`)
			ok = false
		}
		out = append(out, seg)
	}
	if len(lit) > 0 {
		out = append(out, Segment{Pos: t.n.pos, Lit: lit})
	}
	return out, ok
}

// place finds the next "${" in the source. Where there is none, because it is
// written with escapes, the scalar's own place must do.
func (t *texts) place() Pos {
	text := t.p.source(t.n).text
	if t.at.line == 0 {
		pos := t.n.pos
		t.at = mark{line: pos.Line, col: pos.Col, off: t.p.offset(t.n)}
		if t.n.style == doubleQuoted {
			t.end = t.at.off + quotedEnd(text[t.at.off:])
		}
	}
	rest := text[t.at.off:]
	if t.n.style == doubleQuoted {
		rest = rest[:t.end-t.at.off]
	}
	i := bytes.Index(rest, []byte("${"))
	if i < 0 { // written with escapes
		return t.n.pos
	}
	t.at = t.at.to(text, t.at.off+i)
	pos := Pos{File: t.n.pos.File, Line: t.at.line, Col: t.at.col}
	t.at = t.at.to(text, t.at.off+len("${"))
	return pos
}

// literal returns t's bytes, and whether those are all: none are open.
func (t Text) literal() ([]byte, bool) {
	if len(t) == 1 && !t[0].Open() {
		return t[0].Lit, true
	}
	var out []byte
	for i := range t {
		if t[i].Open() {
			return out, false
		}
		out = append(out, t[i].Lit...)
	}
	return out, true
}

// written is a segment as it is shown: its bytes if they are known and no
// secret, else what stands in the file.
func (s *Segment) written() (text string, known bool) {
	b, known := s.bytes()
	return string(b), known
}

// bytes is what written is, and may be long.
func (s *Segment) bytes() (text []byte, known bool) {
	if s.Open() || s.Secret {
		return []byte("${" + s.Var + "}"), false
	}
	return s.Lit, true
}
