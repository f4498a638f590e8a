package runner

import (
	"io"
	"slices"

	"banter/runner/match"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// Missed is an expect of bytes that did not come, and what came in place of
// them: for those who bring a scenario up to date.
type Missed struct {
	Expect *scenario.Expect
	Want   match.Expectation // the same with its variables filled in
	Values map[string][]byte // of those variables, by what stands between ${ and }
	At     int64             // bytes that had been taken from the connection before
	Came   []byte            // all that came from there to the peer's end, or the datagram
	Size   int64             // how many bytes that were; Came holds transcript.Kept of them at most
	Ended  bool              // the peer's end came, and all before it was as expected
}

// missed notes what an expect has missed. From is where the log was when it
// began.
func (a *actor) missed(f *Failure, e *scenario.Expect, m *match.Mismatch, from transcript.Mark, at int64) *Failure {
	ended := f.Kind == Short && m.End == io.EOF
	if f.Kind != Differs && !ended {
		return f
	}
	f.Missed = &Missed{Expect: e, Want: a.wants.Expectation, Values: map[string][]byte{}, At: at, Ended: ended}
	for seg := range e.Variables() {
		if v, err := a.p.value(seg.Var); err == nil {
			f.Missed.Values[seg.Var] = []byte(v)
		}
	}
	f.Missed.add(a.log.Seen.Since(from))
	return f
}

// add adds bytes that came.
func (m *Missed) add(p []byte, size int64) {
	if m == nil {
		return
	}
	if int64(len(m.Came)) == m.Size { // else there is a gap
		m.Came = append(slices.Clip(m.Came), p[:min(len(p), transcript.Kept-len(m.Came))]...)
	}
	m.Size += size
}
