package report

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// Whatever came about, the picture is one screen of harmless text, no wider than
// the terminal.
func TestAnyFailure(t *testing.T) {
	for seed := range 100 {
		rnd := rand.New(rand.NewPCG(uint64(seed), 1))
		p := anyPlay(rnd)
		for _, columns := range []int{40, 47, 59, 60, 61, 80, 100, 120} {
			got := Picture(p, TextOptions{Columns: columns})
			fits(t, got, columns)
			harmless(t, got)
		}
		if n := strings.Count(Picture(p, TextOptions{}), "\n"); n > screen {
			t.Errorf("%d lines in a pipe", n)
		}
		harmless(t, report(t, TextOptions{Verbose: true}, p))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func anyPlay(rnd *rand.Rand) runner.Play {
	source := strings.Repeat("clients:\t你好 \x1b[2J  - connect\r\n", rnd.IntN(20)) + strings.Repeat("x", rnd.IntN(400))
	var failures []runner.Failure
	for range 1 + rnd.IntN(20)*rnd.IntN(20) {
		f := runner.Failure{
			Kind: runner.Kind(rnd.IntN(10)), Actor: anyOf(rnd, "ann", "greeter/ann", "", "nobody", "program", strings.Repeat("long-", rnd.IntN(50))+"name"),
			Pos: at(rnd.IntN(30), rnd.IntN(300)), Step: rnd.IntN(6), Steps: rnd.IntN(6),
			Message: anyBytes(rnd), At: time.Duration(rnd.IntN(1000)) * time.Millisecond,
			Offset: int64(rnd.IntN(400)) - 1,
		}
		if rnd.IntN(2) == 0 {
			f.Want = []byte(anyBytes(rnd))
			f.Any = make([]bool, rnd.IntN(len(f.Want)+1))
		}
		if rnd.IntN(3) > 0 {
			f.Got = []byte(anyBytes(rnd))
		}
		for range rnd.IntN(9) {
			f.Notes = append(f.Notes, anyBytes(rnd))
		}
		failures = append(failures, f)
	}
	actors := []runner.Actor{{Name: "ann", Peer: anyOf(rnd, "greeter/ann", "", "x")}, {Name: "greeter/ann", Peer: "ann", Server: true}}
	for i := range actors {
		for range rnd.IntN(8) {
			actors[i].Script = append(actors[i].Script, anyStep(rnd))
		}
		at := 0.0
		for range rnd.IntN(80) {
			at += rnd.Float64() * 20
			kind := transcript.Kind(1 + rnd.IntN(int(transcript.Start)))
			actors[i].Observed = append(actors[i].Observed, entry(at, rnd.IntN(6), kind, anyBytes(rnd)))
		}
	}
	p := play("any", source, failures, actors...)
	p.Scenario.Name = anyBytes(rnd)
	p.Scenario.File.Path = strings.Repeat("folder/", rnd.IntN(12)) + "any.yaml"
	for i := range failures {
		failures[i].Pos.File = p.Scenario.File.Path
	}
	for i := range rnd.IntN(20) * rnd.IntN(2) {
		name := "program"
		if i > 0 {
			name = "x" + anyBytes(rnd)
		}
		p.Result.Outputs = append(p.Result.Outputs, runner.Output{
			Name: name, Status: anyOf(rnd, "", "exit status 3"),
			Head: []byte(anyBytes(rnd)), Tail: []byte(anyBytes(rnd)), Cut: rnd.Int64N(2) * 1000,
		})
	}
	return p
}

func anyStep(rnd *rand.Rand) *scenario.Step {
	switch rnd.IntN(3) {
	case 0:
		return step(expect(anyBytes(rnd)))
	case 1:
		return &scenario.Step{Action: scenario.Send{Payload: payload(anyBytes(rnd))}, Expect: expect("x")}
	}
	return step(scenario.Await{Signal: anyBytes(rnd), Times: 1})
}

func anyOf(rnd *rand.Rand, list ...string) string { return list[rnd.IntN(len(list))] }

func anyBytes(rnd *rand.Rand) string {
	n := rnd.IntN(300)
	if rnd.IntN(2) == 0 {
		n = rnd.IntN(12)
	}
	alphabet := anyOf(rnd, "hello \r\n", "שלום עולם", "\u0301\u0301a", "👍🏽👩‍👩‍👧 ", "你好，世界🎉e\u0301", "\x00\xff\x80\x1b\u202e[2J", "'\"\\$`")
	var b strings.Builder
	for range n {
		i := rnd.IntN(len(alphabet))
		b.WriteString(alphabet[i : i+1+rnd.IntN(len(alphabet)-i)])
	}
	return b.String()
}

// A long conversation that differs everywhere is reported in little.
func TestLongConversation(t *testing.T) {
	for name, p := range longPlays() {
		for _, verbose := range []bool{false, true} {
			got := Picture(p, TextOptions{Verbose: verbose})
			if len(got) > 64<<10 {
				t.Errorf("%s, verbose %v: %d bytes", name, verbose, len(got))
			}
			if n := strings.Count(got, "\n"); n > screen && !verbose {
				t.Errorf("%s: %d lines", name, n)
			}
		}
	}
}

// longPlays are failures of conversations with 100,000 events, and of 10 MiB.
func longPlays() map[string]runner.Play {
	actors := talk("hello", "hhxh\n", "hhhh")
	ann, peer := &actors[0], &actors[1]
	for i := range 50_000 {
		ms, line := 1+float64(i)/10, fmt.Sprintf("%d says what nobody expects, again and again", i)
		ann.Observed = append(ann.Observed, entry(ms, i+4, transcript.Send, "ping"), entry(ms, i+4, transcript.Recv, line))
		ann.Expected = append(ann.Expected, entry(ms, i+4, transcript.Send, "PING").Event, entry(ms, i+4, transcript.Recv, "pong").Event)
		peer.Observed = append(peer.Observed, entry(ms, i+4, transcript.Recv, "ping"), entry(ms, i+4, transcript.Send, line))
	}
	peer.Expected = ann.Expected
	f := differs("hhhh", "hhxh\n")
	f.At = time.Hour

	var failures []runner.Failure
	var crowd []runner.Actor
	for i := range 10_000 {
		f := differs("hhhh", fmt.Sprintf("%d", i))
		f.Actor = fmt.Sprintf("crowd/%d", i)
		failures = append(failures, f)
		crowd = append(crowd, talk("hello", "hhxh", "hhhh")...)
		crowd[len(crowd)-2].Name = f.Actor
	}
	big := strings.Repeat("0123456789abcde\n", 640<<10)
	other := strings.Repeat("\x00\xff\x80456789abcdef", 640<<10)
	return map[string]runner.Play{
		"events": play("long", greeting, []runner.Failure{f}, actors...),
		"bytes":  answered(big, other),
		"text":   answered(big, strings.ReplaceAll(big, "e", "E")),
		"actors": play("crowd", greeting, failures, crowd...),
	}
}

func BenchmarkLongFailure(b *testing.B) {
	for name, p := range longPlays() {
		for _, verbose := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/verbose=%v", name, verbose), func(b *testing.B) {
				for b.Loop() {
					Picture(p, TextOptions{Verbose: verbose})
				}
			})
		}
	}
}

