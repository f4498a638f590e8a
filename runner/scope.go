package runner

import (
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"banter/runner/content"
	"banter/runner/match"
	"banter/runner/pattern"
	"banter/runner/scenario"
)

// scope is the variables that an actor can see: its own, and the scenario's. It
// fills them into texts. Its own goroutine changes it; others may look at it.
type scope struct {
	p  *play
	mu sync.Mutex // of own, against those who look
	// own are the actor's: what it has captured, and let.
	own  map[string]value
	last heard
}

// heard is what an actor's last expect has taken, if a step may echo it.
type heard struct {
	bytes []byte
	long  bool // it was more than can be held, and is not
}

func (h *heard) add(p []byte) {
	if h.long = h.long || len(h.bytes)+len(p) > scenario.MaxHeld; h.long {
		h.bytes = nil
		return
	}
	h.bytes = append(h.bytes, p...)
}

// value is what a variable stands for.
type value struct {
	content.Bytes
	secret bool // something of it is not to be shown, nor what is made of that
}

func bytesOf(s string) value { return value{Bytes: content.Bytes{Data: []byte(s)}} }

// set gives the actor a variable.
func (s *scope) set(name string, v value) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own == nil {
		s.own = map[string]value{}
	}
	s.own[name] = v
}

// branch is a scope for what an actor does in parallel.
func (s *scope) branch() *scope { return &scope{p: s.p, own: maps.Clone(s.own), last: s.last} }

// seen is a variable of another actor.
func (s *scope) seen(name string) (value, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.own[name]
	return v, ok
}

// value looks a variable up.
func (s *scope) value(ref *scenario.Ref) (value, error) {
	v, err := s.base(ref)
	v.Bytes = v.Again() // others may use it too
	for _, prop := range ref.Props {
		if err != nil {
			return v, err
		}
		if prop == scenario.Port {
			_, port, splitErr := net.SplitHostPort(strings.TrimPrefix(string(v.Data), "udp:"))
			if splitErr != nil || strings.HasPrefix(string(v.Data), "unix:") { // a real server, in place of one of TCP
				err = fmt.Errorf("%s has no port", v.Data)
			}
			v = bytesOf(port)
			continue
		}
		v.Bytes, err = prop.Of(v.Bytes)
		v.secret = v.secret && prop != "size"
	}
	if v.secret && err == nil {
		s.p.conceal(v.Bytes)
	}
	return v, err
}

// base is a variable without its properties.
func (s *scope) base(ref *scenario.Ref) (value, error) {
	if ref.Actor != "" {
		for _, c := range s.p.clients {
			if c.place.name == ref.Actor {
				if v, ok := c.scope.seen(ref.Name); ok {
					return v, nil
				}
			}
		}
		return value{}, fmt.Errorf("${%s.%s} has no value yet", ref.Actor, ref.Name)
	}
	if v, ok := s.own[ref.Name]; ok {
		return v, nil
	}
	if v, ok := s.p.lets[ref.Name]; ok {
		return v, nil
	}
	if srv := s.p.server(ref.Name); srv != nil {
		return bytesOf(srv.address()), nil
	}
	if v, known, err := s.p.ownValue(ref.Name); known {
		return v, err
	}
	if file, ok := strings.CutPrefix(ref.Name, "tls."); ok {
		path, err := s.p.tlsFile(file + ".pem")
		return bytesOf(path), err
	}
	return value{}, fmt.Errorf("${%s} has no value: nothing has been captured for it yet", ref.Name)
}

// bytes is a variable's value as a text holds it.
func (s *scope) bytes(ref *scenario.Ref) ([]byte, error) {
	v, err := s.value(ref)
	if err != nil {
		return nil, err
	}
	return scenario.Held(v.Bytes)
}

// text fills in a text's variables.
func (s *scope) text(t scenario.Text) ([]byte, error) {
	if len(t) == 1 && t[0].Ref == nil {
		return t[0].Lit, nil
	}
	var b []byte
	for i := range t {
		if t[i].Ref == nil {
			b = append(b, t[i].Lit...)
			continue
		}
		v, err := s.bytes(t[i].Ref)
		if err != nil {
			return nil, err
		}
		b = append(b, v...)
	}
	return b, nil
}

