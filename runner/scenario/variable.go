package scenario

import (
	"fmt"
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
	role
	steps   []*Step
	always  *Always
	reading gain // what gains are by
	known   map[string]origin
	at      int  // the step that is read, from 1
	index   bool // there is an ${index}
	loose   bool // what is captured anywhere in the script may be there: it is no sequence
	hidden  bool // an error may hide what gives a variable its value
}

// role is whose script it is: a client's, or a server's for all of its
// connections or for those of one client. With neither it is nobody's.
type role struct {
	client, server, only string
}

// origin is where an actor's variable gets its value.
type origin struct {
	pos Pos
	at  int // the step
	how gain
}

// gain is what an actor's variable gets its value by.
type gain uint8

const (
	byStep     gain = iota
	byParallel      // a step within a "parallel": those beside it do not know it
	byAlways        // a message that may come at any time, or never
)

// mention is a variable that was not known where it is used. What it is can be
// said when all scripts are read.
type mention struct {
	pos   Pos
	name  string
	ref   *Ref
	scope *scope
	at    int
	aside bool   // in a rule of "always"
	calls []Call // the fragments that it is in
	early bool   // it is needed before the run
}

// inScope reads a script with variables of its own.
func (p *parser) inScope(r role, index bool, read func()) {
	before := p.doc.scope
	p.doc.scope = &scope{role: r, known: map[string]origin{}, index: index}
	p.doc.scopes = append(p.doc.scopes, p.doc.scope)
	read()
	p.doc.scope = before
}

// gains notes that the actor whose script is read has a variable from here on.
func (p *parser) gains(pos Pos, name string) {
	s := p.doc.scope
	if _, again := s.known[name]; !again {
		s.known[name] = origin{pos: pos, at: s.at, how: s.reading}
	}
}

// gained is what a scope has gained since it knew only those before.
func (s *scope) gained(before map[string]origin, how gain) map[string]origin {
	gained := maps.Clone(s.known)
	maps.DeleteFunc(gained, func(name string, _ origin) bool { _, had := before[name]; return had })
	for name, o := range gained {
		o.at, o.how = s.at, how
		gained[name] = o
	}
	return gained
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
	c, taken := p.doc.vars[name]
	if w, with := p.doc.with[name]; with {
		c, taken, w.used = w.constant, true, true
	}
	if at, let := p.doc.letNames[name]; let && p.doc.scope != p.doc.top {
		c, taken = constant{pos: at}, true
	}
	if taken {
		p.errorf(pos, "%s has a value already%s; take another name", quote(name), from(c))
	}
	return !taken
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
		w, with := d.with[base]
		c, isConstant := d.vars[base]
		switch {
		case with && w.later != "":
			w.used = true
			return p.runtime(seg, "", w.later, rest)
		case with || isConstant:
			if with {
				c, w.used = w.constant, true
			} else {
				p.takes(base)
			}
			props, ok := p.properties(seg.Pos, base, rest)
			return ok && p.fill(seg, c, props)
		case d.serverNames.has(base) || d.processNames.has(base):
			return p.addressOf(seg, base, rest)
		case d.scope.has(base) || p.computed(base) || base == "tmp" || slices.Contains(tlsFiles, base) || base == "index" && d.scope.index:
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

// computed reports whether the scenario's own let has a variable, and before
// what is read.
func (p *parser) computed(name string) bool {
	_, let := p.doc.letNames[name]
	return let && !p.doc.uncomputed[name]
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
	p.doc.mentioned[name] = true
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
		p.errorf(seg.Pos, "${%s} is an address, which has no .%s; its port is ${%[1]s.port}", name, first)
		return false
	}
	return p.runtime(seg, "", name, rest)
}

// runtime is a variable that is looked up when the scenario runs.
func (p *parser) runtime(seg *Segment, actor, name, rest string) bool {
	known := strings.TrimSuffix(seg.Var, "."+rest) // as it is written
	props, ok := p.properties(seg.Pos, known, rest)
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
	s := p.doc.scope
	p.doc.uses = append(p.doc.uses, mention{
		pos: seg.Pos, name: name, ref: seg.Ref, scope: s, at: s.at, aside: s.reading == byAlways, calls: slices.Clone(p.doc.calls),
	})
	return true
}

// settle looks again at the variables that were not known where they are used,
// now that all scripts are read.
func (p *parser) settle(d *document) {
	for _, u := range d.uses {
		first, own := u.scope.known[u.ref.Name]
		switch {
		case p.complained(u.pos): // by the other half of a dialogue
		case u.ref.Actor != "":
			p.foreign(d, u)
		case own && u.early:
			p.errorf(u.pos, "${%s} is needed before the run, and gets its value in line %d, while it plays", u.name, first.pos.Line)
		case own && (u.scope.loose || u.aside):
			_, rest, _ := strings.Cut(u.name, ".")
			p.properties(u.pos, u.ref.Name, rest)
		case own && first.how == byAlways:
			p.errorf(u.pos, "${%s} may have no value: it comes with a message of \"always\", in line %d, and those may come at any time or never", u.ref.Name, first.pos.Line)
		case own && first.how == byParallel && first.pos.before(u.pos):
			p.errorf(u.pos, "${%s} may have no value yet: line %d captures it in parallel with this", u.ref.Name, first.pos.Line)
		case own:
			p.errorf(u.pos, "${%s} is used before it gets its value, in line %d", u.ref.Name, first.pos.Line)
		case d.constantLater(u.ref.Name).IsValid():
			p.errorf(u.pos, "${%s} has its value only later, from line %d; first come cases, then vars, then let, each in its order", u.ref.Name, d.constantLater(u.ref.Name).Line)
		default:
			p.unknownVariable(d, u)
		}
	}
}

// complained reports whether something is wrong at a place of the document
// already.
func (p *parser) complained(pos Pos) bool {
	for ; p.doc.problems < len(p.file.Problems); p.doc.problems++ {
		if q := p.file.Problems[p.doc.problems]; !q.Warning {
			p.doc.wrong[q.Pos] = true
		}
	}
	return p.doc.wrong[pos]
}

// constantLater is where a variable of the document as a whole gets its value.
func (d *document) constantLater(name string) Pos {
	if c, ok := d.vars[name]; ok {
		return c.pos
	}
	return d.letNames[name]
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
		if s.client != "" && s.has(u.ref.Name) && u.scope != d.top {
			p.errorf(u.pos, "no variable %s here; client %s has one: ${%[2]s.%s}", quote(u.name), s.client, u.ref.Name)
			return
		}
	}
	for _, s := range d.scopes {
		if s.server != "" && s.has(u.ref.Name) && u.scope.server != s.server {
			p.errorf(u.pos, "no variable %s here; server %s has one, and nobody else sees the variables of a server", quote(u.name), s.server)
			return
		}
	}
	if d.clientNames.has(u.name) {
		p.errorf(u.pos, "%s is a client; its variables are such as ${%[1]s.id}, and itself is none", u.name)
		return
	}
	if u.ref.Name == "index" {
		p.errorf(u.pos, `${index} is the number of a client of which there are several: {count: 3, steps: [...]}`)
		return
	}
	before := len(p.file.Problems)
	p.unknown(u.pos, "variable", u.name, known)
	if n := len(u.calls); n > 0 { // it may be right in another place
		in := u.calls[n-1]
		p.file.Problems[before].Message += fmt.Sprintf(" (in %s, which line %d does)", in.Name, in.Pos.Line)
	}
}

