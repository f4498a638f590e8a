package scenario

import (
	"maps"
	"math"
	"net"
	"strings"
	"time"
)

// What each step word makes of its value. Nil stands for an error, which is
// reported.

// connectKeys are the keys of connect: {to, bind}.
var connectKeys = table[connect]{
	{"to", func(p *parser, c *connect, e entry) { c.ok = p.target(e, &c.Connect) }},
	{"bind", func(p *parser, c *connect, e entry) { c.Bind = p.address(e) }},
	{"via", (*parser).connectVia},
	{"tls", (*parser).connectTLS},
	{"run", (*parser).connectRun},
	{"exit", (*parser).connectExit},
	{"as", func(p *parser, c *connect, e entry) {
		var ok bool
		c.As, ok = p.name(e, "the name of a connection")
		c.wrong = c.wrong || !ok
	}},
}

type connect struct {
	Connect
	tls   *entry
	via   *entry
	exit  *entry
	ok    bool
	wrong bool
}

func (p *parser) connect(e entry) Action {
	if p.doc.inServer {
		p.errorf(e.pos, `"connect" in a server's script, where the connection is there already; only clients connect`)
		return nil
	}
	if e.value.kind != mappingNode {
		var c Connect
		if !p.target(e, &c) {
			return nil
		}
		return c
	}
	var c connect
	if !decode(p, e.value, "a connect", connectKeys, &c) {
		return nil
	}
	if !p.connectedProgram(&c, e.value) {
		return nil
	}
	if e.value.entry("to") == nil && e.value.entry("run") == nil {
		p.errorf(e.value.pos, `"connect" needs "to": a server's name or host:port`)
		return nil
	}
	if c.TLS != nil && c.Transport == UDP {
		p.errorf(c.tls.pos, `"tls" over UDP, which is no stream`)
		return nil
	}
	if !p.viaFits(&c) || !c.ok || c.wrong {
		return nil
	}
	return c.Connect
}

// target reads what a connect goes to: a server's name, or an address if it
// has a colon or a variable. An unknown name is no reason to doubt the steps
// that follow.
func (p *parser) target(e entry, c *Connect) bool {
	s, ok := p.scalar(e, "a server's name or host:port")
	if !ok {
		p.doc.badTarget = true
		return false
	}
	c.Pos = e.value.pos
	if (net.ParseIP(s) != nil || s == "localhost") && !p.doc.serverNames.has(s) {
		p.errorf(e.value.pos, "an address to connect to has a port: %s", quote(net.JoinHostPort(s, "80")))
		p.doc.badTarget = true
		return true
	}
	if p.doc.processNames.has(s) {
		c.Process = s
		return true
	}
	if !strings.Contains(s, ":") && !strings.Contains(s, "${") {
		c.Server = s
		c.Transport = p.doc.transport(c)
		p.serverName(e)
		return true
	}
	p.traps(e.value)
	c.Address, ok = p.text(e.value)
	lit, literal := c.Address.literal()
	if name := string(lit); ok && literal && !strings.Contains(name, ":") {
		if p.doc.processNames.has(name) {
			c.Process, c.Address = name, nil
			return true
		}
		c.Server, c.Address = name, nil
		p.serverName(e)
	}
	c.Transport = p.doc.transport(c)
	if ok && literal && c.Server == "" {
		at, err := ParseAddress(string(lit))
		if err != nil {
			p.errorf(e.value.pos, "%s", err)
			ok = false
		} else {
			at.Pos = e.value.pos
			p.mayUse(&at)
		}
	}
	p.doc.badTarget = p.doc.badTarget || !ok
	return ok
}

// serverName is a reference to a declared server.
func (p *parser) serverName(e entry) (string, bool) {
	s, ok := p.fixed(e, "a server's name")
	if ok && !p.doc.serverNames.has(s) && !p.doc.serverNames.unknown {
		p.unknown(e.value.pos, "server", s, p.doc.serverNames.list)
		ok = false
	}
	p.doc.badTarget = p.doc.badTarget || !ok
	return s, ok
}

func (p *parser) send(e entry) Action {
	if payload := p.payload(e, toSend); payload != nil {
		return Send{Payload: payload}
	}
	return nil
}

func (p *parser) expectAction(e entry) Action {
	if x := p.expect(e); x != nil {
		return x
	}
	return nil
}

func (p *parser) shutdown(e entry) Action {
	if e.value.isNull() {
		return Shutdown{}
	}
	switch s, ok := p.fixed(e, "read or both, or nothing"); {
	case !ok:
	case s == "read":
		return Shutdown{How: ShutRead}
	case s == "both":
		return Shutdown{How: ShutBoth}
	case s == "write":
		p.errorf(e.value.pos, `"shutdown" alone ends what is sent; write no value`)
	default:
		p.errorf(e.value.pos, `"shutdown" takes read or both, or no value to end what is sent, not %s`, quote(s))
	}
	return nil
}

// closeModes are the keys of close: {discard} and {now}.
var closeModes = table[Close]{
	{"discard", func(p *parser, c *Close, e entry) { p.closeMode(c, e, CloseDiscard) }},
	{"now", func(p *parser, c *Close, e entry) { p.closeMode(c, e, CloseNow) }},
}

func (p *parser) closeMode(c *Close, e entry, mode CloseMode) {
	if c.Mode != CloseClean {
		p.errorf(e.pos, "{discard} and {now} are two ways to close")
	}
	p.noValue(e)
	c.Mode = mode
}

