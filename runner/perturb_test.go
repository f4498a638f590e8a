package runner_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/scenario"
)

// perturb plays a scenario with a fixed seed.
func perturb(t *testing.T, s *scenario.Scenario, opts runner.Options, by runner.Perturbation) runner.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := runner.Perturb(ctx, s, opts, by)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What this program does itself must never make a difference: every scenario of
// the repository holds, however it is perturbed.
func TestPerturbedScenariosHold(t *testing.T) {
	files, err := filepath.Glob("../scenarios/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, path := range files {
		f, err := scenario.Read(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if f.Problems.HaveErrors() {
			continue // it needs to be allowed to start programs
		}
		for _, s := range f.Scenarios {
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				if r := perturb(t, s, runner.Options{}, runner.Perturbation{Times: 4, Seed: 7}); !r.Passed() {
					t.Errorf("with %d changes: %s", len(r.Changes), r.Failures[0].Message)
				}
			})
		}
	}
}

const pingOnce = `
servers: {pinger: {message: line, rules: [{when: PING, send: {line: +PONG}}]}}
clients:
  ann:
    - connect: pinger
    - {send: {line: PING}, expect: {line: +PONG}}
    - {send: {line: PING}, expect: {line: +PONG}}
    - close
`

// faulty is a server that takes a read for a message: it answers where a read
// ends with CR LF, and forgets whatever does not.
func faulty(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				read := make([]byte, 1024)
				for {
					n, err := conn.Read(read)
					if err != nil {
						return
					}
					if bytes.HasSuffix(read[:n], []byte("\r\n")) {
						io.WriteString(conn, "+PONG\r\n")
					}
				}
			}()
		}
	}()
	return ln.Addr().String()
}

// A server that takes a read for a message passes a plain run, and is found out,
// with the one cut that matters: between CR and LF.
func TestPerturbFindsTheCut(t *testing.T) {
	s := parse(t, "timeout: 2s\n"+pingOnce)
	opts := runner.Options{Connect: map[string]string{"pinger": faulty(t)}}
	if r := perturb(t, s, opts, runner.Perturbation{}); !r.Passed() {
		t.Fatal(failures(r))
	}
	r := perturb(t, s, opts, runner.Perturbation{Times: 20, Seed: 7})
	if r.Passed() {
		t.Fatal("not found")
	}
	one := []runner.Change{{Actor: "ann", Send: 1, Cut: 5}}
	two := []runner.Change{{Actor: "ann", Send: 2, Cut: 5}}
	if !slices.Equal(r.Changes, one) && !slices.Equal(r.Changes, two) {
		t.Errorf("changes %v", r.Changes)
	}
	if got := strings.Join(r.Failures[0].Notes, "\n"); !strings.Contains(got, `cut after 5 bytes: "PING\r" | "\n"`) {
		t.Errorf("notes: %s", got)
	}
	again := perturb(t, s, opts, runner.Perturbation{Changes: r.Changes})
	if again.Passed() {
		t.Error("it passes with the changes that were found")
	}
}

// The same server done right has nothing to show.
func TestPerturbFindsNothing(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					io.WriteString(conn, "+PONG\r\n")
				}
			}()
		}
	}()
	opts := runner.Options{Connect: map[string]string{"pinger": ln.Addr().String()}}
	if r := perturb(t, parse(t, pingOnce), opts, runner.Perturbation{Times: 20, Seed: 7}); !r.Passed() {
		t.Errorf("with %v: %s", r.Changes, failures(r))
	}
}

// A scenario that leaves an order open is found out too: who comes first gets the
// first script.
func TestPerturbFindsAnOrder(t *testing.T) {
	s := parse(t, `
timeout: 2s
servers:
  board:
    connections:
      - [expect: {line}, send: {line: first}, close]
      - [expect: {line}, send: {line: second}, close]
clients:
  ann: [connect: board, send: {line: ann}, expect: {line: first}, signal: done, close]
  ben: [wait: 1ms, connect: board, send: {line: ben}, expect: {line: second}, close]
`)
	r := perturb(t, s, runner.Options{}, runner.Perturbation{Changes: []runner.Change{{Actor: "ann", Late: true}}})
	if r.Passed() {
		t.Error("ann came late, and nobody noticed")
	}
}

// blamed is what a result's first failure says, with its notes.
func blamed(r runner.Result) string {
	if r.Passed() {
		return "passed"
	}
	return r.Failures[0].Message + "\n" + strings.Join(r.Failures[0].Notes, "\n")
}

