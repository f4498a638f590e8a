package runner

import (
	"fmt"
	"strings"

	"banter/runner/scenario"
	"banter/runner/transcript"
)

// written compares what actors saw with the transcripts that the file has
// written out. An actor that has failed has said why already.
func (p *play) written(actors []*actor) (out []Failure) {
	if at := p.scenario.Unwritten; at.IsValid() {
		out = append(out, Failure{Kind: Differs, Pos: at, At: p.now(), Message: "the transcripts are still to be written", Written: true})
	}
	secrets := newSecrets(p.allSecrets())
	for _, want := range p.scenario.Transcripts {
		var a *actor
		for _, one := range actors {
			if one.place.name == want.Actor {
				a = one
			}
		}
		f := Failure{Kind: Differs, Actor: want.Actor, Pos: want.Pos, At: p.now(), Written: true}
		server, _, _ := strings.Cut(want.Actor, "/")
		switch {
		case p.elsewhere(server): // nobody sees what the real one does
			continue
		case a == nil:
			f.Kind, f.Written, f.Message = NotCalled, false, fmt.Sprintf("the transcript is of %s, who did not play", want.Actor)
		case a.failed:
			continue
		default:
			f.rank = a.rank
			if !f.differsFrom(want, a, secrets) {
				continue
			}
		}
		out = append(out, f)
	}
	return out
}

// differsFrom reports whether an actor saw something else, and says what. A file
// has *** for what is secret.
func (f *Failure) differsFrom(want scenario.Transcript, a *actor, secrets *secrets) bool {
	if want.Blank {
		f.Message = "the transcript is still to be written"
		return true
	}
	var seen []*transcript.Event
	for _, entry := range a.log.Seen.Entries() {
		seen = append(seen, &entry.Event)
	}
	secrets.maskEvents(seen)
	for i := range max(len(seen), len(want.Lines)) {
		expected, came := "nothing more", "nothing more"
		if i < len(want.Lines) {
			expected, f.Pos = want.Lines[i].Text, want.Lines[i].Pos
		}
		if i < len(seen) {
			came = seen[i].String()
		}
		if expected != came {
			f.Message = fmt.Sprintf("the transcript differs at event %d", i+1)
			f.Notes = []string{"expected  " + expected, "seen      " + came}
			return true
		}
	}
	return false
}
