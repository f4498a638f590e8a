package runner_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"banter/runner"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// same plays a text many times, and wants it to pass with the same transcripts
// each time.
func same(t *testing.T, times int, text string) {
	t.Helper()
	var first string
	for range times {
		result := passes(t, text)
		got := transcripts(result)
		if first == "" {
			first = got
		}
		if diff := cmp.Diff(first, got); diff != "" || t.Failed() {
			t.Fatal(diff, got)
		}
	}
}

// freePort is a port that was free a moment ago, and that the system gives to
// nobody of its own accord.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(10_000 + rand.IntN(5000))
		if ln, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			ln.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// outside plays a text while somebody outside of it does something: PORT in the
// text is a free port, which outsider gets as an address as soon as a client
// has connected to HELPER. That client's connection ends when outsider returns.
func outside(t *testing.T, text string, outsider func(address string)) runner.Result {
	t.Helper()
	port := freePort(t)
	helper, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := helper.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		outsider("127.0.0.1:" + port)
	}()
	defer func() { helper.Close(); <-done }()
	text = strings.NewReplacer("PORT", port, "HELPER", `"`+helper.Addr().String()+`"`).Replace(text)
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, errors.New("the run does not end"))
	defer cancel()
	result, err := runner.Run(ctx, parse(t, text), runner.Options{})
	if err != nil {
		t.Fatal(err, failures(result))
	}
	return result
}

func dialTo(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return nil
	}
	return c.(*net.TCPConn)
}

// lonely is a scenario whose server ends when its client does, or later.
const lonely = `
servers:
  s: {steps: [{expect: "x"}, {stop: t}, {start: t}, {start: u}]}
  t: {reply: "y"}
  u: {start: false}
clients:
  c: [{connect: t}, {send: "x", expect: "y"}, close, {connect: s}, {send: "x"}, {close: {now}}]
`

// A script that stops or starts a server may run on when all clients are gone.
func TestStopAndStartAfterTheClients(t *testing.T) { same(t, 50, lonely) }

// Connections that a stop has reset are not waited for.
func TestStopForgetsWhoWaited(t *testing.T) {
	same(t, 20, `
servers: {s: {at_once: 1, steps: [{send: "go"}, {expect: "done"}]}}
clients:
  a:
    - connect: s
    - expect: "go"
    - signal: a-in
    - await: b-in
    - stop: s
    - start: s
    - signal: started
    - {send: "done"}
    - close
    - stop: s
    - start: s
  b: [{await: a-in}, {connect: s}, {signal: b-in}, {expect: {reset}}, close]
`)
}

// A client that has gone may still wait for its accept, for longer than any
// step may take.
func TestServesThoseWhoHaveGone(t *testing.T) {
	t.Parallel()
	same(t, 1, `
timeout: 200ms
servers: {s: {at_once: 1, connections: {a: [{expect: "a"}, {wait: 500ms}], b: [{expect: "b"}]}}}
clients:
  a: [{connect: s}, {send: "a"}, {signal: a-in}, {close: {now}}]
  b: [{await: a-in}, {connect: s}, {send: "b"}, {close: {now}}]
`)
}

// A server that resets at once may do so before connect has returned. What it
// sent before that comes all the same.
func TestResetAtOnce(t *testing.T) {
	if runtime.GOOS != "windows" {
		same(t, 20, `
servers: {s: {steps: [{send: {line: hello}}, reset]}}
clients:
  crowd: {count: 20, steps: [{connect: s}, {expect: {line: hello}}, {expect: {reset}}]}
  quiet: {count: 20, steps: [{connect: s}, {send: x}, {expect: {line: hello}}, {send: x, expect: {reset}}]}
`)
	}
	var b strings.Builder
	b.WriteString("servers: {s: {steps: [reset]}, t: {steps: [{expect: x}]}}\nclients:\n")
	for i := range 20 {
		fmt.Fprintf(&b, "  c%d: [{connect: s, expect: {reset}}, close, {connect: s, expect: {end}}, close, {connect: t}, {send: x}]\n", i)
	}
	same(t, 20, b.String())
}

