package runner_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is captured in parallel is what the others have afterwards, also if it
// had a value before.
func TestCaptureInParallel(t *testing.T) {
	passes(t, `
servers: {s: {steps: [{loop: {times: 3, as: n, steps: [{send: {line: "id ${n}"}}, {expect: {line: x}}, {expect: {line: "${n}"}}]}}]}}
clients:
  c:
    - connect: s
    - loop:
        times: 3
        steps:
          - parallel: [{expect: {like: "id ${?id}"}}, {send: {line: x}}]
          - send: {line: "${id}"}
`)
}

// A retry begins anew with all of its connections.
func TestRetryWithTwoConnections(t *testing.T) {
	r := passes(t, `
servers:
  first: {steps: [{expect: {line: hello}}, {send: {line: hi}}]}
  second: {connections: [[{send: "no"}], [{send: "no"}], [{send: "ok"}]]}
clients:
  c:
    - retry:
        every: 1ms
        steps:
          - connect: first
          - connect: {to: second, as: other}
          - {send: {line: hello}, expect: {line: hi}}
          - {over: other, expect: "ok"}
`)
	want := `c:
  connect first
  [other] connect second
  > "hello\r\n"
  < "hi\r\n"
  [other] < "ok"
  [other] < eof
  [other] close
  < eof
  close
`
	if got := transcripts(r); !strings.HasPrefix(got, want) {
		t.Error(got)
	}
}

// Two that wait for each other's end wait no longer than a step may.
func TestLoopsThatWaitForEachOther(t *testing.T) {
	r := run(t, `
timeout: 100ms
servers: {s: {steps: [{loop: [{expect: {line}}]}]}}
clients: {c: [{connect: s}, {send: {line: hi}}, {loop: [{expect: {line}}]}]}
`)
	want := []string{
		"4:50 c: timeout after 100ms: neither more nor the peer's end had come",
		"3:24 s/c: was waiting: loop until the peer's end: 1 step; neither more nor the peer's end had come",
	}
	if diff := cmp.Diff(want, failures(r)); diff != "" {
		t.Error(diff)
	}
}

// A round that takes nothing leaves what the next one sees.
func TestLoopThatTakesNothing(t *testing.T) {
	r := run(t, `
servers: {s: {steps: [{send: {line: other}}]}}
clients:
  c: [{connect: s}, {loop: [{expect: {line: one, optional: true}}]}]
  d: [{connect: s}, {loop: {until: {line: end}, steps: [{expect: {line: one, optional: true}}]}}]
  e: [{connect: s}, {loop: {until: {line: end}, steps: [{loop: {times: 2, steps: [{expect: {line: one, optional: true}}]}}]}}]
`)
	want := []string{
		"4:22 c: round 1 of the loop took nothing of what has come, and so would all that follow",
		"5:22 d: round 1 of the loop took nothing of what has come, and so would all that follow",
		"6:22 e: round 1 of the loop took nothing of what has come, and so would all that follow",
	}
	got := failures(r)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	passes(t, `
servers: {s: {steps: [{loop: {times: 3, steps: [{send: {line: one}}, {send: {line: two}}]}}]}}
clients:
  c: [{connect: s}, {loop: [{expect: {line: one, optional: true}}, {expect: {line: two, optional: true}}]}]
`)
}

func TestLoopWithin(t *testing.T) {
	r := run(t, `
servers: {s: {steps: [{loop: [{expect: {line}}, {send: {line: ok}}]}]}}
clients:
  c:
    - connect: s
    - within: 50ms
      loop: {times: 1000000, steps: [{send: {line: hi}, expect: {line: ok}}, {wait: 1ms}]}
  d:
    - connect: s
    - loop: {times: 10, steps: [{send: {line: hi}, expect: {line: ok}, within: 5s}]}
`)
	got := failures(r)
	if len(got) == 0 || !strings.Contains(got[0], "c: timeout after 50ms") {
		t.Error(got)
	}
}

func TestRetryBoundsItsSteps(t *testing.T) {
	r := run(t, `
servers: {s: {steps: [{expect: {line: never}}]}}
clients:
  c:
    - retry:
        within: 250ms
        steps:
          - connect: s
          - expect: {line: hello}
`)
	got := failures(r)
	if len(got) == 0 || got[0] != "9:13 c: timeout after 250ms: 0 of 7 bytes had come" {
		t.Error(got)
	}
}

// Fragments in fragments have the same names for their variables.
func TestFragmentsInFragments(t *testing.T) {
	passes(t, `
define:
  outer: [{do: inner, with: {who: "${who}!"}}, {send: {line: "outer ${who}"}}]
  inner: [{send: {line: "inner ${who}"}}]
servers:
  s:
    steps:
      - send: {line: ann}
      - expect: {lines: [inner bob!, outer bob, inner ann!, outer ann, inner x!, outer x, ann]}
clients:
  c:
    - connect: s
    - expect: {line, capture: name}
    - {do: outer, with: {who: bob}}
    - {do: outer, with: {who: "${name}"}}
    - loop: {times: 1, steps: [{do: outer, with: {who: x}}]}
    - send: {line: "${name}"}
`)
}

