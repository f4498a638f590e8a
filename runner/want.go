package runner

import (
	"cmp"
	"fmt"

	"banter/runner/match"
	"banter/runner/scenario"
)

// wanted is an expect of bytes whose variables are filled in, with the space
// that it needs: an actor has one for all of its expects.
type wanted struct {
	match.Expectation
	equals, prefix, suffix, delim match.Bytes
}

// fill fills in the variables of an expect of bytes.
func (p *play) fill(w *wanted, e *scenario.Expect) error {
	f := &e.Frame
	w.Expectation = match.Expectation{
		Frame: f.Kind, EOL: f.EOL, N: f.N, Max: f.Max, Form: f.Form, At: f.At, Plus: f.Plus,
	}
	if f.Delim != nil {
		if err := p.held(f.Delim, &w.delim); err != nil {
			return err
		}
		w.Delim = w.delim.Data
	}
	var err error
	if w.Through, err = p.regex(f.Through); err != nil {
		return err
	}
	if w.Header, err = p.inner(f.Header); err != nil {
		return err
	}
	return p.conditions(w, &e.Match)
}

// inner is a condition on a part of a frame, or on all of it in another way.
func (p *play) inner(m *scenario.Match) (*match.Expectation, error) {
	if m == nil {
		return nil, nil
	}
	w := &wanted{}
	return &w.Expectation, p.conditions(w, m)
}

// conditions fills in what must be true of a frame.
func (p *play) conditions(w *wanted, m *scenario.Match) (err error) {
	w.Size, w.SHA256 = m.Size, m.SHA256
	if err := cmp.Or(
		p.put(m.Equals, &w.equals, &w.Equals),
		p.put(m.Prefix, &w.prefix, &w.Prefix),
	); err != nil {
		return err
	}
	if m.Suffix != nil {
		w.Suffix = &w.suffix
		if err := p.held(m.Suffix, w.Suffix); err != nil {
			return err
		}
	}
	for _, payload := range m.Contains {
		want := &match.Bytes{}
		if err := p.held(payload, want); err != nil {
			return err
		}
		w.Contains = append(w.Contains, want)
	}
	w.Regex, err = p.regex(m.Regex)
	return err
}

// put puts a payload, if there is one, into space, and has to point there.
func (p *play) put(payload *scenario.Payload, space *match.Bytes, to **match.Bytes) (err error) {
	if payload == nil {
		return nil
	}
	*to = space
	*space, err = payload.Bytes(p)
	return err
}

// held puts a payload that is searched for, and so held in memory, into space.
func (p *play) held(payload *scenario.Payload, space *match.Bytes) (err error) {
	if *space, err = payload.Bytes(p); err != nil || !space.Long() {
		return err
	}
	if space.Len() > scenario.DefaultMax {
		return fmt.Errorf("a payload of %s can't be searched for", count(space.Len()))
	}
	*space = space.Whole()
	return nil
}
