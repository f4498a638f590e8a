package runner_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"banter/runner"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a run may take, on however slow a machine.
const patience = time.Minute

// parse is the one scenario of a text. Where the text gives no timeout, none comes
// in the time of a test: who waits for what does not come, hangs.
func parse(t testing.TB, text string) *scenario.Scenario {
	t.Helper()
	config := scenario.Config{Allow: scenario.Allow{Read: []string{"../scenarios", os.TempDir()}}}
	file := config.Parse("test.yaml", []byte(text))
	for _, p := range file.Problems.Errors() {
		// What check knows of circles, the run has to find out as well.
		if !strings.HasPrefix(p.Message, "the clients wait for each other in a circle") {
			t.Fatal(file.Problems)
		}
	}
	s := file.Scenarios[0]
	if s.Timeout == scenario.DefaultTimeout {
		s.Timeout = time.Hour
	}
	return s
}

func run(t testing.TB, text string) runner.Result {
	t.Helper()
	return play(t, parse(t, text))
}

func play(t testing.TB, s *scenario.Scenario) runner.Result {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, errors.New("the run does not end"))
	defer cancel()
	result, err := runner.Run(ctx, s, runner.Options{})
	if err != nil {
		t.Fatal(err, failures(result))
	}
	return result
}

func passes(t testing.TB, text string) runner.Result {
	t.Helper()
	result := run(t, text)
	for _, f := range result.Failures {
		t.Errorf("%s: %s: %s %q", f.Pos, f.Actor, f.Message, f.Notes)
	}
	return result
}

// failures are a result's failures, a line each.
func failures(r runner.Result) (lines []string) {
	for _, f := range r.Failures {
		lines = append(lines, fmt.Sprintf("%d:%d %s: %s", f.Pos.Line, f.Pos.Col, f.Actor, f.Message))
	}
	return lines
}

// transcripts are what all actors of a result saw, as text.
func transcripts(r runner.Result) string {
	var b strings.Builder
	for _, a := range r.Actors {
		fmt.Fprintf(&b, "%s:\n", a.Name)
		for _, e := range a.Observed {
			fmt.Fprintf(&b, "  %s\n", e.Event)
		}
	}
	return b.String()
}

