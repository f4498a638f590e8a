package runner_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"banter/runner"
	"banter/runner/scenario"
	"banter/runner/wire"
)

// playIsolated plays a scenario in a network of its own.
func playIsolated(t *testing.T, text string) runner.Result {
	t.Helper()
	if err := wire.CanIsolate(); err != nil {
		t.Skipf("no isolated networks here: %v", err)
	}
	s := allowed(t, scenario.Allow{Isolated: true, Run: scenario.Grant{All: true}}, text)
	r, err := runner.Run(t.Context(), s, runner.Options{Isolate: true, Kernel: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const lossy = `
timeout: 60s
links: {lossy: {LOSS}}
servers: {sink: {steps: [expect: {fill: random, size: 2MiB}, send: {fill: random, size: 2MiB, seed: 3}, close]}}
clients: {ann: [connect: {to: sink, via: lossy}, send: {fill: random, size: 2MiB}, expect: {fill: random, size: 2MiB, seed: 3}, close]}
`

// The transcript is the same whatever is lost, and each direction has its own
// loss.
func TestLossIsNotSeen(t *testing.T) {
	want := transcripts(run(t, strings.NewReplacer("links: {lossy: {LOSS}}", "", "{to: sink, via: lossy}", "sink").Replace(lossy)))
	for loss, again := range map[string][2]bool{
		"loss: 5%":         {true, true},
		"out: {loss: 5%}":  {true, false},
		"back: {loss: 5%}": {false, true},
	} {
		r := playIsolated(t, strings.Replace(lossy, "LOSS", loss, 1))
		if !r.Passed() {
			t.Fatalf("%s: %q", loss, failures(r))
		}
		if diff := cmp.Diff(want, transcripts(r)); diff != "" {
			t.Errorf("%s: the transcripts differ:\n%s", loss, diff)
		}
		// Where only acknowledgements are lost, some data may be sent again.
		const some = 20
		for i, a := range r.Actors {
			if n := a.TCP[0].Retransmits; again[i] && n < some {
				t.Errorf("%s: %s has sent %d segments again", loss, a.Name, n)
			}
		}
	}
}

// Segments can be lost on a link that delays and cuts the stream as well.
func TestLossAndLatency(t *testing.T) {
	r := playIsolated(t, strings.Replace(lossy, "LOSS", "loss: 5%, latency: 2ms, jitter: 1ms, slice: 1000", 1))
	if !r.Passed() {
		t.Fatalf("%q", failures(r))
	}
	for _, a := range r.Actors {
		if a.TCP[0].Retransmits == 0 {
			t.Errorf("%s has sent no segment again", a.Name)
		}
	}
}

// What needs an isolated network says so without one.
func TestNotIsolated(t *testing.T) {
	for why, want := range map[string]string{
		"":           "needs an isolated network; --isolate gives each scenario one",
		"no reason.": "needs an isolated network, and there is none: no reason.",
	} {
		for text, what := range map[string]string{
			"addresses: [192.0.2.1]":        `2:13 : "addresses" `,
			"links: {lossy: {loss: 5%}}":    `2:9 : "loss" `,
			"links: {mixed: {reorder: 5%}}": `2:9 : "reorder" `,
		} {
			s := parse(t, "\n"+text+"\nservers: {s: {reply: y}}\nclients: {ann: [connect: s, send: x, expect: y]}\n")
			r, err := runner.Run(t.Context(), s, runner.Options{NotIsolated: why})
			if got := failures(r); err != nil || !slices.Equal(got, []string{what + want}) {
				t.Errorf("%q, want %q", got, what+want)
			}
		}
		for _, ability := range []string{"isolation", "loss", "reorder"} {
			s := parse(t, "requires: ["+ability+"]\nclients: {ann: [wait: 1ms]}\n")
			r, err := runner.Run(t.Context(), s, runner.Options{NotIsolated: why})
			if err != nil || r.Skipped != "it "+want {
				t.Errorf("%q, want %q", r.Skipped, "it "+want)
			}
		}
	}
}

// A process has its port inside, where clients find it, and nobody else.
func TestProcessInside(t *testing.T) {
	r := playIsolated(t, `
timeout: 20s
processes:
  web: {run: [python3, -m, http.server, --bind, 127.0.0.1, "80"], port: 80}
requires: [python3]
clients:
  ann: [connect: web, send: {head: [GET / HTTP/1.0]}, expect: {line, like: "HTTP/1.0 200 ${?}"}, close: {discard}]
`)
	if r.Skipped != "" {
		t.Skip(r.Skipped)
	}
	if !r.Passed() {
		t.Errorf("%q", failures(r))
	}
}

// Nothing is left of the networks of scenarios, also of those that fail.
func TestIsolatedScenariosAreReleased(t *testing.T) {
	if err := wire.CanIsolate(); err != nil {
		t.Skipf("no isolated networks here: %v", err)
	}
	var list []*scenario.Scenario
	for _, reply := range []string{"hhhh", "other"} {
		list = append(list, allowed(t, scenario.Allow{Isolated: true}, `
servers: {s: {bind: ":25", reply: "`+reply+`"}, u: {bind: "udp::53", reply: "y"}}
clients: {ann: [connect: s, send: hello, expect: "hhhh", close], ben: [connect: u, send: x, expect: {datagram}]}
`))
	}
	failed := 0
	runner.PlayAll(t.Context(), list, runner.SuiteOptions{Options: runner.Options{Isolate: true}, Jobs: 4, Repeat: 10}, func(p runner.Play) {
		if p.Failed() {
			failed++
		}
	})
	if failed != 10 {
		t.Errorf("%d of 20 have failed", failed)
	}
	var left []string
	for range 500 { // threads end in a moment
		left = nil
		for _, glob := range []string{"/proc/self/task/*/ns/net", "/proc/self/fd/*"} {
			paths, err := filepath.Glob(glob)
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range paths {
				if name, err := os.Readlink(path); err == nil && strings.HasPrefix(name, "net:[") && !slices.Contains(left, name) {
					left = append(left, name)
				}
			}
		}
		if len(left) <= 1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("the process is in %q", left)
}
