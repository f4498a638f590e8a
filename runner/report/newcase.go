package report

import (
	"bytes"
	"math"
	"slices"
	"strings"

	"banter/runner"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// NewCase is a play as machines read it. The options are those of its picture.
func NewCase(p runner.Play, opts TextOptions) *Case {
	s, r := p.Scenario, &p.Result
	c := &Case{
		Name: s.Name, Description: s.Description, File: path(s), Line: s.Pos.Line, Column: s.Pos.Col,
		Tags: s.Tags, Row: s.Case, Round: p.Round, Real: r.Real,
		Began: r.Began, Elapsed: r.Elapsed, Note: r.Note,
	}
	for _, change := range r.Changes {
		c.Changes = append(c.Changes, change.String())
	}
	switch {
	case p.NotRun:
		c.Status = NotRun
		return c
	case r.Skipped != "":
		c.Status, c.Reason = Skipped, r.Skipped
		return c
	case p.Stopped:
		c.Status = Stopped
	case p.Err != nil:
		c.Status, c.Reason = Broken, p.Err.Error()
	case !r.Passed():
		c.Status = Failed
	default:
		c.Status = Passed
	}
	c.Actors = make([]CaseActor, min(len(r.Actors), caseActors))
	c.More = len(r.Actors) - len(c.Actors)
	room := roomFor(r.Actors[:len(c.Actors)], c.Status.Bad())
	for i := range c.Actors {
		c.Actors[i] = room.actor(&r.Actors[i], c.Status.Bad())
	}
	if !c.Status.Bad() {
		return c
	}
	for i := range r.Failures[:min(len(r.Failures), caseFailures)] {
		c.Failures = append(c.Failures, newFailure(r, &r.Failures[i]))
	}
	c.More += len(r.Failures) - len(c.Failures)
	for _, o := range r.Outputs {
		c.Outputs = append(c.Outputs, CaseOutput{Name: o.Name, Status: o.Status, Head: o.Head, Cut: o.Cut, Tail: o.Tail})
	}
	opts.Verbose = false
	c.Picture = Picture(p, opts)
	c.Source = sourceOf(s, r.Failures)
	return c
}

// caseRoom is how much there may be of each thing, so that all of them together
// keep within a case's bounds.
type caseRoom struct {
	events int // of an actor
	bytes  int // of an event
}

func roomFor(actors []runner.Actor, failed bool) caseRoom {
	var needs []int
	for i := range actors {
		needs = append(needs, len(actors[i].Observed))
		if failed {
			needs = append(needs, len(actors[i].Expected))
		}
	}
	room := caseRoom{events: share(needs, caseEvents)}
	needs = needs[:0]
	for i := range actors {
		head, tail := room.observed(&actors[i])
		for _, list := range [][]transcript.Entry{head, tail} {
			for j := range list {
				needs = append(needs, len(list[j].Data))
			}
		}
		if failed {
			for j := range room.expected(&actors[i]) {
				needs = append(needs, len(actors[i].Expected[j].Data))
			}
		}
	}
	room.bytes = share(needs, caseBytes)
	return room
}

// share is how much each may have of a total: those that need less leave the
// rest to the others. It sorts the needs.
func share(needs []int, total int) int {
	slices.Sort(needs)
	for i, need := range needs {
		if even := total / (len(needs) - i); need > even {
			return even
		}
		total -= need
	}
	return math.MaxInt
}

// observed is the part of what an actor saw that there is room for: the
// beginning, and more of the end, which is nearer to what went wrong.
func (room *caseRoom) observed(a *runner.Actor) (head, tail []transcript.Entry) {
	n := len(a.Observed)
	if n <= room.events {
		return a.Observed, nil
	}
	first := room.events / 4
	return a.Observed[:first], a.Observed[n-(room.events-first):]
}

func (room *caseRoom) expected(a *runner.Actor) []transcript.Event {
	return a.Expected[:min(len(a.Expected), room.events)]
}

func (room *caseRoom) actor(a *runner.Actor, failed bool) CaseActor {
	out := CaseActor{Name: a.Name, Peer: a.Peer, Server: a.Server, Steps: len(a.Script), Done: a.Done}
	head, tail := room.observed(a)
	out.Observed = make([]CaseEvent, 0, len(head)+len(tail))
	for _, list := range [][]transcript.Entry{head, tail} {
		for i := range list {
			event := room.event(&list[i].Event)
			event.Datagram, event.At, event.Step = list[i].Datagram, list[i].At, list[i].Step
			out.Observed = append(out.Observed, event)
		}
	}
	if out.More = len(a.Observed) - len(out.Observed); out.More > 0 {
		out.Head = len(head)
	}
	for _, t := range a.TCP[:min(len(a.TCP), caseTCP)] {
		out.TCP = append(out.TCP, CaseTCP(t))
	}
	if !failed {
		return out
	}
	for i := range room.expected(a) {
		out.Expected = append(out.Expected, room.event(&a.Expected[i]))
	}
	for _, step := range a.Script[min(a.Done, len(a.Script)):] {
		if len(out.Left) == caseLeft {
			break
		}
		out.Left = append(out.Left, clip(step.String(), lineMax))
	}
	return out
}

// Begun is what an actor saw without a gap from the beginning on.
func (a *CaseActor) Begun() []CaseEvent {
	if a.More > 0 {
		return a.Observed[:min(max(a.Head, 0), len(a.Observed))]
	}
	return a.Observed
}

func (room *caseRoom) event(e *transcript.Event) CaseEvent {
	return CaseEvent{Kind: e.Kind.String(), Over: e.Over, Name: e.Name, Data: e.Data[:min(len(e.Data), room.bytes)], Size: e.Size}
}

func newFailure(r *runner.Result, f *runner.Failure) CaseFailure {
	out := CaseFailure{
		Kind: f.Kind.String(), Actor: f.Actor, File: f.Pos.File, Line: f.Pos.Line, Column: f.Pos.Col,
		Step: f.Step, Steps: f.Steps, Over: f.Over, Message: f.Message, Notes: f.Notes, At: f.At,
		Start: f.Start, Offset: f.Offset, Want: f.Want, Got: f.Got,
	}
	step := f.In
	if a := actorNamed(r.Actors, f.Actor); step == nil && a != nil && 0 < f.Step && f.Step <= len(a.Script) {
		step = a.Script[f.Step-1]
	}
	if step != nil {
		out.Action = clip(failedText(step, f), lineMax)
	}
	// A little before the offset says where it is.
	if from := int(max(0, f.Offset-f.Start-caseShown/4)); from > 0 && max(len(f.Want), len(f.Got)) > caseShown {
		out.Start += int64(from)
		out.Want, out.Got = f.Want[min(from, len(f.Want)):], f.Got[min(from, len(f.Got)):]
	}
	out.Want, out.Got = out.Want[:min(len(out.Want), caseShown)], out.Got[:min(len(out.Got), caseShown)]
	return out
}

// sourceOf is the part of a scenario's file that its first failure is in.
func sourceOf(s *scenario.Scenario, failures []runner.Failure) *CaseSource {
	if s.File == nil {
		return nil
	}
	pos := s.Pos
	if len(failures) > 0 && failures[0].Pos.IsValid() {
		pos = failures[0].Pos
	}
	source, first, last := s.File.Source, 1, 0
	if pos.File != s.File.Path {
		source = s.File.Included[pos.File]
	} else {
		first = s.Pos.Line
		for _, other := range s.File.Scenarios {
			if other.Pos.Line > first && (last == 0 || other.Pos.Line <= last) {
				last = other.Pos.Line - 1
			}
		}
		if pos.Line < first || last > 0 && pos.Line > last { // of something that several share
			first, last = 1, 0
		}
	}
	text, first := excerpt(source, first, last, pos.Line)
	return &CaseSource{File: pos.File, Line: first, Text: text}
}

// excerpt is the lines of a source from first to last (0: its end), caseSource
// bytes of them at most: those around a line. It says which its first is.
func excerpt(source []byte, first, last, line int) (string, int) {
	var lines [][]byte
	n := 0
	for l := range bytes.Lines(source) {
		if n++; n >= first && (last == 0 || n <= last) {
			lines = append(lines, l)
		}
	}
	at := min(max(line-first, 0), max(len(lines)-1, 0))
	from, size := at, 0
	for from > 0 && size+len(lines[from-1]) <= caseSource/2 {
		from--
		size += len(lines[from])
	}
	var b strings.Builder
	for _, l := range lines[from:] {
		if b.Len()+len(l) > caseSource {
			break
		}
		b.Write(l)
	}
	return b.String(), first + from
}