// counting is a server that answers lines, and of which the conversations with
// the numbers that wrong names, from 1, get a wrong answer.
func counting(t *testing.T, wrong func(n int) bool) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for n := 1; ; n++ {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			answer := "+PONG\r\n"
			if wrong(n) {
				answer = "+PANG\r\n"
			}
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				io.WriteString(conn, answer)
			}
			conn.Close()
		}
	}()
	return ln.Addr().String()
}

// A server that fails now and then by itself is not told to mind the changes.
func TestPerturbFlaky(t *testing.T) {
	every := counting(t, func(n int) bool { return n%2 == 0 })
	r := perturb(t, parse(t, pingOnce), runner.Options{Connect: map[string]string{"pinger": every}}, runner.Perturbation{Times: 20, Seed: 7})
	if got := blamed(r); !strings.Contains(got, "it fails now and then as it is written") || r.Changes != nil {
		t.Errorf("with %v: %s", r.Changes, got)
	}
	once := counting(t, func(n int) bool { return n == 2 })
	r = perturb(t, parse(t, pingOnce), runner.Options{Connect: map[string]string{"pinger": once}}, runner.Perturbation{Times: 20, Seed: 7})
	if got := blamed(r); !strings.Contains(got, "not each time with these 5 changes (seed 7), among them:") {
		t.Errorf("with %v: %s", r.Changes, got)
	}
}

// The pauses of a perturbed run are not the peer's doing: steps that have little
// time hold all the same, and what is to take all of its time takes no more.
func TestPerturbLittleTime(t *testing.T) {
	r := perturb(t, parse(t, `
servers:
  s:
    steps:
      - {expect: {line}, within: 10ms}
      - {send: {line: "a reply of some length, which is cut after every byte"}}
      - {send: {fill: x, size: 16MiB}, within: 10ms, expect: {timeout}}
      - signal: stuck
      - close: {now}
clients:
  ann:
    - connect: s
    - send: {line: "a line of some length, which is cut after every byte"}
    - {expect: {line}, within: 10ms}
    - await: stuck
    - close: {discard}
`), runner.Options{}, runner.Perturbation{Changes: []runner.Change{
		{Actor: "ann", Send: 1, Cut: 1}, {Actor: "ann", Send: 1, Cut: 2},
		{Actor: "s/ann", Send: 1, Cut: 1}, {Actor: "s/ann", Send: 1, Cut: 2},
	}})
	if !r.Passed() {
		t.Error(failures(r))
	}
}

// A cut is not shown in the place of a secret, whose length is another.
func TestPerturbSecret(t *testing.T) {
	s := parse(t, strings.ReplaceAll("timeout: 1s\n"+pingOnce, "PING", "PING hunter2"))
	s.Secrets = [][]byte{[]byte("hunter2")}
	opts := runner.Options{Connect: map[string]string{"pinger": faulty(t)}}
	r := perturb(t, s, opts, runner.Perturbation{Changes: []runner.Change{{Actor: "ann", Send: 1, Cut: 13}}})
	if got := blamed(r); !strings.Contains(got, "send 1 of ann cut after 13 bytes") || strings.Contains(got, "hunter") {
		t.Error(got)
	}
}

func TestPerturbSome(t *testing.T) {
	r := perturb(t, parse(t, `
servers: {greeter: {reply: hhhh}}
clients: {ann: [connect: greeter, send: hello, expect: {some: 4}, close: {discard}]}
`), runner.Options{}, runner.Perturbation{Times: 3})
	if !r.Passed() || !strings.Contains(r.Note, `it uses "some" in line 3`) {
		t.Errorf("%s, note %q", failures(r), r.Note)
	}
}

func TestParseChange(t *testing.T) {
	for _, text := range []string{"ann:2@5", "greeter/ann#2:1=", "ann:12+", "crowd/7:late", "ann:small"} {
		c, err := runner.ParseChange(text)
		if err != nil || c.String() != text {
			t.Errorf("%s: %v, %v", text, c, err)
		}
	}
	for _, text := range []string{"", "ann", ":late", "ann:", "ann:0@5", "ann:1@0", "ann:1@", "ann:@5", "ann:x+", "ann:-1=", "20"} {
		if c, err := runner.ParseChange(text); err == nil {
			t.Errorf("%q is %v", text, c)
		}
	}
}
