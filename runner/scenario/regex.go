package scenario

import (
	"errors"
	"regexp"
	"regexp/syntax"
)

// maxRegexSize bounds what all regular expressions of a file compile to, in
// instructions: x{1000} is seven bytes in the file and a thousand of those.
const maxRegexSize = 1_000_000

func (p *parser) matchRegex(d *expectation, e entry) {
	if _, ok := p.scalar(e, "a regular expression"); !d.check(ok) {
		return
	}
	p.traps(e.value)
	source, ok := p.text(e.value)
	if !d.check(ok) {
		return
	}
	d.Match.Regex = &Regex{Pos: e.value.pos, Source: source}
	d.check(p.compile(d.Match.Regex))
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
	tree, err := syntax.Parse(string(probe), syntax.Perl)
	if err != nil {
		p.errorf(r.Pos, "the regular expression is wrong: %s", regexProblem(err, literal))
		return false
	}
	p.regexSize += regexSize(tree)
	if p.regexSize > maxRegexSize {
		p.errorf(r.Pos, "the regular expressions of the file are too large together; would smaller counts than {1000} do?")
		return false
	}
	if !literal {
		return true
	}
	r.Compiled, err = regexp.Compile(string(probe))
	if err != nil {
		p.errorf(r.Pos, "the regular expression is wrong: %s", regexProblem(err, true))
	}
	return err == nil
}

// regexSize is about how many instructions an expression compiles to.
func regexSize(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		n += regexSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return n
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
