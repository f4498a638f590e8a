package report

import (
	"bytes"
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
		Began: r.Began, Elapsed: r.Elapsed,
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
	room := caseRoom{events: caseEvents, bytes: caseBytes}
	c.Actors = make([]CaseActor, min(len(r.Actors), caseActors))
	c.More = len(r.Actors) - len(c.Actors)
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

// caseRoom is what is left of a case's bounds.
type caseRoom struct{ events, bytes int }

func (room *caseRoom) actor(a *runner.Actor, failed bool) CaseActor {
	out := CaseActor{Name: a.Name, Peer: a.Peer, Server: a.Server, Steps: len(a.Script), Done: a.Done}
	out.Observed = make([]CaseEvent, min(len(a.Observed), room.events))
	out.More = len(a.Observed) - len(out.Observed)
	room.events -= len(out.Observed)
	for i := range out.Observed {
		e := &a.Observed[i]
		out.Observed[i] = room.event(&e.Event)
		out.Observed[i].Datagram, out.Observed[i].At, out.Observed[i].Step = e.Datagram, e.At, e.Step
	}
	if !failed {
		return out
	}
	out.Expected = make([]CaseEvent, min(len(a.Expected), room.events))
	room.events -= len(out.Expected)
	for i := range out.Expected {
		out.Expected[i] = room.event(&a.Expected[i])
	}
	for _, step := range a.Script[min(a.Done, len(a.Script)):] {
		if len(out.Left) == caseLeft {
			break
		}
		out.Left = append(out.Left, clip(step.String(), lineMax))
	}
	return out
}

func (room *caseRoom) event(e *transcript.Event) CaseEvent {
	data := e.Data[:min(len(e.Data), room.bytes)]
	room.bytes -= len(data)
	return CaseEvent{Kind: e.Kind.String(), Over: e.Over, Name: e.Name, Data: data, Size: e.Size}
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
