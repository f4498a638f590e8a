package scenario

import (
	"bytes"
	"crypto/sha256"
	"strings"
)

// satisfiable complains about an expect that no bytes can satisfy: its parts
// contradict each other. What is known only when the scenario runs (variables,
// files) is given the benefit of the doubt.
func (p *parser) satisfiable(d *expectation) bool {
	before := len(p.file.Problems)
	p.frameAgainstMatch(d)
	p.equalsAgainstMatch(d)
	p.sizes(d)
	return len(p.file.Problems) == before
}

// matched is a payload of a match that says what bytes the frame has.
type matched struct {
	key     string
	payload *Payload
}

func (d *expectation) payloads() []matched {
	m := &d.Match
	key := "equals"
	if d.frame != nil && m.Equals != nil && d.n.entry("equals") == nil {
		key = d.frame.key
	}
	all := []matched{{key, m.Equals}, {"prefix", m.Prefix}, {"suffix", m.Suffix}}
	for _, x := range m.Contains {
		all = append(all, matched{"contains", x})
	}
	return all
}

func (p *parser) frameAgainstMatch(d *expectation) {
	if l := d.Match.Like; l != nil && d.Frame.Kind == FrameLine {
		for i := range l.Text {
			if bytes.ContainsRune(l.Text[i].Lit, '\n') && (d.Frame.EOL == AnyEOL || strings.HasSuffix(string(d.Frame.EOL), "\n")) {
				p.errorf(l.Pos, `"like" holds an end of line, and a line is compared without; several lines are {lines: {through: REGEX}}`)
				break
			}
		}
	}
	for _, m := range d.payloads() {
		text, ok := m.payload.literal()
		if !ok {
			continue
		}
		switch d.Frame.Kind {
		case FrameLine:
			eol := []byte(d.Frame.EOL)
			if d.Frame.EOL == CRLF || d.Frame.EOL == AnyEOL {
				eol = []byte(LF) // a bare \n ends the line too, wrongly or not
			}
			if bytes.Contains(text, eol) {
				p.errorf(m.payload.Pos, "no line has %s: a line is compared without its end, and %s holds one", quoteBytes(text), quote(m.key))
			}
		case FrameUntil:
			p.untilAgainst(d, m, text)
		case FrameLines:
			if m.key == "equals" {
				p.linesAgainst(d, m, text)
			}
		}
	}
}

// untilAgainst looks at a frame that ends with the first delimiter.
func (p *parser) untilAgainst(d *expectation, m matched, text []byte) {
	delim, ok := d.Frame.Delim.literal()
	if !ok {
		return
	}
	ends := bytes.HasSuffix(text, delim)
	switch at := bytes.Index(text, delim); {
	case at >= 0 && at+len(delim) < len(text):
		p.errorf(m.payload.Pos, "%s goes on after the delimiter %s, where the frame ends", quote(m.key), quoteBytes(delim))
	case m.key == "equals" && !ends,
		m.key == "suffix" && !ends && !bytes.HasSuffix(delim, text):
		p.errorf(m.payload.Pos, "%s does not end with the delimiter %s, with which the frame ends", quote(m.key), quoteBytes(delim))
	}
}

// linesAgainst looks at lines that are all known.
func (p *parser) linesAgainst(d *expectation, m matched, text []byte) {
	eol := []byte(d.Frame.EOL)
	if d.Frame.EOL == AnyEOL {
		eol = []byte(LF)
	}
	re := d.Frame.Through.Compiled
	for rest := text; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, eol)
		if d.Frame.EOL == AnyEOL {
			line = bytes.TrimSuffix(line, []byte("\r"))
		}
		switch {
		case !ended:
			p.errorf(m.payload.Pos, `"equals" does not end with an end of line, and the frame is whole lines`)
			return
		case re != nil && re.Match(line) && len(after) > 0:
			p.errorf(m.payload.Pos, `"equals" goes on after the line %s, where the frame ends`, quoteBytes(line))
			return
		case re != nil && !re.Match(line) && len(after) == 0:
			p.errorf(m.payload.Pos, `the last line of "equals" is %s, with which the frame does not end`, quoteBytes(line))
			return
		}
		rest = after
	}
}

