package scenario

import "fmt"

// Dispatch takes the next message and plays the first rule that it meets.
type Dispatch struct {
	Message Frame
	Rules   []*Rule
}

// Rule is what is done with a message.
type Rule struct {
	Pos   Pos
	When  *Match  // nil: with any
	Steps []*Step // none: nothing is done
}

// Always are messages that may come at any time, beside what a script expects.
type Always struct {
	Message Frame
	Rules   []*Rule
}

// stub are a server's keys that make it one, while its mapping is read.
type stub struct {
	greeting, message, rules, otherwise, always *entry
}

// stubScript is the script of a stub: greet, then deal with each message until
// the peer's end.
func (p *parser) stubScript(s *server) (steps []*Step) {
	p.inScope("", true, func() {
		p.doc.scope.loose = true // messages come in any order
		if e := s.greeting; e != nil {
			if payload := p.payload(*e, toSend); payload != nil {
				steps = append(steps, &Step{Pos: e.pos, Action: Send{payload}})
			}
		}
		d := Dispatch{Message: p.message(s.message)}
		d.Rules = p.rules(*s.rules)
		last := &Rule{Pos: s.rules.pos, Steps: []*Step{{Pos: s.rules.pos, Action: Close{}}}}
		if e := s.otherwise; e != nil {
			last = p.rule(e.value, e.pos, false)
		}
		d.Rules = append(d.Rules, last)
		body := &Step{Pos: s.rules.pos, Action: d}
		steps = append(steps, &Step{Pos: s.rules.pos, Action: Loop{Steps: []*Step{body}, Patient: true}})
	})
	return steps
}

// stubComplete complains about keys of a stub that have nothing to do.
func (p *parser) stubComplete(s *server) {
	if s.rules != nil {
		return
	}
	for _, e := range []*entry{s.greeting, s.otherwise} {
		if e != nil {
			p.errorf(e.pos, `%s belongs to "rules": what is done with each message`, quote(e.key))
		}
	}
	if s.message != nil && s.always == nil {
		p.errorf(s.message.pos, `"message" cuts the stream for "rules" or "always", and there are none`)
	}
}

// message is how a stream is cut into messages: into lines, if nothing says so.
func (p *parser) message(e *entry) Frame {
	line := Frame{Kind: FrameLine, EOL: p.doc.eol, Max: DefaultMax}
	const want = `"message" must be line, datagram, or a frame such as {until: "\n.\n"} or {length: u16be}`
	switch {
	case e == nil:
		return line
	case e.value.isNull():
		p.blank(*e, "line, datagram, or a frame such as {length: u16be}")
		return line
	case e.value.kind == scalarNode && e.value.value == "line":
		return line
	case e.value.kind == scalarNode && e.value.value == "datagram":
		return Frame{Kind: FrameDatagram}
	case e.value.kind == scalarNode && contains([]string{"rest", "some"}, e.value.value), e.value.kind != mappingNode:
		p.errorf(e.value.pos, "%s, not %s", want, e.value.kindName())
		return line
	}
	x := p.expect(*e)
	switch {
	case x == nil:
		return line
	case x.Frame.Kind == FrameExact || x.Frame.Kind == FrameRest || x.Frame.Kind == FrameSome || x.AnyOrder != nil || x.Outcome != NoOutcome,
		x.Match.describe() != "" && x.Frame.Kind != FrameLength, x.Match.Captures != nil:
		p.errorf(e.value.pos, "%s; what a message is to be stands in \"when\"", want)
	}
	return x.Frame
}

// rules reads a list of rules.
func (p *parser) rules(e entry) (rules []*Rule) {
	want := fmt.Sprintf("%s must be a list of rules, such as [{when: PING, send: {line: PONG}}]", quote(e.key))
	switch {
	case e.value.isNull():
		p.blank(e, "a list of rules")
		return nil
	case !p.list(e.value, want):
		return nil
	case len(e.value.items) == 0:
		p.errorf(e.value.pos, "%s has no rules", quote(e.key))
	}
	for _, item := range e.value.items {
		rules = append(rules, p.rule(item, item.pos, true))
	}
	return rules
}

