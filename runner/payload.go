package runner

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"banter/runner/match"
	"banter/runner/pattern"
	"banter/runner/scenario"
)

// value is what a variable stands for.
func (p *play) value(name string) (string, error) {
	server, property, _ := strings.Cut(name, ".")
	s := p.server(server)
	switch {
	case s == nil || property != "" && property != "port":
		return "", fmt.Errorf("no variable ${%s}", name)
	case property == "port":
		return strconv.Itoa(int(s.addr.Port())), nil
	}
	return s.addr.String(), nil
}

// text fills in a text's variables.
func (p *play) text(t scenario.Text) ([]byte, error) {
	if len(t) == 1 && t[0].Var == "" {
		return t[0].Lit, nil
	}
	var b []byte
	for _, seg := range t {
		b = append(b, seg.Lit...)
		if seg.Var != "" {
			v, err := p.value(seg.Var)
			if err != nil {
				return nil, err
			}
			b = append(b, v...)
		}
	}
	return b, nil
}

// Content is what a part of a payload says: its text, its variables filled in,
// or its file, which is read once a run.
func (p *play) Content(part *scenario.Part) ([]byte, error) {
	if part.File == "" {
		return p.text(part.Text)
	}
	p.filesMu.Lock()
	defer p.filesMu.Unlock()
	if b, ok := p.files[part.File]; ok {
		return b, nil
	}
	b, err := os.ReadFile(part.File)
	if err != nil {
		return nil, err
	}
	if p.files == nil {
		p.files = map[string][]byte{}
	}
	p.files[part.File] = b
	return b, nil
}

// wanted is an expect of bytes whose variables are filled in, with the space
// that it needs: an actor has one for all of its expects.
type wanted struct {
	match.Expectation
	equals, prefix, suffix, delim match.Bytes
}

// fill fills in the variables of an expect of bytes.
func (p *play) fill(w *wanted, e *scenario.Expect) error {
	w.Expectation = match.Expectation{
		Frame: e.Frame.Kind, EOL: e.Frame.EOL, N: e.Frame.N, Max: e.Frame.Max,
		Size: e.Match.Size, SHA256: e.Match.SHA256,
	}
	put := func(payload *scenario.Payload, space *match.Bytes, to **match.Bytes) (err error) {
		if payload == nil {
			return nil
		}
		*to = space
		*space, err = payload.Bytes(p)
		return err
	}
	search := func(payload *scenario.Payload, space *match.Bytes, to **match.Bytes) error {
		if err := put(payload, space, to); err != nil || payload == nil || !space.Long() {
			return err
		}
		if space.Len() > scenario.DefaultMax {
			return fmt.Errorf("a payload of %s can't be searched for", count(space.Len()))
		}
		*space = space.Whole()
		return nil
	}
	var delim *match.Bytes
	if err := cmp.Or(
		put(e.Match.Equals, &w.equals, &w.Equals),
		put(e.Match.Prefix, &w.prefix, &w.Prefix),
		search(e.Match.Suffix, &w.suffix, &w.Suffix),
		search(e.Frame.Delim, &w.delim, &delim),
	); err != nil {
		return err
	}
	for _, payload := range e.Match.Contains {
		var want *match.Bytes
		if err := search(payload, &match.Bytes{}, &want); err != nil {
			return err
		}
		w.Contains = append(w.Contains, want)
	}
	if delim != nil {
		w.Delim = delim.Data
	}
	var err error
	w.Regex, err = p.regex(e.Match.Regex)
	return err
}

// regex is a regular expression into which values are put as they are.
func (p *play) regex(re *scenario.Regex) (*pattern.Pattern, error) {
	switch {
	case re == nil:
		return nil, nil
	case re.Compiled != nil:
		return re.Compiled, nil
	}
	var b strings.Builder
	for _, seg := range re.Source {
		b.Write(seg.Lit)
		if seg.Var != "" {
			v, err := p.value(seg.Var)
			if err != nil {
				return nil, err
			}
			b.WriteString(regexp.QuoteMeta(v))
		}
	}
	return pattern.Compile(b.String())
}
