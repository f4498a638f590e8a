package report

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"banter/runner"
	"banter/runner/scenario"
	"banter/runner/transcript"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares a picture with testdata/NAME.txt.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("not as %s (-want +got; -update writes it):\n%s", file, diff)
	}
}

// play is a result that was never played: of a scenario file with this text.
func play(name, source string, failures []runner.Failure, actors ...runner.Actor) runner.Play {
	file := &scenario.File{Path: "scenarios/" + name + ".yaml", Source: []byte(source)}
	s := &scenario.Scenario{Name: name, File: file, Pos: scenario.Pos{File: file.Path, Line: 1, Col: 1}}
	for i := range failures {
		if failures[i].Pos.Line > 0 {
			failures[i].Pos.File = file.Path
		}
	}
	r := runner.Result{Scenario: s, Failures: failures, Actors: actors, Elapsed: 1200 * time.Microsecond}
	return runner.Play{Scenario: s, Round: 1, Result: r}
}

// report is a text report of plays, without its summary.
func report(t *testing.T, opts TextOptions, plays ...runner.Play) string {
	t.Helper()
	var b bytes.Buffer
	text := NewText(&b, opts)
	for _, p := range plays {
		if err := text.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func at(line, col int) scenario.Pos { return scenario.Pos{Line: line, Col: col} }

// entry is an event at so many milliseconds, in a step; a name or data.
func entry(ms float64, step int, kind transcript.Kind, what string) transcript.Entry {
	e := transcript.Entry{At: time.Duration(ms * float64(time.Millisecond)), Step: step}
	e.Kind = kind
	if kind == transcript.Send || kind == transcript.Recv {
		e.Size = int64(len(what))
		e.Data = []byte(what)[:min(len(what), transcript.Kept)]
	} else {
		e.Name = what
	}
	return e
}

func step(action scenario.Action) *scenario.Step { return &scenario.Step{Action: action} }

func payload(text string) *scenario.Payload {
	return &scenario.Payload{Parts: []scenario.Part{{Text: scenario.Text{{Lit: []byte(text)}}}}}
}

func expect(text string) *scenario.Expect {
	return &scenario.Expect{Match: scenario.Match{Equals: payload(text), Size: -1}}
}

func exchange(send, want string) []*scenario.Step {
	return []*scenario.Step{
		step(scenario.Connect{Server: "greeter"}), step(scenario.Send{Payload: payload(send)}),
		step(expect(want)), step(scenario.Close{}),
	}
}

const greeting = `# A client says hello.
name: greeting
servers:
  greeter:
    bind: 127.0.0.1:0
    reply: "hhxh\n"
clients:
  ann:
    - connect: greeter
    - send: "hello"
    - expect: "hhhh"
    - close
`

// talk is the two actors of a conversation in which ann gets an answer, and
// ends in order afterwards.
func talk(send, answer, want string) []runner.Actor {
	return []runner.Actor{{
		Name: "ann", Peer: "greeter/ann", Script: exchange(send, want), Done: 2,
		Observed: []transcript.Entry{
			entry(0.2, 1, transcript.Connect, "greeter"), entry(0.3, 2, transcript.Send, send),
			entry(0.5, 3, transcript.Recv, answer),
			entry(0.8, 0, transcript.EOF, ""), entry(0.8, 0, transcript.Close, ""),
		},
		Expected: []transcript.Event{
			entry(0, 0, transcript.Connect, "greeter").Event, entry(0, 0, transcript.Send, send).Event,
			entry(0, 0, transcript.Recv, want).Event,
			entry(0, 0, transcript.EOF, "").Event, entry(0, 0, transcript.Close, "").Event,
		},
	}, {
		Name: "greeter/ann", Peer: "ann", Server: true,
		Observed: []transcript.Entry{
			entry(0.2, 0, transcript.Accept, ""), entry(0.3, 0, transcript.Recv, send),
			entry(0.4, 0, transcript.Send, answer), entry(0.4, 0, transcript.Shutdown, ""),
			entry(0.9, 0, transcript.EOF, ""), entry(0.9, 0, transcript.Close, ""),
		},
	}}
}

func differs(want, got string) runner.Failure {
	offset := 0
	for offset < min(len(want), len(got)) && want[offset] == got[offset] {
		offset++
	}
	return runner.Failure{
		Kind: runner.Differs, Actor: "ann", Pos: at(11, 7), Step: 3, Steps: 4, At: 550 * time.Microsecond,
		Message: fmt.Sprintf("the bytes differ at offset %d", offset),
		Want:    []byte(want), Got: []byte(got), Offset: int64(offset),
	}
}

func answered(want, got string) runner.Play {
	return play("greeting", greeting, []runner.Failure{differs(want, got)}, talk("hello", got, want)...)
}

func pictures() map[string]runner.Play {
	list := map[string]runner.Play{
		"differs":       answered("hhhh", "hhxh\n"),
		"differs-wide":  answered("你好，世界", "你好，地球\n"),
		"differs-bytes": answered("\x00\x01\x02\x03", "\x00\x01\xff\x03"),
		"differs-binary": answered(strings.Repeat("\x00\x01\x02\x03\x80\xfe", 20),
			strings.Repeat("\x00\x01\x02\x03\x80\xfe", 10)+"\x01"+strings.Repeat("\x00\x01\x02\x03\x80\xfe", 10)),
		"differs-10MiB": answered(strings.Repeat("0123456789abcde\n", 640<<10),
			strings.Repeat("0123456789abcde\n", 500<<10)+"0123456_89abcde\n"+strings.Repeat("0123456789abcde\n", 100<<10)),
		"differs-hostile": answered("ok\r\n", "\x1b]0;owned\a\x1b[2J\u202e\r\n"),
	}

	short := talk("hello", "hh", "hhhh")
	list["short"] = play("greeting", greeting, []runner.Failure{{
		Kind: runner.Short, Actor: "ann", Pos: at(11, 7), Step: 3, Steps: 4, At: 900 * time.Microsecond,
		Message: "eof after 2 of 4 bytes", Want: []byte("hhhh"), Got: []byte("hh"), Offset: 2,
	}}, short...)

	silent := talk("hello", "", "hhhh")
	silent[0].Observed = silent[0].Observed[:2]
	silent[1].Observed = silent[1].Observed[:2]
	list["timeout"] = play("greeting", greeting, []runner.Failure{{
		Kind: runner.TimedOut, Actor: "ann", Pos: at(11, 7), Step: 3, Steps: 4, At: 10 * time.Second,
		Message: "timeout after 10 s with 0 of 4 bytes", Notes: []string{"the connection is open, and nothing came in 10 s"},
		Want: []byte("hhhh"),
	}, {
		Kind: runner.Unfinished, Actor: "greeter/ann", Pos: at(6, 5), Step: 2, Steps: 3, At: 10 * time.Second,
		Message: "waited for the peer's end",
	}, {
		Kind: runner.Unfinished, Actor: "bob", Pos: at(14, 7), Step: 1, Steps: 2, At: 10 * time.Second,
		Message: "waited for signal \"ready\", given 0 times",
	}}, silent...)

	unread := talk("hello", "hhhh more", "hhhh")
	unread[0].Done = 3
	unread[0].Observed[3].Step, unread[0].Observed[4].Step = 4, 4
	list["unread"] = play("greeting", greeting, []runner.Failure{{
		Kind: runner.Unread, Actor: "ann", Pos: at(12, 7), Step: 4, Steps: 4, At: time.Millisecond,
		Message: "5 bytes came that no step took", Got: []byte(" more"),
	}}, unread...)

	followed := answered("hhhh", "hhxh\n")
	for i := range 9 {
		followed.Result.Failures = append(followed.Result.Failures, runner.Failure{
			Kind: runner.Order, Actor: fmt.Sprintf("client-%d", i+1), Pos: at(20+i, 7), Step: 1, Steps: 3,
			Message: `nobody who still lives could give the signal "done"`,
		})
	}
	for i := range 3 {
		followed.Result.Failures = append(followed.Result.Failures, runner.Failure{
			Kind: runner.Unfinished, Actor: fmt.Sprintf("greeter/client-%d", i+1), Pos: at(30+i, 7), Step: 2, Steps: 3,
			Message: "waited for 4 bytes; 0 had come",
		})
	}
	list["consequences"] = followed

	long := talk("hello", "hhxh\n", "hhhh")
	ann, peer := &long[0], &long[1]
	for i := range 200 {
		ms := 1 + float64(i)/10
		line := fmt.Sprintf("line %d\n", i)
		ann.Observed = append(ann.Observed, entry(ms, i+1, transcript.Send, line), entry(ms+0.05, i+1, transcript.Recv, "ok\n"))
		peer.Observed = append(peer.Observed, entry(ms, i+1, transcript.Recv, line), entry(ms+0.05, i+1, transcript.Send, "ok\n"))
		ann.Script = append(ann.Script, step(expect("ok\n")))
	}
	f := differs("hhhh", "hhxh\n")
	f.Step, f.Steps, f.At = 200, len(ann.Script), time.Second
	list["long"] = play("greeting", greeting, []runner.Failure{f}, long...)

	list["order"] = play("signals", "name: signals\nclients:\n  ann:\n    - await: ready\n    - close\n", []runner.Failure{{
		Kind: runner.Order, Actor: "ann", Pos: at(4, 7), Step: 1, Steps: 1, At: time.Millisecond,
		Message: `signal "ready" can't come any more: given 0 of 1 times`, Notes: []string{"nobody gives it"},
	}}, runner.Actor{Name: "ann", Script: []*scenario.Step{step(scenario.Await{Signal: "ready", Times: 1})}})

	list["not-called"] = play("it's quiet", "servers:\n  greeter:\n    reply: hhhh\n", []runner.Failure{{
		Kind: runner.NotCalled, Pos: at(2, 3), Message: `nobody called server "greeter"`, At: time.Millisecond,
	}})
	return list
}

func TestPictures(t *testing.T) {
	for name, p := range pictures() {
		t.Run(name, func(t *testing.T) {
			got := report(t, TextOptions{}, p)
			golden(t, name, got)
			if n := strings.Count(got, "\n"); n > screen+1 { // and the blank line after it
				t.Errorf("%d lines", n)
			}
			harmless(t, got)
		})
	}
}

// However narrow the terminal and however long the names: the message is
// there, and columns are columns.
func TestNarrow(t *testing.T) {
	long := strings.Repeat("long-", 19)
	p := play("narrow", greeting, []runner.Failure{differs("hhhh", strings.Repeat("x", 5000))}, talk(strings.Repeat("q", 300), strings.Repeat("x", 5000), "hhhh")...)
	p.Scenario.Name = strings.Repeat("name-", 40)
	p.Result.Failures[0].Actor = long + "ann"
	a, b := &p.Result.Actors[0], &p.Result.Actors[1]
	a.Name, a.Peer, b.Name, b.Peer = long+"ann", long+"server/"+long+"ann", long+"server/"+long+"ann", long+"ann"
	var out bytes.Buffer
	text := NewText(&out, TextOptions{Columns: 60})
	if err := errors.Join(text.Add(p), text.Close(time.Second)); err != nil {
		t.Fatal(err)
	}
	golden(t, "narrow", out.String())
	for line := range strings.Lines(out.String()) {
		if w := width(strings.TrimSuffix(line, "\n")); w > 60 && !strings.Contains(line, "again: ") && !strings.Contains(line, "step 3 of 4") {
			t.Errorf("%d columns: %s", w, line)
		}
	}
}

// Where there are few columns, what passed is a line still, and so is the summary.
func TestNarrowPassing(t *testing.T) {
	var out bytes.Buffer
	text := NewText(&out, TextOptions{Columns: 40, Passing: true, Names: 20})
	long := play("你好 greeting", greeting, nil)
	short := play("hello", greeting, nil)
	long.Scenario.File.Path = "scenarios/greeting.yaml"
	short.Scenario.File.Path = "a"
	if err := errors.Join(text.Add(long), text.Add(short), text.Close(time.Second)); err != nil {
		t.Fatal(err)
	}
	const want = "ok    你好 greeting           1.2 ms\n" +
		"ok    hello                   1.2 ms   a\n" +
		"2 scenarios, 2 passed             1.00 s\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// harmless checks that nothing but text and ends of lines is in a report.
func harmless(t *testing.T, s string) {
	t.Helper()
	for _, r := range s {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%U is in the report", r)
			return
		}
	}
}

// The picture of the design page, to the letter.
func TestPictureOfTheDesign(t *testing.T) {
	const want = `FAIL  greeting   scenarios/greeting.yaml:11:7
      ann, step 3 of 4: the bytes differ at offset 2

      expected  68 68 68 68        │hhhh
      received  68 68 78 68 0a     │hhxh\n
                      ^^

       9 │     - connect: greeter
      10 │     - send: "hello"
      11 │     - expect: "hhhh"
         │       ^

      ann                               greeter/ann
      0.2 ms  connect          ──────▶  accept
      0.3 ms  > "hello"        ──────▶  < "hello"
      0.5 ms  < "hhxh\n"       ◀──────  > "hhxh\n"
              ✗ expected "hhhh"
              close (not reached)

      again: banter run --filter '^greeting$' scenarios/greeting.yaml

`
	if diff := cmp.Diff(want, report(t, TextOptions{}, answered("hhhh", "hhxh\n"))); diff != "" {
		t.Errorf("not as in the design (-want +got):\n%s", diff)
	}
}

func TestPictureAlone(t *testing.T) {
	p := answered("hhhh", "hhxh\n")
	for _, opts := range []TextOptions{{}, {Color: true, Columns: 60}} {
		if diff := cmp.Diff(report(t, opts, p), Picture(p, opts)+"\n"); diff != "" {
			t.Errorf("not as in the report (-report +picture):\n%s", diff)
		}
	}
}

func TestVerboseFailure(t *testing.T) {
	golden(t, "verbose", report(t, TextOptions{Verbose: true}, answered("hhhh", "hhxh\n")))
}

// What the kernel kept of a connection stands beside the transcript.
func TestVerboseKernel(t *testing.T) {
	p := answered("hhhh", "hhhh")
	p.Result.Failures = nil
	p.Result.Actors[0].TCP = []runner.TCP{
		{Congestion: "cubic", RTT: 1500 * time.Microsecond, Retransmits: 1, SendWindow: 64 << 10, RecvWindow: 32 << 10, HeldBack: 20 * time.Millisecond},
		{Congestion: "bbr", Over: "b\x1b"},
	}
	got := report(t, TextOptions{Verbose: true, Passing: true}, p)
	for _, want := range []string{
		"close\n        (kernel: cubic, rtt 1.5ms, 1 retransmit, window 64 KiB out and 32 KiB in, held back 20ms)\n",
		"        ([b\\x1b] kernel: bbr, rtt 0s, 0 retransmits, window 0 B out and 0 B in, held back 0s)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// In colour it is the same text.
func TestColor(t *testing.T) {
	plain := report(t, TextOptions{}, answered("hhhh", "hhxh\n"))
	colored := report(t, TextOptions{Color: true}, answered("hhhh", "hhxh\n"))
	if !strings.Contains(colored, "\x1b[31mFAIL\x1b[0m") || !strings.Contains(colored, "\x1b[31m^^\x1b[0m") {
		t.Errorf("no red in %q", colored)
	}
	for {
		before, rest, found := strings.Cut(colored, "\x1b[")
		if !found {
			break
		}
		_, after, _ := strings.Cut(rest, "m")
		colored = before + after
	}
	if diff := cmp.Diff(plain, colored); diff != "" {
		t.Errorf("(-plain +colored):\n%s", diff)
	}
}
