package runner_test

import (
	"strings"
	"testing"
)

// Conditions hold, or say why not.
func TestConditions(t *testing.T) {
	for _, test := range []struct{ sent, expect, want string }{
		{"250 OK id=42", `{like: "250 OK id=${?id:int}"}`, ""},
		{"250 OK id=4x", `{like: "250 OK id=${?id:int}"}`, `the frame is not like "250 OK id=${?id:int}"`},
		{"a.c and more", `{like: "a.c${?}"}`, ""},
		{"abc and more", `{like: "a.c${?}"}`, `the frame is not like "a.c${?}"`},
		{"250 OK", `{line, not: {prefix: "5"}}`, ""},
		{"550 no", `{line, not: {prefix: "5"}}`, `the frame is what "not" rules out`},
		{"550 no", `{not: {regex: "^2"}, contains: no}`, ""},
		{`{"id": 1.0, "x": [1, "a"], "y": 0}`, `{json: {id: 1, x: [1, a]}}`, ""},
		{`{"id": 2}`, `{json: {id: 1}}`, "the JSON at id is 2, not 1"},
		{`{"id": "s"}`, `{json: {id: "${s.port}"}}`, "the JSON at id is "},
	} {
		r := run(t, `
servers: {s: {steps: [{send: {line: '`+test.sent+`'}}]}}
clients: {c: [{connect: s}, {expect: `+test.expect+`}]}
`)
		got := strings.Join(failures(r), " ")
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s as %s: %s", test.sent, test.expect, got)
		}
	}
}
