package report

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/scenario"
)

// programs of other people read what the formats write. One that is not
// installed skips the test, or fails it where BANTER_REQUIRE_PEERS is set.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("BANTER_REQUIRE_PEERS") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return path
}

// runProgram runs a program and returns what it prints.
func runProgram(t *testing.T, stdin []byte, name string, args ...string) (stdout string, err error) {
	t.Helper()
	cmd := exec.Command(program(t, name), args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s%s", name, err, out.String(), errs.String())
	}
	return out.String(), err
}

// write is a report of plays in a format.
func write(t *testing.T, format func(*bytes.Buffer) Format, plays ...runner.Play) []byte {
	t.Helper()
	var cases []*Case
	for _, p := range plays {
		cases = append(cases, NewCase(p, TextOptions{}))
	}
	return writeCases(t, format, Summary{Elapsed: time.Second}, cases)
}

func writeCases(t *testing.T, format func(*bytes.Buffer) Format, s Summary, cases []*Case) []byte {
	t.Helper()
	var b bytes.Buffer
	f := format(&b)
	var groups Groups
	for _, c := range cases {
		groups.Add(c)
		if err := f.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	groups.Count(&s)
	if err := f.Close(s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// everything is a play for each status and picture, with a flaky one.
func everything() []runner.Play {
	var all []runner.Play
	pictures := pictures()
	for _, name := range slices.Sorted(maps.Keys(pictures)) {
		p := pictures[name]
		p.Scenario.Name = name
		all = append(all, p)
	}
	one := func(name string) runner.Play {
		p := play(name, greeting, nil, talk("hello", "hhhh", "hhhh")...)
		p.Result.Began = time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
		return p
	}
	passed, skipped, broken, notRun, stopped := one("passed"), one("skipped"), one("broken"), one("not-run"), one("stopped")
	skipped.Result = runner.Result{Scenario: skipped.Scenario, Skipped: "redis-server is not installed"}
	broken.Err = errors.New("no descriptors left")
	notRun.NotRun, notRun.Result = true, runner.Result{}
	stopped.Stopped, stopped.Err = true, errors.New("interrupted")
	all = append(all, passed, skipped, broken, notRun, stopped)
	// Round 2 of 4 fails, and round 3.
	flaky := answered("hhhh", "hhxh\n")
	for round := range 4 {
		p := one("flaky")
		p.Scenario = flaky.Scenario
		if round == 1 || round == 2 {
			p = flaky
		}
		p.Round = round + 1
		all = append(all, p)
	}
	flaky.Scenario.Name = "flaky"
	// All of two rounds fail.
	twice := answered("hhhh", "hhxh\n")
	twice.Scenario.Name = "twice"
	for round := range 2 {
		twice.Round = round + 1
		all = append(all, twice)
	}
	return all
}

// hostileTexts are what a peer or a file may have, to get out of where it is
// put.
var hostileTexts = []string{
	"]]>", "<script>alert(1)</script>", "&amp;&lt;", `"'`, "--> <!--", "\x00\x01\x1b[31m\x7f", "\xff\xfe\x80", "\u0085\u009b31m\u2028\u202e",
	"\ufffe\uffff\ufffd", "\U0001f600 你好", "a\r\nb\rc\td", "\n::set-output name=x::y", "\r::stop-commands::x", "##[set-env name=x]y",
	"\n::add-mask::*\n", "%0A::error::x%", "a,b:c", "not ok 1 - x", "\nok 2\nBail out!", "\\# SKIP \\\\# TODO", "  ---\n  ...\n", "```\n~~~", "| a | b |",
	"](javascript:x)", "*_`[x](y)", "@everyone #1", "{{x}} ${{ secrets.X }}", " leading and trailing ", "\n\n", "true", "~", "- a: b",
}

// hostile is a play in which every text is hostile, drawn by random.
func hostile(random *rand.Rand) runner.Play {
	text := func() string {
		var b strings.Builder
		for range 1 + random.IntN(3) {
			b.WriteString(hostileTexts[random.IntN(len(hostileTexts))])
		}
		return b.String()
	}
	p := answered("hhhh", text())
	p.Scenario.Name, p.Scenario.Description, p.Scenario.Case = text(), text(), text()
	p.Scenario.Tags = []string{text()}
	p.Scenario.File.Path = text() + ".yaml"
	p.Scenario.Pos.File = p.Scenario.File.Path
	f := &p.Result.Failures[0]
	f.Pos.File, f.Message, f.Notes, f.Over = p.Scenario.File.Path, text(), []string{text(), text()}, text()
	f.Want = []byte(text())
	for i := range p.Result.Actors {
		for j := range p.Result.Actors[i].Observed {
			e := &p.Result.Actors[i].Observed[j]
			e.Name, e.Data = text(), []byte(text())
			e.Size = int64(len(e.Data))
		}
	}
	name := text()
	f.Actor, p.Result.Actors[0].Name, p.Result.Actors[1].Peer = name, name, name
	p.Result.Outputs = []runner.Output{{Name: text(), Status: text(), Head: []byte(text())}}
	switch random.IntN(6) {
	case 0:
		p.Err = errors.New(text())
	case 1:
		p.Result = runner.Result{Skipped: text()}
	case 2:
		p.Round = 2 // of a scenario that nobody knows
	}
	return p
}

func hostilePlays(n int) []runner.Play {
	random := rand.New(rand.NewPCG(1, 2))
	plays := make([]runner.Play, n)
	for i := range plays {
		plays[i] = hostile(random)
		plays[i].Scenario.Pos.Line = i + 1
	}
	return plays
}

// A case is of bounded size, and says how much it leaves out.
func TestCaseBounds(t *testing.T) {
	p := answered(strings.Repeat("a", 100000), strings.Repeat("a", 60000)+strings.Repeat("b", 40000))
	ann := p.Result.Actors[0]
	for i := range 12000 {
		ann.Observed = append(ann.Observed, entry(1, i, 3, strings.Repeat("x", 1000)))
	}
	p.Result.Actors = nil
	for range 5000 {
		p.Result.Actors = append(p.Result.Actors, ann)
	}
	for range 500 {
		p.Result.Failures = append(p.Result.Failures, p.Result.Failures[0])
	}
	p.Scenario.File.Source = []byte(strings.Repeat("# comment\n", 100000))
	p.Result.Failures[0].Pos = at(50000, 1)
	p.Result.Failures[0].Pos.File = p.Scenario.File.Path
	c := NewCase(p, TextOptions{})
	events, size := 0, 0
	for _, a := range c.Actors {
		events += len(a.Observed) + len(a.Expected)
		for _, e := range a.Observed {
			size += len(e.Data)
		}
	}
	if events > caseEvents || events < caseEvents/2 || size > caseBytes || len(c.Actors) != caseActors || len(c.Failures) != caseFailures {
		t.Errorf("%d events, %d bytes, %d actors, %d failures", events, size, len(c.Actors), len(c.Failures))
	}
	if want := 5000 - caseActors + 501 - caseFailures; c.More != want {
		t.Errorf("%d more, want %d", c.More, want)
	}
	a := &c.Actors[0]
	if last := len(a.Observed) - 1; a.More != len(ann.Observed)-len(a.Observed) || len(a.Begun()) != a.Head || a.Observed[last].Step != ann.Observed[len(ann.Observed)-1].Step {
		t.Errorf("%d events, %d more after %d", len(a.Observed), a.More, a.Head)
	}
	f := c.Failures[1]
	if len(f.Want) > caseShown || len(f.Got) > caseShown || f.Offset != 60000 {
		t.Errorf("%d and %d bytes around %d", len(f.Want), len(f.Got), f.Offset)
	}
	if at := f.Offset - f.Start; f.Got[at] != 'b' || f.Got[at-1] != 'a' || f.Want[at] != 'a' {
		t.Errorf("got %q, want %q at the offset", f.Got[at-1:at+1], f.Want[at])
	}
	first := c.Source.Line
	lines := strings.Count(c.Source.Text, "\n")
	if len(c.Source.Text) > caseSource || first > 50000 || first+lines <= 50000 {
		t.Errorf("%d bytes of source from line %d to %d", len(c.Source.Text), first, first+lines)
	}
}

// The source of a case is its own document, whole.
func TestCaseSource(t *testing.T) {
	file := &scenario.File{Path: "two.yaml", Source: []byte("name: one\n# 2\n---\nname: two\n# 5\n"), Included: map[string][]byte{"other.yaml": []byte("x\ny\n")}}
	one := &scenario.Scenario{Name: "one", File: file, Pos: scenario.Pos{File: "two.yaml", Line: 1}}
	two := &scenario.Scenario{Name: "two", File: file, Pos: scenario.Pos{File: "two.yaml", Line: 4}}
	file.Scenarios = []*scenario.Scenario{one, two}
	in := func(file string, line int) []runner.Failure {
		return []runner.Failure{{Pos: scenario.Pos{File: file, Line: line}}}
	}
	for _, test := range []struct {
		s        *scenario.Scenario
		failures []runner.Failure
		want     CaseSource
	}{
		{one, in("two.yaml", 2), CaseSource{"two.yaml", 1, "name: one\n# 2\n---\n"}},
		{one, nil, CaseSource{"two.yaml", 1, "name: one\n# 2\n---\n"}},
		{two, in("two.yaml", 5), CaseSource{"two.yaml", 4, "name: two\n# 5\n"}},
		{two, in("two.yaml", 2), CaseSource{"two.yaml", 1, string(file.Source)}},
		{two, in("other.yaml", 2), CaseSource{"other.yaml", 1, "x\ny\n"}},
	} {
		if got := *sourceOf(test.s, test.failures); got != test.want {
			t.Errorf("got %+v, want %+v", got, test.want)
		}
	}
}

// Rounds that differ are flaky, in whatever order they come.
func TestGroups(t *testing.T) {
	for rounds, want := range map[string]Status{
		"p": Passed, "f": Failed, "b": Broken, "s": Skipped, "n": NotRun, "x": Stopped,
		"pp": Passed, "ff": Failed, "fb": Failed, "bb": Broken, "pf": Flaky, "fp": Flaky, "pb": Flaky, "pfp": Flaky, "ffp": Flaky,
		"px": Passed, "fx": Failed, "pfx": Flaky, "fpx": Flaky, "xp": Passed,
	} {
		var g Groups
		failed := ""
		for i, r := range rounds {
			status := map[rune]Status{'p': Passed, 'f': Failed, 'b': Broken, 's': Skipped, 'n': NotRun, 'x': Stopped}[r]
			if status.Bad() && failed == "" {
				failed = fmt.Sprint(i + 1)
			}
			g.Add(&Case{Name: "a", Round: i + 1, Status: status, Elapsed: time.Second})
			g.Add(&Case{Name: "b", Round: i + 1, Status: Passed}) // with --until-fail, rounds come by turns
		}
		if len(g.List) != 2 || g.List[0].Status != want {
			t.Errorf("%s: %d groups, %s, want %s", rounds, len(g.List), g.List[0].Status, want)
		}
		if failed != "" && fmt.Sprint(g.List[0].Case.Round) != failed {
			t.Errorf("%s: round %d stands for it", rounds, g.List[0].Case.Round)
		}
		var s Summary
		g.Count(&s)
		if n := s.Passed + s.Failed + s.Flaky + s.Broken + s.Skipped + s.NotRun; n != 2 || s.Scenarios != 2 {
			t.Errorf("%s: %+v", rounds, s)
		}
	}
	// The first round again is another run's.
	var g Groups
	g.Add(&Case{Name: "a", Round: 1, Status: Passed})
	g.Add(&Case{Name: "a", Round: 1, Status: Failed})
	if len(g.List) != 2 || g.List[0].Status != Passed || g.List[1].Status != Failed {
		t.Errorf("two runs: %+v", g.List)
	}
}
