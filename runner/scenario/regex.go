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
	d.Match.Regex = p.regex(e)
	d.check(d.Match.Regex != nil)
}

// regex is a regular expression, or nil if it is wrong.
func (p *parser) regex(e entry) *Regex {
	if _, ok := p.scalar(e, "a regular expression"); !ok {
		return nil
	}
	p.traps(e.value)
	source, ok := p.text(e.value)
	if !ok {
		return nil
	}
	if r := (&Regex{Pos: e.value.pos, Source: source}); p.compile(r) {
		return r
	}
	return nil
}

// compile compiles a regular expression, or complains. One with variables is
// compiled when they are known, but must be right whatever they are: they are
// put into it in quoted form.
func (p *parser) compile(r *Regex) bool {
	var probe []byte
	literal := true
	for _, s := range r.Source {
		if s.Var != "" {
			literal = false
			probe = append(probe, "(?:x)"...)
		}
		probe = append(probe, s.Lit...)
	}
	size, err := pattern.Parse(string(probe))
	if err != nil {
		p.errorf(r.Pos, "the regular expression is wrong: %s", regexProblem(err, literal))
		return false
	}
	p.regexSize += size
	if p.regexSize > maxRegexSize {
		p.errorf(r.Pos, "the regular expressions of the file are too large together; would smaller counts than {1000} do?")
		return false
	}
	if !literal {
		return true
	}
	r.Compiled, err = pattern.Compile(string(probe))
	if err != nil {
		p.errorf(r.Pos, "the regular expression is wrong: %s", regexProblem(err, true))
	}
	return err == nil
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
