package scenario

// maxCount bounds the copies of a client, which all play at the same time.
const maxCount = 100_000

// client is a Client while its mapping is read.
type client struct {
	*Client
	steps           *entry // read last: they may need the others
	message, always *entry
}

var clientKeys = table[client]{
	{"steps", func(_ *parser, c *client, e entry) { c.steps = &e }},
	{"count", func(p *parser, c *client, e entry) { c.Count, _ = p.number(e, 1, maxCount) }},
	{"after", (*parser).clientAfter},
	{"bind", func(p *parser, c *client, e entry) { c.Bind = p.address(e) }},
	{"rcvbuf", func(p *parser, c *client, e entry) { c.RcvBuf = p.bufferSize(e) }},
	{"sndbuf", func(p *parser, c *client, e entry) { c.SndBuf = p.bufferSize(e) }},
	{"congestion", func(p *parser, c *client, e entry) { c.Congestion, _ = p.congestion(e) }},
	{"message", func(_ *parser, c *client, e entry) { c.message = &e }},
	{"always", func(_ *parser, c *client, e entry) { c.always = &e }},
	{"note", func(p *parser, c *client, e entry) { c.Note, _ = p.scalar(e, "a text") }},
}

// client reads one entry of clients: a script, or a mapping with one. It
// returns a client also where something is wrong with it.
func (p *parser) client(e entry) *Client {
	c := &client{Client: &Client{Pos: e.pos, Name: e.key}, steps: &e}
	p.validName(e.pos, e.key, "a client's name")
	if p.doc.serverNames.has(e.key) {
		p.errorf(e.pos, "%s is a server already; a client needs a name of its own, since transcripts use both", quote(e.key))
	}
	if e.value.kind == mappingNode {
		c.steps = nil
		if known := decode(p, e.value, "client "+quote(e.key), clientKeys, c); known && c.steps == nil {
			p.errorf(e.pos, "client %s has no steps", quote(e.key))
		}
	}
	if c.steps != nil {
		p.inScope(role{client: c.Name}, c.Count > 0, func() {
			c.Steps = p.script(c.steps.value, c.steps.pos, "client "+quote(c.Name))
			p.doc.scope.steps = c.Steps
			c.Always = p.setAlways(c.message, c.always, p.via(c.Steps))
		})
	}
	return c.Client
}

// via is what carries the first connection of a script.
func (p *parser) via(steps []*Step) (via Transport) {
	found := false
	Walk(steps, func(s *Step) {
		if c, ok := s.Action.(Connect); ok && !found && c.As == "" {
			via, found = c.Transport, true
		}
	})
	return via
}

// clientAfter reads the clients that must have ended before this one starts.
func (p *parser) clientAfter(c *client, e entry) {
	items := []*node{e.value}
	if e.value.kind == listNode {
		if items = e.value.items; len(items) == 0 {
			p.errorf(e.value.pos, `"after" has no clients`)
		}
	}
	for _, item := range items {
		name, ok := p.fixed(entry{key: e.key, pos: e.pos, value: item}, "a client's name or a list of them")
		switch {
		case !ok:
		case name == c.Name:
			p.errorf(item.pos, "client %s can't start after itself", quote(name))
		case !p.doc.clientNames.has(name):
			p.unknown(item.pos, "client", name, p.doc.clientNames.list)
		default:
			c.After = append(c.After, Name{Pos: item.pos, Name: name})
		}
	}
}
