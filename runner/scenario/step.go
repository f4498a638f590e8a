package scenario

import (
	"slices"
	"strings"
)

// word is a step word of the language: what its value becomes, and whether it
// can wait, so that "within" makes sense beside it.
type word struct {
	name  string
	waits bool
	alone bool // it may stand without a value
	read  func(*parser, entry) Action
}

// words are all step words. It is filled in by init because steps will hold
// steps.
var words []word

func init() {
	words = []word{
		{"connect", true, false, (*parser).connect},
		{"send", true, false, (*parser).send},
		{"expect", true, false, (*parser).expectAction},
		{"shutdown", false, true, (*parser).shutdown},
		{"close", true, true, (*parser).close},
		{"reset", true, true, (*parser).reset},
		{"tls", true, true, (*parser).startTLS},
		{"wait", false, false, (*parser).wait},
		{"signal", false, false, (*parser).signal},
		{"await", true, false, (*parser).await},
		{"meet", true, false, (*parser).meet},
		{"stop", false, false, (*parser).stop},
		{"start", false, false, (*parser).start},
		{"parallel", true, false, (*parser).parallel},
		{"let", false, false, (*parser).let},
		{"loop", true, false, (*parser).loop},
		{"retry", false, false, (*parser).retry},
		{"do", false, false, nil}, // see unfold
		{"run", true, false, (*parser).run},
	}
}

func stepWord(name string) *word {
	for i := range words {
		if words[i].name == name {
			return &words[i]
		}
	}
	return nil
}

func stepWords() []string {
	names := make([]string, len(words))
	for i := range words {
		names[i] = words[i].name
	}
	return names
}

// script reads a list of steps. Steps with an error are in the result too,
// marked as broken, so that the steps around them can be checked.
func (p *parser) script(n *node, pos Pos, of string) []*Step {
	switch {
	case n.isNull():
		p.errorf(pos, "%s has no steps", of)
		return nil
	case !p.list(n, "the script of "+of+" must be a list of steps"):
		return nil
	case len(n.items) == 0:
		p.errorf(n.pos, "%s has no steps", of)
		return nil
	}
	steps := make([]*Step, 0, len(n.items))
	for _, item := range n.items {
		if isDo(item) {
			steps = append(steps, p.unfold(item)...)
			continue
		}
		s, answer := p.step(item)
		if steps = append(steps, s); answer != nil {
			steps = append(steps, answer)
		}
	}
	return steps
}

// newStep is the next step of the script that is read.
func (p *parser) newStep(pos Pos, action Action) *Step {
	p.doc.scope.at++
	return &Step{Pos: pos, Action: action, Via: slices.Clone(p.doc.calls), at: p.doc.scope.at}
}

// step reads one entry of a script. An answer that rides on an expect is a step
// of its own.
func (p *parser) step(n *node) (s, answer *Step) {
	s = p.newStep(n.pos, nil)
	ok := false
	switch {
	case n.isNull():
		p.errorf(n.pos, "an empty step; there are: %s", listing(stepWords()))
	case n.kind == scalarNode:
		ok = p.bareStep(s, n)
	case n.kind == listNode:
		p.errorf(n.pos, "a step is a word or a mapping such as {send: hello}, not a list")
	default:
		answer, ok = p.mappedStep(s, n)
	}
	if !ok {
		p.doc.broken[s] = true
	}
	return s, answer
}

// bareStep is a step of one word: close, shutdown or reset.
func (p *parser) bareStep(s *Step, n *node) bool {
	name, _, colon := strings.Cut(n.value, ":")
	w := stepWord(name)
	switch {
	case w == nil && len(n.entries) == 0:
		p.errorf(n.pos, "unknown step %s%s", quote(n.value), p.hint(n.value, stepWords()))
	case colon:
		p.errorf(n.pos, `%s is one word to YAML; a blank belongs after the colon: "%s: ..."`, quote(n.value), name)
	case !w.alone || w.read == nil:
		p.errorf(n.pos, `"%s" needs a value: "%s: ..."`, name, name)
	default:
		s.Action = w.read(p, entry{key: name, pos: n.pos, value: &node{pos: n.pos}})
		return s.Action != nil
	}
	return false
}

// besideSteps are keys that may stand beside a step's word.
var besideSteps = []string{"within", "note", "answer", "over"}

// connectionWords are the step words that are about a connection, of which
// there may be several.
var connectionWords = []string{"connect", "send", "expect", "shutdown", "close", "reset", "tls"}

// inSteps are the values of steps, as complaints name them.
var inSteps = []string{"a payload", "an expect", "a connect", "a close", "an await", "a meet"}

