package report

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"banter/runner"
)

func newTAP(version int) func(*bytes.Buffer) Format {
	return func(b *bytes.Buffer) Format { return NewTAP(b, version) }
}

func TestTAP(t *testing.T) {
	a, b := answered("hhhh", "hhxh\n"), play("name # with \\ marks", greeting, nil)
	c := play("later", greeting, nil)
	c.Result.Skipped = "not #now"
	flaky := []runner.Play{play("flaky", greeting, nil), answered("hhhh", "hhxh\n")}
	flaky[1].Scenario.Name, flaky[1].Scenario.File.Path = "flaky", "scenarios/flaky.yaml"
	flaky[1].Round = 2
	var cases []*Case
	for _, p := range append([]runner.Play{a, b, c}, flaky...) {
		cases = append(cases, NewCase(p, TextOptions{}))
	}
	golden(t, "tap", string(writeCases(t, newTAP(14), Summary{Elapsed: time.Second, Interrupted: true}, cases)))
}

var (
	tapLine = regexp.MustCompile(`^(not )?ok (\d+) - ((?:[^#\\]|\\.)*)(?: # SKIP (?:[^#\\]|\\.)*)?$`)
	tapYAML = regexp.MustCompile(`^  (---|\.\.\.|  .*|[a-z_]+: .*|at:)$`)
)

// Whatever peers say: nothing gets out of its line or its YAML.
func TestTAPHostile(t *testing.T) {
	plays := append(everything(), hostilePlays(500)...)
	text := write(t, newTAP(13), plays...)
	harmless(t, string(text))
	n := 0
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		switch {
		case i == 0 && line == "TAP version 13":
		case i == 1 && line == fmt.Sprintf("1..%d", len(pictures())+7+500):
		case tapLine.MatchString(line):
			n++
		case tapYAML.MatchString(line):
		default:
			t.Errorf("line %d: %q", i+1, line)
		}
	}
	if want := len(pictures()) + 7 + 500; n != want {
		t.Errorf("%d test points, want %d", n, want)
	}
	// prove reads it all, and finds nothing wrong with it but what failed.
	file := filepath.Join(t.TempDir(), "report.tap")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := runProgram(t, nil, "prove", "-e", "cat", file)
	if err == nil || strings.Contains(out, "Parse errors") || !strings.Contains(out, fmt.Sprintf("Tests: %d ", n)) {
		t.Errorf("prove: %v\n%s", err, out)
	}
}
