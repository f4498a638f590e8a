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

	holes bool // ${?} may stand in it
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
		out = append(out, Segment{Pos: pos, Var: name})
		switch {
		case !strings.HasPrefix(name, "?"):
			ok = t.p.variable(pos, name) && ok
		case t.holes:
			ok = t.p.hole(pos, name) && ok
		default:
			t.p.errorf(pos, `a hole such as ${?} can only stand in "like"`)
			ok = false
		}
	}
	if len(lit) > 0 {
		out = append(out, Segment{Pos: t.n.pos, Lit: lit})
	}
	return out, ok
}

// place finds the next "${" in the source. Where there is none, because it is
// written with escapes, the scalar's own place must do.
func (t *texts) place() Pos {
	text := t.p.src.text
	if t.at.line == 0 {
		pos := t.n.pos
		t.at = mark{line: pos.Line, col: pos.Col, off: t.p.offset(t.n)}
		t.end = t.at.off + quotedEnd(text[t.at.off:])
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
	pos := t.p.pos(t.at.line, t.at.col)
	t.at = t.at.to(text, t.at.off+len("${"))
	return pos
}

// variable reports whether a variable is known, and complains if not.
func (p *parser) variable(pos Pos, name string) bool {
	server, port := strings.CutSuffix(name, ".port")
	if port && p.doc.carriers[server] == Unix {
		p.errorf(pos, "server %s is a Unix socket, which has no port", quote(server))
		return false
	}
	if p.doc.serverNames.has(server) || p.doc.serverNames.unknown {
		return true
	}
	if name == "" {
		p.errorf(pos, "${} names no variable; a dollar itself is ${$}")
		return false
	}
	known := make([]string, 0, 2*len(p.doc.serverNames.list))
	for _, s := range p.doc.serverNames.list {
		known = append(known, s, s+".port")
	}
	p.unknown(pos, "variable", name, known)
	return false
}

// literal returns t's bytes, and whether those are all: it has no variables.
func (t Text) literal() ([]byte, bool) {
	if len(t) == 1 && t[0].Var == "" {
		return t[0].Lit, true
	}
	var out []byte
	for i := range t {
		if t[i].Var != "" {
			return out, false
		}
		out = append(out, t[i].Lit...)
	}
	return out, true
}
