package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Frames of lines and of lengths take what they should, and no more.
func TestLinesAndLengths(t *testing.T) {
	passes(t, `
servers:
  s:
    steps:
      - send: {lines: ["250-SIZE", "250-PIPELINING", "250 HELP", "354 go on"]}
      - send: {parts: [{hex: "30"}, {text: body, length: varint}]}
      - send: {text: four, length: u32le, plus: 4}
      - send: {fill: random, size: 1MiB, length: u24be}
      - send: "."
clients:
  c:
    - connect: s
    - expect: {lines: {through: "^250 "}, contains: [PIPELINING, "250 HELP\r\n"]}
    - expect: {line: "354 go on"}
    - expect: {length: varint, at: 1, header: {hex: "30"}, equals: body}
    - expect: {length: u32le, plus: -4, suffix: ur}
    - expect: {length: u24be, equals: {fill: random, size: 1MiB}}
    - expect: "."
`)
}

func TestLinesAndLengthsDiffer(t *testing.T) {
	for expect, want := range map[string]string{
		"{length: u8, at: 1, header: b}":            "in the header: the bytes differ at offset 0",
		"{length: u8, at: 1, equals: xz}":           "in the body: the bytes differ at offset 1",
		"{length: u8, at: 1, size: 3}":              "the length is 2: 2 bytes, where 3 were expected",
		"{length: u8, max: 50}":                     "the length is 97: the frame is longer than max, which is 50 bytes",
		"{length: u8}":                              "in the body: eof after 3 of 97 bytes",
		"{lines: {through: ^b}}":                    "eof after 4 bytes without a line that matches ^b",
		"{length: u8, equals: {fill: x, size: 97}}": "in the body: the bytes differ at offset 0",
	} {
		r := run(t, `
clients: {c: [{connect: s}, {expect: `+expect+`}]}
servers: {s: {steps: [{send: {hex: "61 02 78 79"}}, {close: {discard}}]}}
`)
		if diff := cmp.Diff([]string{"2:30 c: " + want}, failures(r)); diff != "" {
			t.Errorf("%s: %s", expect, diff)
		}
	}
}
