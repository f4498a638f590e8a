package scenario

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// document is one YAML document while it is read: a scenario, and what its
// parts need to know of each other.
type document struct {
	*Scenario
	shared
	serverNames  nameSet
	clientNames  nameSet
	processNames nameSet
	uncomputed   map[string]bool      // of those, which are not known yet
	carriers     map[string]Transport // of the servers

	servers, clients, dialogue, transcript *entry

	served   map[string]string // by declared server: the process that is the real thing behind it
	portless map[string]bool   // processes that have no address

	scope   *scope // of the script being read
	top     *scope // of what stands outside of all scripts
	scopes  []*scope
	uses    []mention // of variables, to be settled
	foreign []mention // of other actors' variables, to be put in order

	mentioned map[string]bool  // servers and processes whose addresses are put into texts
	rounds    int64            // of the loops around what is read
	calls     []Call           // fragments that are being read, the outermost first
	with      map[string]*with // what the "do" of those gave them
	given     int              // the variables of those that have a value only later
	again     bool             // the second round of a loop is followed
	unfolded  int              // steps that came of fragments
	inServer  bool             // the script being read is a server's
	idle      bool             // the process being read is not started, as it serves

	players   map[string]player   // the clients, once all scripts are read
	problems  int                 // how many of the file's are known to wrong
	wrong     map[Pos]bool        // where something is wrong
	holders   map[string]*scope   // the script in which a variable gets its value
	variables map[*scope][]string // that texts can have, once all are known
	broken    map[*Step]bool      // steps whose meaning an error hides
	badTarget bool                // a connect, stop or start names no server
}

// shared is what a document without servers and clients gives to those after
// it.
type shared struct {
	timeout   time.Duration
	eol       EOL
	tags      []string
	vars      map[string]constant
	lets      []entry              // what let has, to be read in each document
	letNames  map[string]Pos       // its variables
	fragments map[string]*fragment // what define has
	files     []entry              // of files, to be read in each document, as processes are
	processes []entry
	skip      string
	requires  []string
	addresses []IP
	links     []*Link
	// an error hides some of those
	linksUnknown bool
}

// clone is what a document may change without changing it for others.
func (s shared) clone() shared {
	s.tags, s.lets = slices.Clone(s.tags), slices.Clone(s.lets)
	s.vars, s.fragments, s.letNames = maps.Clone(s.vars), maps.Clone(s.fragments), maps.Clone(s.letNames)
	s.files, s.processes = slices.Clone(s.files), slices.Clone(s.processes)
	s.requires, s.addresses = slices.Clone(s.requires), slices.Clone(s.addresses)
	s.links = slices.Clone(s.links)
	return s
}

// player is a client and the scope of its script.
type player struct {
	client *Client
	scope  *scope
}

// counted reports whether there are several of a client, numbered.
func (d *document) counted(client string) bool {
	return d.clients != nil && d.clients.value.entry(client) != nil && d.clients.value.entry(client).entry("count") != nil
}

// nameSet is the declared names of one kind, in the file's order.
type nameSet struct {
	list    []string
	set     map[string]bool
	unknown bool // an error hides some of them
}

func (s *nameSet) has(name string) bool { return s.set[name] }

func (s *nameSet) add(name string) {
	if s.set == nil {
		s.set = map[string]bool{}
	}
	if !s.set[name] {
		s.list = append(s.list, name)
	}
	s.set[name] = true
}

// fill takes the keys of a mapping.
func (s *nameSet) fill(n *node) {
	if n == nil {
		return
	}
	s.unknown = n.kind != mappingNode
	s.set = make(map[string]bool, len(n.entries))
	for _, e := range n.entries {
		s.list = append(s.list, e.key)
		s.set[e.key] = true
	}
}

var documentKeys table[document]

