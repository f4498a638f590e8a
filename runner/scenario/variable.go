package scenario

import (
	"maps"
	"strings"
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
