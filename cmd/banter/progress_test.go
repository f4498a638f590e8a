package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"banter/runner"
	"banter/runner/scenario"

	"github.com/creack/pty"
)

// The line is gone before a report is written, and stays away in the end.
func TestProgressMakesWay(t *testing.T) {
	var terminal bytes.Buffer
	line := newProgress(&terminal, 2, func() int { return 80 })
	out := line.makeWay(&terminal)
	one, two := &scenario.Scenario{Name: "one"}, &scenario.Scenario{Name: "two"}
	line.began(one)
	line.began(two)
	line.ended(&runner.Play{Scenario: one, Err: io.ErrUnexpectedEOF})
	fmt.Fprintln(out, "report")
	line.tick()
	fmt.Fprintln(out, "report")
	line.end()
	line.tick()
	want := "report\n\r\x1b[J[==========>         ]  1 of 2  1 failed  0 s left  two\r\r\x1b[Jreport\n"
	if got := terminal.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Where nobody watches there is no line.
func TestNoProgress(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	t.Setenv("TERM", "xterm")
	none := (&app{stderr: w}).progressOf(&runFlags{}, 1)
	if none != nil {
		t.Fatal("there is a line in a pipe")
	}
	var suite runner.SuiteOptions
	none.watch(&suite)
	if suite.Began != nil || none.makeWay(w) != io.Writer(w) {
		t.Error("no line listens")
	}
	none.end()

	_, tty := openTerminal(t, 80)
	if (&app{stderr: tty}).progressOf(&runFlags{quiet: true}, 1) != nil {
		t.Error("there is a line with -q")
	}
	t.Setenv("TERM", "dumb")
	if (&app{stderr: tty}).progressOf(&runFlags{}, 1) != nil {
		t.Error("there is a line on a dumb terminal")
	}
}

// openTerminal returns the two sides of a terminal: what a person sees, and what programs
// write to.
func openTerminal(t *testing.T, columns uint16) (seen, tty *os.File) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such terminals")
	}
	seen, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { seen.Close(); tty.Close() })
	if err := pty.Setsize(seen, &pty.Winsize{Rows: 24, Cols: columns}); err != nil {
		t.Fatal(err)
	}
	return seen, tty
}

// A run of two scenarios on a terminal. One of them lasts until the line is
// there that says that it runs; in the end nothing is left of the line.
func TestProgressOnATerminal(t *testing.T) {
	seen, tty := openTerminal(t, 72)
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "1")
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	file := filepath.Join(t.TempDir(), "two.yaml")
	text := fmt.Sprintf(`
name: 你好-slow
clients:
  ann:
    - {connect: "%s", within: 60s}
    - {expect: "x", within: 60s}
---
name: quick
servers: {s: {reply: "no"}}
clients: {ann: [connect: s, send: "a", expect: "ok"]}
`, server.Addr())
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}

	status := make(chan int, 1)
	go func() {
		status <- run(t.Context(), []string{"run", "-j", "2", file}, nil, tty, tty)
		tty.Close()
	}()
	conn, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	var raw bytes.Buffer
	const line = "[==========>         ]  1 of 2  1 failed  "
	for p, said := make([]byte, 4096), false; ; {
		n, err := seen.Read(p)
		raw.Write(p[:n])
		if err != nil { // EIO, once the other side is closed
			break
		}
		if now := screen(raw.String()); !said && strings.HasPrefix(now[len(now)-1], line) && strings.HasSuffix(now[len(now)-1], "  你好-slow") {
			said = true
			if _, err := io.WriteString(conn, "x"); err != nil {
				t.Error(err)
			}
			conn.(*net.TCPConn).CloseWrite()
		}
	}
	if got := <-status; got != statusFailed {
		t.Errorf("exit status %d", got)
	}
	got := strings.Join(screen(raw.String()), "\n")
	if !strings.HasPrefix(got, "ok    你好-slow ") || !strings.Contains(got, "\n2 scenarios, 1 passed, 1 failed ") || strings.Contains(got, "1 of 2  ") {
		t.Errorf("in the end there is\n%s", got)
	}
}

// screen is the lines that a terminal shows, which has room for all of them.
func screen(raw string) []string {
	lines := [][]rune{nil}
	column := 0
	for raw != "" {
		if rest, ok := strings.CutPrefix(raw, "\x1b[J"); ok {
			lines[len(lines)-1] = lines[len(lines)-1][:column]
			raw = rest
			continue
		}
		last := &lines[len(lines)-1]
		for i, r := range raw {
			raw = raw[i+len(string(r)):]
			switch {
			case r == '\n':
				lines, column = append(lines, nil), 0
			case r == '\r':
				column = 0
			case column < len(*last):
				(*last)[column] = r
				column++
			default:
				*last = append(*last, r)
				column++
			}
			break
		}
	}
	var out []string
	for _, line := range lines {
		out = append(out, string(line))
	}
	return out
}
