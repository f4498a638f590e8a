package runner

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

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
	case property == "port" && s.addr.Path != "":
		return "", fmt.Errorf("no ${%s}: the real server is a Unix socket, which has no port", name)
	case property == "port":
		return strconv.Itoa(int(s.addr.Port())), nil
	}
	return s.address(), nil
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
	if err := p.scenario.MayRead(part.File); err != nil {
		return nil, err
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
