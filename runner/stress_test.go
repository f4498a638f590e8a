package runner_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"banter/runner"
)

// writer makes up scenarios that must pass: what one side sends the other
// expects, cut in another way.
type writer struct {
	*rand.Rand
	sliced bool // sends go out in slices
	slices *rand.Rand
}

// data is bytes that hold ends of lines and delimiters now and then.
func (w *writer) data(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString([]string{"a", "b", "ab", ";", "\r\n", "\r\n", "\r", "c"}[w.IntN(8)])
	}
	return b.String()
}

// cut cuts s at random places.
func (w *writer) cut(s string) (pieces []string) {
	for len(s) > 0 {
		n := 1 + w.IntN(len(s))
		pieces = append(pieces, s[:n])
		s = s[n:]
	}
	return pieces
}

func (w *writer) send(data string) (steps []string) {
	for _, piece := range w.cut(data) {
		slice := ""
		if w.sliced {
			slice = fmt.Sprintf(", slice: %d", 1+w.slices.IntN(9))
			if w.slices.IntN(3) == 0 {
				slice += ", every: 100us"
			}
		}
		steps = append(steps, fmt.Sprintf("{send: {text: %s%s}}", strconv.Quote(piece), slice))
	}
	return steps
}

// expect is data in frames of any kind.
func (w *writer) expect(data string) (steps []string) {
	for len(data) > 0 {
		n := 1 + w.IntN(len(data))
		line := strings.Index(data, "\n")
		until := strings.Index(data, ";")
		switch kind := w.IntN(6); {
		case kind == 0 && line > 1 && data[line-1] == '\r':
			n = line + 1
			text := data[:line-1]
			match := []string{"line: " + strconv.Quote(text), fmt.Sprintf("line, prefix: %q", text[:(len(text)+1)/2]), fmt.Sprintf("line, size: %d", len(text)),
				fmt.Sprintf(`line, regex: "(?s)^[abc;\r]{%d}$"`, len(text))}[w.IntN(4)]
			steps = append(steps, "{expect: {"+match+"}}")
		case kind == 1 && until >= 0:
			n = until + 1
			match := []string{"", ", equals: " + strconv.Quote(data[:n]), `, suffix: ";"`, fmt.Sprintf(", contains: %q", data[n/2:n])}[w.IntN(4)]
			steps = append(steps, `{expect: {until: ";"`+match+"}}")
		case kind == 2:
			match := []string{"", fmt.Sprintf(", sha256: %x", sha256.Sum256([]byte(data[:n]))), fmt.Sprintf(", suffix: %q", data[n/2:n])}[w.IntN(3)]
			steps = append(steps, fmt.Sprintf("{expect: {bytes: %d%s}}", n, match))
		case kind == 3:
			hex := fmt.Sprintf("%x", data[:n])
			steps = append(steps, fmt.Sprintf(`{expect: {hex: "%s.."}}`, hex[:len(hex)-2]))
		default:
			steps = append(steps, "{expect: "+strconv.Quote(data[:n])+"}")
		}
		data = data[n:]
	}
	return steps
}