func init() {
	documentKeys = table[document]{
		{"name", (*parser).documentName},
		{"description", func(p *parser, d *document, e entry) { d.Description, _ = p.scalar(e, "a text") }},
		{"tags", (*parser).documentTags},
		{"timeout", func(p *parser, d *document, e entry) {
			if timeout, ok := p.duration(e); ok {
				d.timeout = timeout
			}
		}},
		{"eol", (*parser).documentEOL},
		{"servers", func(_ *parser, d *document, e entry) { d.servers = &e }},
		{"clients", func(_ *parser, d *document, e entry) { d.clients = &e }},
		{"transcript", func(_ *parser, d *document, e entry) { d.transcript = &e }},
		{"dialogue", func(_ *parser, d *document, e entry) { d.dialogue = &e }},
		{"include", readBefore},
		{"vars", readBefore},
		{"cases", readBefore},
		{"let", readBefore},
		{"define", readBefore},
		{"files", readBefore},
		{"processes", readBefore},
		{"skip", (*parser).documentSkip},
		{"requires", (*parser).documentRequires},
		{"addresses", (*parser).documentAddresses},
		{"links", (*parser).documentLinks},
	}
}

// readBefore is a key that was read before the others, which may need it.
func readBefore(*parser, *document, entry) {}

// scenarios turns documents into the file's scenarios. Whole says that no
// document is missing.
func (p *parser) scenarios(docs []*node, whole bool) {
	if len(docs) == 0 && whole {
		p.errorf(p.pos(1, 1), "the file is empty; a scenario has servers and clients")
		return
	}
	inherited := shared{timeout: DefaultTimeout, eol: CRLF, vars: map[string]constant{}, letNames: map[string]Pos{}, fragments: map[string]*fragment{}}
	for name, value := range p.config.Vars {
		inherited.vars[name] = constant{value: value, rank: outsideVar}
	}
	for name, value := range p.config.Secrets {
		inherited.vars[name] = constant{value: value, secret: true, rank: outsideVar}
	}
	for i, n := range docs {
		if !p.mapping(n, "a scenario must be a mapping with servers and clients") {
			continue
		}
		more := i+1 < len(docs) || !whole
		if n.entry("cases") != nil {
			if share := p.cases(n, inherited, i == 0 && more); share != nil {
				inherited = *share
			}
			continue
		}
		s, share := p.scenario(n, inherited, i == 0 && more, nil)
		switch {
		case s != nil:
			p.file.Scenarios = append(p.file.Scenarios, s)
		case share != nil:
			inherited = *share
		}
	}
	p.nameScenarios()
}

// scenario reads a document, with the row of cases that it is read for (nil:
// none). The first of several may be one that only shares its settings with
// those after it; then there is no scenario.
func (p *parser) scenario(n *node, from shared, mayShare bool, row *node) (*Scenario, *shared) {
	d := &document{
		Scenario:  &Scenario{Pos: n.pos, File: p.file},
		shared:    from.clone(),
		broken:    map[*Step]bool{},
		mentioned: map[string]bool{},
		top:       &scope{known: map[string]origin{}},
		problems:  len(p.file.Problems), wrong: map[Pos]bool{}, variables: map[*scope][]string{},
		served:   map[string]string{},
		portless: map[string]bool{},
	}
	p.doc = d
	d.scope = d.top
	for _, name := range slices.Sorted(maps.Keys(p.config.Secrets)) { // whether it has a use for them or not
		if value := p.config.Secrets[name]; value != "" {
			d.Secrets = append(d.Secrets, []byte(value))
		}
	}
	d.serverNames.fill(n.entry("servers"))
	d.clientNames.fill(n.entry("clients"))
	d.carriers = transports(n.entry("servers"))
	if n.entry("dialogue") != nil {
		d.serverNames.add(DialogueServer)
		d.clientNames.add(DialogueClient)
	}
	d.noteProcesses(d.processes)
	p.included(n, func(root *node) {
		p.values(d, root, nil, sharedVar)
		p.realEntries(d, root)
	})
	p.values(d, n, row, ownVar)
	p.realEntries(d, n)
	known := decode(p, n, "the scenario", documentKeys, d)
	if d.servers == nil && d.clients == nil && d.dialogue == nil {
		if mayShare {
			return nil, &d.shared
		}
		if n.entry("processes") == nil {
			if known {
				p.errorf(n.pos, "nothing to run: the scenario has no servers and no clients")
			}
			return nil, nil
		}
	}
	d.Timeout, d.EOL, d.Tags, d.Skip, d.Requires, d.Addresses, d.Links = d.timeout, d.eol, d.tags, d.skip, d.requires, d.addresses, d.links
	// A misspelt "servers" must not make each of them unknown.
	d.serverNames.unknown = d.serverNames.unknown || !known && d.servers == nil
	d.clientNames.unknown = d.clientNames.unknown || !known && d.clients == nil
	p.lets(d)
	p.tmpFiles(d)
	for _, e := range d.processes {
		if c := p.process(e); c != nil {
			d.Processes = append(d.Processes, c)
		}
	}
	if e := d.servers; e != nil && p.section(*e, "servers are a mapping from names to servers") {
		for _, s := range e.value.entries {
			d.Servers = append(d.Servers, p.server(s))
		}
	}
	if e := d.clients; e != nil && p.section(*e, "clients are a mapping from names to scripts") {
		for _, c := range e.value.entries {
			d.Clients = append(d.Clients, p.client(c))
		}
	}
	p.dialogue(d)
	if len(d.Servers)+len(d.Clients)+len(d.processes) == 0 && !d.serverNames.unknown && !d.clientNames.unknown && d.dialogue == nil {
		p.errorf(n.pos, "nothing to run: the scenario has no servers and no clients")
	}
	p.transcripts(d)
	p.settle(d)
	p.check(d)
	return d.Scenario, nil
}

