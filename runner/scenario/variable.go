package scenario

import (
	"maps"
	"slices"
	"strings"

	"banter/runner/content"
)

// Ref is what a variable stands for, looked up when the scenario runs: a
// variable of the actor, of the scenario, or of another actor; or an address.
type Ref struct {
	Actor string // whose it is; "": the actor's own or the scenario's
	Name  string
	Props []Property // of its value, each of the one before
}

// constant is a variable whose value is known when the file is read.
type constant struct {
	pos    Pos
	value  string
	secret bool
	rank   rank
}

// rank says who wins where a constant has several values: the greater.
type rank uint8

const (
	sharedVar  rank = iota // of a document or file that is shared
	ownVar                 // of vars
	caseVar                // of the row of cases
	outsideVar             // of the command line
)

// scope is the variables of one actor while its script is read.
type scope struct {
	client string // "": the script is a server's
	known  map[string]origin
	at     int  // the step that is read, from 0
	index  bool // there is an ${index}
	steps  []*Step
	loose  bool // what is captured anywhere in the script may be there: it is no sequence
	hidden bool // an error may hide what gives a variable its value
}

// origin is where an actor's variable gets its value.
type origin struct {
	pos Pos
	at  int // the step
}

// mention is a variable that was not known where it is used. What it is can be said
// when all scripts are read.
type mention struct {
	pos   Pos
	name  string
	ref   *Ref
	scope *scope
	at    int
	early bool // it is needed before the run
}

// inScope reads a script with variables of its own.
func (p *parser) inScope(client string, index bool, read func()) {
	before := p.doc.scope
	p.doc.scope = &scope{client: client, known: map[string]origin{}, index: index}
	p.doc.scopes = append(p.doc.scopes, p.doc.scope)
	read()
	p.doc.scope = before
}

// gains notes that the actor whose script is read has a variable from here on.
func (p *parser) gains(pos Pos, name string) {
	s := p.doc.scope
	if _, again := s.known[name]; !again {
		s.known[name] = origin{pos, s.at}
	}
}

// variableName is a name for a new variable.
func (p *parser) variableName(pos Pos, name string) bool {
	switch {
	case !p.validName(pos, name, "a variable's name"):
	case strings.Contains(name, "."):
		p.errorf(pos, `a variable's name has no ".", which stands before a property: ${%s.size}`, strings.ReplaceAll(name, ".", "_"))
	case name == "tmp" || name == "index" || name == "tls":
		p.errorf(pos, "${%s} has a meaning of its own; take another name", name)
	case p.doc.serverNames.has(name):
		p.errorf(pos, "${%s} is the address of server %s; take another name", name, quote(name))
	case p.doc.processNames.has(name):
		p.errorf(pos, "${%s} is the address of process %s; take another name", name, quote(name))
	case p.doc.clientNames.has(name):
		p.errorf(pos, "%s is a client already; take another name", quote(name))
	default:
		return true
	}
	return false
}

// newVariable is a name for a variable that an actor gets while it plays.
func (p *parser) newVariable(pos Pos, name string) bool {
	if !p.variableName(pos, name) {
		return false
	}
	if c, ok := p.doc.vars[name]; ok {
		p.errorf(pos, "%s has a value already%s; take another name", quote(name), from(c))
		return false
	}
	return true
}

func from(c constant) string {
	if c.pos.IsValid() {
		return ", from line " + line(c.pos)
	}
	return ", from outside of the file"
}

// resolve finds out what a variable is, and complains if that can't be known.
func (p *parser) resolve(seg *Segment) bool {
	d, name := p.doc, seg.Var
	if name == "" {
		p.errorf(seg.Pos, "${} names no variable; a dollar itself is ${$}")
		return false
	}
	// Servers and clients may have dots in their names: the longest one counts.
	for end := len(name); end > 0; end = strings.LastIndexByte(name[:end], '.') {
		base, rest := name[:end], strings.TrimPrefix(name[end:], ".")
		switch c, isConstant := d.vars[base]; {
		case isConstant:
			p.takes(base)
			props, ok := p.properties(seg.Pos, base, rest)
			return ok && p.fill(seg, c, props)
		case d.serverNames.has(base) || d.processNames.has(base):
			return p.addressOf(seg, base, rest)
		case d.scope.has(base) || d.letNames.has(base) || base == "tmp" || slices.Contains(tlsFiles, base) || base == "index" && d.scope.index:
			return p.runtime(seg, "", base, rest)
		case d.clientNames.has(base) && rest != "":
			own, rest, _ := strings.Cut(rest, ".")
			return p.runtime(seg, base, own, rest) && p.later(seg, base+"."+own)
		}
	}
	base, rest, _ := strings.Cut(name, ".")
	seg.Ref = &Ref{Name: base}
	if rest != "" {
		for prop := range strings.SplitSeq(rest, ".") {
			seg.Ref.Props = append(seg.Ref.Props, Property(prop))
		}
	}
	return p.later(seg, name)
}

