package runner

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"banter/runner/match"
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

// content is what a part of a payload says. A file is read once a run.
func (p *play) content(part *scenario.Part) ([]byte, error) {
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

// bytes is a payload to compare with, or nil for none.
func (p *play) bytes(payload *scenario.Payload) (*match.Bytes, error) {
	if payload == nil {
		return nil, nil
	}
	if len(payload.Parts) == 1 {
		b, err := p.content(&payload.Parts[0])
		return &match.Bytes{Data: b, Any: payload.Parts[0].Any}, err
	}
	out := &match.Bytes{}
	for i := range payload.Parts {
		part := &payload.Parts[i]
		b, err := p.content(part)
		if err != nil {
			return nil, err
		}
		if part.Any != nil && out.Any == nil {
			out.Any = make([]bool, len(out.Data))
		}
		out.Data = append(out.Data, b...)
		if out.Any != nil {
			out.Any = append(out.Any, part.Any...)
			out.Any = append(out.Any, make([]bool, len(out.Data)-len(out.Any))...)
		}
	}
	return out, nil
}

// expectation fills in the variables of an expect of bytes.
func (p *play) expectation(e *scenario.Expect) (*match.Expectation, error) {
	m := &match.Expectation{
		Frame: e.Frame.Kind, EOL: e.Frame.EOL, N: e.Frame.N, Max: e.Frame.Max,
		Size: e.Match.Size, SHA256: e.Match.SHA256,
	}
	for _, payload := range []struct {
		from *scenario.Payload
		to   **match.Bytes
	}{
		{e.Match.Equals, &m.Equals}, {e.Match.Prefix, &m.Prefix},
		{e.Match.Suffix, &m.Suffix}, {e.Match.Contains, &m.Contains},
	} {
		b, err := p.bytes(payload.from)
		if err != nil {
			return nil, err
		}
		*payload.to = b
	}
	if e.Frame.Delim != nil {
		b, err := p.bytes(e.Frame.Delim)
		if err != nil {
			return nil, err
		}
		m.Delim = b.Data
	}
	if re := e.Match.Regex; re != nil {
		m.Regex = re.Compiled
		if m.Regex == nil {
			var err error
			if m.Regex, err = p.regex(re.Source); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// regex compiles a regular expression into which values are put as they are.
func (p *play) regex(source scenario.Text) (*regexp.Regexp, error) {
	var b strings.Builder
	for _, seg := range source {
		b.Write(seg.Lit)
		if seg.Var != "" {
			v, err := p.value(seg.Var)
			if err != nil {
				return nil, err
			}
			b.WriteString(regexp.QuoteMeta(v))
		}
	}
	return regexp.Compile(b.String())
}