// equalsAgainstMatch looks at a frame whose bytes are all known.
func (p *parser) equalsAgainstMatch(d *expectation) {
	m := &d.Match
	all, ok := m.Equals.literal()
	if !ok {
		return
	}
	is := "the bytes are to be " + quoteBytes(all)
	if x, ok := m.Prefix.literal(); ok && !bytes.HasPrefix(all, x) {
		p.errorf(m.Prefix.Pos, "%s, which do not start with %s", is, quoteBytes(x))
	}
	if x, ok := m.Suffix.literal(); ok && !bytes.HasSuffix(all, x) {
		p.errorf(m.Suffix.Pos, "%s, which do not end with %s", is, quoteBytes(x))
	}
	for _, c := range m.Contains {
		if x, ok := c.literal(); ok && !bytes.Contains(all, x) {
			p.errorf(c.Pos, "%s, which do not hold %s", is, quoteBytes(x))
		}
	}
	if r := m.Regex; r != nil && r.Compiled != nil && !r.Compiled.Match(all) {
		p.errorf(r.Pos, "%s, which the regular expression does not match", is)
	}
	if l := m.Like; l != nil && l.Compiled != nil && !l.Compiled.Match(all) {
		p.errorf(l.Pos, "%s, which are not like this", is)
	}
	if m.Not != nil && m.Not.certainlyHolds(all) {
		p.errorf(d.pos("not"), "%s, which \"not\" rules out", is)
	}
	if m.SHA256 != nil {
		if sum := sha256.Sum256(all); !bytes.Equal(sum[:], m.SHA256) {
			p.errorf(d.pos("sha256"), "%s, whose hash is %x", is, sum)
		}
	}
}

// certainlyHolds reports whether bytes meet a condition of which all is known.
func (m *Match) certainlyHolds(all []byte) bool {
	holds := m.JSON == nil && m.SHA256 == nil && m.Sum == nil && (m.Size < 0 || m.Size == int64(len(all)))
	payload := func(pl *Payload, is func(b, x []byte) bool) {
		if pl != nil {
			x, known := pl.literal()
			holds = holds && known && is(all, x)
		}
	}
	payload(m.Equals, bytes.Equal)
	payload(m.Prefix, bytes.HasPrefix)
	payload(m.Suffix, bytes.HasSuffix)
	for _, c := range m.Contains {
		payload(c, bytes.Contains)
	}
	if m.Regex != nil {
		holds = holds && m.Regex.Compiled != nil && m.Regex.Compiled.Match(all)
	}
	if m.Like != nil {
		holds = holds && m.Like.Compiled != nil && m.Like.Compiled.Match(all)
	}
	return holds && m.Not == nil
}

// sizes compares all that bounds a frame's length: the frame itself, max,
// size, and the payloads that must fit in.
func (p *parser) sizes(d *expectation) {
	m, f := &d.Match, &d.Frame
	most, bound := f.Max, "max" // what the match can see, and whose bound that is
	switch f.Kind {
	case FrameBytes, FrameSome:
		if f.Count != nil {
			break
		}
		if f.Max > 0 && f.Max < f.N && f.Kind == FrameBytes {
			p.errorf(d.max.pos, `"max" is %d, less than the %s expected`, f.Max, count(f.N, "byte"))
			return
		}
		most, bound = f.N, d.frame.key
		if f.Max > 0 && f.Max < f.N {
			most, bound = f.Max, "max"
		}
	case FrameExact:
		n, known := m.Equals.length()
		if known && m.Size >= 0 && m.Size != n {
			p.errorf(d.pos("size"), `"size" is %d, but the payload has %s`, m.Size, count(n, "byte"))
			return
		}
		most, bound = maxSize, ""
	case FrameDatagram:
		most, bound = MaxDatagram, "datagram"
	case FrameLine:
		most -= int64(max(len(f.EOL), 1))
	case FrameLength:
		most -= f.At + int64(max(f.Form.Width(), 1))
		if tells := f.Form.Max(); tells < uint64(maxSize) && int64(tells)+f.Plus < most {
			most, bound = int64(tells)+f.Plus, "length"
		}
	}
	if n, known := f.Delim.length(); known && m.Size >= 0 && m.Size < n {
		p.errorf(d.pos("size"), `"size" is %d, less than the delimiter has, which counts`, m.Size)
		return
	}
	switch {
	case f.Kind == FrameBytes && f.Count == nil && m.Size >= 0 && m.Size != f.N:
		p.errorf(d.pos("size"), `"size" is %d, but the frame has %s`, m.Size, count(f.N, "byte"))
		return
	case m.Size > most:
		p.errorf(d.pos("size"), `"size" is %d, more than %s allows (%s)`, m.Size, quote(bound), allowed(most, f, bound))
		return
	case m.Size >= 0 && m.Size < most:
		most, bound = m.Size, "size"
	}
	for _, x := range d.payloads() {
		n, known := x.payload.length()
		switch {
		case !known:
		case n > most:
			p.errorf(x.payload.Pos, "%s has %s, more than %s allows (%s)", quote(x.key), count(n, "byte"), quote(bound), allowed(most, f, bound))
		case x.payload == m.Equals && (f.Kind == FrameBytes && f.Count == nil && n != f.N || m.Size >= 0 && n != m.Size):
			p.errorf(x.payload.Pos, "%s has %s, but the frame has %d", quote(x.key), count(n, "byte"), most)
		}
	}
}

// allowed is a bound in a message. Max counts the end of line, a match does
// not see it.
func allowed(most int64, f *Frame, bound string) string {
	if f.Kind == FrameLine && bound == "max" {
		return count(max(most, 0), "byte") + " and the end of line"
	}
	return count(most, "byte")
}
