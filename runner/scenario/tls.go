package scenario

import "slices"

// TLS is how one side of a connection speaks TLS.
type TLS struct {
	Pos        Pos
	Cert, Key  string   // PEM files of its certificate, as they are to be opened; "": none of its own
	MadeCert   bool     // the run makes its certificate
	CA         string   // PEM file of those whose certificates are trusted; "": none
	MadeCA     bool     // the run's own authority is trusted
	Name       string   // whom a server's certificate must be for; "": it follows from the connect
	Unverified bool     // a server may have any certificate
	ALPN       []string // protocols, the first is liked best
}

// tlsFiles are the variables that are paths of PEM files, which the run writes
// for programs: its authority, and a certificate of it with its key.
var tlsFiles = []string{"tls.ca", "tls.cert", "tls.key"}

// tls is a TLS while its mapping is read.
type tls struct {
	*TLS
	cert, key, ca, verify *entry
	wrong                 bool
}

func (t *tls) check(ok bool) { t.wrong = t.wrong || !ok }

// ownKeys are the keys of tls on both sides.
var ownKeys = table[tls]{
	{"cert", func(p *parser, t *tls, e entry) {
		t.cert = &e
		var ok bool
		t.Cert, t.MadeCert, ok = p.pemOrMade(e, "certificate file")
		t.check(ok)
	}},
	{"key", func(p *parser, t *tls, e entry) {
		t.key = &e
		var ok bool
		t.Key, ok = p.fileName(e, "key file")
		t.check(ok)
	}},
	{"alpn", (*parser).alpn},
}

// serverTLSKeys are the keys of a server's tls.
var serverTLSKeys = append(table[tls]{
	{"client_ca", (*parser).trusted},
}, ownKeys...)

// clientTLSKeys are the keys of a client's.
var clientTLSKeys = append(table[tls]{
	{"ca", (*parser).trusted},
	{"name", func(p *parser, t *tls, e entry) {
		name, ok := p.fixed(e, "the name of a host")
		if ok && (name == "" || !isHost(name)) {
			p.errorf(e.value.pos, `"name" is the name of a host or an address, whom the certificate must be for, not %s`, quote(name))
			ok = false
		}
		t.Name = name
		t.check(ok)
	}},
	{"verify", func(p *parser, t *tls, e entry) {
		t.verify = &e
		verify, ok := p.boolean(e)
		t.Unverified = !verify
		t.check(ok)
	}},
}, ownKeys...)

// tls reads how a server or a client speaks TLS: true, or a mapping. It returns
// nil for false, and where something is wrong.
func (p *parser) tls(e entry, server bool) (_ *TLS, ok bool) {
	n := e.value
	t := &tls{TLS: &TLS{Pos: n.pos, MadeCert: server, MadeCA: !server}}
	if n.kind != mappingNode {
		s, ok := p.fixed(e, "true, or a mapping such as {alpn: [h2]}")
		if !ok || s == "false" {
			return nil, ok
		}
		if s != "true" {
			p.errorf(n.pos, `"tls" must be true, or a mapping such as {alpn: [h2]}, not %s`, asWritten(s))
			return nil, false
		}
		return t.TLS, true
	}
	of, keys := "the tls of a client", clientTLSKeys
	if server {
		of, keys = "the tls of a server", serverTLSKeys
	}
	if !decode(p, n, of, keys, t) || t.wrong {
		return nil, false
	}
	return t.TLS, p.tlsComplete(t)
}

// tlsComplete complains about keys that do not go together.
func (p *parser) tlsComplete(t *tls) bool {
	switch {
	case t.key != nil && t.cert == nil:
		p.errorf(t.key.pos, `"key" without "cert", the certificate that it belongs to`)
	case t.key != nil && t.MadeCert:
		p.errorf(t.key.pos, `"key" beside "cert: true", whose key is made with it`)
	case t.key == nil && t.Cert != "":
		p.errorf(t.cert.pos, `"cert" needs "key", the file with its private key`)
	case t.Unverified && t.ca != nil:
		p.errorf(t.verify.pos, `"verify: false" takes any certificate, so there is nobody to trust: leave out "ca", or this`)
	default:
		return true
	}
	return false
}

