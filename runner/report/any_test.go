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

// Whatever came about, the picture is one screen of harmless text.
func TestAnyFailure(t *testing.T) {
	for seed := range 100 {
		rnd := rand.New(rand.NewPCG(uint64(seed), 1))
		p := anyPlay(rnd)
		for _, columns := range []int{0, 80} {
			got := report(t, TextOptions{Columns: columns}, p)
			if n := strings.Count(got, "\n"); n > screen+1 {
				t.Fatalf("seed %d: %d lines\n%s", seed, n, got)
			}
			for _, line := range strings.Split(got, "\n") {
				if !strings.HasPrefix(line, "FAIL") && !strings.Contains(line, "again:") && width(line) > max(columns, 100)*2 {
					t.Fatalf("seed %d: %d columns\n%s", seed, width(line), line)
				}
			}
			harmless(t, got)
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
	for range 1 + rnd.IntN(20) {
		f := runner.Failure{
			Kind: runner.Kind(rnd.IntN(10)), Actor: anyOf(rnd, "ann", "greeter/ann", "", "nobody"),
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
	return play(anyBytes(rnd), source, failures, actors...)
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
	alphabet := anyOf(rnd, "hello \r\n", "你好，世界🎉e\u0301", "\x00\xff\x80\x1b\u202e[2J", "'\"\\$`")
	var b strings.Builder
	for range n {
		i := rnd.IntN(len(alphabet))
		b.WriteString(alphabet[i : i+1+rnd.IntN(len(alphabet)-i)])
	}
	return b.String()
}

// A long conversation is reported in no time, and in little.
func TestLongConversation(t *testing.T) {
	actors := talk("hello", "hhxh\n", "hhhh")
	for i := range 100_000 {
		ms := 1 + float64(i)/10
		actors[0].Observed = append(actors[0].Observed, entry(ms, i+4, transcript.Send, "ping"), entry(ms, i+4, transcript.Recv, "pong"))
		actors[1].Observed = append(actors[1].Observed, entry(ms, i+4, transcript.Recv, "ping"), entry(ms, i+4, transcript.Send, "pong"))
	}
	f := differs("hhhh", "hhxh\n")
	f.At = time.Hour
	p := play("long", greeting, []runner.Failure{f}, actors...)
	for _, verbose := range []bool{false, true} {
		begin := time.Now()
		got := report(t, TextOptions{Verbose: verbose}, p)
		t.Logf("verbose %v: %d bytes in %v", verbose, len(got), time.Since(begin))
		if len(got) > 64<<10 {
			t.Errorf("verbose %v: %d bytes", verbose, len(got))
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
		{filterFor("a.b (1)", 9), `'^a\.b \(1\)$'`},
		{filterFor("a\x1b[2Jb", 6), `'^a\x{1b}\[2Jb$'`},
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
