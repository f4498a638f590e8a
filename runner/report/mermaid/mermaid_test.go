package mermaid

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"banter/runner/report"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the files of testdata")

func written(t *testing.T, cases ...*report.Case) string {
	t.Helper()
	var b bytes.Buffer
	r := New(&b)
	for _, c := range cases {
		if err := r.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(report.Summary{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
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
		t.Errorf("not as in %s (-want +got):\n%s", file, diff)
	}
}

func event(ms int, kind, data string) report.CaseEvent {
	e := report.CaseEvent{Kind: kind, At: time.Duration(ms) * time.Millisecond, Step: 1}
	if kind == "send" || kind == "recv" {
		e.Data, e.Size = []byte(data), int64(len(data))
	} else {
		e.Name = data
	}
	return e
}

func greeting() *report.Case {
	return &report.Case{
		Name: "greeting", Round: 1, Status: report.Failed,
		Actors: []report.CaseActor{
			{Name: "ann", Peer: "greeter/ann", Done: 2, Left: []string{`expect "hhhh"`, "close"}, Observed: []report.CaseEvent{
				event(1, "connect", "greeter"), event(2, "send", "hello"), event(4, "recv", "hhxh\n"),
			}},
			{Name: "greeter/ann", Peer: "ann", Server: true, Observed: []report.CaseEvent{
				event(1, "accept", ""), event(3, "recv", "hello"), event(3, "send", "hhxh\n"), event(6, "peer_end", ""), event(6, "close", ""),
			}},
		},
		Failures: []report.CaseFailure{{Actor: "ann", Step: 3, Action: `expected "hhhh"`, Message: "the bytes differ at offset 2", At: 5 * time.Millisecond}},
	}
}

func TestGreeting(t *testing.T) {
	passed := greeting()
	passed.Status, passed.Failures = report.Passed, nil
	for i := range passed.Actors {
		passed.Actors[i].Left = nil
	}
	passed.Actors[0].Observed[2] = event(4, "reset", "")
	passed.Actors[1].Observed[2] = event(5, "peer_reset", "")
	again := greeting()
	again.Round = 3
	skipped := &report.Case{Name: "TLS", Round: 1, Status: report.Skipped, Reason: "there is no openssl"}
	second := *passed
	second.Round = 2
	golden(t, "greeting.md", written(t, greeting(), passed, &second, again, skipped))
}

// What others wrote stays text: each of these means something to Mermaid, to
// Markdown or to HTML.
var evil = []string{
	"end", "participant x", "a; b", "#35; %% x %%{init}%%", "loop x\nend", "```", "<script>x</script>", "<br/>",
	"a->>b: c", "$$x$$", "[link](javascript:x)", "wrap: x", ": x", "\x1b[2J\u202e\xff", "", " ", "&amp;", "-", "+", "note over p0: x", "{{x}}", `\n`, "你好",
}

func TestHostile(t *testing.T) {
	var cases []*report.Case
	for _, text := range evil {
		c := greeting()
		c.Name = text
		for i := range c.Actors {
			c.Actors[i].Name += text
			c.Actors[i].Peer += text
			c.Actors[i].Observed = append(c.Actors[i].Observed, event(7, "run", text), event(8, "send", text))
			c.Actors[i].Left = append(c.Actors[i].Left, text)
		}
		c.Failures[0].Actor += text
		c.Failures[0].Action, c.Failures[0].Message = text, text
		cases = append(cases, c)
	}
	got := written(t, cases...)
	golden(t, "hostile.md", got)

	statement := regexp.MustCompile(`^    (participant p\d+ as |p\d+(->>|-->>|--x|<<-->>)p\d+: |Note (right of p\d+|over p\d+,p\d+): (not reached: )?)[^;<>&:%{}$\\` + "`" + `\x00-\x1f]*$`)
	entity := regexp.MustCompile(`#\d+;`)
	fenced := false
	for line := range strings.Lines(got) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "```mermaid", line == "```":
			fenced = !fenced
		case fenced && line != "sequenceDiagram" && !statement.MatchString(entity.ReplaceAllString(line, "")):
			t.Errorf("no statement of ours: %s", line)
		}
	}
}
