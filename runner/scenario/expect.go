package scenario

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// expectation is an Expect while its mapping is read.
type expectation struct {
	*Expect
	n       *node
	part    part   // an exact payload in it
	inner   string // the key whose match this is: one without a frame of its own
	frame   *entry // the key that says how many bytes
	outcome *entry
	max     *entry
	skip    *entry
	as      *entry
	length  map[string]*entry // the keys that belong to a length
	wrong   bool
}

// pos is where a key stands, for complaints about its value.
func (d *expectation) pos(key string) Pos {
	if v := d.n.entry(key); v != nil && !v.isNull() {
		return v.pos
	}
	return d.n.pos
}

// expectKeys are the keys of an expect. It is filled in by init because
// matches hold matches.
var expectKeys table[expectation]

func init() {
	exact := func(name string) field[expectation] { return field[expectation]{name, (*parser).exactFrame} }
	for _, name := range []string{"text", "hex", "base64", "file", "head", "fill", "parts"} {
		expectKeys = append(expectKeys, exact(name))
	}
	expectKeys = append(expectKeys, frameAndMatchKeys...)
	for _, name := range forms[1:] {
		expectKeys = append(expectKeys, exact(name))
	}
}

var frameAndMatchKeys = table[expectation]{
	{"line", (*parser).lineFrame},
	{"lines", (*parser).linesFrame},
	{"until", (*parser).untilFrame},
	{"bytes", func(p *parser, d *expectation, e entry) { p.sizedFrame(d, e, FrameBytes) }},
	{"length", (*parser).lengthFrame},
	{"at", (*parser).lengthAt},
	{"plus", (*parser).lengthPlus},
	{"header", (*parser).lengthHeader},
	{"rest", func(p *parser, d *expectation, e entry) {
		p.setFrame(d, e, FrameRest)
		d.check(p.noValue(e))
	}},
	{"some", (*parser).someFrame},
	{"datagram", func(p *parser, d *expectation, e entry) {
		p.setFrame(d, e, FrameDatagram)
		d.check(p.noValue(e))
	}},
	{"equals", func(p *parser, d *expectation, e entry) { p.matchPayload(d, e, &d.Match.Equals) }},
	{"prefix", func(p *parser, d *expectation, e entry) { p.matchPayload(d, e, &d.Match.Prefix) }},
	{"suffix", func(p *parser, d *expectation, e entry) { p.matchPayload(d, e, &d.Match.Suffix) }},
	{"contains", (*parser).matchContains},
	{"like", (*parser).matchLike},
	{"regex", (*parser).matchRegex},
	{"json", func(p *parser, d *expectation, e entry) {
		var ok bool
		d.Match.JSON, ok = p.json(e.value)
		p.quotedJSON(e.value)
		d.check(ok)
	}},
	{"not", func(p *parser, d *expectation, e entry) {
		d.Match.Not = p.condition(e)
		d.check(d.Match.Not != nil)
	}},
	{"size", func(p *parser, d *expectation, e entry) {
		n, ok := p.size(e, 0)
		if d.check(ok) {
			d.Match.Size = n
		}
	}},
	{"sha256", (*parser).matchSum},
	{"capture", (*parser).captureKey},
	{"as", func(p *parser, d *expectation, e entry) { d.as = &e }},
	{"any_order", (*parser).anyOrder},
	{"skip", (*parser).skip},
	{"optional", func(p *parser, d *expectation, e entry) {
		var ok bool
		d.Optional, ok = p.boolean(e)
		d.check(ok)
	}},
	{"max", func(p *parser, d *expectation, e entry) {
		d.max = &e
		n, ok := p.size(e, 1)
		d.Frame.Max = n
		d.check(ok)
	}},
	{"eof", (*parser).setOutcome},
	{"reset", (*parser).setOutcome},
	{"end", (*parser).setOutcome},
	{"refused", (*parser).setOutcome},
	{"unreachable", (*parser).setOutcome},
	{"timeout", (*parser).setOutcome},
	{"silence", (*parser).setOutcome},
	{"tls_error", (*parser).setOutcome},
	{"pending", (*parser).setOutcome},
	{"tcp", (*parser).expectTCP},
	{"queue", (*parser).expectQueue},
	{"xor", func(p *parser, d *expectation, e entry) { p.partXor(&d.part, e) }},
	{"times", func(p *parser, d *expectation, e entry) { p.partTimes(&d.part, e) }},
	{"seed", func(p *parser, d *expectation, e entry) { p.partSeed(&d.part, e) }},
}

