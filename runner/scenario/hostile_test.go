package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestHostile feeds a megabyte of nonsense of many kinds. Nothing may take
// long, and each must have its error.
func TestHostile(t *testing.T) {
	const size = MaxFileSize / raceSlowdown
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	inClients := func(s string) string {
		const head = "servers: {s: {}}\nclients:\n  ann:\n"
		return head + strings.Repeat(s, (size-len(head))/len(s))
	}
	numbered := func(head, format string, n int) string {
		var out strings.Builder
		out.WriteString(head)
		for i := range n {
			fmt.Fprintf(&out, format, i)
		}
		return out.String()
	}
	laughs := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 30; i++ {
		laughs += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1)
	}
	next := func(body string, n int) string {
		var out strings.Builder
		out.WriteString("define:\n")
		for i := range n {
			fmt.Fprintf(&out, "  f%d: [%s]\n", i, strings.ReplaceAll(body, "NEXT", fmt.Sprintf("{do: f%d}", i+1)))
		}
		fmt.Fprintf(&out, "  f%d: [{send: x}]\nservers: {s: {reply: x}}\nclients: {ann: [{connect: s}, {do: f0}]}\n", n)
		return out.String()
	}
	loops := "{send: x}"
	for range 20 {
		loops = "{loop: {times: 2, steps: [" + loops + ", shutdown]}}"
	}
	files := map[string]string{
		"cases":                numbered("cases:\n", "- {a: \"%d\"}\n", 30_000) + inClients("    - {send: \"${a}\"}\n")[:300_000/raceSlowdown/25*25],
		"wrong cases":          numbered("cases:\n", "- {a: \"%d\"}\n", 30_000) + "servers: {s: {backlog: \"x${a}\"}}\nclients: {ann: [{connect: s}, {sned: x}]}\n",
		"columns":              numbered("cases:\n- {", "a%d: x, ", 40_000/raceSlowdown) + numbered("}\n- {", "b%d: x, ", 40_000/raceSlowdown) + "}\nclients: {ann: [{wait: 1ms}]}\n",
		"loops in loops":       "servers: {s: {reply: x}}\nclients: {ann: [{connect: s}, " + loops + "]}\n",
		"loops in fragments":   next("{loop: {times: 2, steps: [NEXT, shutdown]}}", 60),
		"fragments":            next(strings.Repeat("NEXT, ", 9)+"NEXT", 60),
		"a chain of fragments": next("{send: x}, NEXT", 20_000/raceSlowdown),
		"fragments of orders":  "define: {f: [{expect: {any_order: {count: 10000, line: \"${index}\"}}}]}\nservers: {s: {reply: x}}\nclients: {ann: [{connect: s}" + strings.Repeat(", {do: f}", 5000) + "]}\n",
		"orders":               "servers: {s: {reply: x}}\nclients: {ann: [{connect: s}" + strings.Repeat(", {expect: {any_order: {count: 10000, line: \"${index}\"}}}", 5000) + "]}\n",
		"with":                 "define: {f: [{send: \"${a}\"}]}\nservers: {s: {reply: x}}\nclients: {ann: [{connect: s}, {expect: {line, capture: x}}" + strings.Repeat(", {do: f, with: {a: \"${x}\", b: y}}", 20_000/raceSlowdown) + "]}\n",
		"other's variables":    numbered("servers: {s: {reply: x}}\nclients:\n  c: [{connect: s}, {expect: {line, capture: x}}, {signal: a}]\n", "  c%d: [{await: a}, {connect: s}, {send: \"${c.x}${c.y}\"}]\n", 15_000/raceSlowdown),
		"others' variables":    numbered("servers: {s: {reply: x}}\nclients:\n  c: [{wait: 1s}]\n", "  c%[1]d: [{connect: s}, {expect: {line, capture: x}}, {send: \"${c1%[1]d.x}\"}]\n", 10_000/raceSlowdown),
		"rules":                "servers:\n  s:\n    rules:\n" + strings.Repeat("    - {when: x, send: \"${y}\"}\n", 20_000/raceSlowdown) + "clients: {ann: [{connect: s}]}\n",
		"a dialogue":           "dialogue: |\n" + strings.Repeat("  S: a ${?b} ${c}\n", 40_000/raceSlowdown),
		"brackets":             fill("["),
		"braces":               fill("{"),
		"dashes":               fill("- "),
		"questions":            fill("? "),
		"bracket lines":        fill("[\n"),
		"quotes":               fill("'"),
		"double quotes":        fill("\""),
		"documents":            fill("---\n"),
		"same key":             fill("a:\n"),
		"keys":                 numbered("", "k%d:\n", 100_000/raceSlowdown),
		"keys in a step":       numbered("clients:\n  ann:\n    - wait: 1ms\n", "      k%d: 1\n", 50_000/raceSlowdown),
		"anchors":              fill("- &a\n"),
		"laughs":               laughs,
		"many aliases":         "name: &n [1]\ntags:\n" + strings.Repeat("- *n\n", 20_000),
		"one long text":        "servers: {s: {}}\nclients: {ann: [&a {send: \"" + strings.Repeat("x", size/2) + "\"}" + strings.Repeat(",*a", 9_999) + "]}\n",
		"words":                inClients("    - snd\n"),
		"steps":                inClients("    - {send: x}\n"),
		"traps":                inClients("    - send: a #b\n"),
		"null steps":           inClients("    -\n"),
		"one line of texts":    "servers: {s: {}}\nclients: {ann: [" + strings.Repeat("{send: a},", 90_000/raceSlowdown) + "]}\n",
		"one line of vars":     "servers: {s: {}}\nclients: {ann: [{send: \"" + strings.Repeat("${s}", 250_000/raceSlowdown) + "\"}]}\n",
		"unknown vars":         "servers: {s: {}}\nclients: {ann: [{send: \"" + strings.Repeat("${x}", 250_000/raceSlowdown) + "\"}]}\n",
		"signals":              inClients("    - signal: a\n    - await: {signal: a, times: 9999999}\n"),
		"meets":                inClients("    - meet: {name: a, parties: 9}\n"),
		"starts":               inClients("    - start: s\n"),
		"shutdowns":            inClients("    - shutdown\n"),
		"servers":              numbered("servers:\n", "  s%d: {bind: \"127.0.0.1:80\"}\n", 28_000/raceSlowdown),
		"clients":              numbered("clients:\n  c0: {after: c10, steps: [{wait: 1s}]}\n", "  c1%d: {after: c0, steps: [{wait: 1s}]}\n", 22_000/raceSlowdown),
		"processes":            numbered("processes:\n", "  p%d: {run: [x], ready: {output: '('}}\n", 20_000/raceSlowdown),
		"served":               numbered("processes:\n", "  p%d: {run: [x], serves: s}\n", 20_000/raceSlowdown) + inClients("    - stop: s\n")[:size/3],
		"arguments":            "processes: {p: {run: [x" + strings.Repeat(", \"${p}\"", 90_000/raceSlowdown) + "]}}\n",
		"files":                numbered("clients: {ann: [wait: 1ms]}\nfiles:\n", "  ? "+strings.Repeat("a/", 100)+"%d\n  : x\n", 2_500/raceSlowdown) + "  ? " + strings.Repeat("a/", 50_000) + "\n  : x\n",
		"regexes":              inClients("    - expect: {regex: '" + strings.Repeat("x{1000}", 1001) + "'}\n"),
		"late error":           numbered("clients:\n", "  c%d: [{wait: 1s}]\n", 40_000/raceSlowdown) + "  - x\n",
		"late quote":           numbered("clients:\n", "  c%d: [{wait: 1s}]\n", 40_000/raceSlowdown) + "  x: \"\n",
		"early quote":          "a: \"\n" + numbered("clients:\n", "  c%d: [{wait: 1s}]\n", 40_000/raceSlowdown),
		"late tab":             numbered("clients:\n", "  c%d: [{wait: 1s}]\n", 40_000/raceSlowdown) + "\tx: y\n",
		"too large":            strings.Repeat(" ", MaxFileSize+1),
		"late NUL":             strings.Repeat("\n", MaxFileSize-1) + "\x00",
		"alternating":          "servers: {s: {}}\nclients: {ann: [&a {send: \"${s}\"}," + strings.Repeat(" ", size/2) + strings.Repeat("*a,{send: a},", 9_999) + "]}\n",
		"at signs":             inClients("    - send: @a\n"),
		"tabs":                 inClients("\t- send: a\n"),
		"tabs and dashes":      inClients("    -\tsend: a\n"),
		"colons":               inClients("    - send: a: b\n"),
		"open braces":          inClients("    - send: {text: b\n"),
		"open quotes":          inClients("    - send: \"b\n"),
		"flow variables":       "servers: {s: {}}\nclients: {ann: [\n" + fill("{send: ${s}},\n"),
		"one bad line":         "servers: {s: {}}\nclients: {ann: [" + fill("{send: ${s}},"),
		"bad documents":        fill("---\n@a\n"),
		"worse documents":      fill("---\n@a\n]\n"),
		"indentations":         inClients("    - wait: 1ms\n     - wait: 2ms\n"),
		"glued":                fill("a:b\n"),
		"unclosed at all":      inClients("    - send: {text: [\"b\n"),
		"hex":                  "servers: {s: {}}\nclients: {ann: [{expect: {hex: \"" + strings.Repeat("..", 400_000/raceSlowdown) + "\"}}]}\n",
	}
	for name, src := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f *File
			took := cpuTime(func() { f = Parse("x.yaml", []byte(src)) })
			if len(f.Problems) == 0 {
				t.Fatal("no problem")
			}
			if took > 10*time.Second { // generous: it may be with the race detector
				t.Errorf("took %v", took)
			}
			t.Logf("%v, %d problems, first: %v", took.Round(time.Millisecond), len(f.Problems), f.Problems[0])
		})
	}
}

