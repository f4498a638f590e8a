package runner_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"banter/runner/scenario"
)

// rough is a link that delays and cuts what goes over it.
func rough() *scenario.Link {
	faults := scenario.Faults{
		Latency: 2 * time.Millisecond, Jitter: time.Millisecond, Rate: 10 << 20, Slice: 1000,
		ResetAfter: scenario.Unlimited, StallAfter: scenario.Unlimited,
	}
	return &scenario.Link{Name: "rough", Seed: 7, Out: faults, Back: faults}
}

// linked has all connections of a scenario go over a link.
func linked(s *scenario.Scenario, l *scenario.Link) *scenario.Scenario {
	s.Links = []*scenario.Link{l}
	var each func(steps []*scenario.Step)
	each = func(steps []*scenario.Step) {
		for _, step := range steps {
			if a, ok := step.Action.(scenario.Connect); ok && a.Transport != scenario.UDP && a.Run == nil {
				a.Via = l.Name
				step.Action = a
			}
			each(scenario.Inner(step.Action))
		}
	}
	for _, c := range s.Clients {
		each(c.Steps)
	}
	return s
}

// What is true without a link is true over one: the same scenarios pass, with the
// same transcripts, also with TLS.
func TestLinksAreNotSeen(t *testing.T) {
	for _, test := range conversations {
		t.Run(test.name, func(t *testing.T) {
			for name, s := range map[string]*scenario.Scenario{
				"plain": parse(t, test.text), "TLS": secure(parse(t, test.text)),
			} {
				r := play(t, linked(s, rough()))
				for _, f := range r.Failures {
					t.Errorf("%s: %s: %s: %s %q", name, f.Pos, f.Actor, f.Message, f.Notes)
				}
				got := strings.ReplaceAll(transcripts(r), "  tls\n", "")
				if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), got); diff != "" {
					t.Errorf("%s: the transcripts differ (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func TestLinksAreNotSeenInAnyScenario(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	for i := range uint64(8) {
		w := &writer{rand.New(rand.NewPCG(seed, i)), true, rand.New(rand.NewPCG(seed, i+1))}
		text := w.scenario()
		r := play(t, linked(parse(t, text), rough()))
		if a, b := transcripts(passes(t, text)), transcripts(r); a != b || !r.Passed() || t.Failed() {
			t.Fatalf("seed %d, scenario %d:\n%s\nis\n%s\nand over a link\n%s%q", seed, i, text, a, b, failures(r))
		}
	}
}

// 4 MiB each way, late and cut, are the same bytes.
func TestLinksKeepTheStream(t *testing.T) {
	passes(t, `
timeout: 60s
links: {rough: {latency: 5ms, jitter: 5ms, slice: 1000, seed: 3}}
servers:
  sink:
    steps:
      - expect: {bytes: 4MiB, sha256: 5c419ccd51902b3bb1df09fdef98ea5dfa7c22afcd185e02572a820d93dd6e5f}
      - send: {fill: random, size: 4MiB, seed: 8}
      - close
clients:
  ann:
    - connect: {to: sink, via: rough}
    - send: {fill: random, size: 4MiB, seed: 7}
    - expect: {fill: random, size: 4MiB, seed: 8}
    - close
`)
}

// brokenLinks are scenarios over links that break, and what is seen of it.
var brokenLinks = []struct{ name, text, want string }{
	{"reset on the way out", `
links: {l: {out: {reset_after: 10, latency: 1ms}}}
servers: {s: {steps: [{expect: "0123456789"}, {expect: {reset}}]}}
clients: {ann: [{connect: {to: s, via: l}}, {send: "0123456789abcdef"}, {expect: {reset}}]}
`, `
ann:
  connect s
  > "0123456789abcdef"
  < reset
  close
s/ann:
  accept
  < "0123456789"
  < reset
  close
`}, {"reset on the way back, which the client need not read for", `
links: {l: {back: {reset_after: 10}}}
servers: {s: {steps: [{expect: "x"}, {send: "0123456789abcdef"}, {expect: {reset}}, {signal: seen}]}}
clients: {ann: [{connect: {to: s, via: l}}, {send: "x"}, {await: seen}, {expect: "0123456789"}, {expect: {reset}}]}
`, `
ann:
  connect s
  > "x"
  < "0123456789"
  < reset
  close
s/ann:
  accept
  < "x"
  > "0123456789abcdef"
  < reset
  close
`}, {"reset at once", `
links: {l: {reset_after: 0}}
servers: {s: {steps: [{expect: {reset}}]}}
clients: {ann: [{connect: {to: s, via: l}}, {expect: {reset}}]}
`, `
ann:
  connect s
  < reset
  close
s/ann:
  accept
  < reset
  close
`}, {"stalled on the way out", `
links: {l: {out: {stall_after: 4}}}
servers: {s: {steps: [{expect: "0123"}, {send: "hhhh"}, {expect: {silence: 50ms}}, {close: {now}}]}}
clients: {ann: [{connect: {to: s, via: l}}, {send: "0123456789"}, {expect: "hhhh"}, close]}
`, `
ann:
  connect s
  > "0123456789"
  < "hhhh"
  < eof
  close
s/ann:
  accept
  < "0123"
  > "hhhh"
  close
`}, {"each connection is its own", `
links: {l: {reset_after: 4, back: {reset_after: 100}}}
servers: {s: {steps: [{expect: "0123"}, {expect: {reset}}]}}
clients:
  ann:
    - {connect: {to: s, via: l}}
    - {connect: {to: s, via: l, as: second}}
    - {send: "01234"}
    - {send: "01234", over: second}
    - {expect: {reset}}
    - {expect: {reset}, over: second}
`, `
ann:
  connect s
  [second] connect s
  > "01234"
  [second] > "01234"
  < reset
  [second] < reset
  [second] close
  close
s/ann:
  accept
  < "0123"
  < reset
  close
s/ann#2:
  accept
  < "0123"
  < reset
  close
`}, {"nobody is there", `
links: {l: {latency: 1ms}}
servers: {s: {bind: "127.0.0.1:0", listen: false}}
clients: {ann: [{connect: {to: s, via: l}, expect: {refused}}]}
`, `
ann:
  connect s
  refused
`}, {"the kernel's counters are of this connection, also after the reset", `
links: {l: {back: {reset_after: 4}}}
servers: {s: {steps: [{expect: "x"}, {send: "01234"}, {expect: {reset}}]}}
clients: {ann: [{connect: {to: s, via: l}}, {send: "x"}, {expect: "0123"}, {expect: {tcp: {bytes_received: ">=4"}}}, {expect: {reset}}]}
`, `
ann:
  connect s
  > "x"
  < "0123"
  < reset
  close
s/ann:
  accept
  < "x"
  > "01234"
  < reset
  close
`},
}

func TestBrokenLinks(t *testing.T) {
	for _, test := range brokenLinks {
		t.Run(test.name, func(t *testing.T) {
			if runtime.GOOS != "linux" && strings.Contains(test.text, "tcp:") {
				t.Skip("only Linux tells")
			}
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), transcripts(passes(t, test.text))); diff != "" {
				t.Errorf("the transcripts differ (-want +got):\n%s", diff)
			}
		})
	}
}

// Where a link makes a step fail, in the step's time, the failure names it.
func TestFailuresNameLinks(t *testing.T) {
	for _, test := range []struct{ faults, within, want string }{
		{"latency: 1h", "50ms", "4:61 ann: timeout after 50ms: 0 of 4 bytes had come"},
		{"back: {reset_after: 2}", "10s", "4:61 ann: reset after 2 of 4 bytes"},
	} {
		r := run(t, `
links: {bad: {`+test.faults+`}}
servers: {s: {reply: "hhhh"}}
clients: {ann: [{connect: {to: s, via: bad}}, {send: "x"}, {expect: "hhhh", within: `+test.within+`}]}
`)
		if got := failures(r); len(got) == 0 || got[0] != test.want {
			t.Errorf("%q, want %q", got, test.want)
		} else if notes := r.Failures[0].Notes; !slices.Contains(notes, "the connection goes over the link bad of line 2") {
			t.Errorf("%q do not name the link", notes)
		}
	}
}

// A link leads to a real server as well.
func TestLinkToARealServer(t *testing.T) {
	at := realServer(t, "tcp", "127.0.0.1:0", "real %s")
	r := against(t, `
links: {l: {latency: 2ms, jitter: 1ms}}
servers: {s: {reply: "declared"}}
clients: {ann: [{connect: {to: s, via: l}}, {send: "hello"}, {expect: "real hello"}, {expect: {eof}}, close]}
`, map[string]string{"s": at.String()})
	if !r.Passed() {
		t.Errorf("%q", failures(r))
	}
}

// What a client has sent has arrived before the scenario ends, also at those whose
// scripts don't wait for it.
func TestLinksDeliver(t *testing.T) {
	r := passes(t, `
links: {slow: {latency: 50ms}}
servers: {s: {message: line, rules: [{when: PING, send: {line: PONG}}]}}
clients: {ann: [{connect: {to: s, via: slow}}, {send: {line: PING}}, {close: {now}}]}
`)
	if got := transcripts(r); !strings.Contains(got, `< "PING\r\n"`) {
		t.Error(got)
	}
}
