package runner

import (
	"io"
	"slices"
	"strconv"

	"banter/runner/match"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// Missed is an expect of bytes that did not come, and what came in place of
// them: for those who bring a scenario up to date.
type Missed struct {
	Expect *scenario.Expect  // nil: nothing more was expected
	Want   match.Expectation // the same with its variables filled in
	Values map[string][]byte // of those variables, by what stands between ${ and }
	Secret [][]byte          // values that nobody is to see
	Chosen []scenario.Chosen // addresses that the system has chosen for this run
	At     int64             // bytes that had been taken from the connection before
	Came   []byte            // all that came from there to the peer's end, or the datagram
	Size   int64             // how many bytes that were; Came holds transcript.Kept of them at most
	Ended  bool              // the peer's end came, and all before it was as expected

	// Before is the expect before it, if that took its bytes to the letter: what
	// came may belong to those. Acted says that the script has sent something
	// since.
	Before *Missed
	Acted  bool
}

// exactly is the last expect that was met, if that was to the letter.
type exactly struct {
	expect *scenario.Expect // nil: there is none
	at     int64            // bytes that had been taken from the connection before
	acted  bool             // something was sent, or ended, since
}

// missed notes what an expect has missed, or bytes that none has expected (e is
// nil). From is where the log was when it began, at the bytes that had been
// taken.
func (a *actor) missed(f *Failure, e *scenario.Expect, end error, from transcript.Mark, at int64) *Failure {
	ended := f.Kind == Short && end == io.EOF
	if f.Kind != Differs && f.Kind != Unread && !ended {
		return f
	}
	m := &Missed{Expect: e, At: at, Ended: ended}
	if e != nil {
		m.Want, m.Values, m.Chosen = a.wants.Expectation, a.values(e), a.p.chosen()
	}
	if b := a.before; b.expect != nil {
		var w wanted
		if a.scope.fill(&w, b.expect) == nil && b.at+w.Equals.Len() == at {
			came := w.Equals.Whole().Data
			m.Before = &Missed{
				Expect: b.expect, Want: w.Expectation, Values: a.values(b.expect), Chosen: a.p.chosen(),
				At: b.at, Came: came, Size: int64(len(came)),
			}
			m.Acted = b.acted
		}
	}
	m.add(a.log.Seen.Since(from))
	f.Missed = m
	return f
}

// values are the variables that an expect has, as they are now.
func (a *actor) values(e *scenario.Expect) map[string][]byte {
	out := map[string][]byte{}
	for seg := range e.Variables() {
		if v, err := a.scope.bytes(seg.Ref); err == nil {
			out[seg.Var] = v
		}
	}
	return out
}

// chosen are the addresses that the system has chosen, and their ports, the longer
// ones first.
func (p *play) chosen() []scenario.Chosen {
	var out []scenario.Chosen
	for _, s := range p.servers {
		if s.addr.Path != "" || s.decl.Bind != nil && s.decl.Bind.Port != 0 || s.addr.Port() == 0 {
			continue
		}
		name := s.decl.Name
		out = append(out,
			scenario.Chosen{Name: name, Value: []byte(s.addr.String())},
			scenario.Chosen{Name: name + ".port", Value: strconv.AppendUint(nil, uint64(s.addr.Port()), 10)})
	}
	slices.SortStableFunc(out, func(a, b scenario.Chosen) int { return len(b.Value) - len(a.Value) })
	return out
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
