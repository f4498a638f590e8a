package runner_test

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"banter/runner"
	"banter/runner/report"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// The secrets of the scenarios below: one with characters that are written in
// another way in quotes and in expressions, and one of bytes that are no text.
const (
	password = `hun"ter.2\ä`
	binary   = "k\xff\x00ey\x80"
)

// TestSecrets plays scenarios that fail in all kinds of ways with a secret in
// what is sent, expected, captured and made of it. Nothing that is told of it
// has the secret in it, nor what is made of it.
func TestSecrets(t *testing.T) {
	for name, text := range map[string]string{
		"sent": `
servers: {s: {steps: [{expect: {line: hello}}]}}
clients: {c: [{connect: s}, {send: {line: "${p}"}}]}
`, "expected": `
servers: {s: {steps: [{expect: {line: "${p}"}}]}}
clients: {c: [{connect: s}, {send: {line: "hun\"ter.2\\x"}}]}
`, "the beginning came": `
servers: {s: {steps: [{expect: {line: "${p}"}}]}}
clients: {c: [{connect: s}, {send: "hun\"te"}]}
`, "unread": `
servers: {s: {steps: [{expect: x}]}}
clients: {c: [{connect: s}, {send: ["x", {line: "some blanks at the front and then ${p}"}]}]}
`, "unread and cut": `
servers: {s: {steps: [{expect: x}]}}
clients: {c: [{connect: s}, {send: ["x0123456789012345", {line: "${p}${p}"}]}]}
`, "like": `
servers: {s: {steps: [{expect: {like: "PASS ${p} ${?}"}}]}}
clients: {c: [{connect: s}, {send: {line: "PASS ${p}"}}]}
`, "regex": `
servers: {s: {steps: [{expect: {regex: "^PASS ${late}$"}}]}}
clients: {c: [{connect: s}, {send: {line: PASS}}]}
let: {late: "${p}"}
`, "contains, prefix, suffix": `
servers: {s: {steps: [{expect: {line, contains: "${p}"}}]}, t: {steps: [{expect: {line, prefix: "${p}"}}]}, u: {steps: [{expect: {line, suffix: "${p}"}}]}}
clients: {x: [{connect: s}, {send: {line: x}}], y: [{connect: t}, {send: {line: x}}], z: [{connect: u}, {send: {line: x}}]}
`, "json": `
servers: {s: {steps: [{expect: {json: {password: "${p}"}}}]}}
clients: {c: [{connect: s}, {send: {line: '{"password": "x"}'}}]}
`, "json that came": `
servers: {s: {steps: [{expect: {json: {password: "x"}}}]}}
clients: {c: [{connect: s}, {send: {line: '{"password": "${p.hex}"}'}}]}
`, "made of it": `
let: {auth: ["\0ann\0", "${p}"], sum: "${p.sha1.hex}", xored: {text: "${p}", xor: "k"}, n: "${p.crc32}"}
servers: {s: {steps: [{expect: {line: hello}}]}}
clients: {c: [{connect: s}, {send: {line: "${auth.base64} ${sum} ${p.sha256.base64} ${p.hex} ${xored} ${n}"}}, {send: {u64be: "${n}"}}, {send: {text: "${p}", xor: "q"}}]}
`, "captured": `
servers: {s: {steps: [{expect: {like: "PASS ${?got}"}}, {send: {line: "${got.base64}"}}, {let: {again: "x${got}"}}, {send: {line: "${again.hex}"}}, {expect: x}]}}
clients: {c: [{connect: s}, {send: {line: "PASS ${p}"}}, {expect: {line: x}}]}
`, "in a variable of the file": `
vars: {header: "Authorization ${p}", hexed: "${p.hex}"}
servers: {s: {steps: [{expect: {line: "${header}"}}, {expect: {line: "${header.base64}${hexed}"}}]}}
clients: {c: [{connect: s}, {send: {line: "${header}"}}, {send: {line: "${header.base64}${hexed} "}}]}
`, "in a fragment": `
define: {login: [{send: {line: "PASS ${word} ${word.base64}"}}]}
servers: {s: {steps: [{expect: {line: x}}]}}
clients: {c: [{connect: s}, {do: login, with: {word: "${p}"}}, {let: {w: "${p}"}}, {do: login, with: {word: "${w}"}}]}
`, "in pieces": `
servers: {s: {steps: [{expect: {bytes: 4}}, {send: ok}, {expect: {bytes: 3}}, {send: ok}, {expect: {line: x}}]}}
clients: {c: [{connect: s}, {send: {line: "${p}"}}, {expect: ok}, {expect: ok}]}
`, "far on in many bytes": `
servers: {s: {steps: [{expect: [{fill: x, size: 100000}, "${p}", {fill: x, size: 100000}]}]}}
clients: {c: [{connect: s}, {send: [{fill: x, size: 100000}, "${p}", "y", {fill: x, size: 100000}]}]}
`, "timeout": `
timeout: 50ms
servers: {s: {steps: [{expect: ["${p}", "more"]}]}}
clients: {c: [{connect: s}, {send: "${p}"}, {expect: x}]}
`, "datagrams": `
servers: {s: {bind: "udp:127.0.0.1:0", steps: [{expect: "${p}"}, {send: "no ${p}"}]}}
clients: {c: [{connect: s}, {send: "${p}"}, {expect: "${p.hex}"}]}
`, "any order, rules, always": `
servers:
  s: {rules: [{when: "${p}", send: {line: "${p}"}}]}
  t: {always: [{when: {prefix: "${p}"}, send: {echo}}], steps: [{expect: {any_order: [{line: "${p}x"}, {line: y}]}}]}
clients: {c: [{connect: s}, {send: {line: "${p}"}}, {expect: {line: x}}], d: [{connect: t}, {send: {line: "${p}${p}"}}]}
`, "an address": `
servers: {s: {reply: x}}
clients: {c: [{connect: s}, {send: x}, {expect: x}, close, {connect: "127.0.0.1:${late}"}]}
let: {late: "${p}"}
`, "bytes": `
servers: {s: {steps: [{expect: {line: hello}}]}, t: {steps: [{expect: {line: "${b}"}}]}}
clients: {c: [{connect: s}, {send: {line: "${b}${b.hex}"}}], d: [{connect: t}, {send: "k"}]}
`,
	} {
		t.Run(name, func(t *testing.T) {
			c := scenario.Config{Secrets: map[string]string{"p": password, "b": binary}}
			file := c.Parse("test.yaml", []byte(text))
			if file.Problems.HaveErrors() {
				t.Fatal(file.Problems)
			}
			s := file.Scenarios[0]
			r := play(t, s)
			if r.Passed() {
				t.Fatal("passed")
			}
			var b strings.Builder
			shown := report.NewText(&b, report.TextOptions{Verbose: true})
			shown.Add(runner.Play{Scenario: s, Round: 1, Result: r})
			told := b.String() + transcripts(r)
			for _, f := range r.Failures {
				told += fmt.Sprintf("%s %q %q %q\n", f.Message, f.Notes, f.Want, f.Got)
			}
			for _, secret := range []string{password, binary} {
				for _, form := range []string{
					secret, fmt.Sprintf("%q", secret), fmt.Sprintf("%x", secret), fmt.Sprintf("% x", secret),
					base64.StdEncoding.EncodeToString([]byte(secret)), `hun"te`, `hun\"te`, `k\xff`,
					base64.StdEncoding.EncodeToString([]byte("\x00ann\x00" + password))[8:],
					fmt.Sprintf("%x", "x"+password), "68 75 6e 22",
					xored(secret, 'k'), xored(secret, 'q'), fmt.Sprint(crc32.ChecksumIEEE([]byte(secret))),
				} {
					if form = strings.Trim(form, `"`); strings.Contains(told, form) && !strings.Contains(text, form) {
						t.Errorf("%s is shown:\n%s", form, told)
						return
					}
				}
			}
		})
	}
}