// conversation is two scripts for one connection.
func (w *writer) conversation() (client, server []string) {
	sides := [2][]string{}
	for range w.IntN(5) {
		from := w.IntN(2)
		data := w.data(1 + w.IntN(60))
		switch {
		case w.IntN(6) == 0: // both at once
			back := w.data(1 + w.IntN(60))
			one := w.send(data)[0]
			data = data[:len(unquoted(one))]
			two := w.send(back)[0]
			back = back[:len(unquoted(two))]
			sides[from] = append(sides[from], fmt.Sprintf("{parallel: [%s, {expect: %q}]}", one, back))
			sides[1-from] = append(sides[1-from], fmt.Sprintf("{parallel: [{expect: %q}, %s]}", data, two))
		default:
			sides[from] = append(sides[from], w.send(data)...)
			sides[1-from] = append(sides[1-from], w.expect(data)...)
		}
	}
	first := w.IntN(2) // who ends first
	add := func(side int, steps ...string) { sides[side] = append(sides[side], steps...) }
	switch w.IntN(6) {
	case 0: // a last word after the half-close
		add(first, "shutdown")
		data := w.data(20)
		add(1-first, "{expect: {eof}}")
		add(1-first, w.send(data)...)
		add(first, w.expect(data)...)
	case 1: // all that is left
		data := w.data(20)
		add(first, w.send(data)...)
		add(first, "close")
		add(1-first, fmt.Sprintf("{expect: {rest, equals: %q}}", data), "{expect: {eof}}")
	case 2: // the other side's last byte says that it has taken all
		add(1-first, `{send: "."}`, "{expect: {reset}}")
		add(first, `{expect: "."}`, "reset")
	case 3:
		add(1-first, `{send: "."}`, "{expect: {end}}")
		add(first, `{expect: "."}`, "{close: {now}}")
	case 4:
		add(first, "close")
		add(1-first, "{close: {discard}}")
	}
	if len(sides[0]) == 0 || !strings.HasPrefix(sides[0][len(sides[0])-1], "close") && !strings.HasPrefix(sides[0][len(sides[0])-1], "{close") && sides[0][len(sides[0])-1] != "reset" {
		sides[0] = append(sides[0], "close")
	}
	if len(sides[1]) == 0 {
		sides[1] = append(sides[1], "close")
	}
	return sides[0], sides[1]
}

// unquoted is the text of a send that was made up.
func unquoted(step string) string {
	text, _ := strconv.QuotedPrefix(strings.TrimPrefix(step, "{send: {text: "))
	s, _ := strconv.Unquote(text)
	return s
}

func (w *writer) scenario() string {
	var servers, clients strings.Builder
	servers.WriteString("servers:\n")
	clients.WriteString("clients:\n")
	n := 1 + w.IntN(4)
	scripts := make([][]string, n)
	for i := range 1 + w.IntN(3) { // servers
		options := []string{"", "at_once: 1, ", "backlog: 100, ", "rcvbuf: 4096, sndbuf: 4096, "}[w.IntN(4)]
		fmt.Fprintf(&servers, "  s%d: {%sconnections: {", i, options)
		for c := range scripts {
			client, server := w.conversation()
			scripts[c] = append(scripts[c], fmt.Sprintf("{connect: s%d}", i))
			scripts[c] = append(scripts[c], client...)
			fmt.Fprintf(&servers, "c%d: [%s], ", c, strings.Join(server, ", "))
		}
		servers.WriteString("}}\n")
		for c := range scripts { // between the servers, as it would wait for good where one is served at a time
			switch w.IntN(3) {
			case 0:
				scripts[c] = append(scripts[c], fmt.Sprintf("{signal: g%d}", i))
			case 1:
				scripts[c] = append(scripts[c], "{wait: 1ms}")
			}
		}
		if w.IntN(2) == 0 {
			for c := range scripts {
				scripts[c] = append(scripts[c], fmt.Sprintf("{meet: m%d}", i))
			}
		}
	}
	for c, steps := range scripts {
		after := ""
		if c > 0 && !strings.Contains(strings.Join(steps, ""), "{meet: m") && w.IntN(3) == 0 {
			after = fmt.Sprintf("after: c%d, ", w.IntN(c))
		}
		fmt.Fprintf(&clients, "  c%d: {%ssteps: [%s]}\n", c, after, strings.Join(steps, ", "))
	}
	return servers.String() + clients.String()
}

// Scenarios that must pass do, with the same transcripts however the senders
// cut what they send.
func TestAnyScenario(t *testing.T) {
	t.Parallel()
	n := 40
	if testing.Short() {
		n = 20
	}
	seed := rand.Uint64()
	for i := range n {
		text := func(sliced bool) string {
			w := &writer{rand.New(rand.NewPCG(seed, uint64(i))), sliced, rand.New(rand.NewPCG(seed, uint64(i+1)))}
			return w.scenario()
		}
		whole := passes(t, text(false))
		cut := passes(t, text(true))
		if a, b := transcripts(whole), transcripts(cut); a != b || t.Failed() {
			t.Fatalf("seed %d, scenario %d:\n%s\nis\n%s\nand in slices\n%s", seed, i, text(true), a, b)
		}
	}
}