// outcomes are the outcomes by their words.
var outcomes = map[string]Outcome{
	"eof": EOF, "reset": PeerReset, "end": End, "refused": Refused,
	"unreachable": Unreachable, "timeout": Timeout, "silence": Silence, "tls_error": TLSError,
	"pending": Pending, "tcp": Counters, "queue": Queued,
}

// check notes that something is wrong unless ok.
func (d *expectation) check(ok bool) bool {
	d.wrong = d.wrong || !ok
	return ok
}

// expect reads what stands at a key that takes a match. It returns nil if
// something is wrong.
func (p *parser) expect(e entry) *Expect {
	n := e.value
	x := &Expect{Pos: n.pos, Match: Match{Size: -1}}
	if n.isNull() {
		p.blank(e, "a payload, or a mapping such as {line} or {eof}")
		return nil
	}
	if n.kind != mappingNode {
		p.bareWord(n)
		if x.Match.Equals = p.payload(e, toMatch); x.Match.Equals == nil {
			return nil
		}
		return p.notEmpty(x, n.pos)
	}
	if echo := n.entry("echo"); echo != nil {
		p.errorf(n.pos, `"echo" sends back what came; what is expected can't be that`)
		return nil
	}
	d := &expectation{Expect: x, n: n}
	if !decode(p, n, "an expect", expectKeys, d) || d.wrong || !p.exact(d) || !p.converted(d) || !p.complete(d) {
		p.captured(&x.Match) // what follows may use it all the same
		return nil
	}
	p.captured(&x.Match)
	return x
}

// bareWord warns of a word that is a text here and was probably meant as the
// outcome of that name.
func (p *parser) bareWord(n *node) {
	if n.kind != scalarNode || n.style != plain {
		return
	}
	switch _, outcome := outcomes[n.value]; {
	case n.value == "tcp" || n.value == "queue": // as likely a text
	case n.value == "silence":
		p.warnf(n.pos, `the text "silence" is expected; for the outcome write {silence: 200ms}`)
	case outcome:
		p.warnf(n.pos, `the text "%s" is expected; for the outcome write {%[1]s}`, n.value)
	case n.value == "rest" || n.value == "line":
		p.warnf(n.pos, `the text "%s" is expected; for the frame write {%[1]s}`, n.value)
	}
}

// notEmpty complains about an exact payload without bytes.
func (p *parser) notEmpty(x *Expect, pos Pos) *Expect {
	if n, known := x.Match.Equals.length(); known && n == 0 {
		p.errorf(pos, "expects no bytes, which is always true; for the peer's end write {eof}")
		return nil
	}
	return x
}