// xored is a text with a mask over it, as transcripts quote it.
func xored(s string, mask byte) string {
	b := []byte(s)
	for i := range b {
		b[i] ^= mask
	}
	return transcript.Quote(b, int64(len(b)), len(b))
}

// What is shown before the run has no secrets in it either.
func TestSecretsInProblems(t *testing.T) {
	c := scenario.Config{Secrets: map[string]string{"p": "hunter2"}}
	file := c.Parse("test.yaml", []byte(`name: "as ${p}"
tags: ["a${p}"]
timeout: "${p}"
servers: {s: {reply: x, backlog: "${p}"}}
clients: {c: [{connect: "${p}"}, {signal: "s-${p.hex}"}, {expect: {line: x, equals: "${p}"}}, {expect: {regex: "(${p}"}}]}
`))
	want := `test.yaml:1:7: a scenario's name is shown, and this has something secret in it
test.yaml:2:8: a tag is shown, and this has something secret in it
test.yaml:3:10: "timeout" must be a time such as 200ms or 5s, not "***"
test.yaml:4:34: "backlog" must be a whole number from 0 to 65535, not "***"
test.yaml:5:25: no server "***"; there are: s
test.yaml:5:43: a signal's name is shown, and this has something secret in it
test.yaml:5:77: "equals" says a second time what the bytes are
test.yaml:5:112: the regular expression is wrong: missing closing ): "(***"
`
	var got strings.Builder
	for _, p := range file.Problems {
		fmt.Fprintln(&got, p)
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}
