package scenario

import (
	"slices"
	"strings"
)

// fragment is steps that define gives a name, to be put in place by "do". They
// are read anew each time: what they mean depends on the script.
type fragment struct {
	entry
	own  Pos // the document that has it
	used bool
}

// maxUnfolded bounds the steps that fragments become, in a document.
const maxUnfolded = 100_000

// do is a step that stands for the steps of a fragment.
type do struct {
	name string
	pos  Pos
	with []entry
	note string
	ok   bool
}

var doKeys = table[do]{
	{"do", func(p *parser, d *do, e entry) { d.fragmentName(p, e) }},
	{"with", func(p *parser, d *do, e entry) {
		if p.section(e, `"with" is a mapping from the fragment's variables to their values`) {
			d.with = e.value.entries
		} else {
			d.ok = false
		}
	}},
	{"note", func(p *parser, d *do, e entry) { d.note, _ = p.scalar(e, "a text") }},
}

func (d *do) fragmentName(p *parser, e entry) {
	d.pos = e.value.pos
	d.name, d.ok = p.fixed(e, "a fragment's name")
}

// isDo reports whether an entry of a script is a "do".
func isDo(n *node) bool { return n.kind == mappingNode && n.entry("do") != nil }

// unfold is the steps of a fragment, in place of the "do" that names it.
func (p *parser) unfold(n *node) []*Step {
	fail := func() []*Step {
		wrong := &Step{Pos: n.pos}
		p.doc.broken[wrong], p.doc.scope.hidden = true, true
		return []*Step{wrong}
	}
	d := do{ok: true}
	if !decode(p, n, `a "do"`, doKeys, &d) || !d.ok {
		return fail()
	}
	f := p.doc.fragments[d.name]
	if f == nil {
		var known []string
		for name := range p.doc.fragments {
			known = append(known, name)
		}
		slices.Sort(known)
		p.unknown(d.pos, "fragment", d.name, known)
		return fail()
	}
	f.used = true
	for i, c := range p.doc.calls {
		if c.Name == d.name {
			var circle []string
			for _, c := range p.doc.calls[i:] {
				circle = append(circle, c.Name)
			}
			p.errorf(d.pos, "the fragment %s calls itself: %s", quote(d.name), shorten(strings.Join(append(circle, d.name), " does ")))
			return fail()
		}
	}
	if p.doc.unfolded > maxUnfolded {
		return fail() // said already
	}
	p.doc.calls = append(p.doc.calls, Call{Pos: d.pos, Name: d.name})
	defer func() { p.doc.calls = p.doc.calls[:len(p.doc.calls)-1] }()
	steps, done := p.with(&d)
	defer done()
	steps = append(steps, p.script(f.value, f.pos, "the fragment "+quote(d.name))...)
	if len(steps) > 0 && d.note != "" {
		steps[0].Note = d.note
	}
	if p.doc.unfolded += len(steps); p.doc.unfolded > maxUnfolded {
		p.errorf(d.pos, "the fragments unfold to more than %d steps", maxUnfolded)
	}
	return steps
}

// with gives a fragment its variables: those that are known now as constants,
// the others by a step in front. done takes them back.
func (p *parser) with(d *do) (steps []*Step, done func()) {
	before := map[string]*constant{}
	var later []Definition
	for _, v := range d.with {
		if !p.variableName(v.pos, v.key) {
			continue
		}
		payload := p.payload(v, toSend)
		if payload == nil || !p.unsliced(payload, "a variable is not sent") {
			continue
		}
		var had *constant
		if c, ok := p.doc.vars[v.key]; ok {
			had = &c
		}
		before[v.key] = had
		if value, known := payload.literal(); known {
			p.doc.vars[v.key] = constant{pos: v.pos, value: string(value), secret: payload.secret(), rank: outsideVar}
			continue
		}
		delete(p.doc.vars, v.key)
		later = append(later, Definition{Pos: v.pos, Name: v.key, Payload: payload})
	}
	if len(later) > 0 {
		steps = append(steps, &Step{Pos: later[0].Pos, Action: Let{later}, Via: slices.Clone(p.doc.calls)})
		for _, v := range later {
			p.gains(v.Pos, v.Name)
		}
	}
	return steps, func() {
		for _, v := range d.with {
			if had, ok := before[v.key]; ok && had != nil {
				p.doc.vars[v.key] = *had
			} else {
				delete(p.doc.vars, v.key)
			}
		}
	}
}

// secret reports whether a payload has a value that is not to be shown.
func (pl *Payload) secret() bool {
	return slices.ContainsFunc(pl.Parts, func(part Part) bool {
		return slices.ContainsFunc(part.Text, func(s Segment) bool { return s.Secret }) ||
			part.Parts != nil && (&Payload{Parts: part.Parts}).secret()
	})
}

// unusedFragments warns of what define has and nobody does.
func (p *parser) unusedFragments(d *document) {
	for name, f := range d.fragments {
		if f.own == d.Pos && !f.used {
			p.warnf(f.pos, "nobody does the fragment %s", quote(name))
		}
	}
}