// complete fills in what follows from the keys together, and complains about
// those that do not go together.
func (p *parser) complete(d *expectation) bool {
	m := &d.Match
	if d.outcome != nil {
		if len(d.n.entries) > 1 {
			p.errorf(d.n.pos, "{%s} stands alone: it expects no bytes", d.outcome.key)
			return false
		}
		return true
	}
	if !p.anyOrderComplete(d) {
		return false
	}
	if d.Frame.Kind == FrameAnyOrder {
		return true
	}
	if d.frame == nil {
		switch {
		case m.Equals != nil:
			d.Frame.Kind = FrameExact
		case m.Prefix != nil || m.Suffix != nil || m.Contains != nil || m.Regex != nil || m.Like != nil || m.JSON != nil || m.Not != nil || m.Captures != nil:
			d.Frame.Kind, d.Frame.EOL = FrameLine, p.doc.eol
		case m.SHA256 != nil || m.Sum != nil:
			p.errorf(d.n.pos, `"sha256" of what? add a frame: bytes, rest, until or line`)
			return false
		case m.Size >= 0:
			p.errorf(d.n.pos, `"size" of what? add a frame: rest, until or line; that many bytes are {bytes: %d}`, m.Size)
			return false
		default:
			p.errorf(d.n.pos, "nothing says what is expected; add a payload, line, until, bytes or rest")
			return false
		}
	}
	switch kind := d.Frame.Kind; {
	case d.max == nil && kind != FrameExact && (kind != FrameBytes || d.Frame.Count != nil) && kind != FrameSome:
		d.Frame.Max = DefaultMax
	case d.max != nil && kind == FrameDatagram:
		p.errorf(d.max.pos, `"max" bounds line, until and rest; a datagram bounds itself`)
		return false
	case d.max != nil && kind == FrameExact:
		p.errorf(d.max.pos, `"max" bounds line, lines, until, length and rest; an exact payload bounds itself`)
		return false
	}
	if d.Frame.Kind == FrameExact && p.notEmpty(d.Expect, d.n.pos) == nil {
		return false
	}
	if d.Optional && p.canTry(d.Expect, d.pos("optional"), `"optional"`) == nil {
		return false
	}
	return p.lengthComplete(d) && p.satisfiable(d)
}

// condition reads what must be true of bytes that something else delimits: a
// match without a frame. It returns nil if something is wrong.
func (p *parser) condition(e entry) *Match {
	n := e.value
	d := &expectation{Expect: &Expect{Pos: n.pos, Match: Match{Size: -1}}, n: n, inner: e.key}
	m := &d.Match
	switch {
	case n.isNull():
		p.blank(e, "a payload, or a mapping such as {prefix: a}")
		return nil
	case n.kind != mappingNode:
		if m.Equals = p.payload(e, toMatch); m.Equals == nil {
			return nil
		}
		return m
	case !decode(p, n, quote(e.key), expectKeys, d) || d.wrong || !p.exact(d) || !p.converted(d):
		return nil
	case e.key == "not" && len(m.Captures) > 0:
		p.errorf(m.Captures[0].Pos, `"not" captures nothing: what does not hold has no bytes to keep`)
		return nil
	case d.outcome != nil:
		p.errorf(n.pos, "{%s} is no condition on bytes", d.outcome.key)
		return nil
	case d.max != nil:
		p.errorf(d.max.pos, `"max" in %s, which has no frame of its own`, quote(e.key))
		return nil
	case d.Optional || d.skip != nil || d.length != nil:
		p.errorf(n.pos, "%s is a condition; any_order, skip, optional, at, plus and header are for frames", quote(e.key))
		return nil
	case len(n.entries) == 0:
		p.errorf(n.pos, "nothing says what must be true of the bytes; add a payload, prefix, suffix, contains or regex")
		return nil
	}
	p.captured(m)
	return m
}

func (p *parser) setOutcome(d *expectation, e entry) {
	if d.outcome != nil {
		p.errorf(e.pos, "{%s} and {%s} are two outcomes; an expect has one", d.outcome.key, e.key)
		d.wrong = true
		return
	}
	d.outcome = &e
	d.Outcome = outcomes[e.key]
	if d.Outcome == Counters || d.Outcome == Queued {
		return
	}
	if d.Outcome == Silence {
		silence, ok := p.duration(e)
		d.Silence = silence
		d.check(ok)
		return
	}
	if d.Outcome == TLSError && !e.value.isNull() {
		reason, ok := p.fixed(e, "a piece of the reason, or nothing")
		if ok && reason == "" {
			p.errorf(e.value.pos, "a piece of the reason, or nothing: write {tls_error}")
			ok = false
		}
		d.Reason = reason
		d.check(ok)
		return
	}
	d.check(p.noValue(e))
}

func (p *parser) exactFrame(d *expectation, e entry) {
	if !p.setFrame(d, e, FrameExact) {
		return
	}
	d.part.use = toMatch
	p.partBytes(&d.part, e)
	p.setEquals(d, e, &Payload{Pos: e.value.pos})
	d.check(!d.part.wrong)
}

