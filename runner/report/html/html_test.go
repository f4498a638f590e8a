package html

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/report"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// greeting fails at line 8, where "hhhh" is expected.
const greeting = `name: greeting
servers:
  greeter:
    reply: "hhxh"
clients:
  ann:
    - connect: greeter
    - {send: "hello", expect: "hhhh"}
    - close
`

// played is what comes of scenarios over real sockets.
func played(t *testing.T, source string) []*report.Case {
	t.Helper()
	file := scenario.Parse("greeting.yaml", []byte(source))
	if file.Problems.HaveErrors() {
		t.Fatal(file.Problems)
	}
	var cases []*report.Case
	runner.PlayAll(context.Background(), file.Scenarios, runner.SuiteOptions{Jobs: 1}, func(p runner.Play) {
		cases = append(cases, report.NewCase(p, report.TextOptions{}))
	})
	return cases
}

// pageOf is the page of a run.
func pageOf(t *testing.T, cases []*report.Case) string {
	t.Helper()
	var page bytes.Buffer
	r := New(&page, report.Run{Began: time.Date(2026, 5, 4, 12, 30, 0, 0, time.UTC), Banter: "v1.2.3", Flags: []string{"--slow", "2"}})
	var groups report.Groups
	for _, c := range cases {
		groups.Add(c)
		if err := r.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	summary := report.Summary{Elapsed: 1234 * time.Millisecond}
	groups.Count(&summary)
	if err := r.Close(summary); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

func TestPage(t *testing.T) {
	cases := played(t, greeting)
	cases[0].Changes = []string{"all=1"}
	cases[0].Actors[0].TCP = []report.CaseTCP{{Congestion: "cubic", Retransmits: 2}}
	page := pageOf(t, cases)
	for _, want := range []string{
		"<h1>1 of 1 scenario failed</h1>",
		"4 May 2026, 12:30:00 UTC",
		"<b>ann, step 2 of 3:</b> the bytes differ at offset 2",
		"68 68 <mark>78</mark> 68",
		`<td data-n="8"></td>`,
		"^ the bytes differ at offset 2",
		"expected &#34;hhhh&#34;<title>",
		"fails with what was changed: <code>all=1</code>",
		"<b>ann</b> <code>(kernel: cubic, rtt 0s, 2 retransmits,",
		"banter run --filter &#39;^greeting$&#39; greeting.yaml",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in the page", want)
		}
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("the template has refused a value")
	}
}

// What follows from the cause is told from who only waited when all was over.
func TestOthers(t *testing.T) {
	page := pageOf(t, append(played(t, `name: after
servers:
  board:
    connections:
      writer: [expect: "news", signal: written, close]
      reader: [await: written, close]
clients:
  writer: [connect: board, send: "gossip", close]
  reader: [connect: board, expect: {eof}, close]
`), played(t, `name: waiting
servers:
  board: {steps: [await: more, close]}
clients:
  ann: [connect: board, {within: 50ms, expect: "news"}, signal: more, close]
`)...))
	for _, want := range []string{
		"<h4>After that</h4>\n<ul>\n<li>\n<p class=\"what\"><b>board/reader, step 1 of 2:</b> signal &#34;written&#34; will not come</p>",
		"<h4>Still waiting</h4>\n<ul>\n<li>\n<p class=\"what\"><b>board/ann, step 1 of 2:</b> await &#34;more&#34;</p>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in the page", want)
		}
	}
}

// The same cases are the same page, whenever it is made.
func TestDeterministic(t *testing.T) {
	cases := append(played(t, greeting), passing100(t)[:10]...)
	first := pageOf(t, cases)
	for range 5 {
		if pageOf(t, cases) != first {
			t.Fatal("two pages of one run differ")
		}
	}
}

// passing100 are a hundred scenarios that pass, by different names.
func passing100(t *testing.T) []*report.Case {
	t.Helper()
	c := played(t, strings.NewReplacer("hhxh", "hhhh").Replace(greeting))[0]
	if c.Status != report.Passed {
		t.Fatal(c.Picture)
	}
	var list []*report.Case
	for i := range 100 {
		other := *c
		other.Name = fmt.Sprintf("greeting %d", i)
		list = append(list, &other)
	}
	return list
}