// takes notes that there is a place for a variable from outside.
func (p *parser) takes(name string) {
	if p.file.Takes == nil {
		p.file.Takes = map[string]bool{}
	}
	p.file.Takes[name] = true
}

func (s *scope) has(name string) bool {
	_, ok := s.known[name]
	return ok
}

// fill puts a value that is known into a text.
func (p *parser) fill(seg *Segment, c constant, props []Property) bool {
	b := content.Bytes{Data: []byte(c.value)}
	for _, prop := range props {
		var err error
		if b, err = prop.Of(b); err != nil {
			p.errorf(seg.Pos, "%s", err)
			return false
		}
	}
	seg.Lit = b.Data
	if c.secret && len(seg.Lit) > 0 && !slices.Contains(props, "size") {
		seg.Secret = true
		if !slices.ContainsFunc(p.doc.Secrets, func(s []byte) bool { return string(s) == string(seg.Lit) }) {
			p.doc.Secrets = append(p.doc.Secrets, seg.Lit)
		}
	}
	return true
}

// addressOf is the address of a server or a process, or its port.
func (p *parser) addressOf(seg *Segment, name, rest string) bool {
	if port, props, _ := strings.Cut(rest, "."); port == string(Port) && !p.doc.portless[name] {
		if p.doc.carriers[name] == Unix {
			p.errorf(seg.Pos, "server %s is a Unix socket, which has no port", quote(name))
			return false
		}
		ok := p.runtime(seg, "", name, props)
		seg.Ref.Props = slices.Insert(seg.Ref.Props, 0, Port)
		return ok
	}
	if p.doc.portless[name] {
		p.errorf(seg.Pos, `process %s has no port, and so no address; give it "port: free"`, quote(name))
		return false
	}
	if first, _, _ := strings.Cut(rest, "."); first != "" && !isProperty(first) {
		p.errorf(seg.Pos, "%s is the address of %s, and has no .%s; its port is ${%[1]s.port}", name, quote(name), first)
		return false
	}
	return p.runtime(seg, "", name, rest)
}

// runtime is a variable that is looked up when the scenario runs.
func (p *parser) runtime(seg *Segment, actor, name, rest string) bool {
	props, ok := p.properties(seg.Pos, name, rest)
	seg.Ref = &Ref{Actor: actor, Name: name, Props: props}
	return ok
}

// properties are what follows a variable's name, after its first dot.
func (p *parser) properties(pos Pos, base, rest string) (props []Property, ok bool) {
	if rest == "" {
		return nil, true
	}
	for prop := range strings.SplitSeq(rest, ".") {
		if !isProperty(prop) {
			p.errorf(pos, "${%s} has no property .%s%s", base, shorten(prop), p.hint(prop, properties))
			return nil, false
		}
		props = append(props, Property(prop))
	}
	return props, true
}

// later leaves it to settle to say what a variable is.
func (p *parser) later(seg *Segment, name string) bool {
	p.doc.uses = append(p.doc.uses, mention{seg.Pos, name, seg.Ref, p.doc.scope, p.doc.scope.at, false})
	return true
}

// pending reports whether it is not known yet what a variable in a text is.
func (p *parser) pending(t Text) bool {
	return slices.ContainsFunc(p.doc.uses, func(m mention) bool {
		return slices.ContainsFunc(t, func(s Segment) bool { return s.Ref == m.ref })
	})
}

// settle looks again at the variables that were not known where they are used,
// now that all scripts are read.
func (p *parser) settle(d *document) {
	for _, u := range d.uses {
		first, own := u.scope.known[u.ref.Name]
		switch {
		case u.ref.Actor != "":
			p.foreign(d, u)
		case own && u.early:
			p.errorf(u.pos, "${%s} is needed before the run, and gets its value in line %d, while it plays", u.name, first.pos.Line)
		case own && u.scope.loose:
			_, rest, _ := strings.Cut(u.name, ".")
			p.properties(u.pos, u.ref.Name, rest)
		case own:
			p.errorf(u.pos, "${%s} is used before it gets its value, in line %d", u.ref.Name, first.pos.Line)
		default:
			p.unknownVariable(d, u)
		}
	}
}

func (p *parser) unknownVariable(d *document, u mention) {
	known := p.variables(d, u.scope)
	if u.ref.Name == "tls" {
		known = append(known, tlsFiles...)
	}
	if d.serverNames.unknown || d.processNames.unknown || u.scope.hidden && !u.early && p.nearest(u.name, known) == "" {
		return // an error may hide where it comes from
	}
	for _, s := range d.scopes {
		if s.client != "" && s.has(u.ref.Name) {
			p.errorf(u.pos, "no variable %s here; client %s has one: ${%[2]s.%s}", quote(u.name), s.client, u.ref.Name)
			return
		}
	}
	if u.ref.Name == "index" {
		p.errorf(u.pos, `${index} is the number of a client of which there are several: {count: 3, steps: [...]}`)
		return
	}
	p.unknown(u.pos, "variable", u.name, known)
}

