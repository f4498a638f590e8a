package scenario

import "slices"

// captureKey is the variable that the frame, or the part of it, becomes.
func (p *parser) captureKey(d *expectation, e entry) {
	name, ok := p.scalar(e, "a variable's name")
	if d.check(ok) {
		p.capture(d, e.value.pos, Capture{Name: name})
	}
}

// capture notes a variable that a match gives.
func (p *parser) capture(d *expectation, pos Pos, c Capture) {
	c.Pos = pos
	if !d.check(p.newVariable(pos, c.Name)) {
		return
	}
	if slices.ContainsFunc(d.Match.Captures, func(other Capture) bool { return other.Name == c.Name }) {
		p.errorf(pos, "%s is captured twice here", quote(c.Name))
		d.wrong = true
		return
	}
	d.Match.Captures = append(d.Match.Captures, c)
}

// converted reads what a capture makes of the bytes.
func (p *parser) converted(d *expectation) bool {
	if d.as == nil {
		return true
	}
	whole := slices.IndexFunc(d.Match.Captures, func(c Capture) bool { return c.From == FromFrame })
	if whole < 0 {
		p.errorf(d.as.pos, `"as" says what "capture" makes of the bytes, and there is none`)
		return false
	}
	as := &d.Match.Captures[whole].As
	switch s, ok := p.fixed(*d.as, "int, hex, or a form such as u16be"); {
	case !ok:
		return false
	case s == "int":
		as.Kind = AsInt
	case s == "hex":
		as.Kind = AsHex
	case formNamed(s) != NoForm:
		as.Kind, as.Form = AsNumber, formNamed(s)
	default:
		p.errorf(d.as.value.pos, `"as" must be int, hex, or a form such as u16be, not %s%s`, asWritten(s), p.hint(s, append([]string{"int", "hex"}, forms[1:]...)))
		return false
	}
	return true
}

// captured says that what a match captures has its value from here on.
func (p *parser) captured(m *Match) {
	for _, c := range m.Captures {
		p.gains(c.Pos, c.Name)
	}
}