func TestAddresses(t *testing.T) {
	for _, bind := range []string{"127.0.0.1:0", ":0", "0.0.0.0:0", "localhost:0", "127.0.0.2:0", "[::1]:0", "[::]:0", "[::ffff:127.0.0.1]:0"} {
		for _, to := range []string{"", "127.0.0.1", "0.0.0.0", "localhost", "[::ffff:127.0.0.1]", "[::1]", "[::]"} {
			v6 := strings.HasPrefix(bind, "[::1]") || strings.HasPrefix(bind, "[::]")
			to6 := to == "[::1]" || to == "[::]"
			if bind == "127.0.0.2:0" && to != "" || v6 != to6 && to != "" && bind != ":0" {
				continue
			}
			address := "s"
			if to != "" {
				address = to + ":${s.port}"
			}
			t.Run(bind+" "+address, func(t *testing.T) {
				same(t, 3, fmt.Sprintf(`
servers: {s: {bind: %q, reply: "hhhh"}}
clients: {c: [{connect: %q}, {send: "x", expect: "hhhh"}]}
`, bind, address))
				result := passes(t, fmt.Sprintf(`
servers: {s: {bind: %q, reply: "hhhh"}}
clients: {c: [{connect: %q}, {send: "x", expect: "hhhh"}]}
`, bind, address))
				if len(result.Actors) != 2 || result.Actors[1].Name != "s/c" {
					t.Error(transcripts(result))
				}
				if !strings.HasPrefix(transcripts(result), "c:\n  connect s\n") {
					t.Error(transcripts(result))
				}
			})
		}
	}
}

// Fixed ports at both ends, again and again.
func TestFixedPorts(t *testing.T) {
	t.Parallel()
	text := `
servers: {s: {bind: "127.0.0.1:PORT1", steps: [{expect: "x"}, {send: "y"}, LAST1]}}
clients: {c: {bind: "127.0.0.1:PORT2", steps: [{connect: s}, {send: "x"}, {expect: "y"}, LAST2]}}
`
	for _, who := range [][2]string{{"close", "{expect: {eof}}"}, {"{expect: {eof}}", "close"}} {
		same(t, 3, strings.NewReplacer("PORT1", freePort(t), "PORT2", freePort(t), "LAST1", who[0], "LAST2", who[1]).Replace(text))
	}
}

// A server that starts late has an address from the beginning.
func TestStartWhileOthersAsk(t *testing.T) {
	text := strings.ReplaceAll(`
servers: {s: {start: false, bind: "127.0.0.1:PORT", reply: "hhhh"}, t: {steps: [{expect: {line}}]}}
clients:
  c: [{meet: m}, {start: s}, {connect: s}, {send: "x", expect: "hhhh"}]
  d: [{connect: t}, {meet: m}, {send: {line: "${s}"}}]
  e: [{meet: m}, {connect: "127.0.0.1:${t.port}"}, {send: {line: "${s.port}"}}]
`, "PORT", freePort(t))
	same(t, 30, text)
}