// A thousand clients at once, who all wait for each other.
func TestThousandClients(t *testing.T) {
	var b strings.Builder
	b.WriteString(`
timeout: 2m # of a busy machine
servers:
  s: {backlog: 1024, reply: "hhhh"}
  t: {backlog: 1024, at_once: 3, steps: [{expect: {line}}, {signal: served}]}
clients:
  last: [{await: {signal: served, times: 1000}}]
`)
	for i := range 1000 {
		fmt.Fprintf(&b, "  c%d: [{meet: start}, {connect: s}, {send: x, expect: hhhh}, close, {connect: t}, {send: {line: x}}]\n", i)
	}
	result := passes(t, b.String())
	if len(result.Actors) != 3001 || result.Actors[1001].Name != "s/c0" || result.Actors[3000].Name != "t/c999" {
		t.Errorf("%d actors, in the wrong order", len(result.Actors))
	}
	for _, a := range result.Actors[1001:] {
		if a.Peer == "" {
			t.Fatalf("%s has no peer", a.Name)
		}
	}
}

// 10 MiB in each direction at once, in big frames of every kind.
func TestBigFrames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "big")
	data := bytes.Repeat([]byte("0123456789abcde\n"), 10<<20/16)
	copy(data[len(data)-4:], "end;")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(`
servers: {s: {steps: [{parallel: [{send: {file: FILE}}, {expect: MATCH}]}]}}
clients: {c: [{connect: s}, {parallel: [{send: {file: FILE}}, {expect: MATCH}]}]}
`, "FILE", file)
	var first string
	for _, match := range []string{
		`{file: ` + file + `}`,
		`{until: ";"}`,
		`{until: "end;", suffix: "bend;", prefix: "0123", contains: "abend"}`,
		fmt.Sprintf(`{bytes: %d, sha256: %x}`, len(data), sha256.Sum256(data)),
		fmt.Sprintf(`{bytes: %d, regex: "end;$"}`, len(data)),
		fmt.Sprintf(`{bytes: %d, suffix: {file: %s}}`, len(data), file),
		fmt.Sprintf(`{until: ";", max: %d}`, len(data)),
	} {
		text := strings.ReplaceAll(text, "MATCH", match)
		got := transcripts(passes(t, text))
		if first == "" {
			first = got
		}
		if got != first {
			t.Errorf("%s: %s", match, got)
		}
	}
}

// max is exact to the byte.
func TestMax(t *testing.T) {
	for _, test := range []struct {
		expect string
		sent   string
		want   string
	}{
		{`{line, max: 6}`, "abcd\r\n", ""},
		{`{line, max: 5}`, "abcd\r\n", "longer than max"},
		{`{until: ";", max: 5}`, "abcd;", ""},
		{`{until: ";", max: 4}`, "abcd;", "longer than max"},
		{`{rest, max: 5}`, "abcd;", ""},
		{`{rest, max: 4}`, "abcd;", "longer than max"},
	} {
		for _, slice := range []string{"", ", slice: 1", ", slice: 1, every: 1ms", ", slice: 4, every: 1ms"} {
			result := run(t, fmt.Sprintf(`
servers: {s: {steps: [{send: {text: %q%s}}]}}
clients: {c: [{connect: s}, {expect: %s}]}
`, test.sent, slice, test.expect))
			got := strings.Join(failures(result), "; ")
			if test.want == "" && got != "" || !strings.Contains(got, test.want) || len(result.Failures) > 1 {
				t.Errorf("%s%s: %s", test.expect, slice, got)
			}
			if test.want != "" && result.Failures[0].Kind != runner.Differs {
				t.Errorf("%s%s: kind %d", test.expect, slice, result.Failures[0].Kind)
			}
		}
	}
}