// conversations are scenarios that pass, and what their actors see.
var conversations = []struct{ name, text, want string }{
	{"greeting", `
servers: {greeter: {backlog: 128, reply: "hhhh"}}
clients: {ann: [{connect: greeter}, {send: "hello"}, {expect: "hhhh"}, close]}
`, `
ann:
  connect greeter
  > "hello"
  < "hhhh"
  < eof
  close
greeter/ann:
  accept
  < "hello"
  > "hhhh"
  < eof
  close
`}, {"a reply to what comes in pieces", `
servers: {greeter: {reply: "hhhh"}}
clients: {ann: [{connect: greeter}, {send: {text: "hello", slice: 1, every: 1ms}}, {expect: "hhhh"}, close]}
`, `
ann:
  connect greeter
  > "hello"
  < "hhhh"
  < eof
  close
greeter/ann:
  accept
  < "hello"
  > "hhhh"
  < eof
  close
`}, {"half-close, both directions", `
servers: {s: {steps: [{send: "first"}, {expect: {rest, equals: "question"}}, {expect: {eof}}, {send: "answer"}, close]}}
clients: {c: [{connect: s}, {send: "quest"}, {send: "ion"}, shutdown, {expect: "firstanswer"}, {expect: {eof}}, close]}
`, `
c:
  connect s
  > "question"
  shutdown
  < "firstanswer"
  < eof
  close
s/c:
  accept
  > "first"
  < "question"
  < eof
  > "answer"
  close
`}, {"refused, then served", `
servers: {s: {listen: false, reply: "hhhh"}}
clients:
  c:
    - {connect: s, expect: {refused}}
    - start: s
    - connect: s
    - {send: "x", expect: "hhhh"}
`, `
c:
  connect s
  refused
  start s
  connect s
  > "x"
  < "hhhh"
  < eof
  close
s/c:
  accept
  < "x"
  > "hhhh"
  < eof
  close
`}, {"a server that starts late, on a port of its own", `
servers: {s: {start: false, reply: "hhhh"}}
clients: {c: [{connect: s, expect: {refused}}, {start: s}, {connect: s}, {send: "x", expect: "hhhh"}]}
`, `
c:
  connect s
  refused
  start s
  connect s
  > "x"
  < "hhhh"
  < eof
  close
s/c:
  accept
  < "x"
  > "hhhh"
  < eof
  close
`}, {"stopped, and started again", `
servers: {s: {steps: [{expect: "a"}, {send: "b"}, {expect: {eof}}]}}
clients:
  old:
    - connect: s
    - signal: old-is-in
    - await: tried
    - {send: "a", expect: "b"}
    - close
    - signal: old-is-out
  new:
    - await: old-is-in
    - stop: s
    - {connect: s, expect: {refused}}
    - signal: tried
    - await: old-is-out
    - start: s
    - connect: s
    - {send: "a", expect: "b"}
`, `
old:
  connect s
  > "a"
  < "b"
  < eof
  close
new:
  stop s
  connect s
  refused
  start s
  connect s
  > "a"
  < "b"
  < eof
  close
s/old:
  accept
  < "a"
  > "b"
  < eof
  close
s/new:
  accept
  < "a"
  > "b"
  < eof
  close
`}, {"reset", `
servers: {s: {steps: [{expect: "x"}, reset]}}
clients: {c: [{connect: s}, {send: "x"}, {expect: {reset}}, close]}
`, `
c:
  connect s
  > "x"
  < reset
  close
s/c:
  accept
  < "x"
  reset
`}, {"ended in either way", `
servers: {s: {steps: [{expect: "x"}, {close: {now}}]}}
clients: {c: [{connect: s}, {send: "x"}, {expect: {end}}, close]}
`, `
c:
  connect s
  > "x"
  < end
  close
s/c:
  accept
  < "x"
  close
`}, {"twice by one client", `
servers: {s: {connections: [[{expect: "1"}], [{expect: "2"}]]}}
clients: {c: [{connect: s}, {send: "1"}, close, {connect: s}, {send: "2"}, close]}
`, `
c:
  connect s
  > "1"
  < eof
  close
  connect s
  > "2"
  < eof
  close
s/c:
  accept
  < "1"
  < eof
  close
s/c#2:
  accept
  < "2"
  < eof
  close
`}, {"connections by client", `
servers: {s: {connections: {b: [{expect: "b"}], a: [{expect: "a"}]}}}
clients: {a: [{connect: s}, {send: "a"}], b: [{connect: s}, {send: "b"}]}
`, `
a:
  connect s
  > "a"
  < eof
  close
b:
  connect s
  > "b"
  < eof
  close
s/a:
  accept
  < "a"
  < eof
  close
s/b:
  accept
  < "b"
  < eof
  close
`}, {"by address", `
servers: {s: {reply: "hhhh"}}
clients: {c: [{connect: "127.0.0.1:${s.port}"}, {send: "x", expect: "hhhh"}]}
`, `
c:
  connect s
  > "x"
  < "hhhh"
  < eof
  close
s/c:
  accept
  < "x"
  > "hhhh"
  < eof
  close
`}, {"IPv6", `
servers: {s: {bind: "[::1]:0", reply: "hhhh"}}
clients: {c: [{connect: s}, {send: "x", expect: "hhhh"}]}
`, `
c:
  connect s
  > "x"
  < "hhhh"
  < eof
  close
s/c:
  accept
  < "x"
  > "hhhh"
  < eof
  close
`}, {"every address", `
servers: {s: {bind: ":0", reply: "hhhh"}}
clients: {c: {bind: "127.0.0.1:0", steps: [{connect: s}, {send: "x", expect: "hhhh"}]}}
`, `
c:
  connect s
  > "x"
  < "hhhh"
  < eof
  close
s/c:
  accept
  < "x"
  > "hhhh"
  < eof
  close
`}, {"unread bytes that are allowed", `
servers: {s: {steps: [{send: "who reads this?"}, {expect: {eof}}, close]}}
clients: {c: [{connect: s}, {close: {discard}}]}
`, `
c:
  connect s
  < end
  close
s/c:
  accept
  > "who reads this?"
  < eof
  close
`},
}

