package scenario

import (
	"slices"
	"strings"
	"time"
)

// Process is a real program that plays along. It is started before the
// clients, and ended after them.
type Process struct {
	Pos    Pos // of its name
	Name   string
	Note   string // for people who read a report
	Run    *Program
	Before []*Program // run to their ends first, one after the other
	Port   int        // 0: none or a free one
	Ported bool       // it has a port
	Env    []EnvVar   // beside what banter's own environment has
	Dir    Text       // that it starts in, relative to the scenario's folder; nil: the run's own
	Ready  Ready
	Exit   int    // the status with which it must end by itself; Lasting: it need not end
	Serves string // the declared server that it is the real thing behind; "": none
}

// Lasting is the Exit of a process that is ended when the clients have ended.
const Lasting = noStatus

// EnvVar is a variable of a program's environment.
type EnvVar struct {
	Name  string
	Value Text
}

// Ready is how a process is seen to be ready.
type Ready struct {
	Pos    Pos
	Kind   ReadyKind
	Output *Regex  // a line that it prints
	Steps  []*Step // are played again and again, until they pass
	Within time.Duration
}

// ReadyKind is a way to see whether a process is ready.
type ReadyKind uint8

// The ways to see whether a process is ready.
const (
	Listening   ReadyKind = iota // it listens, at its port if it has one
	ReadyOutput                  // it prints a line that matches Output
	ReadySteps                   // Steps pass
	Started                      // it was started
)

// process is a Process while its mapping is read.
type process struct {
	*Process
	port, ready, exit, serves *entry
}

var processKeys table[process]

func init() {
	processKeys = table[process]{
		{"run", func(p *parser, d *process, e entry) { d.Run = p.command(e) }},
		{"before", (*parser).processBefore},
		{"port", func(p *parser, d *process, e entry) {
			d.port = &e
			d.Port, d.Ported = p.portOf(e)
		}},
		{"env", (*parser).processEnv},
		{"cwd", func(p *parser, d *process, e entry) {
			if s, ok := p.scalar(e, "a folder"); ok && s == "" {
				p.errorf(e.value.pos, `"cwd" is empty; left out, it is the folder of the run, ${tmp}`)
			} else if ok {
				p.traps(e.value)
				d.Dir, _ = p.text(e.value)
			}
		}},
		{"ready", (*parser).processReady},
		{"exit", func(p *parser, d *process, e entry) {
			d.exit = &e
			if n, ok := p.number(e, 0, maxStatus); ok {
				d.Exit = n
			}
		}},
		{"serves", (*parser).processServes},
		{"note", func(p *parser, d *process, e entry) { d.Note, _ = p.scalar(e, "a text") }},
	}
}

// realEntries looks ahead at the processes and files of a document, or of a file
// that it includes.
func (p *parser) realEntries(d *document, n *node) {
	for _, e := range n.entries {
		switch e.key {
		case "files":
			if p.section(e, "files are a mapping from names to texts") {
				d.files = append(d.files, e.value.entries...)
			}
		case "processes":
			if !p.section(e, "processes are a mapping from names to programs") {
				d.processNames.unknown = true
				continue
			}
			for _, one := range e.value.entries {
				if d.processNames.has(one.key) {
					first := slices.IndexFunc(d.processes, func(other entry) bool { return other.key == one.key })
					p.errorf(one.pos, "%s is a process already, in %s", quote(one.key), d.processes[first].pos)
					continue
				}
				d.processes = append(d.processes, one)
				d.noteProcesses([]entry{one})
			}
		}
	}
}

// noteProcesses notes the names of processes, and which of them have no port.
func (d *document) noteProcesses(entries []entry) {
	for _, e := range entries {
		d.processNames.add(e.key)
		d.portless[e.key] = e.value.entry("port") == nil && e.value.entry("serves") == nil
	}
}

// process reads one entry of processes. It returns nil if it has no program to
// start.
func (p *parser) process(e entry) *Process {
	d := &process{Process: &Process{Pos: e.pos, Name: e.key, Exit: Lasting}}
	if p.validName(e.pos, e.key, "a process's name") && strings.HasSuffix(e.key, ".port") {
		p.errorf(e.pos, "a process's name can't end with .port: ${%s} would be two things", e.key)
	}
	for what, names := range map[string]*nameSet{"server": &p.doc.serverNames, "client": &p.doc.clientNames} {
		if names.has(e.key) {
			p.errorf(e.pos, "%s is a %s already; a process needs a name of its own", quote(e.key), what)
		}
	}
	if e.value.isNull() {
		p.errorf(e.pos, "process %s has nothing below it; it needs \"run\": %s", quote(e.key), aProgram)
		return nil
	}
	if !p.mapping(e.value, "a process must be a mapping, such as {run: [redis-server], port: free}") {
		return nil
	}
	p.doc.idle = e.value.entry("serves") != nil && !p.config.Real
	defer func() { p.doc.idle = false }()
	known := true
	p.inScope(role{}, false, func() { known = decode(p, e.value, "process "+quote(e.key), processKeys, d) })
	if e.value.entry("run") == nil && known {
		p.errorf(e.pos, `process %s needs "run": %s`, quote(e.key), aProgram)
	}
	if d.Run == nil {
		return nil
	}
	d.complete(p)
	p.mayRun(d.Run)
	for _, c := range d.Before {
		p.mayRun(c)
	}
	return d.Process
}

