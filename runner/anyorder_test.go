package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What comes in any order has one transcript.
func TestAnyOrderHasOneTranscript(t *testing.T) {
	var first string
	for _, sent := range []string{"[b, PING 1, a, c]", "[PING 2, PING 3, c, b, a]", "[a, b, c]"} {
		r := passes(t, `
servers: {s: {steps: [{send: {lines: `+sent+`}}, {send: {line: end}}]}}
clients:
  c:
    - connect: s
    - expect: {any_order: [{line: c}, {line: a}, {line: b}], skip: {prefix: PING}}
    - expect: {line: end}
`)
		r.Actors = r.Actors[:1]
		if first == "" {
			first = transcripts(r)
		}
		if diff := cmp.Diff(first, transcripts(r)); diff != "" {
			t.Errorf("%s: %s", sent, diff)
		}
	}
	r := run(t, `
servers: {s: {steps: [{send: {lines: [b, x]}}, {close: {discard}}]}}
clients: {c: [{connect: s}, {expect: {any_order: [{line: a}, {line: b}, {line: c}]}}]}
`)
	if diff := cmp.Diff([]string{"3:30 c: the next frame is none of those that have not come; 1 of 3 came"}, failures(r)); diff != "" {
		t.Error(diff)
	}
	if got := string(r.Failures[0].Got); got != "x\r\n" {
		t.Errorf("got %q", got)
	}
}

// An optional frame is taken if it comes, and leaves what comes in its place.
func TestOptional(t *testing.T) {
	for _, sent := range []string{"[banner, hello]", "[hello]"} {
		passes(t, `
servers: {s: {steps: [{send: {lines: `+sent+`}}]}}
clients: {c: [{connect: s}, {expect: {line: banner, optional: true}}, {expect: {line: hello}}, {expect: {line: more, optional: true}}, {expect: {eof}}]}
`)
	}
}

// Which frame becomes which variable does not depend on which came first.
func TestAnyOrderCaptures(t *testing.T) {
	for _, sent := range []string{"[one, two, three]", "[three, one, two]", "[two, three, one]"} {
		passes(t, `
servers: {s: {steps: [{send: {lines: `+sent+`}}, {expect: {line: "one three two"}}]}}
clients:
  ann:
    - connect: s
    - expect: {any_order: [{line, capture: a}, {like: "t${?b}"}, {line, capture: c}]}
    - send: {line: "${a} t${b} ${c}"}
`)
	}
}
