package scenario

import (
	"maps"
	"math"
	"net"
	"strconv"
	"strings"
	"unicode"
)

// server is a Server while its mapping is read.
type server struct {
	*Server
	stub
	played *entry // the first of reply, steps, connections and rules
}

var serverKeys = table[server]{
	{"bind", func(p *parser, s *server, e entry) {
		if s.Bind = p.serverAddress(e); s.Bind == nil { // clients may connect to what was meant
			p.doc.badTarget = true
		}
	}},
	{"backlog", func(p *parser, s *server, e entry) {
		if n, ok := p.number(e, 0, MaxBacklog); ok {
			s.Backlog = n
		}
	}},
	{"note", func(p *parser, s *server, e entry) { s.Note, _ = p.scalar(e, "a text") }},
	{"reply", (*parser).serverReply},
	{"steps", (*parser).serverSteps},
	{"connections", (*parser).serverConnections},
	{"greeting", func(_ *parser, s *server, e entry) { s.greeting = &e }},
	{"message", func(_ *parser, s *server, e entry) { s.message = &e }},
	{"rules", func(p *parser, s *server, e entry) {
		if p.plays(s, e) {
			s.rules = &e
		}
	}},
	{"else", func(_ *parser, s *server, e entry) { s.otherwise = &e }},
	{"always", func(_ *parser, s *server, e entry) { s.always = &e }},
	{"accept", func(p *parser, s *server, e entry) {
		if n, ok := p.number(e, 0, math.MaxInt32); ok {
			s.Accept = n
		}
	}},
	{"at_once", func(p *parser, s *server, e entry) { s.AtOnce, _ = p.number(e, 1, math.MaxInt32) }},
	{"rcvbuf", func(p *parser, s *server, e entry) { s.RcvBuf = p.bufferSize(e) }},
	{"sndbuf", func(p *parser, s *server, e entry) { s.SndBuf = p.bufferSize(e) }},
	{"congestion", func(p *parser, s *server, e entry) { s.Congestion, _ = p.congestion(e) }},
	{"tls", (*parser).serverTLS},
	{"listen", func(p *parser, s *server, e entry) {
		if b, ok := p.boolean(e); ok {
			s.Listen = b
		}
	}},
	{"start", func(p *parser, s *server, e entry) {
		if b, ok := p.boolean(e); ok {
			s.Start = b
		}
	}},
}

// server reads one entry of servers. It returns a server also where something
// is wrong with it, so that its name is known.
func (p *parser) server(e entry) *Server {
	s := &server{Server: &Server{
		Pos:     e.pos,
		Name:    e.key,
		Backlog: Unlimited,
		Accept:  Unlimited,
		Listen:  true,
		Start:   true,
	}}
	if p.validName(e.pos, e.key, "a server's name") && strings.HasSuffix(e.key, ".port") {
		p.errorf(e.pos, "a server's name can't end with .port: ${%s} would be two things", e.key)
	}
	switch n := e.value; {
	case n.isNull():
		p.errorf(e.pos, "server %s has nothing below it; the server of all defaults is {}", quote(e.key))
	case p.mapping(n, "a server must be a mapping, such as {reply: hello}"):
		p.doc.inServer = true
		before := len(p.doc.scopes)
		decode(p, n, "server "+quote(e.key), serverKeys, s)
		p.stubComplete(s)
		if s.rules != nil {
			s.Steps = p.stubScript(s)
		}
		if s.always != nil {
			scripts := p.doc.scopes[before:]
			p.inScope(role{server: s.Name}, true, func() {
				for _, script := range scripts { // one of them is the connection's
					maps.Copy(p.doc.scope.known, script.known)
				}
				s.Always = p.setAlways(s.message, s.always, s.Transport())
			})
		}
		p.doc.inServer = false
		p.packetServer(s.Server, n)
	}
	if n := len(s.Connections); !s.ByClient && s.Accept >= 0 && s.Accept < n {
		p.errorf(s.Pos, "server %s accepts %s and has %s", quote(s.Name), count(s.Accept, "connection"), count(n, "script"))
	}
	return s.Server
}