func TestSignalsInLoops(t *testing.T) {
	passes(t, `
servers: {s: {reply: x}}
clients:
  ann: [{loop: {times: 50, steps: [{signal: a}, {meet: m}, {await: b}]}}, {connect: s}, {send: x}, {expect: x}]
  ben: [{loop: {times: 50, as: n, steps: [{await: a}, {signal: b}, {meet: m}]}}]
  cat: [{await: {signal: a, times: 50}}, {await: {signal: b, times: 50}}]
`)
	r := run(t, `
timeout: 5m
servers: {s: {reply: x}}
clients:
  ann: [{loop: {times: 3, steps: [{signal: a}]}}, {connect: s}, {send: x}, {expect: x}]
  ben: [{await: {signal: a, times: 4}}]
  cat: [{loop: {times: 2, steps: [{meet: m}]}}]
  dan: [{meet: m}]
`)
	want := []string{`6:10 ben: signal "a" will not come`, `7:36 cat: meeting "m" can't come about`}
	got := failures(r)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A signal that is given by what is done with messages at any time may come.
func TestSignalOfAlways(t *testing.T) {
	passes(t, `
servers:
  s: {steps: [{await: there}, {send: {line: PING}}, {send: {line: bye}}]}
clients:
  ann:
    always: [{when: PING, steps: [{signal: pinged}]}]
    steps: [{connect: s}, {signal: there}, {expect: {line: bye}}]
  ben: [{await: pinged}]
`)
}

// How many rounds there are can be in what came, as in an array of Redis.
func TestLoopAsOftenAsThePeerSays(t *testing.T) {
	passes(t, `
servers:
  s:
    steps:
      - loop:
          - expect: {like: "*${?n:int}"}
          - loop:
              times: "${n}"
              as: i
              steps:
                - expect: {like: "${$}${?size:int}"}
                - expect: {bytes: "${size}", capture: word}
                - {expect: {line: ""}, answer: {line: "${i} ${word}"}}
          - send: {line: "${n} done"}
clients:
  c:
    - connect: s
    - {send: {lines: ["*2", "$3", GET, "$1", k]}, expect: {lines: ["1 GET", "2 k", "2 done"]}}
    - {send: {lines: ["*0"]}, expect: {lines: ["0 done"]}}
    - {send: {lines: ["*1", "$4", PING]}, expect: {lines: ["1 PING", "1 done"]}}
    - close
`)
	r := run(t, `
servers: {s: {steps: [{send: {lines: [some, "0"]}}]}}
clients:
  c: [{connect: s}, {expect: {line, capture: n}}, {loop: {times: "${n}", steps: [{wait: 1ms}]}}, {close: {discard}}]
  d:
    - connect: s
    - expect: {line: some}
    - expect: {line, capture: n}
    - loop: {times: "${n}", steps: [{expect: {line, capture: word}}]}
    - let: {again: "${word}"}
`)
	want := []string{
		"10:7 d: let: again: ${word} has no value: nothing has been captured for it yet",
		`4:52 c: "${n}" is "some", where a whole number, 0 or more, was wanted`,
	}
	got := failures(r)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A server that resets its first callers is tried again, and the tries leave
// nothing behind, whoever was quicker.
func TestRetryAfterResets(t *testing.T) {
	want := ""
	for range 10 {
		r := passes(t, `
servers:
  shy: {connections: [[reset], [{send: {line: hello}}, reset], [{expect: {line: hi}}, reset], [{close: {now}}], [{expect: {line: hi}}, {send: {line: "yes"}}]]}
clients:
  c:
    - retry:
        every: 1ms
        steps:
          - connect: shy
          - {send: {line: hi}, expect: {line: "yes"}}
          - signal: done
  d: [{await: done}, {loop: {times: 2, steps: [{meet: {name: end, parties: 2}}]}}]
  e: [{loop: {times: 2, steps: [{await: done}, {meet: {name: end, parties: 2}}]}}]
`)
		got := transcripts(r)
		if want == "" {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
	if !strings.HasPrefix(want, "c:\n  connect shy\n  > \"hi\\r\\n\"\n  < \"yes\\r\\n\"\n  < eof\n  close\n") {
		t.Error(want)
	}
}

// A thousand clients meet again and again, and each compares what it gets with
// what it made of its own number.
func TestCrowdWithBodies(t *testing.T) {
	passes(t, `
servers:
  s:
    connections:
      crowd:
        - let: {body: [{fill: "${index}-", size: 3000}, "${index}"]}
        - loop:
            times: 3
            steps:
              - expect: {length: u32be, equals: "${body}", sha256: "${body.sha256}"}
              - send: {line: "${body.sha1.hex}"}
clients:
  crowd:
    count: 1000
    steps:
      - let: {body: [{fill: "${index}-", size: 3000}, "${index}"]}
      - connect: s
      - loop:
          times: 3
          steps:
            - meet: all
            - send: {text: "${body}", length: u32be}
            - expect: {line: "${body.sha1.hex}"}
`)
}

// Both connections of a client can be the one that is too slow.
func TestOverTimesOut(t *testing.T) {
	for _, test := range []struct{ step, want string }{
		{`{over: second, expect: x, within: 50ms}`, "7:22 c: timeout after 50ms: 0 of 1 byte had come"},
		{`{expect: x, within: 50ms}`, "7:8 c: timeout after 50ms: 0 of 1 byte had come"},
		{`{over: second, close, within: 50ms}`, "7:22 c: timeout after 50ms: the peer did not close"},
		{`{over: second, send: {fill: x, size: 100MiB}, within: 100ms}`, "7:22 c: timeout after 100ms: "},
	} {
		r := run(t, `
servers: {s: {steps: [{await: never}]}, t: {steps: [{await: never}]}}
clients:
  c:
    - connect: s
    - connect: {to: t, as: second}
    - `+test.step+`
    - signal: never
`)
		if got := failures(r); len(got) == 0 || !strings.HasPrefix(got[0], test.want) {
			t.Errorf("%s: %v", test.step, got)
		}
	}
}
