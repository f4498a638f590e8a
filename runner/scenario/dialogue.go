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
	if d.Client(DialogueClient) != nil {
		p.errorf(e.pos, "the dialogue is of a client %s, and there is another", quote(DialogueClient))
		return
	}
	lines, ok := p.spoken(e.value, s)
	if !ok {
		return
	}
	srv := d.Server(DialogueServer)
	switch {
	case srv == nil:
		srv = &Server{Pos: e.pos, Name: DialogueServer, Backlog: Unlimited, Accept: Unlimited, Listen: true, Start: true}
		d.Servers = append(d.Servers, srv)
	case srv.Reply != nil || srv.Steps != nil || srv.Connections != nil:
		p.errorf(srv.Pos, "server %s has a script, and the dialogue in line %d is another", quote(DialogueServer), e.pos.Line)
		return
	}
	p.inScope("", false, func() { srv.Steps = p.half(lines, true) })
	client := &Client{Pos: e.pos, Name: DialogueClient}
	p.inScope(DialogueClient, false, func() {
		p.doc.scope.at++ // behind the connect
		connect := Connect{Pos: e.pos, Server: DialogueServer, Transport: srv.Transport()}
		client.Steps = append([]*Step{{Pos: e.pos, Action: connect}}, p.half(lines, false)...)
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
	at := p.doc.scope.at
	for _, line := range lines {
		p.doc.scope.at = at + len(steps)
		texts := p.texts(line.text)
		texts.holes, texts.defaults = true, true
		text, ok := texts.text(line.text.value)
		step := &Step{Pos: line.text.pos}
		if line.byServer == server {
			filled, let := p.filled(text, line.text.pos)
			payload := &Payload{Pos: line.text.pos, Parts: []Part{{Pos: line.text.pos, Text: p.endLine(filled, line.text.pos)}}}
			step.Action = Send{payload}
			if let != nil {
				steps = append(steps, &Step{Pos: line.text.pos, Action: *let})
			}
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
func (p *parser) filled(text Text, pos Pos) (Text, *Let) {
	var let Let
	out := make(Text, len(text))
	for i, seg := range text {
		hole, isHole := seg.Hole()
		if isHole {
			seg = Segment{Pos: seg.Pos, Lit: []byte(hole.Puts)}
			if hole.Name != "" {
				let.Definitions = append(let.Definitions, Definition{Pos: seg.Pos, Name: hole.Name,
					Payload: &Payload{Pos: seg.Pos, Parts: []Part{{Pos: seg.Pos, Text: Text{seg}}}}})
				p.gains(seg.Pos, hole.Name)
			}
		}
		seg.Lit = slices.Clone(seg.Lit) // the end of the line may be joined to it
		out[i] = seg
	}
	if let.Definitions == nil {
		return out, nil
	}
	return out, &let
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