func (p *parser) close(e entry) Action {
	n := e.value
	if n.isNull() {
		return Close{}
	}
	if n.kind != mappingNode {
		if n.kind == scalarNode && (n.value == "now" || n.value == "discard") {
			p.errorf(n.pos, "write close: {%s}", n.value)
		} else {
			p.errorf(n.pos, `"close" takes {discard} or {now}, or no value, not %s`, n.kindName())
		}
		return nil
	}
	var c Close
	if !decode(p, n, "a close", closeModes, &c) {
		return nil
	}
	if c.Mode == CloseClean {
		p.errorf(n.pos, `"close" takes {discard} or {now}, or no value`)
		return nil
	}
	return c
}

func (p *parser) reset(e entry) Action {
	if !e.value.isNull() {
		p.errorf(e.value.pos, `"reset" takes no value`)
		return nil
	}
	return Reset{}
}

func (p *parser) wait(e entry) Action {
	d, ok := p.duration(e)
	if !ok {
		d = time.Millisecond // the steps around it can be checked all the same
	}
	return Wait{For: d}
}

func (p *parser) signal(e entry) Action {
	if name, ok := p.name(e, "a signal's name"); ok {
		return Signal{Name: name}
	}
	return nil
}

var awaitKeys = table[Await]{
	{"signal", func(p *parser, a *Await, e entry) { a.Signal, _ = p.name(e, "a signal's name") }},
	{"times", func(p *parser, a *Await, e entry) {
		if n, ok := p.number(e, 1, math.MaxInt32); ok {
			a.Times = n
		}
	}},
}

func (p *parser) await(e entry) Action {
	if e.value.entry("output") != nil || e.value.entry("regex") != nil {
		return p.awaitOutput(e)
	}
	a := Await{Times: 1}
	if e.value.kind != mappingNode {
		a.Signal, _ = p.name(e, "a signal's name")
	} else if decode(p, e.value, "an await", awaitKeys, &a) && e.value.entry("signal") == nil {
		p.errorf(e.value.pos, `"await" needs "signal": a signal's name`)
	}
	if a.Signal == "" {
		return nil
	}
	return a
}

var meetKeys = table[Meet]{
	{"name", func(p *parser, m *Meet, e entry) { m.Name, _ = p.name(e, "a meeting's name") }},
	{"parties", func(p *parser, m *Meet, e entry) { m.Parties, _ = p.number(e, 2, math.MaxInt32) }},
}

func (p *parser) meet(e entry) Action {
	var m Meet
	if e.value.kind != mappingNode {
		m.Name, _ = p.name(e, "a meeting's name")
	} else if decode(p, e.value, "a meet", meetKeys, &m) && e.value.entry("name") == nil {
		p.errorf(e.value.pos, `"meet" needs "name"`)
	}
	if m.Name == "" {
		return nil
	}
	if p.doc.inServer && e.value.entry("parties") == nil {
		p.errorf(e.value.pos, `"meet" in a server's script must say how many meet: {name: %s, parties: 2}`, m.Name)
	}
	return m
}

func (p *parser) stop(e entry) Action {
	if p.doc.processNames.has(e.value.value) {
		return StopProcess{Pos: e.value.pos, Name: e.value.value}
	}
	if name, ok := p.serverName(e); ok {
		if p.doc.carriers[name] == UDP {
			p.errorf(e.value.pos, "server %s is UDP: it has one socket for everybody, and none to stop that only listens", quote(name))
			return nil
		}
		return Stop{Pos: e.value.pos, Server: name}
	}
	return nil
}

func (p *parser) start(e entry) Action {
	if p.doc.processNames.has(e.value.value) {
		return StartProcess{Pos: e.value.pos, Name: e.value.value}
	}
	if name, ok := p.serverName(e); ok {
		return Start{Pos: e.value.pos, Server: name}
	}
	return nil
}

// parallel reads steps that are done at the same time. Those that would do the
// same thing at the same time have no order, and so are errors.
func (p *parser) parallel(e entry) Action {
	if !p.list(e.value, `"parallel" takes a list of steps that are done at the same time, such as [{send: x}, {expect: y}]`) {
		return nil
	}
	if n := len(e.value.items); n < 2 {
		p.errorf(e.value.pos, `"parallel" takes two steps or more, not %d`, n)
		return nil
	}
	var a Parallel
	ok := true
	seen := map[string]Pos{}
	known := maps.Clone(p.doc.scope.known)
	captured := map[string]origin{} // the steps do not know it of each other
	for _, item := range e.value.items {
		s, answer := p.step(item)
		maps.Copy(captured, p.doc.scope.gained(known, byParallel))
		p.doc.scope.known = maps.Clone(known)
		ok = ok && !p.doc.broken[s]
		if s.Action == nil {
			continue
		}
		if answer != nil {
			p.errorf(answer.Pos, `in "parallel" an answer would be a step of its own, in no order with its expect`)
			ok = false
		}
		a.Steps = append(a.Steps, s)
		switch w := s.Action.Word(); {
		case s.Over != "":
			p.errorf(s.Pos, `"over" in "parallel", which is about one connection`)
			ok = false
		case s.Expect != nil:
			p.errorf(s.Expect.Pos, `in "parallel" an expect is a step of its own`)
			ok = false
		case w != "send" && w != "expect" && w != "wait" && w != "signal" && w != "await" && w != "meet":
			p.errorf(s.Pos, "%s can't be in parallel; there are: send, expect, wait, signal, await, meet", quote(w))
			ok = false
		case (w == "send" || w == "expect") && seen[w].IsValid():
			p.errorf(s.Pos, "a second %s in parallel, in no order with the first", quote(w))
			ok = false
		default:
			seen[w] = s.Pos
		}
	}
	for name, o := range captured {
		o.at = p.doc.scope.at
		p.doc.scope.known[name] = o
	}
	if !ok {
		return nil
	}
	return a
}
