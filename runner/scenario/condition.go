package scenario

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"banter/runner/pattern"
)

// Like is a text with holes: segments whose Var begins with "?". A hole takes
// any run of bytes within a line, or digits. Compiled is set where all but the
// holes is known. Its groups are the holes that have a name, in order.
type Like struct {
	Pos      Pos
	Text     Text
	Compiled *pattern.Pattern
	Parts    []LikePart // of Compiled
}

// Hole is what stands behind the question mark of a hole.
type Hole struct {
	Name   string // of the variable that it becomes; "" for none
	Digits bool
	Puts   string // what the sender of a dialogue's line puts in
}

// Hole returns what a segment's hole says, if it is one.
func (s *Segment) Hole() (Hole, bool) {
	text, ok := strings.CutPrefix(s.Var, "?")
	text, puts, given := strings.Cut(text, "=")
	name, kind, _ := strings.Cut(text, ":")
	h := Hole{Name: name, Digits: kind == "int", Puts: puts}
	switch {
	case given:
	case h.Digits:
		h.Puts = "0"
	default:
		h.Puts = "x"
	}
	return h, ok
}

// LikePart is a part of a like: a text, or a hole.
type LikePart struct {
	Text []byte // nil: it is a hole
	Hole Hole
}

// Pattern is the expression that a like stands for, and the parts that it is made of;
// value gives a variable's value.
func (l *Like) Pattern(value func(*Ref) ([]byte, error)) (*pattern.Pattern, []LikePart, error) {
	if l.Compiled != nil {
		return l.Compiled, l.Parts, nil
	}
	var parts []LikePart
	var b strings.Builder
	b.WriteString(`\A`)
	for i := range l.Text {
		seg := &l.Text[i]
		if hole, isHole := seg.Hole(); isHole {
			takes := `[^\r\n]*`
			if hole.Digits {
				takes = `[0-9]+`
			}
			if hole.Name != "" {
				takes = "(" + takes + ")"
			}
			b.WriteString(takes)
			parts = append(parts, LikePart{Hole: hole})
			continue
		}
		lit := seg.Lit
		if seg.Ref != nil {
			var err error
			if lit, err = value(seg.Ref); err != nil {
				return nil, nil, err
			}
		}
		b.WriteString(pattern.Quote(lit))
		parts = append(parts, LikePart{Text: append([]byte{}, lit...)})
	}
	b.WriteString(`\z`)
	compiled, err := pattern.Compile(b.String())
	return compiled, parts, err
}

func (p *parser) matchLike(d *expectation, e entry) {
	if _, ok := p.scalar(e, "a text with holes"); !d.check(ok) {
		return
	}
	p.traps(e.value)
	p.textTraps(e.value)
	t := p.texts(e.value)
	t.holes = true
	text, ok := t.text(e.value.value)
	if len(text) == 0 && ok {
		p.errorf(e.value.pos, `"like" is empty; an empty line is {line: ""}`)
		d.wrong = true
	}
	d.Match.Like = &Like{Pos: e.value.pos, Text: text}
	if d.check(ok) {
		p.like(d, e.value.pos, text)
	}
}

// like has a match be like a text.
func (p *parser) like(d *expectation, pos Pos, text Text) {
	l := &Like{Pos: pos, Text: text}
	d.Match.Like = l
	for i := range text {
		if hole, isHole := text[i].Hole(); isHole && hole.Name != "" {
			p.capture(d, text[i].Pos, Capture{Name: hole.Name, From: FromHole})
		}
	}
	if slices.ContainsFunc(text, func(s Segment) bool { return s.Ref != nil }) {
		return // compiled when it is known
	}
	l.Compiled, l.Parts, _ = l.Pattern(nil) // what is quoted is right
}

// hole complains about a hole that is none, or that has what only the sender of
// a dialogue's line could put in.
func (p *parser) hole(pos Pos, name string, puts bool) bool {
	name, filling, given := strings.Cut(name[1:], "=")
	name, kind, typed := strings.Cut(name, ":")
	switch {
	case given && !puts:
		p.errorf(pos, "${?%s=...} says what the sender puts in, which is for a dialogue; here it is ${?%[1]s}", name)
	case given && kind == "int" && !isDigits(filling):
		p.errorf(pos, "${?%s:int} takes digits, which %s is not", name, quote(filling))
	case typed && kind != "int":
		p.errorf(pos, "no kind %s of holes; ${?%s:int} takes digits, ${?%[2]s} anything within the line", quote(kind), name)
	case name != "" && !p.validName(pos, name, "a variable's name"):
	default:
		return true
	}
	return false
}

// JSON is a value in JSON, of an object the members that it has at least.
type JSON struct {
	Kind    JSONKind
	Text    Text   // of a string
	Literal string // of a number, true, false or null
	Items   []*JSON
	Members []Member
}

// Member is a member of an object.
type Member struct {
	Name  string
	Value *JSON
}

// JSONKind is a kind of values in JSON.
type JSONKind uint8

// The kinds of values.
const (
	JSONLiteral JSONKind = iota // a number, true, false or null
	JSONString
	JSONArray
	JSONObject
)

// json reads a value as YAML spells it: unquoted numbers, true, false and null
// are those, and everything else is a string.
func (p *parser) json(n *node) (*JSON, bool) {
	ok := true
	switch n.kind {
	case mappingNode:
		v := &JSON{Kind: JSONObject}
		for _, e := range n.entries {
			value, good := p.json(e.value)
			v.Members = append(v.Members, Member{e.key, value})
			ok = ok && good
		}
		return v, ok
	case listNode:
		v := &JSON{Kind: JSONArray}
		for _, item := range n.items {
			value, good := p.json(item)
			v.Items = append(v.Items, value)
			ok = ok && good
		}
		return v, ok
	}
	if n.isNull() && n.value != "null" {
		p.errorf(n.pos, `a value is missing; JSON's null is written out, and the empty string is ""`)
		return nil, false
	}
	if n.style == plain && json.Valid([]byte(n.value)) {
		return &JSON{Literal: n.value}, true
	}
	p.traps(n)
	text, ok := p.text(n)
	return &JSON{Kind: JSONString, Text: text}, ok
}

// String is the value as it stands in JSON, with variables as they are written.
func (v *JSON) String() string {
	var out []string
	switch v.Kind {
	case JSONString:
		return strconv.Quote(v.Text.plain())
	case JSONArray:
		for _, item := range v.Items {
			out = append(out, item.String())
		}
		return "[" + strings.Join(out, ",") + "]"
	case JSONObject:
		for _, m := range v.Members {
			out = append(out, strconv.Quote(m.Name)+":"+m.Value.String())
		}
		return "{" + strings.Join(out, ",") + "}"
	}
	return v.Literal
}

// quotedJSON warns of JSON in quotes, which is a string in JSON.
func (p *parser) quotedJSON(n *node) {
	text := strings.TrimSpace(n.value)
	if n.kind == scalarNode && strings.IndexAny(text, "{[") == 0 && json.Valid([]byte(text)) {
		p.warnf(n.pos, "in quotes this is a string in JSON, and no object or array; write it without them: json: %s", shorten(text))
	}
}