// complete fills in what follows from the keys that are there, and complains
// about those that don't go together.
func (d *process) complete(p *parser) {
	if d.serves != nil {
		d.Ported = true
	}
	switch {
	case d.ready != nil:
	case d.exit != nil && !d.Ported:
		d.Ready.Kind = Started // it need not listen
	}
	switch {
	case d.serves != nil && d.exit != nil:
		p.errorf(d.exit.pos, `"exit" of a process that serves: it stays as long as the clients`)
	case d.serves != nil && p.doc.carriers[d.Serves] == Unix:
		p.errorf(d.serves.value.pos, "server %s is a Unix socket, and what serves it has a port", quote(d.Serves))
	}
}

func (p *parser) processBefore(d *process, e entry) {
	const want = `"before" must be a list of programs that run first, such as [[initdb, data], [cp, a, b]]`
	if e.value.isNull() {
		p.blank(e, "a list of programs")
		return
	}
	if !p.list(e.value, want) {
		return
	}
	if len(e.value.items) == 0 || e.value.items[0].kind == scalarNode {
		p.errorf(e.value.pos, "%s", want)
		return
	}
	for _, item := range e.value.items {
		if c := p.command(entry{key: "before", pos: item.pos, value: item}); c != nil {
			d.Before = append(d.Before, c)
		}
	}
}

func (p *parser) processEnv(d *process, e entry) {
	if !p.section(e, `"env" is a mapping from variables of the environment to their values`) {
		return
	}
	for _, v := range e.value.entries {
		if v.key == "" || strings.ContainsAny(v.key, "=\x00") {
			p.errorf(v.pos, "no environment has a variable %s", quote(v.key))
			continue
		}
		if _, ok := p.scalar(v, "a text"); !ok {
			continue
		}
		p.traps(v.value)
		if text, ok := p.text(v.value); ok {
			d.Env = append(d.Env, EnvVar{Name: v.key, Value: text})
		}
	}
}

// readyKeys are the keys of ready.
var readyKeys table[ready]

// ready is a Ready while its mapping is read.
type ready struct {
	*Ready
	of  string // the process
	way *entry
}

func init() {
	way := func(kind ReadyKind, read func(p *parser, r *ready, e entry)) func(*parser, *ready, entry) {
		return func(p *parser, r *ready, e entry) {
			if r.way != nil {
				p.errorf(e.pos, "%s and %s are two ways to see whether a process is ready; it has one", quote(r.way.key), quote(e.key))
				return
			}
			r.way, r.Kind = &e, kind
			read(p, r, e)
		}
	}
	alone := func(p *parser, _ *ready, e entry) { p.noValue(e) }
	readyKeys = table[ready]{
		{"listening", way(Listening, alone)},
		{"output", way(ReadyOutput, func(p *parser, r *ready, e entry) {
			var groups []string
			r.Output, groups = p.regex(e)
			if slices.ContainsFunc(groups, func(name string) bool { return name != "" }) {
				p.errorf(e.value.pos, `a group with a name here, where nobody gets the variable; an {await: {output: %s, regex: ...}} does`, r.of)
			}
		})},
		{"steps", way(ReadySteps, (*parser).readySteps)},
		{"started", way(Started, alone)},
		{"within", func(p *parser, r *ready, e entry) { r.Within, _ = p.duration(e) }},
	}
}

func (p *parser) processReady(d *process, e entry) {
	d.ready = &e
	d.Ready.Pos = e.pos
	const want = `{listening}, {output: REGEX}, {steps: [...]} or {started}`
	if e.value.isNull() {
		p.blank(e, want)
		return
	}
	if !p.mapping(e.value, `"ready" must be `+want) {
		return
	}
	r := &ready{Ready: &d.Ready, of: d.Name}
	if decode(p, e.value, `"ready"`, readyKeys, r) && r.way == nil && e.value.entry("within") == nil {
		p.errorf(e.value.pos, `"ready" must be %s`, want)
	}
}

// readyWords are the steps that can be tried again and again.
var readyWords = []string{"connect", "send", "expect", "shutdown", "close", "reset", "wait", "loop", "let", "run", "parallel"}

// readySteps reads a script that says by passing that the process is ready.
func (p *parser) readySteps(r *ready, e entry) {
	r.Steps = p.script(e.value, e.pos, `"ready"`)
	Walk(r.Steps, func(s *Step) {
		if s.Action != nil && !contains(readyWords, s.Action.Word()) {
			p.errorf(s.Pos, "%s can't be tried again and again; in \"ready\" there are: %s", quote(s.Action.Word()), listing(readyWords))
			p.doc.broken[s] = true
		}
	})
}

// processServes reads the declared server that a process is the real thing
// behind.
func (p *parser) processServes(d *process, e entry) {
	d.serves = &e
	name, ok := p.scalar(e, "a server's name")
	switch {
	case !ok:
	case !p.doc.serverNames.has(name):
		if !p.doc.serverNames.unknown {
			p.unknown(e.value.pos, "server", name, p.doc.serverNames.list)
		}
	case p.doc.served[name] != "" && p.doc.served[name] != d.Name:
		p.errorf(e.value.pos, "process %s serves %s already; a server has one real thing behind it", quote(p.doc.served[name]), quote(name))
	default:
		d.Serves = name
		p.doc.served[name] = d.Name
	}
}