// connection is the script of a server's connection, of a client if only that
// one has it.
func (p *parser) connection(n *node, pos Pos, of, server, only string) (steps []*Step) {
	p.inScope(role{server: server, only: only}, only == "" || p.doc.counted(only), func() {
		steps = p.script(n, pos, of)
		p.doc.scope.steps = steps
	})
	return steps
}

// plays notes what a server does with a connection, and complains about a
// second answer.
func (p *parser) plays(s *server, e entry) bool {
	if s.played != nil {
		p.errorf(e.pos, "%s and %s are two things to do with a connection; a server has one",
			quote(s.played.key), quote(e.key))
		return false
	}
	s.played = &e
	return true
}

// afterKeys are the keys of reply: {after, send}.
var afterKeys = table[Server]{
	{"after", func(p *parser, s *Server, e entry) {
		s.ReplyAfter = p.expect(e)
		if x := s.ReplyAfter; x != nil && x.Outcome != NoOutcome && x.Outcome != EOF {
			p.errorf(x.Pos, `"after" takes bytes or {eof}, not {%s}`, x.Outcome.word())
		}
	}},
	{"send", func(p *parser, s *Server, e entry) { s.Reply = p.payload(e, toSend) }},
}

func (p *parser) serverReply(s *server, e entry) {
	if !p.plays(s, e) {
		return
	}
	n := e.value
	if n.entry("after") == nil && n.entry("send") == nil {
		p.inScope(role{server: s.Name}, true, func() { s.Reply = p.payload(e, toSend) })
		if s.Reply.echoes() && !s.Reply.Echo() && p.doc.carriers[s.Name] != UDP {
			p.errorf(e.value.pos, `"echo" in a reply stands alone: a reply waits for no frame, so what else is sent would depend on how the bytes were cut; take {after: ..., send: ...}`)
		}
		return
	}
	known := false
	p.inScope(role{server: s.Name}, true, func() { known = decode(p, n, "a reply", afterKeys, s.Server) })
	if known && n.entry("send") == nil {
		p.errorf(e.pos, `"after" needs "send": what is sent then`)
	}
	if n.entry("after") == nil {
		p.errorf(e.pos, `"send" alone is no reply; write the payload itself, or add "after"`)
	}
}

func (p *parser) serverSteps(s *server, e entry) {
	if p.plays(s, e) {
		s.Steps = p.connection(e.value, e.pos, "server "+quote(s.Name), s.Name, "")
	}
}

// serverConnections reads a list of scripts, or a mapping from clients to
// scripts.
func (p *parser) serverConnections(s *server, e entry) {
	if !p.plays(s, e) {
		return
	}
	switch n := e.value; {
	case n.isNull():
		p.blank(e, "a list of scripts, or a mapping from clients to scripts")
	case len(n.items)+len(n.entries) == 0 && n.kind != scalarNode:
		p.errorf(n.pos, `"connections" has no scripts`)
	case n.kind == listNode:
		for _, item := range n.items {
			s.Connections = append(s.Connections, &Script{
				Pos:   item.pos,
				Steps: p.connection(item, item.pos, "a connection", s.Name, ""),
			})
		}
	case n.kind == mappingNode:
		s.ByClient = true
		for _, c := range n.entries {
			if !p.doc.clientNames.has(c.key) && !p.doc.clientNames.unknown {
				p.unknown(c.pos, "client", c.key, p.doc.clientNames.list)
			}
			s.Connections = append(s.Connections, &Script{
				Pos:    c.pos,
				Client: c.key,
				Steps:  p.connection(c.value, c.pos, "the connection of "+quote(c.key), s.Name, c.key),
			})
		}
	default:
		p.errorf(n.pos, `"connections" must be a list of scripts, or a mapping from clients to scripts, not %s`, n.kindName())
	}
}

// maxBuffer is the most that a socket buffer may be; a kernel's own limit is
// lower.
const maxBuffer = 1 << 30

func (p *parser) bufferSize(e entry) int {
	n, ok := p.size(e, 1)
	if ok && n > maxBuffer {
		p.errorf(e.value.pos, "%s must be at most %s, not %s", quote(e.key), sizeString(maxBuffer), e.value.value)
		return 0
	}
	return int(n)
}