// trusted is whose certificates of the peer are trusted.
func (p *parser) trusted(t *tls, e entry) {
	t.ca = &e
	if e.value.kind == scalarNode && e.value.value == "${tls.ca}" { // as a real program is told it
		t.MadeCA = true
		return
	}
	var ok bool
	t.CA, t.MadeCA, ok = p.pemOrMade(e, "certificate file")
	t.check(ok)
}

// pemOrMade is the name of a file, or true for what the run makes.
func (p *parser) pemOrMade(e entry, what string) (file string, made, ok bool) {
	if e.value.kind == scalarNode && e.value.style == plain && e.value.value == "true" {
		return "", true, true
	}
	file, ok = p.fileName(e, what)
	return file, false, ok
}

// maxProtocol is the most bytes that a protocol's name has in ALPN.
const maxProtocol = 255

// alpn is a list of protocols.
func (p *parser) alpn(t *tls, e entry) {
	if e.value.isNull() {
		p.blank(e, "a list of protocols, such as [h2]")
		t.check(false)
		return
	}
	items := e.value.items
	switch {
	case e.value.kind == scalarNode && !e.value.isNull(): // one of them
		items = []*node{e.value}
	case !p.list(e.value, `"alpn" must be a protocol or a list of them, such as [h2]`):
		t.check(false)
		return
	}
	if len(items) == 0 {
		p.errorf(e.value.pos, `"alpn" has no protocols`)
		t.check(false)
	}
	for _, item := range items {
		name, ok := p.fixed(entry{key: e.key, pos: item.pos, value: item}, "a protocol's name")
		switch {
		case !ok:
		case name == "" || len(name) > maxProtocol:
			p.errorf(item.pos, "a protocol's name has 1 to %d bytes, not %d", maxProtocol, len(name))
			ok = false
		case slices.Contains(t.ALPN, name):
			p.errorf(item.pos, `%s stands twice in "alpn"`, quote(name))
			ok = false
		}
		t.ALPN = append(t.ALPN, name)
		t.check(ok)
	}
}

// startTLS is the step that begins TLS on a connection.
func (p *parser) startTLS(e entry) Action {
	if e.value.isNull() {
		e.value = &node{kind: scalarNode, pos: e.value.pos, value: "true"}
	}
	t, ok := p.tls(e, p.doc.inServer)
	if ok && t == nil {
		p.errorf(e.value.pos, `a step "tls: false" does nothing; leave it out`)
	}
	if t == nil || !ok {
		return nil
	}
	return StartTLS{TLS: t}
}

// serverTLS reads the tls of a server.
func (p *parser) serverTLS(s *server, e entry) { s.TLS, _ = p.tls(e, true) }

// connectTLS reads the tls of a connect.
func (p *parser) connectTLS(c *connect, e entry) {
	t, ok := p.tls(e, false)
	c.TLS, c.tls = t, &e
	c.wrong = c.wrong || !ok
}

// startTLS follows a step that begins TLS.
func (f *flow) startTLS(s *Step) {
	switch {
	case !f.needs(s):
		return
	case f.via == UDP:
		f.fail(s.Pos, `"tls" over UDP, which is no stream`)
	case f.secure.IsValid():
		f.fail(s.Pos, `a second "tls"; the connection speaks it already, see line %d`, f.secure.Line)
	case f.wrote.IsValid() || f.read.IsValid():
		f.fail(s.Pos, `"tls" after the shutdown in line %d; a handshake needs both directions`, max(f.wrote.Line, f.read.Line))
	case f.end != "":
		f.fail(s.Pos, `"tls" after the %s in line %d, when the peer's end has come`, f.end, f.endPos.Line)
	}
	f.secure = s.Pos
}
