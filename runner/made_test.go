package runner_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Payloads that are made arrive as they are meant, whoever makes them.
func TestMadePayloads(t *testing.T) {
	passes(t, `
servers:
  s:
    steps:
      - expect: {hex: "00 04 61 62 00 04 61 62"}
      - expect: "abcabcabca"
      - expect: {fill: abc, size: 10}
      - expect: "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
      - expect: {hex: "ff 01 02 02 01 ac 02"}
      - expect: {hex: "61 ..", times: 3}
      - expect: {rest, equals: {fill: random, size: 1MiB, seed: 7}, sha256: 8482d0b2ff4e171388ca2113c4808666beab0a8283fdb68cd9566c1d06b261f1}
clients:
  c:
    - connect: s
    - send: {text: ab, length: u16be, plus: 2, times: 2}
    - send: {fill: abc, size: 10, slice: 3}
    - send: {text: abca, times: 1}
    - send: {parts: [bca, {text: bca}]}
    - send: {head: [GET / HTTP/1.1, "Host: a"]}
    - send: [{u8: 255}, {u16be: 0x0102}, {u16le: 0x0102}, {varint: 300}]
    - send: "abacad"
    - send: {fill: random, size: 1MiB, seed: 7, slice: 100000}
`)
	passes(t, `
servers: {s: {reply: {fill: "x", size: 1MiB}}}
clients: {c: [{connect: s}, {send: "x", expect: {fill: "x", size: 1MiB}}]}
`)
}

func TestMadePayloadDiffers(t *testing.T) {
	r := run(t, `
servers: {s: {steps: [{expect: {fill: "x", size: 1MiB}}]}}
clients: {c: [{connect: s}, {send: [{fill: "x", size: 1000000}, "y", {fill: "x", size: 1MiB}]}, {close: {discard}}]}
`)
	if diff := cmp.Diff([]string{"2:24 s/c: the bytes differ at offset 1000000"}, failures(r)); diff != "" {
		t.Error(diff)
	}
	f := r.Failures[0]
	if at := f.Offset - f.Start; f.Start == 0 || f.Want[at] != 'x' || f.Got[at] != 'y' || len(f.Want) > 10_000 {
		t.Errorf("from %d on, %d bytes wanted", f.Start, len(f.Want))
	}
}

// A length that only the run can tell, and that does not fit, is said.
func TestLengthDoesNotFit(t *testing.T) {
	r := run(t, `
servers: {s: {reply: x}}
clients: {c: [{connect: s}, {send: {length: u8, parts: ["${s}", {fill: x, size: 250}]}}]}
`)
	if got := failures(r); len(got) == 0 || !strings.Contains(got[0], "does not fit into u8") {
		t.Error(got)
	}
}

// A gigabyte is sent and compared without being held.
func TestGigabyteIsNotHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("a gigabyte")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	passes(t, `
timeout: 60s
servers: {s: {steps: [{expect: {fill: random, size: 1GiB, seed: 7}}]}}
clients: {c: [{connect: s}, {send: {fill: random, size: 1GiB, seed: 7}}]}
`)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("%d bytes were allocated", used)
	}
}
