package scenario

import (
	"path"
	"strings"
)

// TmpFile is a file that a run makes in its own folder before anything starts.
type TmpFile struct {
	Pos     Pos
	Name    string // below ${tmp}, with slashes
	Content *Payload
}

// tmpFiles reads what stands below files. A file takes the place of one of the
// same name that is shared or included.
func (p *parser) tmpFiles(d *document) {
	at := map[string]int{}
	folders := map[string]Pos{}
	for _, e := range d.files {
		if problem := fileProblem(e.key); problem != "" {
			p.errorf(e.pos, "a file can't be named %s: %s", quote(e.key), problem)
			continue
		}
		f := TmpFile{Pos: e.pos, Name: e.key}
		p.withEOL(LF, func() { f.Content = p.payload(e, toSend) })
		if f.Content == nil || !p.unsliced(f.Content, "a file is not sent") {
			continue
		}
		for dir := path.Dir(e.key); dir != "."; dir = path.Dir(dir) {
			folders[dir] = e.pos
		}
		if i, again := at[e.key]; again {
			d.Files[i] = f
			continue
		}
		at[e.key] = len(d.Files)
		d.Files = append(d.Files, f)
	}
	for i := range d.Files {
		f := &d.Files[i]
		if pos, both := folders[f.Name]; both {
			p.errorf(f.Pos, "%s is a file here, and a folder in line %d", quote(f.Name), pos.Line)
		}
	}
}

// fileProblem says what is wrong with the name of a file below ${tmp}, "" if
// nothing is.
func fileProblem(name string) string {
	const below = "it stands below ${tmp}, as in data/redis.conf"
	switch {
	case name == "" || path.Clean(name) == ".":
		return "that is no name"
	case len(name) > 255:
		return "it has more than 255 bytes"
	case strings.Contains(name, "${"):
		return "it takes no variables"
	case strings.ContainsAny(name, "\\\x00:"):
		return `it has letters that can't be in a name on every system (\ and :)`
	case strings.HasPrefix(name, "/"):
		return below
	case path.Clean(name) == ".." || strings.HasPrefix(path.Clean(name), "../"):
		return below
	case path.Clean(name) != name:
		return "write it as " + path.Clean(name)
	}
	return ""
}

// documentSkip reads why a scenario is not to be run.
func (p *parser) documentSkip(d *document, e entry) {
	s, ok := p.fixed(e, "why it is skipped, in a text")
	switch {
	case !ok:
	case strings.TrimSpace(s) == "", s == "true", s == "false":
		p.errorf(e.value.pos, `"skip" must say why, such as "waits for issue 7", not %s`, orQuotes(s))
	default:
		d.skip = s
	}
}

// documentRequires reads the programs, and what else, without which a scenario
// is skipped.
func (p *parser) documentRequires(d *document, e entry) {
	if e.value.kind == scalarNode && !e.value.isNull() {
		p.errorf(e.value.pos, `"requires" must be a list: [%s]`, shorten(e.value.value))
		return
	}
	if e.value.isNull() {
		p.blank(e, "a list of programs")
		return
	}
	if !p.list(e.value, `"requires" must be a list of programs`) {
		return
	}
	for _, item := range e.value.items {
		s, ok := p.fixed(entry{key: "requires", pos: item.pos, value: item}, "a program")
		switch {
		case !ok:
		case s == "" || strings.ContainsAny(s, "/\\ \x00"):
			p.errorf(item.pos, "a program that is required is a name on the PATH, not %s", quote(s))
		case !contains(d.requires, s):
			d.requires = append(d.requires, s)
		}
	}
}