// rule is a Rule while its mapping is read.
type rule struct {
	*Rule
	send, steps, ignore *entry
	end                 *Step // close or reset
}

var ruleKeys table[rule]

func init() {
	end := func(name string, action Action) field[rule] {
		return field[rule]{name, func(p *parser, r *rule, e entry) {
			if w := stepWord(name); e.value.isNull() {
				r.end = &Step{Pos: e.pos, Action: action}
			} else if a := w.read(p, e); a != nil {
				r.end = &Step{Pos: e.pos, Action: a}
			}
		}}
	}
	ruleKeys = table[rule]{
		{"when", func(p *parser, r *rule, e entry) { r.When = p.condition(e) }},
		{"send", func(_ *parser, r *rule, e entry) { r.send = &e }},
		{"steps", func(_ *parser, r *rule, e entry) { r.steps = &e }},
		end("close", Close{}),
		end("reset", Reset{}),
		{"ignore", func(p *parser, r *rule, e entry) {
			if yes, ok := p.boolean(e); ok && !yes {
				p.errorf(e.value.pos, `"ignore" is true or left out`)
			}
			r.ignore = &e
		}},
		{"note", func(p *parser, _ *rule, e entry) { p.scalar(e, "a text") }},
	}
}

// rule reads a rule, or (conditional is false) what "else" does.
func (p *parser) rule(n *node, pos Pos, conditional bool) *Rule {
	r := &rule{Rule: &Rule{Pos: pos}}
	of := "a rule"
	if !conditional {
		of = `"else"`
	}
	if n.kind == listNode && !conditional {
		r.Steps = p.inner(n, pos, of)
		return r.Rule
	}
	if !p.mapping(n, of+" must be a mapping, such as {when: PING, send: {line: PONG}}") {
		return r.Rule
	}
	decode(p, n, of, ruleKeys, r)
	when := n.entry("when")
	switch {
	case conditional && when == nil:
		p.errorf(pos, `a rule needs "when"; what is done with all other messages is "else"`)
	case !conditional && when != nil:
		p.errorf(pos, `"else" has no "when": it is for all other messages`)
	case r.ignore != nil && (r.send != nil || r.steps != nil || r.end != nil):
		p.errorf(r.ignore.pos, `"ignore" does nothing with a message, and here more is to be done`)
	case r.send != nil && r.steps != nil:
		p.errorf(r.steps.pos, `"send" and "steps" are two answers; put the send into the steps`)
	case r.ignore == nil && r.send == nil && r.steps == nil && n.entry("close") == nil && n.entry("reset") == nil:
		p.errorf(pos, "%s needs send, steps, close, reset or ignore: what is done with the message", of)
	}
	if e := r.send; e != nil {
		if payload := p.payload(*e, toSend); payload != nil {
			r.Steps = append(r.Steps, &Step{Pos: e.pos, Action: Send{payload}})
		}
	}
	if e := r.steps; e != nil {
		r.Steps = append(r.Steps, p.inner(e.value, e.pos, of)...)
	}
	if r.end != nil {
		r.Steps = append(r.Steps, r.end)
	}
	return r.Rule
}

// always reads the messages that may come at any time, for a script in the
// present scope.
func (p *parser) always(message, always *entry) *Always {
	if always == nil {
		if message != nil {
			p.errorf(message.pos, `"message" cuts the stream for "always", and there is none`)
		}
		return nil
	}
	loose := p.doc.scope.loose
	p.doc.scope.loose = true
	defer func() { p.doc.scope.loose = loose }()
	return &Always{Message: p.message(message), Rules: p.rules(*always)}
}

// Word is that of the key whose rules these are.
func (Dispatch) Word() string { return "rules" }

// String is the action in a few characters.
func (d Dispatch) String() string { return "rules for " + d.Message.describe() }