func TestTranscripts(t *testing.T) {
	for _, test := range conversations {
		t.Run(test.name, func(t *testing.T) {
			for range 20 {
				if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), transcripts(passes(t, test.text))); diff != "" {
					t.Fatal(diff)
				}
			}
		})
	}
}

// Each failure is one line, at its place.
func TestFailures(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"bytes differ", `
servers: {s: {reply: "hhxh\n"}}
clients:
  c:
    - connect: s
    - send: "hello"
    - expect: "hhhh"
    - close
`, []string{"7:7 c: the bytes differ at offset 2"}},
		{"too few bytes", `
servers: {s: {reply: "hh"}}
clients: {c: [{connect: s}, {send: "hello"}, {expect: "hhhh"}]}
`, []string{"3:47 c: eof after 2 of 4 bytes"}},
		{"too many bytes", `
servers: {s: {reply: "hhhhh"}}
clients: {c: [{connect: s}, {send: "hello"}, {expect: "hhhh"}]}
`, []string{`3:47 c: at the end: unread: 1 byte came that no step took: "h"`}},
		{"unread at a close", `
servers: {s: {steps: [{expect: "a"}, close]}}
clients: {c: [{connect: s}, {send: "ab"}, close]}
`, []string{`2:38 s/c: unread: 1 byte came that no step took: "b"`}},
		{"bytes to a server without a script", `
servers: {s: {}}
clients: {c: [{connect: s}, {send: "ab"}]}
`, []string{`2:11 s/c: unread: 2 bytes came that no step took: "ab"`}},
		{"bytes for eof", `
servers: {s: {steps: [{send: "x"}]}}
clients: {c: [{connect: s}, {expect: {eof}}]}
`, []string{`3:30 c: bytes came, where eof was expected`}},
		{"refused", `
servers: {s: {listen: false}}
clients: {c: [{connect: s}]}
`, []string{`3:16 c: the connection to s was refused`}},
		{"not refused", `
servers: {s: {}}
clients: {c: [{connect: s, expect: {refused}}]}
`, []string{`3:36 c: connected, where refused was expected`}},
		{"reset for bytes", `
servers: {s: {steps: [{expect: "x"}, reset]}}
clients: {c: [{connect: s}, {send: "x"}, {expect: "y"}]}
`, []string{`3:43 c: reset after 0 of 1 byte`}},
		{"reset for eof", `
servers: {s: {steps: [{expect: "x"}, reset]}}
clients: {c: [{connect: s}, {send: "x"}, {expect: {eof}}]}
`, []string{`3:43 c: reset came, where eof was expected`}},
		{"eof for reset", `
servers: {s: {steps: [{expect: "x"}, close]}}
clients: {c: [{connect: s}, {send: "x"}, {expect: {reset}}]}
`, []string{`3:43 c: eof came, where reset was expected`}},
		{"a reset instead of an end", `
servers: {s: {steps: [{expect: "x"}, reset]}}
clients: {c: [{connect: s}, {send: "x"}, close]}
`, []string{`3:42 c: the connection was reset, where an end in order was expected`}},
		{"silence", `
servers: {s: {steps: [{send: "x"}, {expect: {eof}}]}}
clients: {c: [{connect: s}, {expect: {silence: 50ms}}]}
`, []string{`3:30 c: bytes came, where silence for 50ms was expected`}},
		{"nobody called", `
servers: {s: {}, t: {}}
clients: {c: [{connect: s}]}
`, []string{"2:18 t: nobody called this server"}},
		{"too few connections", `
servers: {s: {connections: [[close], [close]]}}
clients: {c: [{connect: s}]}
`, []string{"2:38 s: 1 of 2 connections came"}},
		{"too many connections", `
servers: {s: {connections: [[close]]}}
clients: {c: [{connect: s}, close, {connect: s}]}
`, []string{"2:11 s/c#2: connection 2 came; connections lists 1"}},
		{"no script for a client", `
servers: {s: {connections: {d: [close]}}}
clients: {c: [{connect: s}], d: [{connect: s}]}
`, []string{"2:11 s/c: connections has no script for this client"}},
		{"a script that has not ended", `
servers: {s: {steps: [{expect: "a"}, {send: "b"}, {expect: "c"}]}}
clients: {c: [{connect: s}, {send: "a"}, {expect: "b"}, close]}
`, []string{"2:52 s/c: eof after 0 of 1 byte"}},
		{"a signal that can't come", `
servers: {s: {steps: [{expect: "a"}, {signal: got-a}]}}
clients:
  c: [{connect: s}, close]
  d: [{await: got-a}]
`, []string{"2:24 s/c: eof after 0 of 1 byte", `5:8 d: signal "got-a" will not come`}},
		{"a meeting that can't come about", `
servers: {s: {}}
clients:
  c: [{meet: noon}, {meet: noon}]
  d: [{meet: noon}, {connect: s}]
`, []string{`4:22 c: meeting "noon" can't come about`}},
		{"two who wait for each other", `
servers: {s: {}}
clients:
  c: [{connect: s}, {await: d-done}, {signal: c-done}]
  d: [{await: c-done}, {signal: d-done}]
`, []string{`4:22 c: signal "d-done" will not come`, `5:8 d: signal "c-done" will not come`}},
		{"the reply that was demanded did not come", `
servers: {s: {reply: {after: "hello", send: "hhhh"}}}
clients: {c: [{connect: s}, {send: "hullo"}, {expect: "hhhh"}]}
`, []string{"2:30 s/c: the bytes differ at offset 1", "3:47 c: eof after 0 of 4 bytes"}},
		{"a backlog that the machine does not allow", `
servers: {s: {backlog: 65535}}
clients: {c: [{connect: s}]}
`, []string{"2:11 s: backlog 65535: this machine allows 4096 (net.core.somaxconn)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for range 10 {
				if diff := cmp.Diff(test.want, failures(run(t, test.text))); diff != "" {
					t.Fatal(diff)
				}
			}
		})
	}
}