func BenchmarkPassing(b *testing.B) {
	s := &scenario.Scenario{Name: "greeting", File: &scenario.File{Path: "scenarios/greeting.yaml"}}
	text := NewText(discard{}, TextOptions{Passing: true})
	for b.Loop() {
		text.Add(runner.Play{Scenario: s, Round: 1, Result: runner.Result{Scenario: s, Elapsed: time.Millisecond}})
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func TestWords(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{ShellWord("scenarios/tour/01.yaml"), `scenarios/tour/01.yaml`},
		{ShellWord("你好.yaml"), `你好.yaml`},
		{ShellWord("a b.yaml"), `'a b.yaml'`},
		{ShellWord("it's.yaml"), `'it'\''s.yaml'`},
		{ShellWord("$HOME.yaml"), `'$HOME.yaml'`},
		{ShellWord(""), `''`},
		{ShellWord("a\nb'\\.yaml"), `$'a\nb\'\\.yaml'`},
		{filterFor("a.b (1)", 20), `'^a\.b \(1\)$'`},
		{filterFor("a\x1b[2Jb", 20), `'^a\x{1b}\[2Jb$'`},
		{filterFor("a long name", 6), `'^a long'`},
		{duration(0), "0.0 ms"},
		{duration(999940 * time.Microsecond), "999.9 ms"},
		{duration(999960 * time.Microsecond), "1.00 s"},
		{duration(99 * time.Second), "99.00 s"},
		{duration(3 * time.Hour), "10800 s"},
		{fmt.Sprint(width("你好"), width("hi"), width("│▶✗…")), "4 2 4"},
		{clip("你好世界", 5), "你好…"},
		{cutTo("0123456789", 4, 4), "…56…"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}
