package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/scenario"

	"github.com/google/go-cmp/cmp"
)

func TestLines(t *testing.T) {
	pass := func(name, file string, elapsed time.Duration) runner.Play {
		s := &scenario.Scenario{Name: name, File: &scenario.File{Path: file}}
		return runner.Play{Scenario: s, Round: 1, Result: runner.Result{Scenario: s, Elapsed: elapsed}}
	}
	greeting := pass("greeting", "scenarios/tour/01-greeting.yaml", 1200*time.Microsecond)
	halfClose := pass("half-close", "scenarios/tour/04-half-close.yaml", 900*time.Microsecond)
	again := greeting
	again.Round = 2
	failing := answered("hhhh", "hhxh\n")
	failing.Err = errors.New("no descriptors left")
	stopped := pass("stopped", "s.yaml", 0)
	stopped.Stopped = true
	stopped2 := again
	stopped2.Stopped = true
	notRun := pass("later", "l.yaml", 0)
	notRun.NotRun = true
	failed, passed2 := greeting, greeting
	failed.Result.Failures = []runner.Failure{{Message: "as the test says"}}
	failed.Round, passed2.Round = 2, 3
	failed1 := failed
	failed1.Round = 1

	for _, tt := range []struct {
		name  string
		opts  TextOptions
		plays []runner.Play
		want  string
	}{
		{"passing, as in the design", TextOptions{Passing: true}, []runner.Play{greeting, halfClose}, `
ok    greeting             1.2 ms   scenarios/tour/01-greeting.yaml
ok    half-close           0.9 ms   scenarios/tour/04-half-close.yaml
2 scenarios, 2 passed                                       0.01 s
`},
		{"in a pipe", TextOptions{}, []runner.Play{greeting}, `
1 scenario, 1 passed                                        0.01 s
`},
		{"quiet", TextOptions{Quiet: true, Passing: true}, []runner.Play{greeting, notRun}, `
`},
		{"long names", TextOptions{Passing: true, Names: 22}, []runner.Play{
			pass("你好 a name of 22 cols", "a.yaml", 1500*time.Millisecond), pass("short", "b.yaml", 200*time.Second)}, `
ok    你好 a name of 22 cols    1.50 s   a.yaml
ok    short                      200 s   b.yaml
2 scenarios, 2 passed                                       0.01 s
`},
		{"hostile names", TextOptions{Passing: true}, []runner.Play{pass("a\x1b[2Jb\n", "x\ay.yaml", 0)}, `
ok    a\x1b[2Jb\n          0.0 ms   x\x07y.yaml
1 scenario, 1 passed                                        0.01 s
`},
		{"broken and interrupted", TextOptions{Passing: true}, []runner.Play{greeting, failing, stopped, notRun}, `
ok    greeting             1.2 ms   scenarios/tour/01-greeting.yaml

FAIL  greeting   scenarios/greeting.yaml:1:1
      the run broke: no descriptors left

      again: banter run --filter '^greeting$' scenarios/greeting.yaml

-     stopped             stopped   s.yaml
-     later               not run   l.yaml
4 scenarios, 1 passed, 1 failed, 2 not run                  0.01 s
`},
		{"repeats", TextOptions{Passing: true, Repeats: true}, []runner.Play{greeting, again, halfClose}, `
ok    greeting             1.2 ms   scenarios/tour/01-greeting.yaml   2 runs
ok    half-close           0.9 ms   scenarios/tour/04-half-close.yaml
2 scenarios, 3 runs, 2 passed                               0.01 s
`},
		{"repeats that are interrupted", TextOptions{Passing: true, Repeats: true}, []runner.Play{greeting, stopped2, stopped}, `
ok    greeting             1.2 ms   scenarios/tour/01-greeting.yaml
-     stopped             stopped   s.yaml
2 scenarios, 1 run, 1 passed, 1 not run                     0.01 s
`},
		{"repeats that fail", TextOptions{Passing: true, Repeats: true}, []runner.Play{greeting, failed, passed2}, `
FAIL  greeting (run 2)
      as the test says

      again: banter run --filter '^greeting$' scenarios/tour/01-greeting.yaml

FLAKY greeting   1 of 3 runs failed
1 scenario, 3 runs, 1 failed (1 flaky)                      0.01 s
`},
		{"repeats that all fail, beside one that passes", TextOptions{Passing: true, Repeats: true}, []runner.Play{failed1, failed, halfClose}, `
FAIL  greeting
      as the test says

      again: banter run --filter '^greeting$' scenarios/tour/01-greeting.yaml

ok    half-close           0.9 ms   scenarios/tour/04-half-close.yaml
FAIL  greeting   2 of 2 runs failed
2 scenarios, 3 runs, 1 passed, 1 failed                     0.01 s
`},
		{"the flags of the run", TextOptions{Flags: []string{"--slow", "2"}, Quiet: true}, []runner.Play{failed}, `
FAIL  greeting (run 2)
      as the test says

      again: banter run --slow 2 --filter '^greeting$' scenarios/tour/01-greeting.yaml

`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			text := NewText(&b, tt.opts)
			for _, p := range tt.plays {
				if err := text.Add(p); err != nil {
					t.Error(err)
				}
			}
			if err := text.Close(11 * time.Millisecond); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(tt.want, "\n"+b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestManyNotRun(t *testing.T) {
	var plays []runner.Play
	for range 30 {
		p := answered("", "")
		p.NotRun = true
		plays = append(plays, p)
	}
	if n := strings.Count(report(t, TextOptions{}, plays...), "\n"); n != notRunMax {
		t.Errorf("%d are named", n)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWriteError(t *testing.T) {
	text := NewText(fullDisk{}, TextOptions{})
	if err := text.Add(answered("hhhh", "hhxh")); err == nil {
		t.Error("Add says nothing")
	}
	if err := text.Close(0); err == nil {
		t.Error("Close says nothing")
	}
}

func TestProblems(t *testing.T) {
	var list scenario.Problems
	for i := range 23 { // errors in lines 22 and 23
		list = append(list, scenario.Problem{Pos: scenario.Pos{File: "a\x1b.yaml", Line: i + 1, Col: 2}, Message: "bad \a", Warning: i < 21})
	}
	lines := strings.Split(Problems(list), "\n")
	for i, want := range map[int]string{
		0:  `a\x1b.yaml:1:2: warning: bad \x07`,
		17: `a\x1b.yaml:18:2: warning: bad \x07`,
		18: `a\x1b.yaml:22:2: bad \x07`,
		19: `a\x1b.yaml:23:2: bad \x07`,
		20: `a\x1b.yaml: 3 more`,
		21: ``,
	} {
		if i >= len(lines) || lines[i] != want {
			t.Errorf("line %d of %q is not %q", i, lines, want)
		}
	}
	if got := Problems(list[:3]); strings.Count(got, "\n") != 3 {
		t.Errorf("got %q", got)
	}
}
