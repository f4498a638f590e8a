package scenario

import (
	"fmt"
	"math"
	"strings"
)

// Steps that hold steps: loop and retry; and let, which has none.

// loop is a Loop while its mapping is read.
type loop struct {
	Loop
	times, until *entry
	steps        *entry // read last: they may need the others
	wrong        bool
}

var loopKeys table[loop]

func init() {
	loopKeys = table[loop]{
		{"times", func(p *parser, l *loop, e entry) {
			l.times = &e
			if text, open := p.openText(e.value); open {
				l.Count = text
				l.wrong = l.wrong || text == nil
				return
			}
			n, ok := p.number(e, 1, math.MaxInt32)
			l.Times = n
			l.wrong = l.wrong || !ok
		}},
		{"until", func(p *parser, l *loop, e entry) {
			l.until = &e
			l.Until = p.tried(e)
			l.wrong = l.wrong || l.Until == nil
		}},
		{"as", func(p *parser, l *loop, e entry) {
			name, ok := p.scalar(e, "a variable's name")
			if l.As = name; !ok || !p.newVariable(e.value.pos, name) {
				l.wrong = true
				return
			}
			p.gains(e.value.pos, name)
		}},
		{"steps", func(_ *parser, l *loop, e entry) { l.steps = &e }},
	}
}

// MaxRounds bounds what loops that stand in each other make: sends to a peer who
// has gone cost next to no time, and so would never end a step.
const MaxRounds = 100_000_000

// loop reads {times, steps}, {until, steps}, or steps alone.
func (p *parser) loop(e entry) Action {
	if e.value.kind == listNode {
		return p.ending(e, Loop{Steps: p.script(e.value, e.pos, `"loop"`)})
	}
	if e.value.isNull() {
		p.blank(e, "a list of steps, or {times: 3, steps: [...]}")
		return nil
	}
	if !p.mapping(e.value, `"loop" takes a list of steps, or {times: 3, steps: [...]}`) {
		return nil
	}
	var l loop
	known := decode(p, e.value, "a loop", loopKeys, &l)
	outer := p.doc.rounds
	if p.doc.rounds = max(outer, 1); outer <= MaxRounds {
		p.doc.rounds *= int64(max(l.Times, 1))
	}
	defer func() { p.doc.rounds = outer }()
	if p.doc.rounds > MaxRounds && outer <= MaxRounds {
		p.errorf(l.times.value.pos, "the loops make %d rounds together, %d at most can be made", p.doc.rounds, int64(MaxRounds))
		l.wrong = true
	}
	if l.steps != nil {
		l.Steps = p.script(l.steps.value, l.steps.pos, `"loop"`)
	}
	switch {
	case l.times != nil && l.until != nil:
		p.errorf(l.until.pos, `"times" and "until" are two ends of a loop; it has one`)
		return nil
	case !known || l.wrong:
		return nil
	case l.steps == nil:
		p.errorf(e.pos, `"loop" needs "steps"`)
		return nil
	}
	return p.ending(e, l.Loop)
}

// Counts reports whether the number of rounds is said.
func (l Loop) Counts() bool { return l.Times > 0 || l.Count != nil }

// ending complains about a loop that has no way to end: it goes on until
// something comes, and takes nothing that is in the way of that.
func (p *parser) ending(e entry, l Loop) Action {
	takes := l.Counts() || len(l.Steps) == 0
	Walk(l.Steps, func(s *Step) {
		switch s.Action.(type) {
		case *Expect, Close, Reset, Dispatch, Connect, nil:
			takes = true
		}
		takes = takes || s.Expect != nil
	})
	switch {
	case takes:
		return l
	case l.Until != nil:
		p.errorf(e.pos, `"loop" that would not end: if the next frame is not that of "until", no step here takes it`)
	default:
		p.errorf(e.pos, `"loop" that would not end: it goes on until the peer's end, and no step here takes what comes before that`)
	}
	return nil
}

type retry struct {
	Retry
	steps bool
	wrong bool
}

var retryKeys table[retry]

func init() {
	retryKeys = table[retry]{
		{"within", func(p *parser, r *retry, e entry) {
			d, ok := p.duration(e)
			r.Within = d
			r.wrong = r.wrong || !ok
		}},
		{"every", func(p *parser, r *retry, e entry) {
			d, ok := p.duration(e)
			r.Every = d
			r.wrong = r.wrong || !ok
		}},
		{"steps", func(p *parser, r *retry, e entry) {
			r.steps = true
			r.Steps = p.script(e.value, e.pos, `"retry"`)
		}},
	}
}

// DefaultEvery is the pause between two tries that say nothing else.
const DefaultEvery = 50 * 1e6 // ns: 50 ms

// retry reads {within, every, steps}.
func (p *parser) retry(e entry) Action {
	if p.doc.inServer {
		p.errorf(e.pos, `"retry" in a server's script, where the connection is there already; only clients try again`)
		return nil
	}
	if !p.mapping(e.value, `"retry" takes {within: 5s, every: 100ms, steps: [...]}`) {
		return nil
	}
	r := retry{Retry: Retry{Every: DefaultEvery}}
	if !decode(p, e.value, "a retry", retryKeys, &r) || r.wrong {
		return nil
	}
	switch {
	case !r.steps:
		p.errorf(e.pos, `"retry" needs "steps": what is tried`)
		return nil
	case r.Within > 0 && r.Every >= r.Within:
		p.warnf(e.pos, `"retry" every %s within %s is one try`, timeString(r.Every), timeString(r.Within))
	}
	return r.Retry
}

func (p *parser) let(e entry) Action {
	if !p.section(e, `"let" is a mapping from variables to payloads`) {
		return nil
	}
	definitions, ok := p.definitions(e.value.entries, p.gains)
	if !ok {
		return nil
	}
	return Let{definitions}
}

// Inner are the steps that an action holds.
func Inner(a Action) []*Step {
	switch a := a.(type) {
	case Parallel:
		return a.Steps
	case Loop:
		return a.Steps
	case Retry:
		return a.Steps
	case Dispatch:
		var all []*Step
		for _, r := range a.Rules {
			all = append(all, r.Steps...)
		}
		return all
	}
	return nil
}

// Walk calls f with each step, and with each that it holds.
func Walk(steps []*Step, f func(*Step)) {
	for _, s := range steps {
		f(s)
		if s.Action != nil {
			Walk(Inner(s.Action), f)
		}
	}
}

// Word is the step's word in the language.
func (Loop) Word() string { return "loop" }

// String is the action in a few characters.
func (l Loop) String() string {
	steps := count(len(l.Steps), "step")
	switch {
	case l.Count != nil:
		return fmt.Sprintf("loop %s times: %s", l.Count, steps)
	case l.Times > 0:
		return fmt.Sprintf("loop %s: %s", times(l.Times), steps)
	case l.Until != nil:
		return fmt.Sprintf("loop until %s: %s", l.Until, steps)
	}
	return "loop until the peer's end: " + steps
}

// Word is the step's word in the language.
func (Retry) Word() string { return "retry" }

// String is the action in a few characters.
func (r Retry) String() string { return "retry " + count(len(r.Steps), "step") }

// Word is the step's word in the language.
func (Let) Word() string { return "let" }

// String is the action in a few characters.
func (l Let) String() string {
	var names []string
	for _, d := range l.Definitions {
		names = append(names, d.Name)
	}
	return "let " + strings.Join(names, ", ")
}
