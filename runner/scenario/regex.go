package scenario

import (
	"errors"
	"regexp/syntax"

	"banter/runner/pattern"
)

// maxRegexSize bounds what all regular expressions of a file compile to, in
// instructions: x{1000} is seven bytes in the file and a thousand of those.
const maxRegexSize = 1_000_000

func (p *parser) matchRegex(d *expectation, e entry) {
	r, names := p.regex(e)
	d.Match.Regex = r
	if !d.check(r != nil) {
		return
	}
	for _, name := range names {
		if name != "" {
			p.capture(d, e.value.pos, Capture{Name: name, From: FromGroup})
		}
	}
}

// regex is a regular expression and the names of its groups, or nil if it is
// wrong.
func (p *parser) regex(e entry) (r *Regex, groups []string) {
	if _, ok := p.scalar(e, "a regular expression"); !ok {
		return nil, nil
	}
	p.traps(e.value)
	p.regexTraps(e.value)
	if e.value.value == "" {
		p.errorf(e.value.pos, "%s is empty, which is always true", quote(e.key))
		return nil, nil
	}
	source, ok := p.text(e.value)
	if !ok {
		return nil, nil
	}
	r = &Regex{Pos: e.value.pos, Source: source}
	if groups, ok = p.compile(r); !ok {
		return nil, nil
	}
	return r, groups
}

// compile compiles a regular expression, or complains. One with variables is
// compiled when they are known, but must be right whatever they are: they are
// put into it in quoted form.
func (p *parser) compile(r *Regex) (groups []string, ok bool) {
	var probe []byte
	literal := true
	for _, s := range r.Source {
		switch {
		case s.Open():
			literal = false
			probe = append(probe, "(?:x)"...)
		case s.Var != "": // a value stands for itself
			probe = append(probe, pattern.Quote(s.Lit)...)
		default:
			probe = append(probe, s.Lit...)
		}
	}
	if known := p.patterns[string(probe)]; known != nil && literal { // read for each of the cases
		r.Compiled = known
		return known.Names(), true
	}
	size, err := pattern.Parse(string(probe))
	if err != nil {
		p.errorf(r.Pos, "the regular expression is wrong: %s", regexProblem(err, literal))
		return nil, false
	}
	p.regexSize += size
	if p.regexSize > maxRegexSize {
		p.errorf(r.Pos, "the regular expressions of the file are too large together; would smaller counts than {1000} do?")
		return nil, false
	}
	compiled, err := pattern.Compile(string(probe))
	if err != nil {
		p.errorf(r.Pos, "the regular expression is wrong: %s", regexProblem(err, literal))
		return nil, false
	}
	if literal {
		r.Compiled = compiled
		if p.patterns == nil {
			p.patterns = map[string]*pattern.Pattern{}
		}
		p.patterns[string(probe)] = compiled
	}
	return compiled.Names(), true
}

// regexProblem is a syntax error without the package's name, and with the
// piece that is wrong where that is as written.
func regexProblem(err error, literal bool) string {
	if e, ok := errors.AsType[*syntax.Error](err); ok {
		if literal {
			return e.Code.String() + ": " + quote(e.Expr)
		}
		return e.Code.String()
	}
	return err.Error()
}