// Nobody is told that something will not come as long as it may; and whoever
// waits in vain is told at once.
func TestWillNotCome(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a meeting that the others have passed", `
servers: {s: {}}
clients:
  c: [{connect: s}, close, {meet: noon}, {meet: noon, within: 500ms}]
  d: [{meet: noon}, {wait: 700ms}]
`, `4:43 c: meeting "noon" can't come about`},
		{"a signal that was given, and not again", `
servers: {s: {}}
clients:
  c: [{connect: s}, close, {await: x}, {await: {signal: x, times: 2}, within: 500ms}]
  d: [{signal: x}, {wait: 700ms}]
  e: [{await: never-reached, within: 5s}, {signal: x}]
  f: [{await: {signal: x, times: 2}}, {signal: never-reached}]
`, ""},
		{"a connect that has been refused", `
servers: {s: {listen: false, steps: [{signal: x}]}}
clients:
  c: [{await: x, within: 500ms}]
  d: [{connect: s, expect: {refused}}, {wait: 700ms}]
`, `4:8 c: signal "x" will not come`},
		{"a parallel step that waits for itself", `
servers: {s: {}}
clients:
  c: [{connect: s}, {parallel: [{await: x}, {await: y}], within: 500ms}, {signal: x}]
  d: [{connect: s}, close, {signal: y}, {wait: 700ms}]
  e: [{await: z}, {signal: x}]
  f: [{await: {signal: x, times: 2}}, {signal: z}]
`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			result := run(t, test.text)
			for _, f := range result.Failures {
				if f.Kind == runner.TimedOut {
					t.Errorf("%s %q", f.Message, f.Notes)
				}
			}
			if got := failures(result); test.want != "" && !cmp.Equal([]string{test.want}, got) {
				t.Error(got)
			}
		})
	}
}

func TestComesAfterAll(t *testing.T) {
	same(t, 50, `
servers:
  s: {at_once: 1, steps: [{expect: "x"}, {signal: served}, {send: "y"}]}
  t: {steps: [{await: {signal: served, times: 3}}, {signal: all}, {send: "z"}]}
  u: {connections: {a: [{meet: {name: both, parties: 2}}], c: [{meet: {name: both, parties: 2}}]}}
clients:
  a: [{connect: s}, {send: "x"}, {close: {discard}}, {connect: u}, close, {await: all}]
  b: {after: c, steps: [{connect: s}, {send: "x"}, {expect: "y"}, close]}
  c: [{connect: s}, {send: "x", expect: "y"}, close, {connect: u}, close]
  d: [{connect: t}, {await: all}, {expect: "z"}]
`)
}

func TestParallelOrder(t *testing.T) {
	same(t, 50, `
servers: {s: {steps: [{parallel: [{await: go}, {expect: "ab"}]}, {parallel: [{send: "cd"}, {signal: went}, {meet: {name: m, parties: 2}}]}]}}
clients:
  c:
    - connect: s
    - parallel: [{await: went}, {send: {text: "ab", slice: 1}}, {expect: {bytes: 2}}, {signal: go}]
    - parallel: [{meet: {name: m, parties: 2}}, {wait: 1ms}]
`)
}

