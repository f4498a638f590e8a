package scenario

import (
	"slices"
	"strings"
)

// setFrame notes how many bytes an expect takes, and complains about a second
// answer.
func (p *parser) setFrame(d *expectation, e entry, kind FrameKind) bool {
	switch {
	case d.inner != "" && kind != FrameExact:
		p.errorf(e.pos, "%s is a frame, and %s has none of its own; what the bytes must be is {equals: ...}", quote(e.key), quote(d.inner))
		d.wrong = true
		return false
	case d.frame != nil && (e.key == "length" && d.Frame.Kind == FrameExact || d.frame.key == "length" && kind == FrameExact):
		p.errorf(e.pos, `%s and %s are two frames; what follows a length is compared with "equals"`, quote(d.frame.key), quote(e.key))
		d.wrong = true
		return false
	case d.frame != nil:
		p.errorf(e.pos, "%s and %s are two frames; an expect has one", quote(d.frame.key), quote(e.key))
		d.wrong = true
		return false
	}
	d.frame = &e
	d.Frame.Kind = kind
	return true
}

func (p *parser) lineFrame(d *expectation, e entry) {
	if n := e.value; n.kind == mappingNode && len(n.entries) > 0 {
		p.errorf(n.pos, `"line" must be a text, not a mapping; what must be true of the line stands beside it: {line, %s: ...}`, shorten(n.entries[0].key))
		d.wrong = true
		return
	}
	if d.inner == "stdout" { // of which there is one, to the program's end
		p.exactFrame(d, e)
		return
	}
	if !p.setFrame(d, e, FrameLine) {
		return
	}
	d.Frame.EOL = p.doc.eol
	if e.value.isNull() && e.value.value == "" && p.commentAfter(e.value) == "" {
		return // any line
	}
	part, ok := p.textPart(e, toMatch)
	p.setEquals(d, e, &Payload{Pos: e.value.pos, Parts: []Part{part}})
	d.check(ok)
}

func (p *parser) untilFrame(d *expectation, e entry) {
	if !p.setFrame(d, e, FrameUntil) {
		return
	}
	d.Frame.Delim = p.payload(e, toMatch)
	if !d.check(d.Frame.Delim != nil) {
		return
	}
	if n, known := d.Frame.Delim.length(); known && n == 0 {
		p.errorf(e.value.pos, `"until" needs a delimiter`)
		d.wrong = true
	}
	d.check(p.held(d.Frame.Delim, e))
}

func (p *parser) sizedFrame(d *expectation, e entry, kind FrameKind) {
	if !p.setFrame(d, e, kind) {
		return
	}
	if kind == FrameBytes {
		if text, open := p.openText(e.value); open {
			d.Frame.Count = text
			d.check(text != nil)
			return
		}
	}
	n, ok := p.size(e, 1)
	d.Frame.N = n
	d.check(ok)
}

// openText reads a number with variables that are not known before the run; nil
// if something is wrong with it. It reports whether it is one.
func (p *parser) openText(n *node) (Text, bool) {
	if n.kind != scalarNode || !strings.Contains(n.value, "${") {
		return nil, false
	}
	text, ok := p.text(n)
	if !ok {
		return nil, true
	}
	_, known := text.literal()
	return text, !known
}

func (p *parser) someFrame(d *expectation, e entry) {
	p.sizedFrame(d, e, FrameSome)
	if d.wrong {
		return
	}
	p.doc.Some = e.pos
	p.warnf(e.pos, `"some" takes whatever the next read brings, so timing decides; a frame such as line, until or bytes is sure`)
}

// through is the mapping of {lines: {through: REGEX}} while it is read.
type through struct {
	regex  *Regex
	groups []string
}

var throughKeys = table[through]{
	{"through", func(p *parser, t *through, e entry) { t.regex, t.groups = p.regex(e) }},
}

// linesFrame is lines to the letter, or whole lines up to one that matches.
func (p *parser) linesFrame(d *expectation, e entry) {
	if e.value.kind != mappingNode {
		p.exactFrame(d, e)
		return
	}
	if !p.setFrame(d, e, FrameLines) {
		return
	}
	d.Frame.EOL = p.doc.eol
	var t through
	known := decode(p, e.value, `"lines"`, throughKeys, &t)
	if known && len(e.value.entries) == 0 {
		p.errorf(e.value.pos, `"lines" needs "through": a regular expression for the last of them`)
	}
	d.Frame.Through = t.regex
	d.check(known && t.regex != nil)
	if t.regex != nil && slices.ContainsFunc(t.groups, func(name string) bool { return name != "" }) {
		p.errorf(t.regex.Pos, `a named group in "through", which captures nothing; add {regex: ...} beside "lines"`)
		d.wrong = true
	}
}

func (p *parser) lengthFrame(d *expectation, e entry) {
	if !p.setFrame(d, e, FrameLength) {
		return
	}
	form, ok := p.form(e)
	d.Frame.Form = form
	d.check(ok)
}

// lengthKey notes a key that belongs to a length, wherever that stands.
func (d *expectation) lengthKey(e entry) {
	if d.length == nil {
		d.length = map[string]*entry{}
	}
	d.length[e.key] = &e
}

func (p *parser) lengthAt(d *expectation, e entry) {
	d.lengthKey(e)
	n, ok := p.number(e, 0, MaxFileSize)
	d.Frame.At = int64(n)
	d.check(ok)
}

func (p *parser) lengthPlus(d *expectation, e entry) {
	d.lengthKey(e)
	n, ok := p.plus(e)
	d.Frame.Plus = n
	d.check(ok)
}

func (p *parser) lengthHeader(d *expectation, e entry) {
	d.lengthKey(e)
	d.Frame.Header = p.condition(e)
	d.check(d.Frame.Header != nil)
}

// lengthComplete complains about keys of a length that do not fit it, or have
// none.
func (p *parser) lengthComplete(d *expectation) bool {
	f := &d.Frame
	for _, key := range []string{"at", "plus", "header"} {
		if e := d.length[key]; e != nil && f.Kind != FrameLength {
			p.errorf(e.pos, `%s belongs beside a "length": {length: u32be}`, quote(key))
			return false
		}
	}
	if f.Kind != FrameLength {
		return true
	}
	switch widest := f.Form.Max(); {
	case f.Plus < 0 && widest < uint64(-f.Plus):
		p.errorf(d.length["plus"].value.pos, "no length in %s is so great that %d can be added to it", f.Form, f.Plus)
		return false
	case d.max != nil && f.Max < f.At+int64(max(f.Form.Width(), 1)):
		p.errorf(d.max.value.pos, `"max" is %d, less than the header and the length have`, f.Max)
		return false
	case f.Header == nil:
		return true
	case f.At == 0:
		p.errorf(d.length["header"].pos, `"header" is the bytes before the length: "at" says how many`)
		return false
	}
	h := &expectation{Expect: &Expect{Match: *f.Header}, n: d.length["header"].value, frame: d.length["at"]}
	h.Frame = Frame{Kind: FrameBytes, N: f.At}
	return p.satisfiable(h)
}
