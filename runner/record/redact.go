package record

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strconv"

	"banter/runner/capture"
)

// Redact returns the conversations without what the expressions match: where one
// has a group, without that. The same bytes get the same stand-in wherever they
// are said, by either side, and it is as long as they are, so that lengths still
// hold.
func Redact(convs []capture.Conversation, secrets []*regexp.Regexp) []capture.Conversation {
	if len(secrets) == 0 {
		return convs
	}
	convs = slices.Clone(convs)
	r := redactor{standIns: map[string][]byte{}}
	for i := range convs {
		convs[i].Events = slices.Clone(convs[i].Events)
		for j, e := range convs[i].Events {
			convs[i].Events[j].Data = bytes.Clone(e.Data)
		}
		r.streams = append(r.streams, streams(&convs[i])...)
	}
	for _, re := range secrets {
		r.find(re)
	}
	r.replace()
	return convs
}

// stream is what one side has said, in one piece, and where it goes back to.
type stream struct {
	data   []byte
	pieces [][]byte
}

// streams are what each side has said; each datagram is one of its own.
func streams(c *capture.Conversation) (all []stream) {
	for _, side := range []capture.Side{capture.Client, capture.Server} {
		var s stream
		for _, e := range c.Events {
			if e.Kind != capture.Data || e.From != side {
				continue
			}
			s.data, s.pieces = append(s.data, e.Data...), append(s.pieces, e.Data)
			if c.Datagrams {
				all, s = append(all, s), stream{}
			}
		}
		all = append(all, s)
	}
	return all
}

type redactor struct {
	streams  []stream
	standIns map[string][]byte
	secrets  []string // in the order in which they were found
}

// widely is how long a secret must be for it to be replaced wherever it stands,
// and not only where an expression has found it: what is shorter stands in other
// words too.
const widely = 4

// find finds secrets, and replaces those that are found nowhere else.
func (r *redactor) find(re *regexp.Regexp) {
	group := min(1, re.NumSubexp())
	for _, s := range r.streams {
		for _, m := range re.FindAllSubmatchIndex(s.data, -1) {
			from, to := m[2*group], m[2*group+1]
			if from < 0 || from == to {
				continue
			}
			secret := string(s.data[from:to])
			if _, known := r.standIns[secret]; !known {
				r.secrets = append(r.secrets, secret)
				r.standIns[secret] = standIn(secret, len(r.secrets))
			}
			if to-from < widely {
				copy(s.data[from:to], r.standIns[secret])
			}
		}
	}
}

// standIn is what is said in place of the n-th secret: digits for digits.
func standIn(secret string, n int) []byte {
	fill := "x"
	if len(bytes.Trim([]byte(secret), "0123456789")) == 0 {
		fill = "0"
	}
	out := bytes.Repeat([]byte(fill), len(secret))
	if number := strconv.Itoa(n); n > 1 && len(number) <= len(out) {
		copy(out[len(out)-len(number):], number)
	}
	return out
}

// replace replaces what was found, the longest first: one may be part of another.
func (r *redactor) replace() {
	slices.SortStableFunc(r.secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, s := range r.streams {
		for _, secret := range r.secrets {
			if len(secret) >= widely {
				s.data = bytes.ReplaceAll(s.data, []byte(secret), r.standIns[secret])
			}
		}
		rest := s.data
		for _, p := range s.pieces {
			rest = rest[copy(p, rest):]
		}
	}
}