// TestSyntaxErrorLine puts an error into a long and varied file and looks
// whether its line is found.
func TestSyntaxErrorLine(t *testing.T) {
	good := []string{
		"tags: [a,",
		"  b]",
		"clients:",
		"  ann:",
		"    - connect: 127.0.0.1:1",
		"    - send: {line: hello,",
		"             slice: 1}",
		"    - expect: \"a text",
		"        of two lines\"",
		"    - close",
		"  ben:",
		"    - connect: 127.0.0.1:1",
	}
	bad := map[string]string{
		"    - {send: x":      `a "{" that is not closed, or a comma is missing after it`,
		"    - send: [x":      `a "[" that is not closed, or a comma is missing after it`,
		"    - send: 'x":      "a quote that is not closed",
		"    - send: @x":      "a value can't start with @; put it in quotes",
		"    - send: a: b":    `a second ": " in the line; put the text in quotes, or the key in a line of its own`,
		"     - wait: 1ms":    "",
		"   - wait: 1ms":      "",
		"    - send: *x":      `no anchor "x"; a text that starts with * must be in quotes`,
		"\t- wait: 1ms":       "a tab in the indentation; YAML takes only spaces",
		"    - send: \"\\q\"": `YAML knows no escape \q in double quotes; write \\q, or take single quotes`,
	}
	for wrong, message := range bad {
		for _, at := range []int{12, 15} {
			lines := append([]string{}, good...)
			for i := range 3 {
				lines = append(lines, fmt.Sprintf("  c%d:", i), "    - connect: 127.0.0.1:1", "    - wait: 2ms")
			}
			lines = append(lines[:at], append([]string{wrong}, lines[at:]...)...)
			f := Parse("x.yaml", []byte(strings.Join(lines, "\n")+"\n"))
			if len(f.Problems) != 1 || f.Problems[0].Pos.Line != at+1 || message != "" && f.Problems[0].Message != message {
				t.Errorf("%q in line %d: %v", wrong, at+1, f.Problems)
			}
		}
	}
}

