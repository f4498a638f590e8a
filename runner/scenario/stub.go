package scenario

import "fmt"

// Dispatch takes the next message and plays the first rule that it meets.
type Dispatch struct {
	Pos     Pos // of what says how messages are cut
	Message Frame
	Rules   []*Rule
}

// Rule is what is done with a message.
type Rule struct {
	Pos   Pos
	Note  string  // for people who read a report
	When  *Match  // nil: with any
	Steps []*Step // none: nothing is done
}

// Always are messages that may come at any time, beside what a script expects.
type Always struct {
	Pos     Pos // of what says how messages are cut
	Message Frame
	Rules   []*Rule
}

// Steps are those of all rules; of nil there are none.
func (a *Always) Steps() (all []*Step) {
	if a == nil {
		return nil
	}
	for _, r := range a.Rules {
		all = append(all, r.Steps...)
	}
	return all
}

// stub are a server's keys that make it one, while its mapping is read.
type stub struct {
	greeting, message, rules, otherwise, always *entry
}

// stubScript is the script of a stub: greet, then deal with each message until
// the peer's end.
func (p *parser) stubScript(s *server) (steps []*Step) {
	p.inScope(role{server: s.Name}, true, func() {
		p.doc.scope.loose = true // messages come in any order
		if e := s.greeting; e != nil {
			greet := p.newStep(e.pos, nil)
			if payload := p.payload(*e, toSend); payload != nil {
				greet.Action = Send{Payload: payload}
				steps = append(steps, greet)
			}
		}
		loop, body := p.newStep(s.rules.pos, nil), p.newStep(s.rules.pos, nil)
		d := Dispatch{Pos: s.rules.pos}
		if s.message != nil {
			d.Pos = s.message.value.pos
		}
		d.Message = p.message(s.message, p.doc.carriers[s.Name])
		d.Rules = p.rules(*s.rules, &d.Message)
		last := &Rule{Pos: s.rules.pos}
		if e := s.otherwise; e != nil {
			last = p.rule(e.value, e.pos, nil)
		} else {
			last.Steps = []*Step{p.newStep(s.rules.pos, Close{})}
		}
		d.Rules = append(d.Rules, last)
		body.Action = d
		loop.Action = Loop{Steps: []*Step{body}, Patient: true}
		steps = append(steps, loop)
		p.doc.scope.steps = steps
	})
	return steps
}

// stubComplete complains about keys of a stub that have nothing to do.
func (p *parser) stubComplete(s *server) {
	if s.always != nil && s.Reply != nil && s.ReplyAfter == nil {
		p.errorf(s.always.pos, `"always" beside a plain reply, which takes whatever comes as it is`)
	}
	if s.rules != nil {
		return
	}
	for _, e := range []*entry{s.greeting, s.otherwise} {
		if e != nil {
			p.errorf(e.pos, `%s belongs beside "rules", and there are none`, quote(e.key))
		}
	}
	if s.message != nil && s.always == nil {
		p.errorf(s.message.pos, `"message" cuts the stream for "rules" or "always", and there are none`)
	}
}

// message is how a stream is cut into messages: into lines, if nothing says so.
// Over UDP each datagram is one.
func (p *parser) message(e *entry, via Transport) Frame {
	usual := Frame{Kind: FrameLine, EOL: p.doc.eol, Max: DefaultMax}
	if via == UDP {
		usual = Frame{Kind: FrameDatagram}
	}
	const want = `"message" must be line, datagram, or a frame such as {until: "\n.\n"} or {length: u16be}`
	switch {
	case e == nil:
		return usual
	case e.value.isNull():
		p.blank(*e, "line, datagram, or a frame such as {length: u16be}")
		return usual
	case e.value.kind == scalarNode && e.value.value == "line":
		return Frame{Kind: FrameLine, EOL: p.doc.eol, Max: DefaultMax}
	case e.value.kind == scalarNode && e.value.value == "datagram":
		return Frame{Kind: FrameDatagram}
	case e.value.kind != mappingNode:
		p.errorf(e.value.pos, "%s, not %s", want, e.value.kindName())
		return usual
	case e.value.entry("rest") != nil || e.value.entry("some") != nil:
		p.errorf(e.value.pos, "%s; rest and some do not cut a stream into messages", want)
		return usual
	}
	x := p.expect(*e)
	switch {
	case x == nil:
		return usual
	case x.Frame.Kind == FrameExact || x.AnyOrder != nil || x.Outcome != NoOutcome || x.Optional,
		x.Match.describe() != "", x.Match.Captures != nil:
		p.errorf(e.value.pos, `%s; what a message is to be stands in "when"`, want)
		return usual
	}
	return x.Frame
}

// rules reads a list of rules for messages.
func (p *parser) rules(e entry, message *Frame) (rules []*Rule) {
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
	taken := map[string]Pos{} // messages that a rule takes, to the letter
	for _, item := range e.value.items {
		r := p.rule(item, item.pos, message)
		rules = append(rules, r)
		if r.When == nil {
			continue
		}
		if text, known := r.When.Equals.literal(); known {
			if first, again := taken[string(text)]; again {
				p.warnf(r.Pos, "the rule in line %d takes this message already", first.Line)
			} else if r.When.alone() {
				taken[string(text)] = r.Pos
			}
		}
	}
	return rules
}

