package scenario

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Payloads that are made: filled, counted, repeated, put together.

// fill is the part's fill, of which some key has told something.
func (d *part) fill() *Fill {
	if d.Fill == nil {
		d.Fill = &Fill{Seed: 1}
	}
	return d.Fill
}

// fillPart is the word random, or a text that is repeated.
func (p *parser) fillPart(e entry, u use) (Part, bool) {
	s, ok := p.scalar(e, "random, or a text that is repeated")
	if !ok {
		return Part{}, false
	}
	if s == "random" {
		return Part{Fill: &Fill{Random: true}}, true
	}
	if s == "" {
		p.errorf(e.value.pos, `"fill" needs a text to repeat, or random`)
		return Part{}, false
	}
	made, ok := p.textPart(e, u)
	made.Fill = &Fill{}
	return made, ok
}

func (p *parser) partSize(d *part, e entry) {
	d.size = &e
	n, ok := p.size(e, 1)
	d.fill().Size = n
	d.wrong = d.wrong || !ok
}

func (p *parser) partSeed(d *part, e entry) {
	d.seed = &e
	n, ok := p.natural(e, math.MaxUint64)
	d.fill().Seed = n
	d.wrong = d.wrong || !ok
}

// numberPart is a whole number in binary.
func (p *parser) numberPart(e entry, _ use) (Part, bool) {
	form := formNamed(e.key)
	if n := e.value; n.kind == scalarNode && strings.Contains(n.value, "${") {
		text, ok := p.text(n)
		if _, known := text.literal(); !known || !ok { // else it is a number as any other
			return Part{Text: text, Number: form}, ok
		}
	}
	n, ok := p.natural(e, form.Max())
	if !ok {
		return Part{}, false
	}
	return Part{Text: Text{{Pos: e.value.pos, Lit: form.Append(nil, n)}}}, true
}

// partsPart is a list of payloads under a key, so that others can stand beside
// it.
func (p *parser) partsPart(e entry, u use) (Part, bool) {
	switch {
	case e.value.isNull():
		p.blank(e, "a list of payloads")
		return Part{}, false
	case !p.list(e.value, `"parts" must be a list of payloads`):
		return Part{}, false
	}
	var inner Payload
	ok := p.parts(e, u, &inner)
	for i := range inner.Parts {
		if sub := &inner.Parts[i]; sub.Slice > 0 {
			p.errorf(sub.Pos, `"slice" inside "parts"; it belongs beside "parts", or the parts into a list of their own`)
			ok = false
		}
	}
	return Part{Parts: inner.Parts}, ok
}

// echoPart is what the last expect has taken.
func (p *parser) echoPart(e entry, u use) (Part, bool) {
	if !p.noValue(e) {
		return Part{}, false
	}
	if u == toMatch {
		p.errorf(e.pos, `"echo" sends back what came; what is expected can't be that`)
		return Part{}, false
	}
	p.doc.Echoes = true
	return Part{Echo: true}, true
}

// partXor is the mask of a payload, such as that of a WebSocket frame.
func (p *parser) partXor(d *part, e entry) {
	d.Xor = p.payload(e, toSend)
	switch n, known := d.Xor.length(); {
	case d.Xor == nil:
		d.wrong = true
	case known && n == 0:
		p.errorf(e.value.pos, `"xor" needs bytes`)
		d.wrong = true
	}
}

func (p *parser) partLength(d *part, e entry) {
	form, ok := p.form(e)
	d.length().Form, d.length().Pos = form, e.value.pos
	d.wrong = d.wrong || !ok
}

// length is the part's length, of which some key has told something.
func (d *part) length() *Length {
	if d.Length == nil {
		d.Length = &Length{}
	}
	return d.Length
}

func (p *parser) partPlus(d *part, e entry) {
	d.plus = &e
	n, ok := p.plus(e)
	d.length().Plus = n
	d.wrong = d.wrong || !ok
}

func (p *parser) partTimes(d *part, e entry) {
	d.times = &e
	n, ok := p.number(e, 1, math.MaxInt32)
	d.Times = n
	d.wrong = d.wrong || !ok
}