// section reports whether a value is a mapping from names, with a complaint if
// not.
func (p *parser) section(e entry, what string) bool {
	if e.value.isNull() {
		p.errorf(e.pos, "%s has nothing below it; %s", quote(e.key), what)
		return false
	}
	return p.mapping(e.value, what)
}

func (p *parser) documentName(d *document, e entry) {
	s, ok := p.fixed(e, "a text")
	switch {
	case !ok:
	case strings.TrimSpace(s) == "":
		p.errorf(e.value.pos, "a scenario's name can't be empty")
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		p.errorf(e.value.pos, "a scenario's name is one line without control characters, not %s", quote(s))
	case p.hide(s) != s:
		p.errorf(e.value.pos, "a scenario's name is shown, and this has something secret in it")
	default:
		d.Name = s
	}
}

func (p *parser) documentTags(d *document, e entry) {
	if e.value.kind == scalarNode && !e.value.isNull() {
		p.errorf(e.value.pos, `"tags" must be a list: [%s]`, shorten(e.value.value))
		return
	}
	if e.value.isNull() {
		p.blank(e, "a list of words")
		return
	}
	if !p.list(e.value, `"tags" must be a list of words`) {
		return
	}
	for _, item := range e.value.items {
		tag, ok := p.name(entry{key: "tags", pos: item.pos, value: item}, "a tag")
		if ok && !contains(d.tags, tag) {
			d.tags = append(d.tags, tag)
		}
	}
}

func (p *parser) documentEOL(d *document, e entry) {
	const want = `crlf, lf, any, or the bytes themselves in double quotes, such as "\x01"`
	s, ok := p.fixed(e, want)
	switch {
	case !ok:
	case s == "crlf":
		d.eol = CRLF
	case s == "lf":
		d.eol = LF
	case s == "any":
		d.eol = AnyEOL
	case s == "" || e.value.style == plain:
		p.errorf(e.value.pos, `"eol" must be %s, not %s`, want, shorten(orQuotes(s)))
	default:
		p.traps(e.value)
		d.eol = EOL(s)
	}
}

func orQuotes(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

// nameScenarios names those that have no name after the file, and warns of two
// that can't be told apart.
func (p *parser) nameScenarios() {
	base := filepath.Base(strings.Trim(p.file.Path, "<>"))
	base = strings.TrimSuffix(base, filepath.Ext(base))
	first := map[string]*Scenario{}
	for i, s := range p.file.Scenarios {
		if s.Name == "" {
			s.Name = base
			if i > 0 || s.Case != "" {
				s.Name = fmt.Sprintf("%s#%d", base, i+1)
			}
		}
		if other := first[s.Name]; other != nil {
			p.warnf(s.Pos, "a second scenario with the name %s; the first is in line %d", quote(s.Name), other.Pos.Line)
			continue
		}
		first[s.Name] = s
	}
}