// Whatever there is to show, the page is one that opens.
func TestBounds(t *testing.T) {
	failed := played(t, greeting)[0]
	for _, tt := range []struct {
		name           string
		failed, passed int
	}{
		{"1,000 scenarios", 100, 900},
		{"all of them failed", 3000, 0},
		{"20,000 scenarios", 3000, 17000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var cases []*report.Case
			good := passing100(t)[0]
			for i := range tt.failed + tt.passed {
				c := *failed
				if i >= tt.failed {
					c = *good
				}
				c.Name = fmt.Sprintf("scenario %d", i)
				cases = append(cases, &c)
			}
			begin := time.Now()
			page := pageOf(t, cases)
			t.Logf("%d bytes, %d diagrams, in %v", len(page), strings.Count(page, "<svg class=\"seq\""), time.Since(begin))
			if len(page) > 10<<20 {
				t.Errorf("the page has %d bytes", len(page))
			}
			if !strings.Contains(page, "scenario 0<") {
				t.Error("the first failure is not there")
			}
		})
	}
}

// A long conversation and a long payload take little of the page.
func TestLong(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcde\n"), 1<<20)
	c := played(t, greeting)[0]
	actors := make([]report.CaseActor, len(c.Actors))
	copy(actors, c.Actors)
	c.Actors = actors
	for i := range actors {
		kinds := []transcript.Kind{transcript.Send, transcript.Recv}
		for n := range 100_000 {
			e := report.CaseEvent{Kind: kinds[(i+n)%2].String(), Data: []byte("ping"), Size: 4, At: time.Duration(n), Step: 1}
			actors[i].Observed = append(actors[i].Observed, e)
		}
		actors[i].Observed = append(actors[i].Observed, report.CaseEvent{Kind: "recv", Data: big[:64<<10], Size: int64(len(big))})
		actors[i].Expected = actors[i].Observed[:50_000]
	}
	c.Failures[0].Want, c.Failures[0].Got = big, append(bytes.Clone(big[:5<<20]), big...)
	c.Failures[0].Offset = 5 << 20
	c.Source.Text = strings.Repeat("    - send: \"hello\"   # and so on\n", 100_000)
	c.Outputs = []report.CaseOutput{{Name: "tool", Head: big, Tail: big}}

	begin := time.Now()
	page := pageOf(t, []*report.Case{c})
	size := len(page) - len(pageOf(t, nil))
	t.Logf("%d bytes in %v", size, time.Since(begin))
	if size > 128<<10 {
		t.Errorf("%d bytes for one scenario", size)
	}
}

// Rounds that differ are one scenario, and it says so.
func TestFlaky(t *testing.T) {
	var cases []*report.Case
	failed, good := played(t, greeting)[0], passing100(t)[0]
	for round := 1; round <= 5; round++ {
		c := *good
		if round == 3 || round == 5 {
			c = *failed
		}
		c.Name, c.Round = "greeting", round
		cases = append(cases, &c)
	}
	page := pageOf(t, cases)
	for _, want := range []string{
		"<h1>1 of 1 scenario flaky</h1>", "2 of 5 runs failed", "<b>runs 3, 5</b> ann, step 2 of 3: the bytes differ at offset 2",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in the page", want)
		}
	}
	if n := strings.Count(page, `<details class="scenario`); n != 1 {
		t.Errorf("%d scenarios", n)
	}
}

func BenchmarkPassing(b *testing.B) {
	file := scenario.Parse("greeting.yaml", []byte(strings.Replace(greeting, "hhxh", "hhhh", 1)))
	var c *report.Case
	runner.PlayAll(context.Background(), file.Scenarios, runner.SuiteOptions{Jobs: 1}, func(p runner.Play) {
		c = report.NewCase(p, report.TextOptions{})
	})
	var page bytes.Buffer
	r := New(&page, report.Run{})
	n := 0
	for b.Loop() {
		n++
		next := *c
		next.Line = n
		if err := r.Add(&next); err != nil {
			b.Fatal(err)
		}
	}
}

// What was not played, or broke, is told from what failed.
func TestStatuses(t *testing.T) {
	var cases []*report.Case
	for i, status := range []report.Status{report.NotRun, report.Skipped, report.Stopped, report.Broken} {
		cases = append(cases, &report.Case{Name: "x", File: "x.yaml", Line: i + 1, Round: 1, Status: status, Reason: "why " + status.String()})
	}
	page := pageOf(t, append(cases, passing100(t)[0]))
	var titles []string
	for _, part := range strings.Split(page, "<h2 ")[1:] {
		_, title, _ := strings.Cut(part, ">")
		title, _, _ = strings.Cut(title, " <span>")
		titles = append(titles, title)
	}
	if got := strings.Join(titles, ", "); got != "The run broke, Stopped, Not run, Skipped, Passed" {
		t.Errorf("the sections are %s", got)
	}
	for _, want := range []string{"<h1>1 of 5 scenarios failed</h1>", "the run broke: why broken", "why skipped"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in the page", want)
		}
	}
}
