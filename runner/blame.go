package runner

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"banter/runner/scenario"
	"banter/runner/transcript"
)

// blame has a result that came out otherwise say so, and with which changes.
func (p *perturbing) blame(r *Result, by Perturbation) Result {
	if r.Passed() {
		name := p.other(r)
		f := Failure{Kind: Differs, Actor: name, Pos: p.s.Pos, Message: "the transcript is another when the scenario is perturbed"}
		was, is := p.plain.transcriptOf(name), r.transcriptOf(name)
		if n := parting(was, is); n >= 0 {
			f.Notes = append(f.Notes, "as it is written: "+at(was, n), "perturbed: "+at(is, n))
		}
		r.Failures = []Failure{f}
	}
	f := &r.Failures[0]
	seed := ""
	if by.Changes == nil {
		seed = fmt.Sprintf(" (seed %d)", by.Seed)
		if p.ctx.Err() != nil {
			seed = fmt.Sprintf(" (seed %d; looking for fewer was interrupted)", by.Seed)
		}
	}
	f.Notes = slices.Concat(p.describe(r.Changes, seed, 3-min(len(f.Notes), 1)), f.Notes)
	return *r
}

func (r *Result) transcriptOf(actor string) []string {
	a := r.actor(actor)
	if a == nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(transcript.Text(seen(a)), "\n"), "\n")
}

// parting is the first line in which two texts are not the same.
func parting(a, b []string) int {
	for i := range max(len(a), len(b)) {
		if at(a, i) != at(b, i) {
			return i
		}
	}
	return -1
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing more"
}

// describe says with which changes a scenario does not pass, a few of them where
// there are many: reports show few lines.
func (p *perturbing) describe(changes []Change, seed string, most int) []string {
	these, such := "this change", ""
	if len(changes) > 1 {
		these = "these changes"
	}
	if len(changes) > most {
		these, such = fmt.Sprintf("these %d changes", len(changes)), ", among them"
	}
	not := "not with "
	if p.seldom {
		not = "not each time with "
	}
	notes := []string{"it passes as it is written, and " + not + these + seed + such + ":"}
	for _, c := range changes[:min(len(changes), most)] {
		notes = append(notes, p.change(c))
	}
	return notes
}

// change says what one change is.
func (p *perturbing) change(c Change) string {
	send := fmt.Sprintf("send %d of %s", c.Send, c.Actor)
	switch {
	case c.Late:
		return c.Actor + " starting late"
	case c.Small:
		return "small buffers of " + c.Actor
	case c.Whole:
		return send + " in one go"
	case c.Join:
		return send + " and the next one in one go"
	}
	if around := p.around(c); around != "" {
		return fmt.Sprintf("%s cut after %s: %s", send, count(c.Cut), around)
	}
	return fmt.Sprintf("%s cut after %s", send, count(c.Cut))
}

// around is what stands left and right of a cut, if the plain transcript tells:
// where each send is an event of its own.
func (p *perturbing) around(c Change) string {
	const near = 16
	a := p.plain.actor(c.Actor)
	if a == nil {
		return ""
	}
	var sends []*transcript.Entry
	for i := range a.Observed {
		if a.Observed[i].Kind == transcript.Send {
			sends = append(sends, &a.Observed[i])
		}
	}
	steps := 0
	for _, step := range a.Script {
		if _, is := step.Action.(scenario.Send); is {
			steps++
		}
	}
	if c.Send > len(sends) || steps > 0 && steps != len(sends) { // sends that follow each other are one event
		return ""
	}
	data := sends[c.Send-1].Data
	if c.Cut >= int64(len(data)) || bytes.Contains(data, []byte("***")) { // what a secret is shown as is not as long
		return ""
	}
	left, right := data[:c.Cut], data[c.Cut:]
	left, right = left[max(0, len(left)-near):], right[:min(len(right), near)]
	return transcript.Quote(left, int64(len(left)), near) + " | " + transcript.Quote(right, int64(len(right)), near)
}
