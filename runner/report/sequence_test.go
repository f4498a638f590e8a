package report

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/transcript"

	"github.com/google/go-cmp/cmp"
)

// drawn is a sequence as text, a line for each row.
func drawn(s *Sequence) string {
	var b strings.Builder
	for _, row := range s.Rows {
		late := ""
		if row.Late {
			late = "  (late)"
		}
		switch name := func(i int) string { return s.Actors[i].Name }; {
		case row.Folded > 0:
			fmt.Fprintf(&b, "%d more%s\n", row.Folded, late)
		case row.Failed != nil:
			fmt.Fprintf(&b, "%s: ✗ %s%s\n", name(row.Actor), row.Failed.Message, late)
		case row.Left != "":
			fmt.Fprintf(&b, "%s: not reached: %s%s\n", name(row.Actor), row.Left, late)
		case row.Sent != nil:
			fmt.Fprintf(&b, "%s ↘ %s: %s%s\n", name(row.Sent.Actor), name(row.Actor), row.Event.Label(20), late)
		case row.To >= 0:
			fmt.Fprintf(&b, "%s → %s: %s, %s%s\n", name(row.Actor), name(row.To), row.Event.Label(20), row.Seen.Label(20), late)
		default:
			fmt.Fprintf(&b, "%s: %s%s\n", name(row.Actor), row.Event.Label(20), late)
		}
	}
	if s.Hidden > 0 {
		fmt.Fprintf(&b, "%d hidden\n", s.Hidden)
	}
	return b.String()
}

// saw makes the events of an actor: "1 connect greeter", "2 send hello", with the
// milliseconds in front.
func saw(events ...string) []CaseEvent {
	var list []CaseEvent
	for i, e := range events {
		var at int
		var kind, what string
		fmt.Sscan(e, &at, &kind, &what)
		event := CaseEvent{Kind: kind, Name: what, At: time.Duration(at) * time.Millisecond, Step: i + 1}
		if kind == "send" || kind == "recv" {
			event.Name, event.Data, event.Size = "", []byte(what), int64(len(what))
		}
		list = append(list, event)
	}
	return list
}

func client(name string, events ...string) CaseActor {
	return CaseActor{Name: name, Peer: "s/" + name, Observed: saw(events...)}
}

func server(client string, events ...string) CaseActor {
	return CaseActor{Name: "s/" + client, Peer: client, Server: true, Observed: saw(events...)}
}