// FuzzParse: whatever a file holds, there is no panic, every place is in the
// file, and a second look sees the same.
func FuzzParse(f *testing.F) {
	for _, src := range seeds(f) {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file := Parse("x.yaml", src)
		again := Parse("x.yaml", src)
		if a, b := problemLines(file), problemLines(again); a != b {
			t.Errorf("first\n%sthen\n%s", a, b)
		}
		text := strings.TrimPrefix(string(src), "\ufeff")
		lines := strings.Split(text, "\n")
		last := 0
		for _, p := range file.Problems {
			if p.Pos.Line < max(last, 1) || p.Pos.Line > len(lines) {
				t.Fatalf("%v is out of order or out of the file's %d lines", p, len(lines))
			}
			last = p.Pos.Line
			// The place behind the last character is where something is missing.
			if p.Pos.Col < 1 || p.Pos.Col > utf8.RuneCountInString(lines[p.Pos.Line-1])+1 {
				t.Errorf("%v is out of its line %q", p, lines[p.Pos.Line-1])
			}
			if strings.ContainsFunc(p.Message, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("control characters in %q", p.Message)
			}
		}
		for _, s := range file.Scenarios {
			walk(s, func(step *Step) {
				if step.Action == nil && !file.Problems.HaveErrors() {
					t.Errorf("%v: a step without an action", step.Pos)
				}
				if out := step.String(); strings.ContainsAny(out, "\x00\n") || len(out) > 4096+len(src) {
					t.Errorf("%v: shown as %q", step.Pos, out)
				}
			})
		}
	})
}

// walk calls f for each step of a scenario.
func walk(s *Scenario, f func(*Step)) {
	var scripts [][]*Step
	for _, srv := range s.Servers {
		scripts = append(scripts, srv.Steps)
		for _, c := range srv.Connections {
			scripts = append(scripts, c.Steps)
		}
	}
	for _, c := range s.Clients {
		scripts = append(scripts, c.Steps)
	}
	for _, steps := range scripts {
		for _, step := range steps {
			f(step)
		}
	}
}
