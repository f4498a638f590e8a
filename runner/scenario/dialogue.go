package scenario

import (
	"slices"
	"strings"
)

// A dialogue is a server and a client of whole lines, written as RFCs write it:
//
//	S: 220 ${?host=mx.test} ESMTP
//	C: HELO client.test
//
// Each says its own lines and expects the other's. A hole has what the sender
// puts in, and is free for the receiver.

// The actors of a dialogue.
const (
	DialogueServer = "server"
	DialogueClient = "client"
)

// spoken is a line of a dialogue.
type spoken struct {
	byServer bool
	text     *node
}

// dialogue reads the dialogue of a document, which makes it a server and a
// client.
func (p *parser) dialogue(d *document) {
	e := d.dialogue
	if e == nil {
		return
	}
	s, ok := p.scalar(*e, "a block of lines, each with S: or C: in front")
	if !ok {
		return
	}
	wrong := func(pos Pos, format string, args ...any) {
		p.errorf(pos, format, args...)
		d.clientNames.unknown = true // there would be one more
	}
	if other := d.Client(DialogueClient); other != nil {
		wrong(other.Pos, "client %s has a script, and the dialogue in line %d is another", quote(DialogueClient), e.pos.Line)
		return
	}
	if other := d.Server(DialogueClient); other != nil {
		wrong(other.Pos, "%s is the client of the dialogue in line %d; a server needs another name", quote(DialogueClient), e.pos.Line)
		return
	}
	lines, ok := p.spoken(e.value, s)
	if !ok {
		d.clientNames.unknown = true
		return
	}
	srv := d.Server(DialogueServer)
	switch {
	case srv == nil:
		srv = &Server{Pos: e.pos, Name: DialogueServer, Backlog: Unlimited, Accept: Unlimited, Listen: true, Start: true}
		d.Servers = append(d.Servers, srv)
	case srv.Reply != nil || srv.Steps != nil || srv.Connections != nil:
		wrong(srv.Pos, "server %s has a script, and the dialogue in line %d is another", quote(DialogueServer), e.pos.Line)
		return
	case srv.Transport() == UDP:
		wrong(srv.Bind.Pos, "server %s is UDP, which has no lines, and the dialogue in line %d is of lines", quote(DialogueServer), e.pos.Line)
		return
	}
	p.inScope(role{server: DialogueServer}, false, func() {
		srv.Steps = p.half(lines, true)
		p.doc.scope.steps = srv.Steps
	})
	client := &Client{Pos: e.pos, Name: DialogueClient}
	p.inScope(role{client: DialogueClient}, false, func() {
		connect := p.newStep(e.pos, Connect{Pos: e.pos, Server: DialogueServer, Transport: srv.Transport()})
		client.Steps = append([]*Step{connect}, p.half(lines, false)...)
		p.doc.scope.steps = client.Steps
	})
	d.Clients = append(d.Clients, client)
}

// spoken cuts a dialogue into its lines.
func (p *parser) spoken(n *node, s string) (lines []spoken, ok bool) {
	ok = true
	for _, line := range p.blockLines(n, s) {
		who, text, found := strings.Cut(line.Text, ":")
		who = strings.TrimSpace(who)
		switch {
		case strings.HasPrefix(line.Text, "#"):
			continue
		case !found || who != "S" && who != "C":
			p.errorf(line.Pos, `a line of a dialogue begins with "S: " or "C: ", for the server and the client, not %s`, quote(line.Text))
			ok = false
			continue
		}
		pos := line.Pos
		pos.Col += len(line.Text) - len(text)
		if rest, blank := strings.CutPrefix(text, " "); blank {
			text = rest
			pos.Col++
		}
		lines = append(lines, spoken{who == "S", &node{pos: pos, value: text}})
	}
	if ok && len(lines) == 0 {
		p.errorf(n.pos, "the dialogue has no lines")
	}
	return lines, ok && len(lines) > 0
}

// half is the script of one side.
func (p *parser) half(lines []spoken, server bool) (steps []*Step) {
	for _, line := range lines {
		step := p.newStep(line.text.pos, nil)
		texts := p.texts(line.text)
		texts.holes, texts.defaults = true, true
		text, ok := texts.text(line.text.value)
		if line.byServer == server {
			filled, sets := p.filled(text, line.text.pos, ok)
			payload := &Payload{Pos: line.text.pos, Parts: []Part{{Pos: line.text.pos, Text: p.endLine(filled, line.text.pos)}}}
			step.Action = Send{payload, sets}
		} else {
			step.Action = p.heard(text, line.text)
		}
		if !ok || step.Action == nil {
			p.doc.broken[step] = true
		}
		steps = append(steps, step)
	}
	return steps
}

// filled is a line as its sender says it, with what it puts into the holes. It
// knows those by their names from then on, as the receiver does.
func (p *parser) filled(text Text, pos Pos, ok bool) (_ Text, sets []Definition) {
	out := make(Text, len(text))
	for i, seg := range text {
		hole, isHole := seg.Hole()
		if isHole {
			seg = Segment{Pos: seg.Pos, Lit: []byte(hole.Puts)}
			if hole.Name != "" && ok {
				sets = append(sets, Definition{Pos: seg.Pos, Name: hole.Name,
					Payload: &Payload{Pos: seg.Pos, Parts: []Part{{Pos: seg.Pos, Text: Text{seg}}}}})
				p.gains(seg.Pos, hole.Name)
			}
		}
		seg.Lit = slices.Clone(seg.Lit) // the end of the line may be joined to it
		out[i] = seg
	}
	return out, sets
}

// heard is what the receiver of a line expects.
func (p *parser) heard(text Text, n *node) Action {
	x := &Expect{Pos: n.pos, Match: Match{Size: -1}}
	x.Frame = Frame{Kind: FrameLine, EOL: p.doc.eol, Max: DefaultMax}
	if !slices.ContainsFunc(text, func(s Segment) bool { _, isHole := s.Hole(); return isHole }) {
		x.Match.Equals = &Payload{Pos: n.pos, Parts: []Part{{Pos: n.pos, Text: text}}}
		return x
	}
	d := &expectation{Expect: x, n: n}
	p.like(d, n.pos, text)
	if d.wrong {
		return nil
	}
	p.captured(&x.Match)
	return x
}
