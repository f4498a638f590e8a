package runner

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"banter/runner/content"
	"banter/runner/pattern"
	"banter/runner/transcript"
)

// conceal has a value shown as *** from now on. What is long is not shown
// anyway, and what has a secret in it as it is shows *** for that.
func (p *play) conceal(b content.Bytes) {
	if b.Long() || len(b.Data) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.scenario.Secrets {
		if len(s) > certain && bytes.Contains(b.Data, s) || bytes.Equal(s, b.Data) {
			return
		}
	}
	if p.secrets == nil {
		p.secrets = map[string]struct{}{}
	}
	p.secrets[string(b.Data)] = struct{}{}
}

// certain is how long a secret is at least that is in a value by no accident.
const certain = 4

// allSecrets are the values that are not to be shown.
func (p *play) allSecrets() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	secrets := slices.Clone(p.scenario.Secrets)
	for s := range p.secrets {
		secrets = append(secrets, []byte(s))
	}
	slices.SortFunc(secrets, bytes.Compare)
	return secrets
}

// hasSecrets reports whether there are such.
func (p *play) hasSecrets() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.scenario.Secrets)+len(p.secrets) > 0
}

// holdsSecret reports whether there is something in a value that is not to be
// shown.
func (p *play) holdsSecret(b []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.scenario.Secrets, func(s []byte) bool { return bytes.Contains(b, s) })
}

// mask takes what is secret out of a result. In bytes that are shown beside
// others each byte becomes a star, so that offsets stay right.
func (p *play) mask(r *Result) {
	secrets := p.allSecrets()
	if len(secrets) == 0 {
		return
	}
	values, words := newSecrets(secrets), newSecrets(spelled(secrets))
	for i := range r.Actors {
		a := &r.Actors[i]
		var observed, expected []*transcript.Event
		for j := range a.Observed {
			observed = append(observed, &a.Observed[j].Event)
		}
		for j := range a.Expected {
			expected = append(expected, &a.Expected[j])
		}
		values.maskEvents(observed)
		values.maskEvents(expected)
		for _, e := range slices.Concat(observed, expected) {
			e.Name = words.text(e.Name)
		}
	}
	for i := range r.Outputs {
		o := &r.Outputs[i]
		o.Head, o.Tail = masked(o.Head, values.in(o.Head, false, true)), masked(o.Tail, values.in(o.Tail, true, false))
	}
	for i := range r.Failures {
		f := &r.Failures[i]
		f.Message = words.text(f.Message)
		f.Notes = slices.Clone(f.Notes)
		for j := range f.Notes {
			f.Notes[j] = words.text(f.Notes[j])
		}
		want, got := values.in(f.Want, f.Start > 0, true), values.in(f.Got, f.Start > 0, true)
		for i := range min(len(want), len(f.Got)) { // as far as it came
			if want[i] && f.Want[i] == f.Got[i] {
				if got == nil {
					got = make([]bool, len(f.Got))
				}
				got[i] = true
			}
		}
		f.Want, f.Got = starred(f.Want, want), starred(f.Got, got)
	}
}

// spelled are values as messages may have them: as they are, in quotes, or in a
// regular expression.
func spelled(values [][]byte) (out [][]byte) {
	for _, v := range values {
		inner := func(quoted string) string { return quoted[1 : len(quoted)-1] }
		quoted, _ := json.Marshal(string(v))
		size := int64(len(v))
		binary := transcript.Quote(append([]byte{0xff}, v...), size+1, len(v)+1)
		for _, form := range []string{
			string(v),
			inner(transcript.Quote(v, size, len(v))),
			strings.TrimPrefix(inner(binary), `\xff`),
			inner(strconv.Quote(string(v))),
			inner(string(quoted)),
			pattern.Quote(v),
		} {
			if form != "" && !slices.ContainsFunc(out[max(0, len(out)-5):], func(b []byte) bool { return string(b) == form }) {
				out = append(out, []byte(form))
			}
		}
	}
	return out
}

// secrets finds values in bytes. Those that are not very short are found by
// their first bytes.
type secrets struct {
	all   [][]byte
	short [][]byte
	first map[[certain]byte][][]byte
}