// A timeout ends the scenario at that instant, and says who else waited.
func TestTimeout(t *testing.T) {
	result := run(t, `
servers: {s: {steps: [{expect: "never"}]}}
clients:
  c: [{connect: s}, {send: "ne"}, {expect: "x", within: 100ms}]
  d: {after: c, steps: [{wait: 1h}]}
`)
	want := []string{
		"4:36 c: timeout after 100ms: 0 of 1 byte had come",
		`2:24 s/c: was waiting: expect "never"; 2 of 5 bytes had come`,
		"5:3 d: had not started: it comes after c",
	}
	got := failures(result)
	if len(got) == 3 && strings.HasPrefix(got[1], "5:3") {
		got[1], got[2] = got[2], got[1] // who is woken first is nobody's doing
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What comes after the first wrong byte is shown, too.
func TestMismatchHasWhatElseCame(t *testing.T) {
	result := run(t, `
servers: {s: {reply: {text: "hhxh\n", slice: 1, every: 1ms}}}
clients: {c: [{connect: s}, {send: "hello"}, {expect: "hhhh"}]}
`)
	f := result.Failures[0]
	if string(f.Want) != "hhhh" || string(f.Got) != "hhxh\n" || f.Offset != 2 {
		t.Errorf("want %q, got %q, at %d", f.Want, f.Got, f.Offset)
	}
	ann := result.Actors[0]
	want := "connect s\n> \"hello\"\n< \"hhhh\"\n< eof\nclose\n"
	if got := transcript.Text(ann.Expected); got != want {
		t.Errorf("expected transcript %q, want %q", got, want)
	}
}

// A send that meets a reset has no verdict of its own: whether the RST was
// there before it is a matter of timing.
func TestSendAfterReset(t *testing.T) {
	for _, text := range []string{`
servers: {s: {steps: [{expect: "x"}, reset]}}
clients: {c: [{connect: s}, {send: "x"}, {send: "y"}, {send: "z"}, {expect: {reset}}]}
`, `
servers: {s: {steps: [{expect: "x"}, reset]}}
clients: {c: [{connect: s}, {send: "x"}, {wait: 5ms}, {send: "y"}, {send: "z"}, {expect: {reset}}, close]}
`, `
servers: {s: {steps: [{expect: "x"}, reset]}}
clients: {c: [{connect: s}, {send: "x"}, {send: "yz", expect: {reset}}, close]}
`} {
		var first string
		for range 30 {
			got := transcripts(passes(t, text))
			if first == "" {
				first = got
			}
			if diff := cmp.Diff(first, got); diff != "" {
				t.Fatal(diff)
			}
		}
	}
}

func TestFlowControl(t *testing.T) {
	text := `
servers: {s: {rcvbuf: 4096, steps: [{await: stuck}, {expect: "01"}, {close: {discard}}]}}
clients:
  c:
    sndbuf: 4096
    steps:
      - connect: s
      - {send: {text: "BIG"}, within: 100ms, expect: {timeout}}
      - signal: stuck
`
	text = strings.Replace(text, "BIG", strings.Repeat("0123456789", 50_000), 1)
	var first string
	for range 3 {
		got := transcripts(passes(t, text))
		if first == "" {
			first = got
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestBacklog(t *testing.T) {
	passes(t, `
servers: {s: {backlog: 1, accept: 0}}
clients:
  a: [{connect: s}, {signal: in}, {await: tried}, {close: {now}}]
  b: [{connect: s}, {signal: in}, {await: tried}, {close: {now}}]
  c: [{await: {signal: in, times: 2}}, {connect: s, within: 200ms, expect: {timeout}}, {signal: tried}]
`)
}

func TestAtOnce(t *testing.T) {
	result := passes(t, `
servers: {s: {at_once: 1, steps: [{send: "go"}, {expect: "done"}]}}
clients:
  a: [{connect: s}, {expect: "go"}, {signal: a-is-served}, {await: b-is-in}, {expect: {silence: 20ms}}, {send: "done"}]
  b: [{await: a-is-served}, {connect: s}, {signal: b-is-in}, {expect: "go"}, {send: "done"}]
`)
	if len(result.Actors) != 4 {
		t.Errorf("%d actors", len(result.Actors))
	}
}

func TestAcceptAtMost(t *testing.T) {
	passes(t, `
servers: {s: {accept: 1, steps: [{expect: "x"}]}}
clients:
  a: [{connect: s}, {send: "x"}, close]
  b: {after: a, steps: [{connect: s}, {expect: {silence: 20ms}}, {close: {now}}]}
`)
}

func TestManyClients(t *testing.T) {
	var b strings.Builder
	b.WriteString("servers: {s: {steps: [{expect: {line: hello}}, {send: {line: hi}}, {meet: {name: all, parties: 100}}]}}\nclients:\n")
	for i := range 100 {
		fmt.Fprintf(&b, "  c%d: [{connect: s}, {meet: start}, {send: {line: hello}, expect: {line: hi}}]\n", i)
	}
	result := passes(t, b.String())
	if len(result.Actors) != 200 || result.Actors[100].Name != "s/c0" || result.Actors[199].Name != "s/c99" {
		t.Errorf("%d actors, in the wrong order", len(result.Actors))
	}
}

// The verdict and the transcripts are the same however a stream is cut.
func TestCuts(t *testing.T) {
	var first string
	for slice := 0; slice <= 20; slice++ {
		sliced := ""
		if slice > 0 {
			sliced = fmt.Sprintf(", slice: %d, every: 100us", slice)
		}
		got := transcripts(passes(t, fmt.Sprintf(`
servers:
  s:
    steps:
      - expect: "ab"
      - expect: {line: "cd"}
      - expect: {until: ";"}
      - expect: {bytes: 3}
      - expect: {line, regex: "^j+$"}
      - send: {text: "1234;567\r\n89"%[1]s}
clients:
  c:
    - connect: s
    - send: {text: "abcd\r\nef;ghijjjj\r\n"%[1]s}
    - expect: {until: ";"}
    - expect: {line, suffix: "7"}
    - expect: {rest, size: 2}
`, sliced)))
		if first == "" {
			first = got
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Fatalf("slices of %d: %s", slice, diff)
		}
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	result, err := runner.Run(ctx, parse(t, `
servers: {s: {steps: [{expect: "a"}, {send: "b"}, {expect: "c"}]}}
clients: {c: [{connect: s}, {send: "a"}, {expect: "b"}, {expect: "d"}]}
`), runner.Options{Timeout: time.Second})
	if err != nil || len(result.Failures) == 0 || result.Failures[0].Kind != runner.TimedOut {
		t.Fatal(err, failures(result))
	}
	// Somebody outside interrupts it, once "b" has come.
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if conn, err := outside.Accept(); err == nil {
			defer conn.Close()
		}
		cancel(stop)
	}()
	defer outside.Close()
	result, err = runner.Run(ctx, parse(t, `
servers: {s: {steps: [{expect: "a"}, {send: "b"}, {expect: "c"}]}}
clients:
  c: [{connect: s}, {send: "a"}, {expect: "b"}, {signal: came}, {expect: "d"}]
  d: [{await: came}, {connect: "`+outside.Addr().String()+`"}, {wait: 1h}]
`), runner.Options{})
	if err != stop {
		t.Errorf("got %v", err)
	}
	if got := transcripts(result); !strings.Contains(got, `< "b"`) {
		t.Errorf("what was known is lost: %s", got)
	}
	for _, f := range result.Failures {
		if f.Kind != runner.Unfinished {
			t.Errorf("%s: %s", f.Actor, f.Message)
		}
	}
}

// Both directions at once, with more than the socket buffers hold: done one
// after the other, neither side would come to its expect.
func TestParallel(t *testing.T) {
	text := `
servers:
  s:
    sndbuf: 4096
    steps:
      - parallel: [{send: {file: BIG}}, {expect: {file: BIG}}]
      - expect: {bytes: 3}
      - send: "end"
clients:
  c:
    sndbuf: 4096
    steps:
      - connect: s
      - parallel: [{expect: {file: BIG}}, {send: {file: BIG}}, {signal: both}]
      - send: "end"
      - expect: "end"
      - await: both
`
	text = strings.ReplaceAll(text, "BIG", "../scenarios/tour/megabyte.txt")
	var first string
	for range 5 {
		got := transcripts(passes(t, text))
		if first == "" {
			first = got
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Fatal(diff)
		}
	}
	if !strings.Contains(first, "(1048579 bytes, crc32 ") {
		t.Errorf("the bytes behind a parallel do not join: %s", first)
	}
}

// A branch that fails ends the others, which would wait for long.
func TestParallelFails(t *testing.T) {
	result := run(t, strings.ReplaceAll(`
servers: {s: {rcvbuf: 4096, steps: [{send: "y"}, {wait: 300ms}, {close: {discard}}]}}
clients:
  c:
    sndbuf: 4096
    steps:
      - connect: s
      - parallel:
          - send: {file: BIG}
          - expect: "x"
      - close
`, "BIG", "../scenarios/tour/megabyte.txt"))
	if diff := cmp.Diff([]string{"10:13 c: the bytes differ at offset 0"}, failures(result)[:1]); diff != "" {
		t.Error(diff)
	}
}

func TestWrittenTranscript(t *testing.T) {
	text := `
servers: {s: {reply: "hhhh"}}
clients: {c: [{connect: s}, {send: "hello"}, {expect: "hhhh"}]}
transcript:
  c: |
    connect s
    > "hello"

    < "hhhh"
    < eof
    close
  s/c: "accept\n< \"hello\"\n> \"hhhh\"\n< eof\nclose\n"
`
	passes(t, text)
	for _, test := range []struct{ from, to, want string }{
		{`< "hhhh"`, `< "hhxh"`, "9:5 c: the transcript differs at event 3"},
		{"    close\n", "", "10:5 c: the transcript differs at event 5"},
		{"    close\n", "    close\n    close\n", "12:5 c: the transcript differs at event 6"},
		{`s/c: "accept`, `s/c: "`, "12:8 s/c: the transcript differs at event 1"},
		{"s/c:", "s/d:", "12:3 s/d: the transcript is of s/d, who did not play"},
	} {
		changed := strings.Replace(text, test.from, test.to, 1)
		if changed == text {
			t.Fatalf("%q is not in the text", test.from)
		}
		if diff := cmp.Diff([]string{test.want}, failures(run(t, changed))); diff != "" {
			t.Error(diff)
		}
	}
}

// What was sent before a reset arrives, however late the peer reads it.
func TestResetLosesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells what has arrived")
	}
	for range 10 {
		passes(t, `
servers: {s: {sndbuf: 65536, steps: [{send: {file: ../scenarios/tour/megabyte.txt}}, {signal: sent}, reset]}}
clients: {c: {rcvbuf: 65536, steps: [{connect: s}, {expect: {bytes: 65536}}, {wait: 2ms}, {expect: {bytes: 983040}}, {expect: {reset}}]}}
`)
	}
}

// A peer that never reads can't be waited for without end.
func TestResetOfADeafPeer(t *testing.T) {
	result := passes(t, `
servers: {s: {rcvbuf: 4096, steps: [{await: reset}, {close: {discard}}]}}
clients:
  c:
    sndbuf: 4096
    steps:
      - connect: s
      - {send: {fill: x, size: 1MiB}, within: 50ms, expect: {timeout}}
      - {reset, within: 50ms}
      - signal: reset
`)
	if n := len(result.Actors); n != 2 {
		t.Errorf("%d actors", n)
	}
}

// Who waits for an actor that runs out of time is told that the scenario has
// ended, and not that what it waits for can't come.
func TestTimeoutEndsThoseWhoWaitForIt(t *testing.T) {
	want := []string{
		"2:24 s/c: was waiting: expect eof",
		"4:22 c: timeout after 50ms: 0 of 1 byte had come",
		`5:8 d: was waiting: await "done"`,
		`6:8 e: was waiting: meet "noon"`,
	}
	for range 5 {
		result := run(t, `
servers: {s: {steps: [{expect: {eof}}]}}
clients:
  c: [{connect: s}, {expect: "x", within: 50ms}, {meet: noon}, {signal: done}]
  d: [{await: done}]
  e: [{meet: noon}]
`)
		for _, f := range result.Failures {
			note := "was to come from: c, in step 2 of 4: expect \"x\""
			if (f.Actor == "d" || f.Actor == "e") && !slices.Contains(f.Notes, note) {
				t.Errorf("%s has the notes %q", f.Actor, f.Notes)
			}
		}
		got := failures(result)
		slices.Sort(got) // who is woken first is nobody's doing
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
}