// variables are the names of all that a text can have in it.
func (p *parser) variables(d *document, s *scope) []string {
	if names := d.variables[s]; names != nil {
		return names
	}
	names := slices.Sorted(maps.Keys(s.known))
	names = append(names, slices.Sorted(maps.Keys(d.vars))...)
	for _, e := range d.lets {
		names = append(names, e.key)
	}
	for _, s := range slices.Concat(d.serverNames.list, d.processNames.list) {
		names = append(names, s, s+".port")
	}
	for _, other := range d.scopes {
		for _, name := range slices.Sorted(maps.Keys(other.known)) {
			if other.client != "" && other != s {
				names = append(names, other.client+"."+name)
			}
		}
		if len(names) > maxNames {
			break
		}
	}
	d.variables[s] = names
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
	case from == nil || client == nil:
	case u.scope == d.top:
		p.errorf(u.pos, "${%s} has a value when %s has played, and this is needed before", u.name, client.Name)
	case client.Count > 0:
		p.errorf(u.pos, "client %s is there %s, so ${%s} could be any of theirs", quote(client.Name), times(client.Count), u.name)
	case !from.has(u.ref.Name) && from.hidden: // perhaps it has
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
		unsettled := len(p.doc.uses)
		text, ok := p.text(v.value)
		value, known := text.literal()
		if ok && !known && len(p.doc.uses) == unsettled {
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
	unsettled := len(p.doc.uses)
	text, ok := p.text(e.value)
	value, known := text.literal()
	for i := range p.doc.uses[unsettled:] {
		p.doc.uses[unsettled+i].early = true
	}
	if ok && !known && len(p.doc.uses) == unsettled {
		open := text[slices.IndexFunc(text, func(s Segment) bool { return s.Open() })]
		p.errorf(open.Pos, "%s is needed before the run, when ${%s} is not known; it can have variables of vars and cases", quote(e.key), open.Var)
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
			if p.doc.scope == p.doc.top && payload.echoes() {
				p.errorf(payload.Pos, `"echo" before anything came that could be sent back`)
				good = false
			}
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