// mappedStep is a step as a mapping: a word with its value, and perhaps
// "within", the expect that follows the action, or the answer to an expect.
func (p *parser) mappedStep(s *Step, n *node) (answer *Step, ok bool) {
	if len(n.entries) == 0 {
		p.errorf(n.pos, "an empty step; there are: %s", listing(stepWords()))
		return nil, false
	}
	ok = true
	var action, expect, within, reply, over *entry
	runs := n.entry("run") != nil
	var beside []entry // of a run
	for i := range n.entries {
		e := &n.entries[i]
		switch w := stepWord(e.key); {
		case e.key == "within":
			within = e
		case e.key == "expect":
			expect = e
		case e.key == "note":
			s.Note, _ = p.scalar(*e, "a text")
		case e.key == "answer":
			reply = e
		case e.key == "over":
			over = e
			name, good := p.name(*e, "the name of a connection")
			s.Over, ok = name, ok && good
		case w == nil && runs:
			beside = append(beside, *e)
		case w == nil:
			p.doc.scope.hidden = true
			if above := max(i-1, 0); n.entries[above].value.isNull() && n.entries[above].takes(e.key) {
				p.errorf(e.pos, "%s belongs to %s and so below it: indent it further", quote(e.key), quote(n.entries[above].key))
				return nil, false
			}
			p.errorf(e.pos, "unknown step %s%s", quote(e.key), p.stepHint(n, e.key))
			ok = false
		case action != nil:
			p.errorf(e.pos, "%s and %s are two steps; each is an entry of the list", quote(action.key), quote(e.key))
			ok = false
		default:
			action = e
			if expect != nil {
				p.errorf(expect.pos, `"expect" stands before %s; a step is written in the order in which it happens`, quote(e.key))
				ok = false
			}
		}
	}
	var riding *entry
	if action == nil {
		action = expect
	} else {
		riding = expect
	}
	if action == nil {
		for _, e := range n.entries {
			if ok && contains(besideSteps, e.key) {
				p.errorf(e.pos, `%s stands alone; it belongs beside the step that it %s`, quote(e.key), map[string]string{"within": "bounds", "note": "is about", "answer": "answers", "over": "is for"}[e.key])
				break
			}
		}
		return nil, false
	}
	s.Pos = action.pos
	w := stepWord(action.key)
	if w.read == nil {
		p.errorf(action.pos, `%s can't be in parallel; write the fragment's steps there`, quote(w.name))
		return nil, false
	}
	s.Action = w.read(p, *action)
	ok = ok && s.Action != nil
	if r, run := s.Action.(Run); run {
		good := true
		if s.Action, good = p.runBeside(r, beside); !good {
			ok = false
		}
	}
	connect, _ := s.Action.(Connect)
	switch {
	case over != nil && !contains(connectionWords, w.name):
		p.errorf(over.pos, `"over" beside %s, which is about no one connection`, quote(w.name))
		ok = false
	case over != nil && connect.As != "":
		p.errorf(over.pos, `"over" beside a connect that has its connection from "as"; one of them is enough`)
		ok = false
	}
	if riding != nil && contains([]string{"parallel", "let", "loop", "retry"}, w.name) {
		p.errorf(riding.pos, `"expect" beside %s; make it a step of its own`, quote(w.name))
		return nil, false
	}
	if riding != nil {
		s.Expect = p.expect(*riding)
		ok = ok && s.Expect != nil && p.fits(s.Expect, s.Action)
	} else if x, isExpect := s.Action.(*Expect); isExpect {
		ok = ok && p.fits(x, nil)
	}
	if within != nil {
		if w.name == "retry" {
			p.errorf(within.pos, `"within" beside "retry"; it stands in it: {retry: {within: 5s, steps: [...]}}`)
		} else if !w.waits && riding == nil && !onProcess(s.Action) {
			p.errorf(within.pos, `"within" beside %s, which does not wait`, quote(w.name))
		} else if d, good := p.duration(*within); good {
			s.Within = d
		}
	}
	if reply != nil {
		answer = p.answer(s, *reply, w.name == "expect" || riding != nil)
		ok = ok && answer != nil
	}
	return answer, ok
}

// stepHint is what follows an unknown word of a step.
func (p *parser) stepHint(n *node, word string) string {
	for _, e := range n.entries[:min(len(n.entries), 8)] {
		if e.takes(word) {
			return "; it belongs into the value of " + quote(e.key) + ": {" + e.key + ": {..., " + word + ": ...}}"
		}
	}
	return p.hint(word, append(stepWords(), besideSteps...))
}

// takes reports whether a word is a key of an entry's value.
func (e *entry) takes(word string) bool {
	return e.key == "send" && partKeys.has(word) || e.key == "expect" && expectKeys.has(word)
}

// answer is the send that rides on an expect.
func (p *parser) answer(to *Step, e entry, expects bool) *Step {
	x, plain := to.Action.(*Expect)
	if !plain {
		x = to.Expect
	}
	switch {
	case !expects:
		p.errorf(e.pos, `"answer" belongs beside an expect: what is sent when it has come`)
		return nil
	case x != nil && (x.Outcome != NoOutcome && x.Outcome != Silence && x.Outcome != EOF && x.Outcome != Counters && x.Outcome != Queued):
		p.errorf(e.pos, `"answer" to {%s}, after which there is nobody to answer`, x.Outcome.word())
		return nil
	case x != nil && (e.pos.Line < x.Pos.Line || e.pos.Line == x.Pos.Line && e.pos.Col < x.Pos.Col):
		p.errorf(e.pos, `"answer" stands before "expect"; a step is written in the order in which it happens`)
		return nil
	}
	s := p.newStep(e.pos, nil)
	payload := p.payload(e, toSend)
	if payload == nil {
		return nil
	}
	s.Action, s.Within, s.Over = Send{Payload: payload}, to.Within, to.Over
	return s
}

// fits complains about an outcome that the action it rides on (nil: none)
// can't have.
func (p *parser) fits(x *Expect, on Action) bool {
	_, connect := on.(Connect)
	_, send := on.(Send)
	switch x.Outcome {
	case Timeout:
		if !connect && !send {
			p.errorf(x.Pos, "{timeout} is how a connect or a send ends and stands beside it; that nothing comes is {silence: 200ms}")
			return false
		}
	}
	return true
}