// exact completes a payload that stands in the expect itself, where its size
// and that of the frame are the same key.
func (p *parser) exact(d *expectation) bool {
	t := &d.part
	switch {
	case t.key == nil && t.times != nil:
		p.errorf(t.times.pos, `"times" repeats a payload such as text or hex, and there is none`)
		return false
	case t.key == nil && t.Xor != nil:
		p.errorf(t.Xor.Pos, `"xor" lies over a payload such as text or hex, and there is none`)
		return false
	case t.key == nil && t.seed != nil:
		p.errorf(t.seed.pos, `"seed" is for {fill: random}`)
		return false
	case t.key == nil:
		return true
	}
	if size := d.Match.Size; t.key.key == "fill" && size >= 0 {
		if size == 0 {
			p.errorf(d.pos("size"), `"size" of a fill must be 1 or more`)
			return false
		}
		t.size, t.fill().Size, d.Match.Size = t.key, size, -1
	}
	if !p.finish(t, d.n) {
		return false
	}
	t.Pos = d.Match.Equals.Pos
	d.Match.Equals.Parts = []Part{t.Part}
	return true
}

func (p *parser) setEquals(d *expectation, e entry, payload *Payload) {
	if d.Match.Equals != nil {
		p.errorf(e.pos, "%s says a second time what the bytes are", quote(e.key))
		d.wrong = true
	}
	d.Match.Equals = payload
}

func (p *parser) matchPayload(d *expectation, e entry, into **Payload) {
	payload := p.payload(e, toMatch)
	if !d.check(payload != nil) {
		return
	}
	if e.key == "equals" {
		p.setEquals(d, e, payload)
		return
	}
	switch n, known := payload.length(); {
	case known && n == 0:
		p.errorf(e.value.pos, "%s is empty, which is always true", quote(e.key))
		d.wrong = true
	case e.key != "prefix":
		d.check(p.held(payload, e))
	}
	*into = payload
}

// matchContains reads a payload, or a list of payloads each of which is to be
// there: here a list is not one payload of several parts.
func (p *parser) matchContains(d *expectation, e entry) {
	values := []*node{e.value}
	if e.value.kind == listNode && len(e.value.items) > 0 {
		values = e.value.items
	}
	for _, v := range values {
		var payload *Payload
		p.matchPayload(d, entry{key: e.key, pos: e.pos, value: v}, &payload)
		if payload != nil {
			d.Match.Contains = append(d.Match.Contains, payload)
		}
	}
}

// held complains about a payload that has to be searched for, and so is held
// in memory, where it is too large for that.
func (p *parser) held(payload *Payload, e entry) bool {
	n, known := payload.length()
	if known && n > DefaultMax {
		p.errorf(e.value.pos, "%s has %s; what is searched for has at most %s", quote(e.key), count(n, "byte"), sizeString(DefaultMax))
		return false
	}
	return true
}

// matchSum is a hash, in hexadecimal unless a variable has it as bytes.
func (p *parser) matchSum(d *expectation, e entry) {
	s, ok := p.scalar(e, "a SHA-256 hash, 64 hexadecimal digits")
	if !d.check(ok) {
		return
	}
	text, ok := p.text(e.value)
	if !d.check(ok) {
		return
	}
	value, known := text.literal()
	if !known {
		d.Match.Sum = text
		return
	}
	sum, err := SHA256Sum(value)
	if err != nil {
		p.errorf(e.value.pos, "%s must be 64 hexadecimal digits, as sha256sum prints them, not %d characters: %s", quote(e.key), len(s), quote(s))
	}
	d.Match.SHA256 = sum
	d.check(err == nil)
}

// SHA256Sum is a hash that is written in hexadecimal, or as its 32 bytes.
func SHA256Sum(value []byte) ([]byte, error) {
	if len(value) == sha256.Size {
		return value, nil
	}
	sum, err := hex.DecodeString(string(bytes.TrimSpace(value)))
	if err != nil || len(sum) != sha256.Size {
		return nil, fmt.Errorf("no SHA-256 hash: %s", quote(string(value)))
	}
	return sum, nil
}
