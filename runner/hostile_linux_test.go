package runner_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"banter/runner"
)

// descriptors is how many this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(entries) - 1 // the directory itself
}

// Whatever call it is that gets no descriptor, the run ends soon, says so, and
// gives back those that it has got.
func TestDescriptorsRunOut(t *testing.T) {
	var b strings.Builder
	b.WriteString("servers: {s: {reply: hhhh}, t: {listen: false, reply: hhhh}}\nclients:\n")
	for i := range 6 {
		fmt.Fprintf(&b, "  c%d: [{connect: s}, {meet: all}, {send: x, expect: hhhh}]\n", i)
	}
	b.WriteString("  d: [{meet: all}, {start: t}, {connect: t}, {send: x, expect: hhhh}]\n")
	s := parse(t, b.String())
	play(t, s) // what the process opens once for good is open now
	before := descriptors(t)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old)
	passed := false
	for more := range 40 {
		limit := old
		limit.Cur = uint64(before + more)
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		result, err := runner.Run(t.Context(), s, runner.Options{})
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old)
		if err != nil {
			t.Fatal(err)
		}
		passed = result.Passed()
		said := passed
		for _, f := range result.Failures {
			said = said || f.Kind == runner.Environment && strings.Contains(f.Message, "too many open files")
		}
		if !said {
			t.Errorf("%d more: %s", more, failures(result))
		}
		if now := descriptors(t); now > before {
			t.Fatalf("%d more: %d descriptors are left over: %s", more, now-before, failures(result))
		}
	}
	if !passed {
		t.Error("it never passed")
	}
}

// Nothing is left open, however a run ends.
func TestNoDescriptorIsLeft(t *testing.T) {
	run(t, states)
	before := descriptors(t)
	for _, text := range []string{states, `
timeout: 100ms
servers: {s: {backlog: 1, accept: 0}, t: {at_once: 1, steps: [{expect: "x"}]}}
clients:
  a: [{connect: s}, {close: {now}}, {connect: t}]
  b: [{connect: t}, {send: "y"}, reset]
  c: [{connect: t}, {close: {now}}, {connect: t}, {expect: {end}}]
`} {
		for range 4 {
			run(t, text)
			play(t, secure(parse(t, text)))
		}
		if now := descriptors(t); now > before {
			t.Errorf("%d descriptors are left over", now-before)
		}
	}
}