// alone reports whether a match demands its Equals and nothing else.
func (m *Match) alone() bool {
	rest := *m
	rest.Equals = nil
	return rest.describe() == ""
}

// rule is a Rule while its mapping is read.
type rule struct {
	*Rule
	when, send, steps, ignore *entry
	ends                      []entry // close or reset
}

var ruleKeys table[rule]

func init() {
	end := func(p *parser, r *rule, e entry) { r.ends = append(r.ends, e) }
	ruleKeys = table[rule]{
		{"when", func(p *parser, r *rule, e entry) { r.when = &e }},
		{"send", func(_ *parser, r *rule, e entry) { r.send = &e }},
		{"steps", func(_ *parser, r *rule, e entry) { r.steps = &e }},
		{"close", end},
		{"reset", end},
		{"ignore", func(p *parser, r *rule, e entry) {
			if yes, ok := p.boolean(e); ok && !yes {
				p.errorf(e.value.pos, `"ignore" is true or left out`)
			}
			r.ignore = &e
		}},
		{"note", func(p *parser, r *rule, e entry) { r.Note, _ = p.scalar(e, "a text") }},
	}
}

// rule reads a rule for messages, or (message is nil) what "else" does with all
// others.
func (p *parser) rule(n *node, pos Pos, message *Frame) *Rule {
	r := &rule{Rule: &Rule{Pos: pos}}
	of, example := "a rule", "{when: PING, send: {line: PONG}}"
	if message == nil {
		of, example = `"else"`, "{send: {line: what?}}"
		if n.kind == listNode {
			r.Steps = p.script(n, pos, of)
			return r.Rule
		}
	}
	if n.kind == scalarNode && n.value == "close" && message == nil {
		r.Steps = []*Step{{Pos: n.pos, Action: Close{}}}
		return r.Rule
	}
	if !p.mapping(n, of+" must be a mapping, such as "+example) {
		return r.Rule
	}
	if e := n.entry("else"); e != nil && message != nil {
		p.errorf(pos, `"else" is no rule: it stands beside "rules", for all other messages`)
		return r.Rule
	}
	known := decode(p, n, of, ruleKeys, r)
	does := 0
	for _, e := range []*entry{r.send, r.steps} {
		if e != nil {
			does++
		}
	}
	switch {
	case message != nil && r.when == nil && known:
		p.errorf(pos, `a rule needs "when"; what is done with all other messages is "else"`)
	case message == nil && r.when != nil:
		p.errorf(r.when.pos, `"else" has no "when": it is for all other messages`)
		return r.Rule
	case r.ignore != nil && does+len(r.ends) > 0:
		p.errorf(r.ignore.pos, `"ignore" does nothing with a message, and here more is to be done`)
	case does == 2:
		p.errorf(r.steps.pos, `"send" and "steps" are two answers; put the send into the steps`)
	case len(r.ends) == 2:
		p.errorf(r.ends[1].pos, "%s and %s are two ends of a connection", quote(r.ends[0].key), quote(r.ends[1].key))
	case r.ignore == nil && does+len(r.ends) == 0 && known:
		p.errorf(pos, "%s needs send, steps, close, reset or ignore: what is done with the message", of)
	}
	if r.when != nil {
		if r.When = p.condition(*r.when); r.When != nil {
			p.mayBe(message, r.When, r.when)
		}
	}
	if e := r.send; e != nil {
		s := p.newStep(e.pos, nil)
		if payload := p.payload(*e, toSend); payload != nil {
			s.Action = Send{Payload: payload}
			r.Steps = append(r.Steps, s)
		}
	}
	if e := r.steps; e != nil {
		r.Steps = append(r.Steps, p.script(e.value, e.pos, of)...)
	}
	for _, e := range r.ends[:min(len(r.ends), 1)] {
		s := p.newStep(e.pos, nil)
		if s.Action = stepWord(e.key).read(p, e); s.Action != nil {
			r.Steps = append(r.Steps, s)
		}
	}
	return r.Rule
}

// mayBe complains about a condition that no message can meet.
func (p *parser) mayBe(message *Frame, m *Match, e *entry) {
	d := &expectation{Expect: &Expect{Pos: e.value.pos, Frame: *message, Match: *m}, n: e.value, frame: e}
	p.satisfiable(d)
}

// setAlways reads the messages that may come at any time, for the script in the
// present scope.
func (p *parser) setAlways(message, always *entry, via Transport) *Always {
	if always == nil {
		if message != nil {
			p.errorf(message.pos, `"message" cuts the stream for "always", and there is none`)
		}
		return nil
	}
	s := p.doc.scope
	s.reading = byAlways
	a := &Always{Pos: always.pos, Message: p.message(message, via)}
	if message != nil {
		a.Pos = message.value.pos
	}
	s.always = a
	a.Rules = p.rules(*always, &a.Message)
	s.reading = byStep
	return a
}

// Word is that of the key whose rules these are.
func (Dispatch) Word() string { return "rules" }

// String is the action in a few characters.
func (d Dispatch) String() string { return "rules for " + d.Message.describe() }