func newSecrets(values [][]byte) *secrets {
	s := &secrets{all: values, first: map[[certain]byte][][]byte{}}
	for _, v := range values {
		if len(v) < certain {
			s.short = append(s.short, v)
		} else {
			key := [certain]byte(v)
			s.first[key] = append(s.first[key], v)
		}
	}
	return s
}

// edge is how much of a secret at least is one also where the rest is cut off.
const edge = 3

// in marks the bytes that belong to secrets; nil are none. Cut says that data may
// begin, or end, in the middle of one.
func (s *secrets) in(data []byte, cutBefore, cutBehind bool) (marks []bool) {
	mark := func(from, n int) {
		if marks == nil {
			marks = make([]bool, len(data))
		}
		for i := from; i < from+n; i++ {
			marks[i] = true
		}
	}
	for _, v := range s.short {
		for from := 0; ; from++ {
			i := bytes.Index(data[from:], v)
			if i < 0 {
				break
			}
			from += i
			mark(from, len(v))
		}
	}
	for i := 0; len(s.first) > 0 && i+certain <= len(data); i++ {
		for _, v := range s.first[[certain]byte(data[i:])] {
			if bytes.HasPrefix(data[i:], v) {
				mark(i, len(v))
			}
		}
	}
	for _, v := range s.all {
		for n := min(len(v)-1, len(data)); cutBefore && n >= edge; n-- {
			if bytes.HasPrefix(data, v[len(v)-n:]) {
				mark(0, n)
				break
			}
		}
		for n := min(len(v)-1, len(data)); cutBehind && n >= edge; n-- {
			if bytes.HasSuffix(data, v[:n]) {
				mark(len(data)-n, n)
				break
			}
		}
	}
	return marks
}

// text is a message without secrets, also where it cuts one short with "…".
func (s *secrets) text(text string) string {
	var out strings.Builder
	for {
		before, after, cut := strings.Cut(text, "…")
		quote := ""
		if cut && strings.HasSuffix(before, `"`) {
			before, quote = strings.TrimSuffix(before, `"`), `"`
		}
		out.Write(masked([]byte(before), s.in([]byte(before), false, cut)))
		out.WriteString(quote)
		if !cut {
			return out.String()
		}
		out.WriteString("…")
		text = after
	}
}

// maskEvents masks the bytes of events. A secret may be in several of those of
// one direction.
func (s *secrets) maskEvents(events []*transcript.Event) {
	type way struct {
		kind transcript.Kind
		over string
	}
	ways := map[way][]*transcript.Event{}
	for _, e := range events {
		if len(e.Data) > 0 {
			ways[way{e.Kind, e.Over}] = append(ways[way{e.Kind, e.Over}], e)
		}
	}
	for _, all := range ways {
		for len(all) > 0 {
			n := 1 // those that go on where the one before ends
			for n < len(all) && all[n-1].Size == int64(len(all[n-1].Data)) {
				n++
			}
			var data []byte
			for _, e := range all[:n] {
				data = append(data, e.Data...)
			}
			if marks := s.in(data, false, true); marks != nil {
				for _, e := range all[:n] {
					m := masked(e.Data, marks[:len(e.Data)])
					marks = marks[len(e.Data):]
					e.Size += int64(len(m) - len(e.Data))
					e.Data = m
				}
			}
			all = all[n:]
		}
	}
}

// masked is bytes with *** in place of those that are marked.
func masked(b []byte, marks []bool) []byte {
	if marks == nil {
		return b
	}
	var out []byte
	for i, c := range b {
		switch {
		case !marks[i]:
			out = append(out, c)
		case i == 0 || !marks[i-1]:
			out = append(out, "***"...)
		}
	}
	return out
}

// starred is bytes with a star in place of each that is marked.
func starred(b []byte, marks []bool) []byte {
	if marks == nil {
		return b
	}
	out := bytes.Clone(b)
	for i := range out {
		if marks[i] {
			out[i] = '*'
		}
	}
	return out
}
