package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever a file has: merge says what is wrong, or writes each of the formats.
func FuzzMerge(f *testing.F) {
	dir := f.TempDir()
	file := filepath.Join(dir, "all.yaml")
	write(f, file, `servers: {greeter: {reply: "hhxh"}}
clients: {ann: [connect: greeter, send: "hello", expect: "hhhh", close]}
---
name: datagrams
servers: {echo: {bind: "udp:127.0.0.1:0", steps: [expect: {datagram, equals: "a"}, send: "b", close]}}
clients: {bob: [connect: echo, send: "a", expect: {datagram, equals: "b"}, close]}
---
skip: not now
clients: {ann: [wait: 1ms]}
`)
	var seed, errs bytes.Buffer
	if status := run(f.Context(), []string{"run", "-o", "jsonl", file}, nil, &seed, &errs); status != 1 {
		f.Fatalf("exit status %d\n%s", status, errs.String())
	}
	f.Add(seed.Bytes())
	for _, change := range []string{
		`"round":1|"round":9223372036854775807`, `"at_ns":|"at_ns":-`, `"size":5|"size":-5`, `"size":5|"size":9223372036854775807`, `"step":|"step":-`,
		`"line":|"line":-9`, `"offset":2|"offset":-1`, `"offset":2|"offset":9e18`, `"kind":"connect"|"kind":"x"`, `"kind":"accept"|"kind":"recv"`,
		`"peer":"ann"|"peer":"greeter/ann"`, `"server":true|"server":false`, `"name":"ann"|"name":""`, `"elapsed_ns":|"elapsed_ns":-`,
		`"began":"2|"began":"9`, `"file":"|"file":"\u0000`, `"picture":"|"picture":"\u001b`, `"source":|"more":`, `"failures":|"outputs":`,
	} {
		old, now, _ := strings.Cut(change, "|")
		f.Add(bytes.ReplaceAll(seed.Bytes(), []byte(old), []byte(now)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, format := range formatNames() {
			var out, errs bytes.Buffer
			status := run(t.Context(), []string{"merge", "-o", format, "-"}, bytes.NewReader(text), &out, &errs)
			switch {
			case status == 2 && errs.Len() == 0:
				t.Errorf("%s: exit status 2, and nothing is said", format)
			case status == 0 && out.Len() == 0 && format != "mermaid":
				t.Errorf("%s: nothing is written", format)
			}
		}
	})
}
