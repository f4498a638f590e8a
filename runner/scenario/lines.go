package scenario

import "strings"

// textPart is a scalar as spelled.
func (p *parser) textPart(e entry, _ use) (Part, bool) {
	if _, ok := p.scalar(e, "a text"); !ok {
		return Part{}, false
	}
	p.traps(e.value)
	p.textTraps(e.value)
	p.lostCR(e.value)
	text, ok := p.text(e.value)
	return Part{Pos: e.value.pos, Text: text}, ok
}

// linePart is a text and the end of line.
func (p *parser) linePart(e entry, u use) (Part, bool) {
	if e.value.isNull() && e.value.value == "" && p.commentAfter(e.value) == "" {
		p.errorf(e.pos, `"line" has no text; an empty line is {line: ""}`)
		return Part{}, false
	}
	if !p.canEndLines(e, u) {
		return Part{}, false
	}
	made, ok := p.textPart(e, u)
	if n := e.value; n.style >= literalBlock && strings.HasSuffix(n.value, "\n") {
		p.warnf(n.pos, `the block ends with an end of line, and "line" adds one; take "lines" for a block`)
	}
	made.Text = p.endLine(made.Text, e.value.pos)
	return made, ok
}

// linesPart is several lines: a list of them, or a block. The newline that
// ends a block is not one more line.
func (p *parser) linesPart(e entry, u use) (Part, bool) {
	return p.endedLines(e, u, func(Text, Pos) bool { return true })
}

// headPart is the lines of a header, and the blank line that ends it.
func (p *parser) headPart(e entry, u use) (Part, bool) {
	made, ok := p.endedLines(e, u, func(line Text, pos Pos) bool {
		if line == nil {
			p.errorf(pos, `a blank line in "head" would end it; "head" adds the one at the end itself`)
		}
		return line != nil
	})
	made.Text = p.endLine(made.Text, e.value.pos)
	return made, ok
}

// endedLines are lines that pass a check, each ended.
func (p *parser) endedLines(e entry, u use, check func(Text, Pos) bool) (Part, bool) {
	n := e.value
	if !p.canEndLines(e, u) {
		return Part{}, false
	}
	made, ok := Part{Pos: n.pos}, true
	if n.kind == listNode {
		for _, item := range n.items {
			line, good := p.textPart(entry{key: e.key, pos: item.pos, value: item}, u)
			good = good && check(line.Text, item.pos)
			made.Text = append(made.Text, p.endLine(line.Text, item.pos)...)
			ok = ok && good
		}
		if len(n.items) == 0 {
			p.errorf(n.pos, "%s has no lines", quote(e.key))
			ok = false
		}
		return made, ok
	}
	s, ok := p.scalar(e, "a list of lines or a block")
	if !ok {
		return made, false
	}
	if s == "" {
		p.errorf(n.pos, "%s has no lines%s", quote(e.key), map[string]string{"lines": `; one empty line is {line: ""}`}[e.key])
		return made, false
	}
	p.traps(n)
	p.textTraps(n)
	if n.style == foldedBlock {
		p.errorf(n.pos, `a block with > joins its lines; for lines take |`)
		ok = false
	}
	texts := p.texts(n)
	for line := range strings.SplitSeq(strings.TrimSuffix(s, "\n"), "\n") {
		text, good := texts.text(line)
		good = good && check(text, n.pos)
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