// Content is what a part of a payload says: its text, its variables filled in,
// its file, which is read once a run, or what it echoes.
func (s *scope) Content(part *scenario.Part) ([]byte, error) {
	switch {
	case part.Echo:
		if s.last.long {
			return nil, fmt.Errorf("more came than can be sent back, which is %s", count(scenario.MaxHeld))
		}
		return s.last.bytes, nil
	case part.File != "":
		return s.p.file(part.File)
	}
	return s.text(part.Text)
}

// file is a payload file.
func (p *play) file(path string) ([]byte, error) {
	p.filesMu.Lock()
	defer p.filesMu.Unlock()
	if b, ok := p.files[path]; ok {
		return b, nil
	}
	if err := p.scenario.MayRead(path); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if p.files == nil {
		p.files = map[string][]byte{}
	}
	p.files[path] = b
	return b, nil
}

// regex is a regular expression into which values are put as they are.
func (s *scope) regex(re *scenario.Regex) (*pattern.Pattern, error) {
	switch {
	case re == nil:
		return nil, nil
	case re.Compiled != nil:
		return re.Compiled, nil
	}
	var b strings.Builder
	for i := range re.Source {
		seg := &re.Source[i]
		lit := seg.Lit
		if seg.Ref != nil {
			var err error
			if lit, err = s.bytes(seg.Ref); err != nil {
				return nil, err
			}
		}
		if seg.Var != "" {
			b.WriteString(pattern.Quote(lit))
		} else {
			b.Write(lit)
		}
	}
	return pattern.Compile(b.String())
}

// number is a whole number that a text becomes.
func (s *scope) number(t scenario.Text) (int64, error) {
	b, err := s.text(t)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s is %q, where a whole number, 0 or more, was wanted", t, b)
	}
	return n, nil
}

// define computes variables, each of which knows those before it.
func (s *scope) define(definitions []scenario.Definition, set func(string, value)) error {
	for i := range definitions {
		d := &definitions[i]
		b, err := s.made(d.Payload)
		if err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
		if !b.Long() {
			b.Data = slices.Clone(b.Data)
		}
		set(d.Name, value{Bytes: b, secret: s.tainted(d.Payload.Parts)})
	}
	return nil
}

// tainted reports whether parts have something secret in them.
func (s *scope) tainted(parts []scenario.Part) bool {
	return slices.ContainsFunc(parts, func(part scenario.Part) bool {
		return s.tainted(part.Parts) || part.Xor != nil && s.tainted(part.Xor.Parts) ||
			slices.ContainsFunc(part.Text, func(seg scenario.Segment) bool {
				if seg.Ref == nil {
					return seg.Secret
				}
				v, err := s.base(seg.Ref)
				return err == nil && v.secret
			})
	})
}

// keep keeps what a match has captured.
func (s *scope) keep(captured []match.Captured) {
	for _, c := range captured {
		s.set(c.Name, value{Bytes: content.Bytes{Data: c.Value}, secret: s.p.holdsSecret(c.Value)})
	}
}

// made is what a payload stands for. What it makes of something secret in other
// ways than to put it beside others is secret as well.
func (s *scope) made(payload *scenario.Payload) (content.Bytes, error) {
	b, err := payload.Bytes(s)
	if err == nil && remade(payload.Parts) && s.tainted(payload.Parts) {
		s.p.conceal(b)
	}
	return b, err
}

// madePart is the same of one part.
func (s *scope) madePart(one []scenario.Part) (content.Bytes, error) {
	b, err := one[0].Bytes(s)
	if err == nil && remade(one) && s.tainted(one) {
		s.p.conceal(b)
	}
	return b, err
}

// remade reports whether parts make other bytes of their texts.
func remade(parts []scenario.Part) bool {
	return slices.ContainsFunc(parts, func(part scenario.Part) bool {
		return part.Xor != nil || part.Number != scenario.NoForm || part.Fill != nil || remade(part.Parts)
	})
}
