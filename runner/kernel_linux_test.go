package runner_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"banter/runner"
	"banter/runner/scenario"
	"banter/runner/wire"
)

// Every counter that a scenario can name is one that the kernel keeps.
func TestCountersAreKept(t *testing.T) {
	for name, counter := range scenario.TCPCounters {
		if _, known := new(wire.TCPInfo).Counter(name); !known && counter.Kind != scenario.NameOf {
			t.Errorf("nobody keeps %s", name)
		}
	}
}

func TestCounters(t *testing.T) {
	const servers = `
servers: {s: {congestion: reno, steps: [expect: "hello", expect: {tcp: {congestion: reno, bytes_received: 5}}, send: "hhhh", close]}}
timeout: 500ms
clients: {ann: {congestion: cubic, steps: [connect: s, send: "hello", expect: "hhhh", expect: {tcp: TCP}, close]}}
`
	for tcp, want := range map[string]string{
		`{congestion: cubic, retransmits: 0, bytes_sent: 5, bytes_acked: ">=5", rtt: "<10s", snd_wnd: ">1KiB"}`: "",
		`{congestion: reno}`:  "congestion is cubic, where reno was expected",
		`{bytes_sent: 4}`:     "bytes_sent is 5, where 4 was expected",
		`{bytes_sent: "<=4"}`: "bytes_sent is 5, where <=4 was expected",
		`{retransmits: ">0"}`: "timeout after 500ms: retransmits is 0, where >0 was expected",
		`{rwnd_limited: 1h}`:  "timeout after 500ms: rwnd_limited is 0s, where 1h was expected",
	} {
		got := failures(run(t, strings.Replace(servers, "TCP}", tcp+"}", 1)))
		if want == "" && len(got) == 0 {
			continue
		}
		// The server may run out of time at the same instant.
		if !slices.Contains(got, "4:87 ann: "+want) {
			t.Errorf("%s: %q, want %q", tcp, got, want)
		}
	}
}

// A counter that may still become as expected is waited for: the peer's window
// holds the sender back until it reads.
func TestCountersAreWaitedFor(t *testing.T) {
	passes(t, `
servers:
  s:
    rcvbuf: 4KiB
    steps: [await: held, expect: {bytes: 4MiB}, close]
clients:
  ann: [connect: s, parallel: [send: {fill: x, size: 4MiB}, await: held], expect: {tcp: {rwnd_limited: ">0s", unacked: 0}}, close]
  ben: [wait: 50ms, signal: held]
`)
}

func TestNoSuchCongestion(t *testing.T) {
	for where, text := range map[string]string{
		"3:26 ann: can't connect to s: ": `
servers: {s: {reply: y}}
clients: {ann: {steps: [{connect: s}, {send: x, expect: y}], congestion: nosuch}}`,
		"2:11 s: can't bind 127.0.0.1:0: ": `
servers: {s: {reply: y, congestion: nosuch}}
clients: {ann: [{connect: s}, {send: x, expect: y}]}`,
	} {
		got := failures(run(t, text))
		want := where + `there is no congestion control algorithm "nosuch" here; there are: `
		if !slices.ContainsFunc(got, func(f string) bool { return strings.HasPrefix(f, want) && strings.Contains(f, "reno") }) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Three wait in the backlog; the fourth is pending, and gets in where there is
// no fourth.
func TestQueueAndPending(t *testing.T) {
	r := passes(t, `
servers: {full: {accept: 0, backlog: 2}}
clients:
  crowd: {count: 3, steps: [connect: full, await: over, close: {now}]}
  ann: [expect: {queue: {full: 3}}, {connect: full, expect: {pending}}, signal: over]
`)
	got := transcripts(r)
	if want := "ann:\n  connect full\n  pending\n"; !strings.Contains(got, want) {
		t.Errorf("%s has no %q", got, want)
	}
	// A server sees its own.
	passes(t, `
servers: {one: {at_once: 1, connections: [[expect: {queue: 2}, close], [close], [close]]}}
clients: {crowd: {count: 3, steps: [connect: one, expect: {eof}]}}
`)
}

func TestQueueAndPendingFail(t *testing.T) {
	for want, text := range map[string]string{
		"4:38 ann: timeout after 200ms: waiting in the backlog of s: 1, where >1 was expected": `
timeout: 200ms
servers: {s: {accept: 0}}
clients: {ann: [{connect: s, expect: {queue: {s: ">1"}}}, close: {now}]}`,
		"4:38 ann: connected, where pending was expected": `
timeout: 1200ms
servers: {s: {accept: 0}}
clients: {ann: [{connect: s, expect: {pending}}]}`,
		"3:38 ann: the connection to s was refused": `
servers: {s: {listen: false}}
clients: {ann: [{connect: s, expect: {pending}}]}`,
		"4:18 ann: timeout after 200ms: s does not listen": `
timeout: 200ms
servers: {s: {listen: false}}
clients: {ann: [{expect: {queue: {s: 0}}}]}`,
	} {
		got := failures(run(t, text))
		if len(got) == 0 || got[0] != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The result has what the kernel kept of each connection, if it is asked for.
func TestKernelInResult(t *testing.T) {
	s := parse(t, `
servers: {s: {congestion: reno, reply: "hhhh"}, u: {bind: "udp::0", reply: y}}
clients: {ann: [{connect: s}, {connect: {to: s, as: b}}, {send: hello}, {over: b, send: hi}, {expect: "hhhh"}, {over: b, expect: "hhhh"}, close, {over: b, close}, {connect: u}, {send: x}, {expect: {datagram, equals: y}}]}
`)
	r, err := runner.Run(t.Context(), s, runner.Options{Kernel: true})
	if err != nil || !r.Passed() {
		t.Fatal(err, failures(r))
	}
	type kept struct{ Actor, Over string }
	var got []kept
	for _, a := range r.Actors {
		for _, c := range a.TCP {
			got = append(got, kept{a.Name, c.Over})
			if a.Server && c.Congestion != "reno" || c.RTT <= 0 || c.SendWindow <= 0 || c.RecvWindow <= 0 {
				t.Errorf("%s: %+v", a.Name, c)
			}
		}
	}
	want := []kept{{"ann", ""}, {"ann", "b"}, {"s/ann", ""}, {"s/ann#2", ""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if play(t, s).Actors[0].TCP != nil {
		t.Error("nobody has asked for it")
	}
}
