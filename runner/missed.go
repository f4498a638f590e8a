package runner

import (
	"cmp"
	"io"
	"slices"
	"strconv"

	"banter/runner/match"
	"banter/runner/scenario"
	"banter/runner/transcript"
	"banter/runner/wire"
)

// Missed is an expect of bytes that did not come, and what came in place of
// them: for those who bring a scenario up to date.
type Missed struct {
	Expect *scenario.Expect  // nil: nothing more was expected
	Want   match.Expectation // the same with its variables filled in
	Values map[string][]byte // of those variables, by what stands between ${ and }
	At     int64             // bytes that had been taken from the connection before
	Came   []byte            // all that came from there to the peer's end, or the datagram
	Size   int64             // how many bytes that were; Came holds transcript.Kept of them at most
	Ended  bool              // the peer's end came, and all before it was as expected
	Secret [][]byte          // values that nobody is to see
	Chosen []scenario.Chosen // what the system has chosen for this run, and will choose anew

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
		m.Want, m.Values = a.wants.Expectation, a.values(e)
	}
	if b := a.before; b.expect != nil {
		var w wanted
		if a.scope.fill(&w, b.expect) == nil && b.at+w.Equals.Len() == at {
			came := w.Equals.Whole().Data
			m.Before = &Missed{
				Expect: b.expect, Want: w.Expectation, Values: a.values(b.expect),
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

// informed tells those who bring the scenario up to date what the system has
// chosen, and what nobody is to see.
func (p *play) informed(failures []Failure) {
	for i := range failures {
		if m := failures[i].Missed; m != nil {
			m.Chosen, m.Secret = p.chosen(), p.allSecrets()
		}
	}
}

// chosen are the addresses that the system has chosen, their ports, and the run's
// folder, the longer ones first.
func (p *play) chosen() (out []scenario.Chosen) {
	add := func(name string, addr wire.Addr) {
		if addr.Path == "" && addr.Port() != 0 {
			out = append(out,
				scenario.Chosen{Name: name, Value: []byte(addr.String())},
				scenario.Chosen{Name: name + ".port", Value: strconv.AppendUint(nil, uint64(addr.Port()), 10)})
		}
	}
	for _, s := range p.servers {
		if s.decl.Bind == nil || s.decl.Bind.Port == 0 {
			add(s.decl.Name, s.addr)
		}
	}
	for _, c := range p.processes {
		if c.decl.Ported && c.decl.Port == 0 {
			add(cmp.Or(c.decl.Serves, c.decl.Name), c.addr)
		}
	}
	if p.tmp.dir != "" {
		out = append(out, scenario.Chosen{Name: "tmp", Value: []byte(p.tmp.dir)})
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