// variables are the names of all that a text can have in it.
func (p *parser) variables(d *document, s *scope) []string {
	names := slices.Sorted(maps.Keys(s.known))
	names = append(names, slices.Sorted(maps.Keys(d.vars))...)
	names = append(names, d.letNames.list...)
	for _, s := range slices.Concat(d.serverNames.list, d.processNames.list) {
		names = append(names, s, s+".port")
	}
	return names
}

// foreign checks the use of another actor's variable.
func (p *parser) foreign(d *document, u mention) {
	var from *scope
	for _, s := range d.scopes {
		if s.client == u.ref.Actor {
			from = s
		}
	}
	var client *Client
	if i := slices.IndexFunc(d.Clients, func(c *Client) bool { return c.Name == u.ref.Actor }); i >= 0 {
		client = d.Clients[i]
	}
	switch {
	case from == nil || client == nil || len(d.broken) > 0:
	case client.Count > 0:
		p.errorf(u.pos, "client %s is there %s, so ${%s} could be any of theirs", quote(client.Name), times(client.Count), u.name)
	case !from.has(u.ref.Name):
		if known := slices.Sorted(maps.Keys(from.known)); len(known) > 0 {
			p.errorf(u.pos, "client %s has no variable %s%s", client.Name, quote(u.ref.Name), p.hint(u.ref.Name, known))
			return
		}
		p.errorf(u.pos, "client %s has no variable %s: it captures none", client.Name, quote(u.ref.Name))
	case u.scope == from && (from.known[u.ref.Name].at < u.at || from.loose):
	case u.scope == from:
		p.errorf(u.pos, "${%s} is used before it gets its value, in line %d", u.name, from.known[u.ref.Name].pos.Line)
	default:
		d.foreign = append(d.foreign, u)
	}
}

// constants reads the entries of vars, or of a row of cases.
func (p *parser) constants(d *document, entries []entry, rank rank) {
	for _, v := range entries {
		if !p.variableName(v.pos, v.key) {
			continue
		}
		if _, ok := p.scalar(v, `a text; bytes that are made stand in "let"`); !ok {
			d.vars[v.key] = constant{pos: v.pos, rank: rank}
			continue
		}
		p.traps(v.value)
		text, ok := p.text(v.value)
		value, known := text.literal()
		if ok && !known && !p.pending(text) {
			p.errorf(v.value.pos, `%s is to be known before the run, and this is not; it belongs into "let"`, quote(v.key))
		}
		p.takes(v.key)
		if c, given := d.vars[v.key]; given && c.rank > rank {
			continue
		}
		secret := slices.ContainsFunc(text, func(s Segment) bool { return s.Secret })
		d.vars[v.key] = constant{pos: v.pos, value: string(value), secret: secret, rank: rank}
	}
}

// fixed is the text of a value in which variables may stand that are known
// before the run. Want says what it is.
func (p *parser) fixed(e entry, want string) (string, bool) {
	s, ok := p.scalar(e, want)
	if !ok || !strings.Contains(s, "${") {
		return s, ok
	}
	text, ok := p.text(e.value)
	value, known := text.literal()
	if ok && !known && !p.pending(text) {
		open := text[slices.IndexFunc(text, func(s Segment) bool { return s.Open() })]
		p.errorf(open.Pos, "%s is needed before the run, when ${%s} is not known; it can have variables of vars and cases", quote(e.key), open.Var)
	}
	for i := range p.doc.uses {
		use := &p.doc.uses[i]
		use.early = use.early || slices.ContainsFunc(text, func(s Segment) bool { return s.Ref == use.ref })
	}
	return string(value), ok && known
}

// definitions reads what let has: variables and the payloads that they stand
// for. Each is known to those after it.
func (p *parser) definitions(entries []entry, gained func(pos Pos, name string)) (out []Definition, ok bool) {
	ok = true
	for _, v := range entries {
		good := p.newVariable(v.pos, v.key)
		payload := p.payload(v, toSend)
		if payload != nil {
			good = p.unsliced(payload, "a variable is not sent") && good
		}
		ok = ok && good && payload != nil
		gained(v.pos, v.key)
		out = append(out, Definition{Pos: v.pos, Name: v.key, Payload: payload})
	}
	return out, ok
}

// unsliced complains about a payload that says how it is sent where nothing is
// sent.
func (p *parser) unsliced(payload *Payload, why string) bool {
	for i := range payload.Parts {
		if part := &payload.Parts[i]; part.Slice > 0 {
			p.errorf(part.Pos, `"slice" is how bytes are sent, and %s`, why)
			return false
		}
	}
	return true
}