// Whatever peers from outside do, a run ends within its timeouts and a second.
func TestOutsiders(t *testing.T) {
	drip := func(first string) func(net.Conn) {
		return func(c net.Conn) {
			if _, err := io.WriteString(c, first); err != nil {
				return
			}
			for {
				time.Sleep(20 * time.Millisecond)
				if _, err := io.WriteString(c, "."); err != nil {
					return
				}
			}
		}
	}
	flood := func(c net.Conn) {
		data := make([]byte, 1<<16)
		for {
			if _, err := c.Write(data); err != nil {
				return
			}
		}
	}
	nothing := func(c net.Conn) { io.Copy(io.Discard, struct{ io.Reader }{c}) }
	deaf := func(c net.Conn) {
		c.(*net.TCPConn).SetReadBuffer(4096)
		for { // "x" comes, and nothing is read; the reset is what ends it
			if _, err := c.Write([]byte("x")); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	for _, test := range []struct {
		name, server string
		does         func(net.Conn)
		want         string
	}{
		{"a drip to a reply", `reply: "hhhh"`, drip("x"), "timeout after 300ms: the peer did not close"},
		{"a flood to a reply", `reply: "hhhh"`, flood, "timeout after 300ms: the peer did not close"},
		{"a big reply to a deaf one", `sndbuf: 4096, reply: "` + strings.Repeat("x", 1<<19) + `"`, deaf, "timeout after 300ms: "},
		{"nothing to a reply", `reply: "hhhh"`, nothing, "timeout after 300ms: nothing had come that could be replied to"},
		{"a wrong byte, then a drip", `steps: [{expect: "a", within: 1h}]`, drip("b"), "the bytes differ at offset 0"},
		{"a flood to a close", `steps: [close]`, flood, "timeout after 300ms: the peer did not close"},
		{"a flood to a line", `steps: [{expect: {line, max: 100000}, within: 1h}]`, flood, "the line is longer than max, which is 100000 bytes"},
		{"a flood to the rest", `steps: [{expect: {rest, max: 1000000000000}}]`, flood, "timeout after 300ms: "},
		{"a drip to a hash", `steps: [{expect: {bytes: 1000000, size: 1000000}}]`, drip("b"), "timeout after 300ms: "},
		{"a flood after a failure", `steps: [{expect: "a", within: 1h}]`, flood, "the bytes differ at offset 0"},
		{"a deaf one", `sndbuf: 4096, steps: [{send: {text: "` + strings.Repeat("x", 1<<19) + `"}}]`, deaf, "timeout after 300ms: "},
		{"a flood to parallel", `steps: [{parallel: [{send: "x"}, {expect: {until: ";", max: 1000000000000}}]}]`, flood, "timeout after 300ms: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var c *net.TCPConn
			result := outside(t, `
timeout: 300ms
servers: {s: {bind: "127.0.0.1:PORT", `+test.server+`}}
clients: {c: [{connect: HELPER, within: 1h}, {expect: {end}, within: 1h}, close]}
`, func(address string) {
				if c = dialTo(t, address); c == nil {
					return
				}
				defer c.Close()
				test.does(c)
			})
			if len(result.Failures) == 0 || result.Failures[0].Actor != "s/1" || !strings.HasPrefix(result.Failures[0].Message, test.want) {
				t.Error(failures(result))
			}
		})
	}
}

// Peers from outside that come and go in every way leave no trace in what the
// scenario's own clients see.
func TestCrowdOutside(t *testing.T) {
	result := outside(t, `
timeout: 3s
servers: {s: {bind: "127.0.0.1:PORT", at_once: 2, reply: "hhhh"}}
clients:
  c: [{connect: HELPER}, {expect: {end}}, close]
  d: [{connect: s}, {send: "x", expect: "hhhh"}, close, {connect: s}, {send: "x", expect: "hhhh"}]
`, func(address string) {
		for i := range 60 {
			c := dialTo(t, address)
			if c == nil {
				return
			}
			switch i % 5 {
			case 1:
				c.Write([]byte("x"))
			case 2:
				c.SetLinger(0)
			case 3:
				c.Write([]byte("x"))
				c.SetLinger(0)
			case 4:
				c.CloseWrite()
				io.Copy(io.Discard, c)
			}
			c.Close()
		}
	})
	if !result.Passed() {
		t.Error(failures(result))
	}
	if len(result.Actors) != 2+2+60 {
		t.Errorf("%d actors", len(result.Actors))
	}
	for _, a := range result.Actors[2:4] {
		if !strings.HasPrefix(a.Name, "s/d") {
			t.Errorf("%s is not a connection of d", a.Name)
		}
	}
}

// What a byte that may be anything was is in the picture however it came.
func TestPictureDoesNotDependOnCuts(t *testing.T) {
	for _, slice := range []string{"", ", slice: 1, every: 1ms"} {
		for _, expect := range []string{`{hex: "01 .. 03"}`, `{bytes: 3, prefix: {hex: "01 .. 03"}}`, `{rest, equals: {hex: "01 .. 03"}}`} {
			result := run(t, fmt.Sprintf(`
servers: {s: {steps: [{send: {hex: "01 ff 04"%s}}]}}
clients: {c: [{connect: s}, {expect: %s}]}
`, slice, expect))
			if f := result.Failures[0]; string(f.Got) != "\x01\xff\x04" || f.Offset != 2 {
				t.Errorf("%s%s: got %q at %d", expect, slice, f.Got, f.Offset)
			}
		}
	}
}

// Slices do not let a send run on when its time is over.
func TestSlicesEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(file, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	result := run(t, strings.ReplaceAll(`
servers: {s: {steps: [{expect: {rest}}]}}
clients: {c: [{connect: s}, {send: {file: FILE, slice: 1}, within: 100ms}]}
`, "FILE", file))
	if len(result.Failures) == 0 || result.Failures[0].Kind != runner.TimedOut {
		t.Error(failures(result))
	}
	sent := result.Actors[0].Observed[1]
	if sent.Kind != transcript.Send || sent.Size == 0 || sent.Size == 4<<20 {
		t.Errorf("%d bytes were sent", sent.Size)
	}
}

// A send that was to run into its timeout and did not says why.
func TestTimeoutThatWasAReset(t *testing.T) {
	result := run(t, `
servers: {s: {steps: [{expect: "x"}, reset, {signal: gone}]}}
clients: {c: [{connect: s}, {send: "x"}, {await: gone}, {send: "y", expect: {timeout}}]}
`)
	if got := failures(result); len(got) != 1 || !strings.Contains(got[0], "reset") {
		t.Error(got)
	}
}

func TestOptions(t *testing.T) {
	text := `
servers: {s: {reply: "hhhh"}}
clients: {c: [{connect: s}, {send: "x", expect: "hhhh", within: 5s}]}
`
	for _, opts := range []runner.Options{
		{Slow: math.Inf(1)}, {Slow: math.MaxFloat64}, {Slow: 1e12}, {Timeout: math.MaxInt64}, {Timeout: math.MaxInt64, Slow: 3},
		{Slow: -1}, {Slow: math.NaN()},
	} {
		result, err := runner.Run(t.Context(), parse(t, text), opts)
		if err != nil || !result.Passed() {
			t.Errorf("%+v: %v %s", opts, err, failures(result))
		}
	}
	for _, opts := range []runner.Options{{Timeout: 1}, {Slow: 1e-300}} {
		result, err := runner.Run(t.Context(), parse(t, `
servers: {s: {steps: [{expect: "a"}]}}
clients: {c: [{connect: s}, {expect: "a"}]}
`), opts)
		if err != nil || result.Passed() {
			t.Errorf("%+v: %v %s", opts, err, failures(result))
		}
	}
}

// states is a scenario that comes by every kind of wait.
const states = `
servers:
  s: {at_once: 1, steps: [{expect: {line: a}}, {send: {text: "0123456789", slice: 1, every: 1ms}}, {await: {signal: x, times: 2}}]}
  r: {reply: "hhhh"}
  t: {start: false, steps: [{expect: {eof}}]}
clients:
  a: [{connect: s}, {send: {line: a}}, {expect: "0123456789"}, {signal: x}, {meet: m}, {await: y}]
  b: [{connect: r}, {meet: m}, {send: "b", expect: "hhhh"}, {signal: y}, {signal: x}]
  c: {after: a, steps: [{connect: t, expect: {refused}}, {start: t}, {connect: t}, {wait: 2ms}, {stop: t}]}
  d: {after: c, steps: [{connect: s}, {parallel: [{send: {line: a}}, {expect: {bytes: 10}}, {await: x}]}]}
`

func TestInterruptInEveryState(t *testing.T) {
	t.Parallel()
	same(t, 5, states)
	t.Run("without TLS", func(t *testing.T) { interrupted(t, parse(t, states)) })
	t.Run("over TLS", func(t *testing.T) { interrupted(t, secure(parse(t, states))) })
}

func interrupted(t *testing.T, s *scenario.Scenario) {
	stop := errors.New("stop")
	for i := range 60 {
		ctx, cancel := context.WithCancelCause(t.Context())
		if i == 0 {
			cancel(stop)
		}
		timer := time.AfterFunc(time.Duration(i)*400*time.Microsecond, func() { cancel(stop) })
		result, err := runner.Run(ctx, s, runner.Options{})
		timer.Stop()
		if err != nil && err != stop || err == nil && !result.Passed() {
			t.Fatal(err, failures(result))
		}
		for _, f := range result.Failures {
			if f.Kind != runner.Unfinished && f.Kind != runner.NotCalled {
				t.Errorf("%s: %s, kind %d", f.Actor, f.Message, f.Kind)
			}
		}
		cancel(nil)
	}
}

// Time runs out in every state, too: there is one reason, and what follows
// from it.
func TestTimeoutInEveryState(t *testing.T) {
	t.Parallel()
	text := strings.Replace(states, "{wait: 2ms}", `{expect: {silence: 2ms}}, {expect: "never", within: 50ms}`, 1)
	for i := range 12 {
		s := parse(t, text)
		if i%2 > 0 {
			secure(s)
		}
		result := play(t, s)
		if len(result.Failures) == 0 || result.Failures[0].Kind != runner.TimedOut || result.Failures[0].Actor != "c" {
			t.Fatal(failures(result))
		}
		for _, f := range result.Failures[1:] {
			if f.Kind != runner.Unfinished && f.Kind != runner.NotCalled {
				t.Errorf("%s: %s, kind %d", f.Actor, f.Message, f.Kind)
			}
		}
	}
}

// ends are scenarios whose connections end in every way.
var ends = []string{
	`
servers: {s: {steps: [{expect: "ab"}, shutdown, {expect: "cde"}]}}
clients: {c: [{connect: s}, {send: "ab"}, {expect: {eof}}, {send: "cde"}, close]}
`, `
servers: {s: {steps: [{expect: "ab"}, shutdown, {expect: {rest}}, {shutdown: read}, close]}}
clients: {c: [{connect: s}, {send: "ab"}, {expect: {eof}}, {send: "cde"}, close]}
`, `
servers: {s: {steps: [shutdown, {expect: "cde"}, {close: {discard}}]}}
clients: {c: [{connect: s}, {expect: {eof}}, {send: "cde"}, {close: {now}}]}
`, `
servers: {s: {steps: [{expect: "x"}, {shutdown: both}, close]}}
clients: {c: [{connect: s}, {send: "x"}, {expect: {eof}}, close]}
`, `
servers: {s: {steps: [{expect: {rest}}, {shutdown: read}, {send: "x"}, close]}}
clients: {c: [{connect: s}, {send: "x"}, shutdown, {expect: {rest}}, {expect: {eof}}, close]}
`, `
servers: {s: {steps: [shutdown, {expect: "a"}, {expect: {eof}}]}}
clients: {c: [{connect: s}, {expect: {eof}}, {send: "a"}, shutdown, close]}
`, `
servers: {s: {steps: [{expect: "a"}, {send: "b"}, {expect: {reset}}]}}
clients: {c: [{connect: s}, {send: "a"}, {expect: "b"}, reset, {connect: s}, {send: "a"}, {expect: "b"}, reset]}
`, `
servers: {s: {steps: [{send: "b"}, {expect: {end}}]}}
clients: {c: [{connect: s}, {close: {now}}]}
`, `
servers: {s: {steps: [{expect: {eof}}, {close: {now}}]}}
clients: {c: [{connect: s}, close, {connect: s}, {close: {now}}, {connect: s}, {close: {discard}}, {connect: s}]}
`, `
servers: {s: {steps: [{expect: "x"}, reset]}}
clients: {c: [{connect: s}, {send: "x"}, {close: {discard}}]}
`, `
servers: {s: {steps: [{expect: "x"}, reset]}}
clients: {c: [{connect: s}, {send: "x"}, {expect: {reset}}, {close: {now}}]}
`, `
servers: {s: {steps: [{send: "1234"}, {expect: {rest, size: 0}}]}}
clients: {c: [{connect: s}, {expect: {some: 1}}, {expect: {some: 1}}, {expect: {some: 1}}, {expect: {some: 9}}, shutdown, {expect: {eof}}]}
`,
}

// Ends of every kind, in the order of what is said about them.
func TestEnds(t *testing.T) {
	for _, text := range ends {
		same(t, 20, text)
	}
}
