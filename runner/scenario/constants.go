package scenario

import (
	"slices"
	"strings"
)

// constants reads the entries of vars, or of a row of cases.
func (p *parser) constants(d *document, entries []entry, rank rank) {
	for _, v := range entries {
		if !p.variableName(v.pos, v.key) {
			continue
		}
		if _, ok := p.scalar(v, `a text; bytes that are made stand in "let"`); !ok {
			d.vars[v.key] = constant{pos: v.pos, rank: rank}
			continue
		}
		p.traps(v.value)
		unsettled := len(p.doc.uses)
		text, ok := p.text(v.value)
		value, known := text.literal()
		if ok && !known && len(p.doc.uses) == unsettled {
			p.errorf(v.value.pos, `%s is to be known before the run, and this is not; it belongs into "let"`, quote(v.key))
		}
		p.takes(v.key)
		if c, given := d.vars[v.key]; given && c.rank > rank {
			continue
		}
		secret := slices.ContainsFunc(text, func(s Segment) bool { return s.Secret })
		d.vars[v.key] = constant{pos: v.pos, value: string(value), secret: secret, rank: rank}
	}
}

// fixed is the text of a value in which variables may stand that are known
// before the run. Want says what it is.
func (p *parser) fixed(e entry, want string) (string, bool) {
	s, ok := p.scalar(e, want)
	if !ok || !strings.Contains(s, "${") {
		return s, ok
	}
	unsettled := len(p.doc.uses)
	text, ok := p.text(e.value)
	value, known := text.literal()
	for i := range p.doc.uses[unsettled:] {
		p.doc.uses[unsettled+i].early = true
	}
	if ok && !known && len(p.doc.uses) == unsettled {
		open := text[slices.IndexFunc(text, func(s Segment) bool { return s.Open() })]
		p.errorf(open.Pos, "%s is needed before the run, when ${%s} is not known; it can have variables of vars and cases", quote(e.key), open.Var)
	}
	return string(value), ok && known
}

// definitions reads what let has: variables and the payloads that they stand
// for. Each is known to those after it.
func (p *parser) definitions(entries []entry, gained func(pos Pos, name string)) (out []Definition, ok bool) {
	ok = true
	for _, v := range entries {
		good := p.newVariable(v.pos, v.key)
		payload := p.payload(v, toSend)
		if payload != nil {
			good = p.unsliced(payload, "a variable is not sent") && good
			if p.doc.scope == p.doc.top && payload.echoes() {
				p.errorf(payload.Pos, `"echo" before anything came that could be sent back`)
				good = false
			}
		}
		ok = ok && good && payload != nil
		gained(v.pos, v.key)
		out = append(out, Definition{Pos: v.pos, Name: v.key, Payload: payload})
	}
	return out, ok
}

// unsliced complains about a payload that says how it is sent where nothing is
// sent.
func (p *parser) unsliced(payload *Payload, why string) bool {
	for i := range payload.Parts {
		if part := &payload.Parts[i]; part.Slice > 0 {
			p.errorf(part.Pos, `"slice" is how bytes are sent, and %s`, why)
			return false
		}
	}
	return true
}
