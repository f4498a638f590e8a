package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"banter/runner/content"
)

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

// played is a client and the scope of its script, or nil.
func (d *document) played(name string) (*Client, *scope) {
	if d.players == nil {
		d.players = map[string]player{}
		for _, c := range d.Clients {
			d.players[c.Name] = player{client: c}
		}
		for _, s := range d.scopes {
			if p := d.players[s.client]; p.client != nil {
				p.scope = s
				d.players[s.client] = p
			}
		}
	}
	p := d.players[name]
	return p.client, p.scope
}

// foreign checks the use of another actor's variable.
func (p *parser) foreign(d *document, u mention) {
	client, from := d.played(u.ref.Actor)
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
