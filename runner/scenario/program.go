package scenario

import (
	"math"
	"slices"
	"strings"
)

// Program is a program and its arguments.
type Program struct {
	Pos  Pos
	Args []Text // the program first
}

// Name is the program as it is written, without its arguments.
func (c *Program) Name() string { return c.Args[0].plain() }

// String is the program and its arguments, as they are written.
func (c *Program) String() string {
	words := make([]string, len(c.Args))
	for i, arg := range c.Args {
		words[i] = arg.plain()
	}
	return strings.Join(words, " ")
}

// maxStatus is the greatest status that a program can exit with.
const maxStatus = 255

const aProgram = "a list of a program and its arguments, such as [redis-cli, ping]"

// command reads a program and its arguments, and complains if it may not be
// started. It returns nil if something is wrong.
func (p *parser) command(e entry) *Program {
	n := e.value
	if n.isNull() {
		p.blank(e, aProgram)
		return nil
	}
	if n.kind == scalarNode { // to say what it would be is to know how a shell cuts it
		p.errorf(n.pos, "%s must be %s: no shell reads it", quote(e.key), aProgram)
		return nil
	}
	if !p.list(n, quote(e.key)+" must be "+aProgram) {
		return nil
	}
	if len(n.items) == 0 {
		p.errorf(n.pos, "%s has no program; it is %s", quote(e.key), aProgram)
		return nil
	}
	c := &Program{Pos: n.items[0].pos}
	ok := true
	for i, item := range n.items {
		what := "an argument of " + quote(e.key)
		if i == 0 {
			what = "the program of " + quote(e.key)
		}
		switch {
		case item.isNull():
			p.errorf(item.pos, `%s is blank; the empty text is ""`, what)
			ok = false
			continue
		case item.kind != scalarNode:
			p.errorf(item.pos, "%s must be a text, not %s", what, item.kindName())
			ok = false
			continue
		}
		p.traps(item)
		text, good := p.text(item)
		if good && strings.Contains(text.plain(), "\x00") {
			p.errorf(item.pos, "%s has a zero byte, which no argument can have", what)
			good = false
		}
		if good && i == 0 && text.plain() == "" {
			p.errorf(item.pos, "%s is empty", what)
			good = false
		}
		ok = ok && good
		c.Args = append(c.Args, text)
	}
	if !ok {
		return nil
	}
	return c
}

// mayRun complains about a program that the scenario may not start.
func (p *parser) mayRun(c *Program) {
	name := c.Name()
	if p.doc.idle {
		return
	}
	if run := p.config.Allow.Run; run.All || slices.Contains(run.Only, name) {
		return
	}
	p.errorf(c.Pos, "starting %s needs --allow-run, or %s", quote(name), shellWord("--allow-run="+name))
}

// shellWord is a word as it is written for a shell.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=./+:@%,", r)
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Run runs a program to its end.
type Run struct {
	Program *Program
	Stdin   *Payload // nil: nothing
	Stdout  *Match   // of all that it prints; nil: whatever
	Exit    int      // the status that it must end with
}

// besideRun are the keys that may stand beside "run".
var besideRun = table[Run]{
	{"stdin", func(p *parser, r *Run, e entry) {
		p.withEOL(LF, func() { r.Stdin = p.payload(e, toSend) })
		if r.Stdin != nil {
			p.unsliced(r.Stdin, "a program's input is not sent in pieces")
		}
	}},
	{"stdout", func(p *parser, r *Run, e entry) {
		p.withEOL(LF, func() { r.Stdout = p.condition(e) })
	}},
	{"exit", func(p *parser, r *Run, e entry) { r.Exit, _ = p.number(e, 0, maxStatus) }},
}

// withEOL reads something whose lines end in another way: those of programs and
// files, whatever the protocol has.
func (p *parser) withEOL(eol EOL, read func()) {
	before := p.doc.eol
	p.doc.eol = eol
	read()
	p.doc.eol = before
}

// run reads the program of a step that runs it, and beside, what stands beside
// it.
func (p *parser) run(e entry) Action {
	if c := p.command(e); c != nil {
		p.mayRun(c)
		return Run{Program: c}
	}
	return nil
}

func (p *parser) runBeside(r Run, beside []entry) (Run, bool) {
	before := len(p.file.Problems)
	decode(p, &node{entries: beside}, `"run"`, besideRun, &r)
	return r, !slices.ContainsFunc(p.file.Problems[before:], func(pr Problem) bool { return !pr.Warning })
}

// Word is the step's word in the language.
func (Run) Word() string { return "run" }