func TestSequence(t *testing.T) {
	failed := client("ann", "1 connect s", "2 send hello", "4 recv hhxh", "9 eof")
	failed.Done, failed.Left = 2, []string{`expect "hhhh"`, "close"}
	for _, tt := range []struct {
		name          string
		c             Case
		columns, rows int
		want          string
	}{
		{
			name: "a failure",
			c: Case{
				Actors:   []CaseActor{client("bob"), failed, server("bob"), server("ann", "1 accept", "3 recv hello", "3 send hhxh", "8 close")},
				Failures: []CaseFailure{{Actor: "ann", Message: "the bytes differ", Step: 3, At: 5 * time.Millisecond}},
			},
			want: `
ann → s/ann: connect s, accept
ann → s/ann: "hello", "hello"
s/ann → ann: "hhxh", "hhxh"
ann: ✗ the bytes differ
ann: not reached: close  (late)
s/ann → ann: close, < eof  (late)
`,
		},
		{
			// Each sends before it has what the other one sends.
			name: "crossing",
			c: Case{Actors: []CaseActor{
				client("a", "1 connect s", "2 send ping", "6 recv pong"),
				server("a", "1 accept", "3 send pong", "5 recv ping"),
			}},
			want: `
a → s/a: connect s, accept
s/a: "pong"
a → s/a: "ping", "ping"
s/a ↘ a: "pong"
`,
		},
		{
			// A close waits for the peer's end, and is noted after it.
			name: "a close that waited",
			c: Case{Actors: []CaseActor{
				client("a", "1 connect s", "3 eof", "4 close"),
				server("a", "1 accept", "5 eof", "6 close"),
			}},
			want: `
a → s/a: connect s, accept
s/a → a: close, < eof
a → s/a: close, < eof
`,
		},
		{
			name: "what a close was not waiting for",
			c: Case{Actors: []CaseActor{
				client("a", "1 connect s", "2 shutdown", "5 eof", "6 close"),
				server("a", "1 accept", "3 eof", "4 close"),
			}},
			want: `
a → s/a: connect s, accept
a → s/a: shutdown, < eof
s/a → a: close, < eof
a: close
`,
		},
		{
			name: "too many", columns: 3, rows: 6,
			c: Case{
				Actors: []CaseActor{
					client("a", "1 connect s"), client("b", "1 connect s"), client("c", "2 connect s", "3 send 1", "4 send 2", "5 send 3", "6 send 4"), client("d"),
					server("a", "1 accept"), server("b", "1 accept"),
					server("c", "2 accept", "3 recv 1", "4 recv 2", "5 recv 3", "6 recv 4"),
				},
				Failures: []CaseFailure{{Actor: "s/c", Message: "late", Step: 5, At: 7 * time.Millisecond}, {Actor: "d", Message: "too", At: 8 * time.Millisecond}},
			},
			want: `
c → s/c: connect s, accept
2 more
c → s/c: "3", "3"
c → s/c: "4", "4"
s/c: ✗ late
d: ✗ too  (late)
4 hidden
`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			columns, rows := 100, 100
			if tt.columns > 0 {
				columns, rows = tt.columns, tt.rows
			}
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), drawn(tt.c.Sequence(columns, rows))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever was seen, all of it is in the diagram, once, in the order that each
// actor saw, but for a close.
func TestSequenceOfAnything(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		p := anyPlay(rnd)
		c := NewCase(p, TextOptions{})
		c.Failures = nil // after one, much is folded
		s := c.Sequence(100, 1e6)
		seen := map[*CaseEvent]int{}
		at := map[int]time.Duration{}
		for _, row := range s.Rows {
			if row.Folded > 0 {
				t.Fatalf("seed %d: %d rows are folded", seed, row.Folded)
			}
			if row.Event == nil {
				continue
			}
			seen[row.Event]++
			if row.Seen != nil {
				seen[row.Seen]++
			}
			if row.Event.Kind != "close" && row.Event.At < at[row.Actor] {
				t.Fatalf("seed %d: %s stands after what came later\n%s", seed, row.Event, drawn(s))
			}
			if row.Event.Kind != "close" {
				at[row.Actor] = row.Event.At
			}
		}
		for i := range c.Actors {
			for j := range c.Actors[i].Observed {
				if n := seen[&c.Actors[i].Observed[j]]; n != 1 {
					t.Fatalf("seed %d: %s of %s is there %d times\n%s", seed, &c.Actors[i].Observed[j], c.Actors[i].Name, n, drawn(s))
				}
			}
		}
	}
}

// Of a conversation that is longer than a case can hold, the diagram has its
// beginning and what is nearest to the failure.
func TestSequenceOfALongConversation(t *testing.T) {
	actors := talk("hello", "hhxh\n", "hhhh")
	for i := range 100_000 {
		ms := 1 + float64(i)/10
		actors[0].Observed = append(actors[0].Observed, entry(ms, i+4, transcript.Send, "ping"))
		actors[1].Observed = append(actors[1].Observed, entry(ms, i+4, transcript.Recv, "ping"))
	}
	f := differs("hhhh", "hhxh\n")
	f.At, f.Step = time.Hour, 1e6
	c := NewCase(play("long", greeting, []runner.Failure{f}, actors...), TextOptions{})
	s := c.Sequence(8, 40)
	folded := 0
	var last time.Duration
	for _, row := range s.Rows {
		folded += row.Folded
		if row.Event != nil {
			last = row.At
		}
	}
	if s.Rows[0].Event.Kind != "connect" || last < 9999*time.Millisecond {
		t.Errorf("it is not the beginning and the end:\n%s", drawn(s))
	}
	if len(s.Rows) > 42 || folded < 190_000 || folded > 200_000 {
		t.Errorf("%d rows, %d folded", len(s.Rows), folded)
	}
}
