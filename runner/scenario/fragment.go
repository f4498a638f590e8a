package scenario

import (
	"fmt"
	"maps"
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

var doKeys table[do]

func init() {
	doKeys = table[do]{
		{"do", func(p *parser, d *do, e entry) {
			d.pos = e.value.pos
			name, ok := p.fixed(e, "a fragment's name")
			d.name, d.ok = name, d.ok && ok
		}},
		{"with", func(p *parser, d *do, e entry) {
			if p.section(e, `"with" is a mapping from the fragment's variables to their values`) {
				d.with = e.value.entries
			} else {
				d.ok = false
			}
		}},
		{"note", func(p *parser, d *do, e entry) { d.note, _ = p.scalar(e, "a text") }},
	}
	for _, key := range []string{"expect", "answer", "within", "over"} {
		doKeys = append(doKeys, field[do]{key, func(p *parser, d *do, e entry) {
			p.errorf(e.pos, `%s can't stand beside "do"; it belongs to a step of the fragment`, quote(key))
			d.ok = false
		}})
	}
}

// isDo reports whether an entry of a script is a "do".
func isDo(n *node) bool { return n.kind == mappingNode && n.entry("do") != nil }

// unfold is the steps of a fragment, in place of the "do" that names it.
func (p *parser) unfold(n *node) []*Step {
	fail := func() []*Step {
		wrong := p.newStep(n.pos, nil)
		p.doc.broken[wrong], p.doc.scope.hidden = true, true
		return []*Step{wrong}
	}
	d := do{ok: true}
	if !decode(p, n, `a "do"`, doKeys, &d) || !d.ok {
		return fail()
	}
	f := p.doc.fragments[d.name]
	if f == nil {
		known := slices.Sorted(maps.Keys(p.doc.fragments))
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
	if len(p.doc.calls) == maxDepth {
		p.errorf(d.pos, "the fragments call each other more than %d deep", maxDepth)
		return fail()
	}
	if p.doc.unfolded > maxUnfolded {
		return fail() // said already
	}
	outer := p.doc.with
	steps, given := p.give(&d)
	p.doc.calls = append(p.doc.calls, Call{Pos: d.pos, Name: d.name})
	p.doc.with = given
	unsettled := len(p.doc.uses)
	steps = append(steps, p.script(f.value, f.pos, "the fragment "+quote(d.name))...)
	if len(steps) > 0 && d.note != "" {
		steps[0].Note = d.note
	}
	p.doc.with = outer
	p.doc.calls = p.doc.calls[:len(p.doc.calls)-1]
	p.unwanted(&d, given, unsettled)
	before := p.doc.unfolded
	if p.doc.unfolded += len(steps); before <= maxUnfolded && p.doc.unfolded > maxUnfolded {
		p.errorf(slices.Concat(p.doc.calls, []Call{{Pos: d.pos}})[0].Pos, "the fragments unfold to more than %d steps", maxUnfolded)
	}
	return steps
}

// with is a variable that a "do" gives to its fragment. It is known to the
// fragments within, and to nobody else.
type with struct {
	constant
	later string // its name while the scenario runs, if it has its value only then
	used  bool
}

// give gives a fragment its variables: those that are known now as constants,
// the others by a step in front, under names that nobody else has.
func (p *parser) give(d *do) (steps []*Step, all map[string]*with) {
	all = maps.Clone(p.doc.with)
	if all == nil {
		all = map[string]*with{}
	}
	var later []Definition
	p.doc.scope.at++ // they stand behind the step before
	for _, v := range d.with {
		if !p.variableName(v.pos, v.key) {
			continue
		}
		w := &with{constant: constant{pos: v.pos}}
		all[v.key] = w
		payload := p.payload(v, toSend)
		if payload == nil || !p.unsliced(payload, "a variable is not sent") {
			continue
		}
		if value, known := payload.literal(); known {
			w.value, w.secret = string(value), payload.secret()
			continue
		}
		p.doc.given++
		w.later = fmt.Sprintf("%s#%d", v.key, p.doc.given)
		later = append(later, Definition{Pos: v.pos, Name: w.later, Payload: payload})
	}
	if len(later) > 0 {
		steps = append(steps, p.newStep(later[0].Pos, Let{later}))
	}
	return steps, all
}

// unwanted complains about variables for which a fragment has no use.
func (p *parser) unwanted(d *do, given map[string]*with, unsettled int) {
	for _, v := range d.with {
		w := given[v.key]
		if w == nil || w.used || p.doc.scope.hidden {
			continue
		}
		var wanted []string
		for _, u := range p.doc.uses[unsettled:] {
			if u.ref.Actor == "" {
				wanted = append(wanted, u.name)
			}
		}
		near := p.nearest(v.key, wanted)
		if near == "" {
			p.errorf(v.pos, "the fragment %s has no ${%s}", quote(d.name), v.key)
			continue
		}
		p.errorf(v.pos, "the fragment %s has no ${%s}; did you mean %s?", quote(d.name), v.key, quote(near))
		p.doc.uses = slices.DeleteFunc(p.doc.uses, func(u mention) bool { // that is said
			return u.name == near && len(u.calls) > len(p.doc.calls) && u.calls[len(p.doc.calls)].Pos == d.pos
		})
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