// String is the action in a few characters.
func (r Run) String() string { return "run " + shorten(r.Program.String()) }

// AwaitOutput waits for a line that a process prints. Each such wait of an
// actor looks on from where the last one has found its line.
type AwaitOutput struct {
	Process string
	Line    *Regex // its groups that have names become variables
}

var awaitOutputKeys = table[AwaitOutput]{
	{"output", func(p *parser, a *AwaitOutput, e entry) { a.Process, _ = p.processName(e) }},
	{"regex", func(p *parser, a *AwaitOutput, e entry) {
		var groups []string
		a.Line, groups = p.regex(e)
		for _, name := range groups {
			if name != "" && p.newVariable(e.value.pos, name) {
				p.gains(e.value.pos, name)
			}
		}
	}},
}

// awaitOutput reads {output, regex}.
func (p *parser) awaitOutput(e entry) Action {
	var a AwaitOutput
	known := decode(p, e.value, "an await", awaitOutputKeys, &a)
	switch {
	case known && e.value.entry("regex") == nil:
		p.errorf(e.value.pos, `"output" needs "regex": what a line that the process prints must match`)
	case known && e.value.entry("output") == nil:
		p.errorf(e.value.pos, `"regex" needs "output": the process whose output it is`)
	}
	if !known || a.Process == "" || a.Line == nil {
		return nil
	}
	return a
}

// Word is the step's word in the language.
func (AwaitOutput) Word() string { return "await" }

// String is the action in a few characters.
func (a AwaitOutput) String() string {
	return "await the output of " + a.Process + ", regex " + a.Line.String()
}

// The actions on a process: the others of these words are on a server.
type (
	// StopProcess ends a process.
	StopProcess struct {
		Pos  Pos
		Name string
	}
	// StartProcess starts a process that was stopped.
	StartProcess struct {
		Pos  Pos
		Name string
	}
)

// Word is the step's word in the language.
func (StopProcess) Word() string { return "stop" }

// String is the action in a few characters.
func (s StopProcess) String() string { return "stop " + s.Name }

// Word is the step's word in the language.
func (StartProcess) Word() string { return "start" }

// String is the action in a few characters.
func (s StartProcess) String() string { return "start " + s.Name }

// onProcess reports whether an action ends or starts a process, which takes its
// time.
func onProcess(a Action) bool {
	switch a.(type) {
	case StopProcess, StartProcess:
		return true
	}
	return false
}

// processName is a reference to a process.
func (p *parser) processName(e entry) (string, bool) {
	s, ok := p.scalar(e, "a process's name")
	if ok && !p.doc.processNames.has(s) && !p.doc.processNames.unknown {
		p.unknown(e.value.pos, "process", s, p.doc.processNames.list)
		ok = false
	}
	return s, ok
}

// connectRun reads the program whose input and output are a connection.
func (p *parser) connectRun(c *connect, e entry) {
	if c.Run = p.command(e); c.Run != nil {
		c.Pos, c.Transport, c.ok = c.Run.Pos, Stdio, true
		p.mayRun(c.Run)
	}
}

// connectExit reads the status that it must end with.
func (p *parser) connectExit(c *connect, e entry) {
	c.exit = &e
	n, ok := p.number(e, 0, maxStatus)
	c.Exit, c.wrong = n, c.wrong || !ok
}

// connectedProgram complains about keys that don't go together.
func (p *parser) connectedProgram(c *connect, n *node) bool {
	run := n.entry("run") != nil
	for _, e := range n.entries {
		switch {
		case run && (e.key == "to" || e.key == "bind" || e.key == "via"):
			p.errorf(e.pos, "%s beside \"run\": a program's input and output have no address", quote(e.key))
			return false
		case !run && e.key == "exit":
			p.errorf(e.pos, `"exit" is the status of a program that "run" starts`)
			return false
		}
	}
	return !c.wrong
}

// noStatus stands for "no status given" in Process.Exit.
const noStatus = -1

// anyPortFree is how "port: free" is written.
const anyPortFree = "free"

// portOf reads "free" (0) or the number of a port.
func (p *parser) portOf(e entry) (port int, ok bool) {
	s, ok := p.fixed(e, "free, or the number of a port")
	switch {
	case !ok:
		return 0, false
	case s == anyPortFree:
		return 0, true
	case !isDigits(s):
		p.errorf(e.value.pos, "%s must be free, or the number of a port, not %s", quote(e.key), asWritten(s))
		return 0, false
	}
	return p.number(e, 1, math.MaxUint16)
}
