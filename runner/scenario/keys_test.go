package scenario

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestEveryKey gives each key of the language values of a wrong kind. Each must
// be refused, in its line, and in few words.
func TestEveryKey(t *testing.T) {
	const (
		script = "servers: {s: {reply: x}}\nclients:\n  ann:\n    - connect: s\n    - %s\n    - close: {discard}\n"
		plays  = "servers: {s: {reply: x}}\nclients: {ann: [{connect: s}, {close: {discard}}]}\n"
		client = "servers: {s: {reply: x, tls: true}}\nclients:\n  ann:\n    - connect: {to: s, %s}\n    - close: {discard}\n"
	)
	step := func(s string) string { return strings.Replace(script, "%s", s, 1) }
	tables := []struct {
		of, file string
		keys     []string
		fine     string // what may be written all the same, with | between
	}{
		{"the scenario", plays + "%s\n", keysOf(documentKeys),
			"tags: [] | define: {} | files: {} | let: {} | processes: {} | requires: [] | transcript: {} | vars: {} | tags: [nonsense] | requires: [nonsense] | vars: {nonsense: 1} | let: {nonsense: 1} | files: {nonsense: 1}"},
		{"a server", "servers:\n  s:\n    %s\nclients: {ann: [{connect: {to: s, tls: true}}, {close: {discard}}]}\n", keysOf(serverKeys),
			"reply: [nonsense] | tls: {}"},
		{"a client", "servers: {s: {reply: x}}\nclients:\n  ann:\n    steps: [{connect: s}, {close: {discard}}]\n    %s\n", keysOf(clientKeys), ""},
		{"a step", step("%s"), append(stepWords(), besideSteps...),
			"shutdown: | shutdown: ~ | tls: | tls: ~ | tls: {} | close: | close: ~ | reset: | reset: ~ | send: [nonsense] | expect: [nonsense] | let: {} | let: {nonsense: 1} | run: [nonsense]"},
		{"a payload", step("expect: x\n    - send: {%s}"), keysOf(partKeys),
			"lines: [nonsense] | head: [nonsense] | parts: [nonsense] | echo: | echo: ~"},
		{"beside a payload", step("send: {text: a, %s}"), []string{"length", "plus", "times", "slice", "every", "xor", "size", "seed"}, "xor: [nonsense]"},
		{"an expect", step("expect: {%s}"), keysOf(expectKeys), "lines: [nonsense] | head: [nonsense] | parts: [nonsense] | until: [nonsense] | equals: [nonsense] | prefix: [nonsense] | suffix: [nonsense] | contains: [nonsense] | not: [nonsense] | any_order: [nonsense] | " +
			"line: | rest: | rest: ~ | eof: | eof: ~ | reset: | reset: ~ | end: | end: ~ | json: [] | json: {} | json: [[]] | json: {nonsense: 1} | json: [nonsense]"},
		{"a connect", client, keysOf(connectKeys), "tls: {}"},
		{"a close", step("close: {%s}"), keysOf(closeModes), "discard: | discard: ~ | now: | now: ~"},
		{"an await", step("await: {signal: a, %s}") + "  ben: [{signal: a}]\n", keysOf(awaitKeys), ""},
		{"an await of output", "processes: {db: {run: [db]}}\n" + step("await: {output: db, %s}"), keysOf(awaitOutputKeys), ""},
		{"a meet", step("meet: {name: a, %s}") + "  ben: [{meet: a}]\n", keysOf(meetKeys), ""},
		{"a do", "define: {f: [{wait: 1ms}]}\n" + step("{do: f, %s}"), keysOf(doKeys), "with: {} | with: {nonsense: 1}"},
		{"a loop", step("loop: {steps: [{expect: x}], %s}"), keysOf(loopKeys), "until: [nonsense]"},
		{"a retry", "servers: {s: {reply: x}}\nclients:\n  ann:\n    - retry: {steps: [{connect: s}, {close: {discard}}], %s}\n", keysOf(retryKeys), ""},
		{"a process", "processes:\n  db:\n    run: [db]\n    %s\n" + plays, keysOf(processKeys), "env: {} | env: {nonsense: 1}"},
		{"ready", "processes: {db: {run: [db], port: free, ready: {%s}}}\n" + plays, keysOf(readyKeys), "listening: | listening: ~ | started: | started: ~"},
		{"a run", step("{run: [ls], %s}"), keysOf(besideRun), "stdin: [nonsense] | stdout: [nonsense] | stderr: [nonsense]"},
		{"a rule", "servers: {s: {message: line, rules: [{when: {equals: a}, %s}]}}\nclients: {ann: [{connect: s}, {close: {discard}}]}\n", keysOf(ruleKeys),
			"close: | close: ~ | reset: | reset: ~ | send: [nonsense]"},
		{"the tls of a server", "servers: {s: {reply: x, tls: {%s}}}\nclients: {ann: [{connect: {to: s, tls: true}}, {close: {discard}}]}\n", keysOf(serverTLSKeys), "alpn: [nonsense]"},
		{"the tls of a client", strings.Replace(client, "%s", "tls: {%s}", 1), keysOf(clientTLSKeys), "alpn: [nonsense]"},
	}
	config := Config{Allow: Allow{Run: Grant{All: true}}}
	for _, table := range tables {
		fine := strings.Split(table.fine, " | ")
		for _, key := range table.keys {
			for _, value := range []string{"", "~", "[]", "{}", "[[]]", "{nonsense: 1}", "[nonsense]"} {
				entry := key + ": " + value
				src := fmt.Sprintf(table.file, entry)
				line := 1 + strings.Count(table.file[:strings.Index(table.file, "%s")], "\n")
				f := config.Parse("x.yaml", []byte(src))
				errs := f.Problems.Errors()
				if slices.Contains(fine, strings.TrimSpace(entry)) {
					if slices.ContainsFunc(errs, func(p Problem) bool { return strings.Contains(p.Message, quote(key)) }) && !strings.Contains(problemLines(f), "connection") {
						t.Errorf("in %s: %s: %s", table.of, entry, problemLines(f))
					}
					continue
				}
				if len(errs) == 0 || len(errs) > 2 || !slices.ContainsFunc(errs, func(p Problem) bool { return p.Pos.Line == line }) {
					t.Errorf("in %s: %s:\n%s", table.of, entry, problemLines(f))
				}
			}
		}
	}
}

func keysOf[T any](t table[T]) (keys []string) {
	for _, f := range t {
		keys = append(keys, f.key)
	}
	return keys
}
