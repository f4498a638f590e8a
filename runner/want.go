package runner

import (
	"cmp"
	"encoding/json"
	"errors"
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
func (s *scope) fill(w *wanted, e *scenario.Expect) error {
	f := &e.Frame
	w.Expectation = match.Expectation{
		Frame: f.Kind, EOL: f.EOL, N: f.N, Max: f.Max, Form: f.Form, At: f.At, Plus: f.Plus,
		Optional: e.Optional,
	}
	if f.Count != nil {
		n, err := s.number(f.Count)
		if err != nil {
			return err
		}
		if w.N = n; f.Max > 0 && n > f.Max {
			return fmt.Errorf("%s is %d, more than max, which is %d", f.Count, n, f.Max)
		}
	}
	if f.Delim != nil {
		if err := s.held(f.Delim, &w.delim); err != nil {
			return err
		}
		if w.Delim = w.delim.Data; len(w.Delim) == 0 {
			return errors.New(`"until" has no delimiter: all of its variables are empty`)
		}
	}
	var err error
	if w.Through, err = s.regex(f.Through); err != nil {
		return err
	}
	if w.Header, err = s.inner(f.Header); err != nil {
		return err
	}
	return s.conditions(w, &e.Match)
}

// inner is a condition on a part of a frame, or on all of it in another way.
func (s *scope) inner(m *scenario.Match) (*match.Expectation, error) {
	if m == nil {
		return nil, nil
	}
	w := &wanted{}
	return &w.Expectation, s.conditions(w, m)
}

// conditions fills in what must be true of a frame.
func (s *scope) conditions(w *wanted, m *scenario.Match) (err error) {
	w.Size, w.SHA256, w.Captures = m.Size, m.SHA256, m.Captures
	if m.Sum != nil {
		sum, err := s.text(m.Sum)
		if err != nil {
			return err
		}
		if w.SHA256, err = scenario.SHA256Sum(sum); err != nil {
			return err
		}
	}
	if err := cmp.Or(
		s.put(m.Equals, &w.equals, &w.Equals),
		s.put(m.Prefix, &w.prefix, &w.Prefix),
	); err != nil {
		return err
	}
	if m.Suffix != nil {
		w.Suffix = &w.suffix
		if err := s.held(m.Suffix, w.Suffix); err != nil {
			return err
		}
	}
	for _, payload := range m.Contains {
		want := &match.Bytes{}
		if err := s.held(payload, want); err != nil {
			return err
		}
		w.Contains = append(w.Contains, want)
	}
	if m.Like != nil {
		like, parts, err := m.Like.Pattern(s.bytes)
		if err != nil {
			return err
		}
		w.Like = &match.Like{Pattern: like, Parts: parts, Text: m.Like.Text.String()}
	}
	if m.JSON != nil {
		value, err := s.json(m.JSON)
		if err != nil {
			return err
		}
		w.JSON = &value
	}
	if w.Not, err = s.inner(m.Not); err != nil {
		return err
	}
	w.Regex, err = s.regex(m.Regex)
	return err
}

// json fills in the variables of a value in JSON.
func (s *scope) json(v *scenario.JSON) (match.JSON, error) {
	switch v.Kind {
	case scenario.JSONString:
		text, err := s.text(v.Text)
		return string(text), err
	case scenario.JSONArray:
		items := make([]match.JSON, len(v.Items))
		for i := range v.Items {
			var err error
			if items[i], err = s.json(v.Items[i]); err != nil {
				return nil, err
			}
		}
		return items, nil
	case scenario.JSONObject:
		members := make(match.Object, len(v.Members))
		for i, m := range v.Members {
			value, err := s.json(m.Value)
			if err != nil {
				return nil, err
			}
			members[i] = match.Member{Name: m.Name, Value: value}
		}
		return members, nil
	}
	switch v.Literal {
	case "true", "false":
		return v.Literal == "true", nil
	case "null":
		return nil, nil
	}
	return json.Number(v.Literal), nil
}

// put puts a payload, if there is one, into space, and has to point there.
func (s *scope) put(payload *scenario.Payload, space *match.Bytes, to **match.Bytes) (err error) {
	if payload == nil {
		return nil
	}
	*to = space
	*space, err = s.made(payload)
	return err
}

// held puts a payload that is searched for, and so held in memory, into space.
func (s *scope) held(payload *scenario.Payload, space *match.Bytes) (err error) {
	if *space, err = s.made(payload); err != nil || !space.Long() {
		return err
	}
	if space.Len() > scenario.DefaultMax {
		return fmt.Errorf("a payload of %s can't be searched for", count(space.Len()))
	}
	*space = space.Whole()
	return nil
}