// serverAddress reads what a server is bound to: host:port, udp:host:port or
// unix:PATH. It returns nil if something is wrong.
func (p *parser) serverAddress(e entry) *Address {
	t, rest := cutTransport(e.value.value)
	if t == UDP && e.value.kind == scalarNode {
		return p.hostPort(e, UDP, rest)
	}
	if e.value.kind != scalarNode || t == TCP {
		return p.address(e)
	}
	text, ok := p.text(e.value)
	if !ok {
		return nil
	}
	a := &Address{Pos: e.value.pos, Transport: t}
	for i, seg := range text {
		if seg.Ref == nil {
			a.Path += string(seg.Lit)
			continue
		}
		a.Tmp = true
		if i != 1 || seg.Var != "tmp" || a.Path != prefixes[Unix] {
			p.errorf(seg.Pos, `"bind" takes no variables but ${tmp} at the beginning of a path and those of vars and cases; a relative path is in the scenario's folder`)
			return nil
		}
	}
	_, a.Path = cutTransport(a.Path)
	switch problem := unixProblem(a.Path); {
	case a.Tmp && !strings.HasPrefix(a.Path, "/"):
		p.errorf(e.value.pos, "${tmp} is a folder; a path in it is %s", quote("unix:${tmp}/greeter.sock"))
		return nil
	case problem != "":
		p.errorf(e.value.pos, "%s", problem)
		return nil
	case !a.Tmp:
		p.mayUse(a)
	}
	return a
}

// address reads host:port. It returns nil if something is wrong.
func (p *parser) address(e entry) *Address {
	s, ok := p.fixed(e, "host:port, such as 127.0.0.1:0")
	if !ok {
		return nil
	}
	if t, _ := cutTransport(s); t != TCP {
		p.errorf(e.value.pos, "%s of a client is host:port; whom it connects to says the rest", quote(e.key))
		return nil
	}
	return p.hostPort(e, TCP, s)
}

func (p *parser) hostPort(e entry, t Transport, s string) *Address {
	host, port, problem := splitAddress(s)
	if problem != "" {
		problem = strings.Replace(problem, "write ", "write "+prefixes[t], 1)
		p.errorf(e.value.pos, "%s must be %shost:port, such as %[2]s127.0.0.1:0: %s", quote(e.key), prefixes[t], problem)
		return nil
	}
	a := &Address{Pos: e.value.pos, Transport: t, Host: host, Port: port}
	if p.checkLocal(a) {
		p.mayUse(a)
	}
	return a
}

// splitAddress splits host:port, or says what is wrong with it.
func splitAddress(s string) (host string, port int, problem string) {
	if port, err := strconv.Atoi(s); isDigits(s) && (err != nil || port > 65535) {
		return "", 0, "a port is a number from 0 to 65535, not " + asWritten(s)
	} else if isDigits(s) {
		return "", 0, "write :" + shorten(s) + " for that port on every address"
	}
	if net.ParseIP(s) != nil {
		return "", 0, quote(s) + " has no port; write " + net.JoinHostPort(s, "0") + " for a free one"
	}
	host, digits, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, quote(s) + " has no port"
	}
	port, err = strconv.Atoi(digits)
	switch {
	case !isHost(host):
		return "", 0, quote(host) + " is no address and no name of a host"
	case err != nil || !isDigits(digits) || port > 65535:
		return "", 0, "a port is a number from 0 to 65535, not " + asWritten(digits)
	case digits[0] == '0' && digits != "0":
		return "", 0, "the port must be a plain decimal number: " + strconv.Itoa(port) + ", not " + shorten(digits)
	}
	return host, port, ""
}

// isHost reports whether a host can be one: an address, a name, or nothing.
func isHost(host string) bool {
	address, _, _ := strings.Cut(host, "%") // a zone
	if host == "" || net.ParseIP(address) != nil {
		return true
	}
	bad := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_' }
	digits := true // a name ends with a letter: 256.1.1.1 is a wrong address
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" || strings.ContainsFunc(label, bad) {
			return false
		}
		digits = isDigits(label)
	}
	return !digits
}

// String is the address as it is written.
func (a *Address) String() string {
	if a.Transport == Unix && a.Tmp {
		return prefixes[Unix] + "${tmp}" + a.Path
	}
	if a.Transport == Unix {
		return prefixes[Unix] + a.Path
	}
	return prefixes[a.Transport] + net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
}