// finish completes a part whose mapping has been read, and complains about
// keys that do not go together.
func (p *parser) finish(d *part, n *node) bool {
	d.Pos = n.pos
	lonely := func(e *entry, key, why string) bool {
		p.errorf(e.pos, "%s needs %s: %s", quote(e.key), quote(key), why)
		return false
	}
	switch {
	case d.wrong:
		return false
	case d.key == nil:
		p.errorf(n.pos, "a payload without bytes; it needs one of: text, line, lines, head, hex, base64, file, fill, parts, echo, u8 ... u64le, varint")
		return false
	case d.key.key == "fill" && d.size == nil:
		p.errorf(d.key.pos, `"fill" needs "size": how many bytes it makes`)
		return false
	case d.key.key != "fill" && d.size != nil:
		return lonely(d.size, "fill", "what is to have this size")
	case d.seed != nil && (d.key.key != "fill" || !d.Fill.Random):
		p.errorf(d.seed.pos, `"seed" is for {fill: random}`)
		return false
	case d.plus != nil && d.Length.Form == NoForm:
		return lonely(d.plus, "length", "the number that it is added to")
	case d.every != nil && d.Slice == 0:
		return lonely(d.every, "slice", "how many bytes are written before each pause")
	}
	if d.Times == 1 {
		d.Times = 0
	}
	return p.bounded(d)
}

// bounded complains about a part that has too many bytes, or more than its
// length can tell.
func (p *parser) bounded(d *part) bool {
	if d.Length != nil {
		body := d.Part
		body.Length, body.Times = nil, 0
		if n, known := body.size(); known {
			if _, err := d.Length.header(n); err != nil {
				p.errorf(d.Length.Pos, "%s", err)
				return false
			}
		}
	}
	if n, known := d.Part.size(); known && n > MaxPayload {
		pos := d.Pos
		if d.times != nil {
			pos = d.times.value.pos
		}
		p.errorf(pos, "the payload has more than %s", sizeString(MaxPayload))
		return false
	}
	return true
}

// form is the name of a form of numbers.
func (p *parser) form(e entry) (Form, bool) {
	s, ok := p.fixed(e, "a form such as u16be or varint")
	if !ok {
		return NoForm, false
	}
	form := formNamed(s)
	switch {
	case form != NoForm:
	case formNamed(s+"be") != NoForm:
		p.errorf(e.value.pos, "%s needs its order: %[2]sbe has the high byte first, %[2]sle last", quote(s), s)
	default:
		p.errorf(e.value.pos, "no form %s of numbers%s", quote(s), p.hint(s, forms[1:]))
	}
	return form, form != NoForm
}

// maxPlus is the most that a length may be off by.
const maxPlus = math.MaxInt32

// plus is a whole number that may be negative.
func (p *parser) plus(e entry) (int64, bool) {
	const want = "a whole number such as 4 or -4"
	s, ok := p.fixed(e, want)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if digits := strings.TrimPrefix(s, "-"); err != nil || !isDigits(digits) || digits[0] == '0' && s != "0" || n > maxPlus || n < -maxPlus {
		p.errorf(e.value.pos, "%s must be %s, not %s", quote(e.key), want, asWritten(s))
		return 0, false
	}
	return n, true
}

// natural is a whole number in decimal, or in hexadecimal with 0x in front.
func (p *parser) natural(e entry, most uint64) (uint64, bool) {
	want := fmt.Sprintf("a whole number from 0 to %d", most)
	s, ok := p.fixed(e, want)
	if !ok {
		return 0, false
	}
	digits, base := s, 10
	if hex, found := strings.CutPrefix(s, "0x"); found {
		digits, base = hex, 16
	} else if isDigits(s) && s[0] == '0' && s != "0" {
		p.errorf(e.value.pos, "%s must be a plain decimal number: %s, not %s", quote(e.key), orZero(strings.TrimLeft(s, "0")), shorten(s))
		return 0, false
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if err != nil || n > most {
		p.errorf(e.value.pos, "%s must be %s, not %s", quote(e.key), want, asWritten(s))
		return 0, false
	}
	return n, true
}

// Echo reports whether a payload is what came, and nothing else.
func (pl *Payload) Echo() bool {
	return pl != nil && len(pl.Parts) == 1 && pl.Parts[0].Echo && pl.Parts[0].plainEcho()
}

func (part *Part) plainEcho() bool {
	return part.Length == nil && part.Times <= 1 && part.Xor == nil && part.Slice == 0
}

// echoes reports whether what came is in a payload.
func (pl *Payload) echoes() bool {
	return pl != nil && slices.ContainsFunc(pl.Parts, func(part Part) bool {
		return part.Echo || (&Payload{Parts: part.Parts}).echoes() || part.Xor.echoes()
	})
}
