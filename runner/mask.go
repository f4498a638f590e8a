package runner

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"banter/runner/content"
)

// conceal has a value shown as *** from now on. What is long is not shown
// anyway.
func (p *play) conceal(b content.Bytes) {
	if b.Long() || len(b.Data) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.ContainsFunc(p.secrets, func(s []byte) bool { return bytes.Equal(s, b.Data) }) {
		p.secrets = append(p.secrets, bytes.Clone(b.Data))
	}
}

// mask takes what is secret out of a result. In bytes that are shown beside
// others each byte becomes a star, so that offsets stay right.
func (p *play) mask(r *Result) {
	secrets := p.allSecrets()
	if len(secrets) == 0 {
		return
	}
	stars := func(b []byte) []byte {
		for _, s := range secrets {
			b = bytes.ReplaceAll(b, s, bytes.Repeat([]byte("*"), len(s)))
		}
		return b
	}
	var pairs []string
	for _, s := range secrets {
		pairs = append(pairs, string(s), "***")
		if quoted := strconv.Quote(string(s)); quoted != `"`+string(s)+`"` {
			pairs = append(pairs, strings.Trim(quoted, `"`), "***")
		}
	}
	words := strings.NewReplacer(pairs...)
	for i := range r.Actors {
		a := &r.Actors[i]
		for j := range a.Observed {
			e := &a.Observed[j].Event
			e.Name, e.Data, e.Size = words.Replace(e.Name), masked(e.Data, secrets), maskedSize(e.Data, e.Size, secrets)
		}
		for j := range a.Expected {
			e := &a.Expected[j]
			e.Name, e.Data, e.Size = words.Replace(e.Name), masked(e.Data, secrets), maskedSize(e.Data, e.Size, secrets)
		}
	}
	for i := range r.Outputs {
		o := &r.Outputs[i]
		o.Head, o.Tail = masked(o.Head, secrets), masked(o.Tail, secrets)
	}
	for i := range r.Failures {
		f := &r.Failures[i]
		f.Message = words.Replace(f.Message)
		f.Notes = slices.Clone(f.Notes)
		for j := range f.Notes {
			f.Notes[j] = words.Replace(f.Notes[j])
		}
		f.Want, f.Got = stars(f.Want), stars(f.Got)
	}
}

// allSecrets are the values that are not to be shown, the longer ones first: one
// may hold another.
func (p *play) allSecrets() [][]byte {
	p.mu.Lock()
	secrets := slices.Concat(p.scenario.Secrets, p.secrets)
	p.mu.Unlock()
	slices.SortFunc(secrets, func(a, b []byte) int { return len(b) - len(a) })
	return secrets
}

// masked is bytes with *** in place of what is secret.
func masked(b []byte, secrets [][]byte) []byte {
	for _, s := range secrets {
		b = bytes.ReplaceAll(b, s, []byte("***"))
	}
	return b
}

// maskedSize is the size of an event of which data is the beginning, once that
// is masked.
func maskedSize(data []byte, size int64, secrets [][]byte) int64 {
	return size + int64(len(masked(data, secrets))-len(data))
}
