package record

import (
	"fmt"
	"slices"
	"time"

	"banter/runner/capture"
)

// inOrder says which conversations waited on others: a client that began after
// others had ended, or after one of them had got an answer; what a client said
// after a pause in which another one had got an answer; what a server said after
// a pause, unasked, in which another client had asked. Of several reasons the
// latest must do. It can only guess: what came first need not be why.
func inOrder(talks []*Talk) {
	o := &ordering{signals: names{}}
	for i, t := range talks {
		before := ended(talks[:i], t.began)
		for _, other := range before {
			t.After = append(t.After, other.Client)
		}
		if reason := o.latest(talks[:i], t, capture.Server, -1, t.began); reason != nil && !slices.ContainsFunc(before, func(other *Talk) bool { return other.over >= reason.turn.end }) {
			t.Await = append(t.Await, o.signal(reason))
		}
	}
	for _, t := range talks {
		last := t.began
		for i, turn := range t.Turns {
			if turn.Kind == capture.Data && turn.At-last >= pause {
				unasked := turn.From == capture.Client || i > 0 && t.Turns[i-1].From == capture.Server
				if unasked {
					if reason := o.latest(talks, t, turn.From.Other(), last, turn.At); reason != nil {
						turn.Await = append(turn.Await, o.signal(reason))
					}
				}
			}
			last = turn.end
		}
	}
}

// ended is who had ended before a moment, but for those after whom another of
// them began.
func ended(talks []*Talk, at time.Duration) (all []*Talk) {
	known := map[string]bool{}
	for _, t := range slices.Backward(talks) {
		if t.over <= at && !known[t.Client] {
			all = append(all, t)
		}
		if t.over <= at {
			for _, name := range t.After {
				known[name] = true
			}
		}
	}
	slices.Reverse(all)
	return all
}

// ended is when the client may have gone: when it had the last byte, or ended by
// itself. The server's end may be seen later.
func (t *Talk) ended() time.Duration {
	last := t.began
	for _, turn := range t.Turns {
		if turn.Kind == capture.Data || turn.From == capture.Client || turn.Kind == capture.Reset {
			last = turn.end
		}
	}
	return last
}

type ordering struct{ signals names }

// reason is a turn of another talk that was taken.
type reason struct {
	talk *Talk
	turn *Turn
}

// latest is the last turn of a side that came in any other talk between two
// moments.
func (o *ordering) latest(talks []*Talk, than *Talk, from capture.Side, after, until time.Duration) *reason {
	var best *reason
	for _, t := range talks {
		if t == than || t.began > until {
			continue
		}
		for _, turn := range slices.Backward(t.Turns) {
			if turn.Kind != capture.Data || turn.From != from || turn.end > until {
				continue
			}
			if turn.end > after && (best == nil || turn.end > best.turn.end) {
				best = &reason{t, turn}
			}
			break
		}
	}
	return best
}

// signal is the name of the signal that is given when a turn was taken.
func (o *ordering) signal(r *reason) string {
	if r.turn.Signal == "" {
		what := "answered"
		if r.turn.From == capture.Client {
			what = "asked"
		}
		r.turn.Signal = o.signals.take(fmt.Sprintf("%s-%s", r.talk.Client, what), "")
	}
	return r.turn.Signal
}
