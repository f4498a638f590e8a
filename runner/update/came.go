package update

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"banter/runner"
	"banter/runner/match"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// extended is what the expect before a failure was given, if bytes that came at
// the failure are of the same turn as those: a peer who has more to say now.
func extended(r *runner.Result, f *runner.Failure) (came scenario.Came, ok bool) {
	m := f.Missed
	if m.Before == nil {
		return came, false
	}
	more, t := turn(r, f)
	switch {
	case m.Expect != nil && !m.Acted: // as far as it does not come as well
		literal, known := m.Expect.Literal()
		if !known || bytes.Count(more, literal) != 1 {
			return came, false
		}
		more = more[:bytes.Index(more, literal)]
	case t == goesOn, t == unknown && !m.Acted && m.Size == int64(len(m.Came)):
	default:
		return came, false
	}
	body := append(slices.Clip(m.Before.Came), more...)
	return scenario.Came{
		Body: body, Values: m.Before.Values, Chosen: m.Chosen, Secret: m.Secret, EOL: r.Scenario.EOL,
	}, len(more) > 0
}

// whatCame is what an expect was given. An error says why that can't be said, or
// why the expect can't be made to take it.
func whatCame(r *runner.Result, f *runner.Failure) (scenario.Came, error) {
	m := f.Missed
	came := scenario.Came{Values: m.Values, Chosen: m.Chosen, Secret: m.Secret, EOL: r.Scenario.EOL}
	if m.Expect.AnyOrder != nil {
		return came, errors.New(`"any_order" has to be changed by hand`)
	}
	var err error
	if m.Want.Frame == scenario.FrameExact {
		came.Body, err = exact(r, f)
	} else {
		came.Header, came.Body, err = frame(m)
	}
	switch {
	case err != nil && m.Size > int64(len(m.Came)):
		return came, fmt.Errorf("more came than is kept: %d bytes", m.Size)
	case err != nil:
		return came, err
	case len(came.Body) == 0 && m.Want.Frame == scenario.FrameExact:
		return came, errors.New("nothing came")
	}
	for _, part := range []struct {
		want *match.Expectation
		came []byte
	}{{m.Want.Header, came.Header}, {&m.Want, came.Body}} {
		if part.want == nil {
			continue
		}
		general := *part.want // what an edit does not change
		general.Equals, general.Like, general.JSON, general.Size, general.SHA256 = nil, nil, nil, -1, nil
		general.Captures = nil // of what is like
		if wrong := general.Judge(part.came); wrong != nil {
			return came, fmt.Errorf("%s; that has to be changed by hand", wrong.Message)
		}
	}
	return came, nil
}

// frame is the frame that an expect was given, in its header and its body.
func frame(m *runner.Missed) (header, body []byte, err error) {
	w := &m.Want
	switch w.Frame {
	case scenario.FrameDatagram:
		return nil, m.Came, nil
	case scenario.FrameSome:
		return nil, nil, errors.New(`what "some" takes is a matter of timing`)
	}
	if w.Frame == scenario.FrameRest && m.Size > int64(len(m.Came)) {
		return nil, nil, io.ErrShortBuffer
	}
	any := match.Expectation{
		Frame: w.Frame, EOL: w.EOL, Delim: w.Delim, N: w.N, Max: w.Max, Through: w.Through,
		Form: w.Form, At: w.At, Plus: w.Plus, Size: -1,
	}
	var taken []byte
	s := match.NewStream(bytes.NewReader(m.Came), func(p []byte) { taken = append(taken, p...) })
	if wrong := s.Expect(&any); wrong != nil {
		return nil, nil, errors.New(wrong.Message)
	}
	switch w.Frame {
	case scenario.FrameLine:
		return nil, withoutEnd(taken, w.EOL), nil
	case scenario.FrameLength:
		_, size := w.Form.Number(taken[w.At:])
		return taken[:w.At], taken[w.At+int64(size):], nil
	}
	return nil, taken, nil
}

// withoutEnd is a line without its end.
func withoutEnd(line []byte, eol scenario.EOL) []byte {
	if eol == scenario.AnyEOL {
		return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	}
	return bytes.TrimSuffix(line, []byte(eol))
}

// exact is what came in place of bytes to the letter. Nothing in a stream says
// where that ends. So it is all that the peer sent before it waited for an
// answer, unless the script expects more before it gives one.
func exact(r *runner.Result, f *runner.Failure) ([]byte, error) {
	m := f.Missed
	came, t := turn(r, f)
	if t == unknown && m.Size > int64(len(m.Came)) {
		return nil, io.ErrShortBuffer
	}
	var script []*scenario.Step
	for i := range r.Actors {
		if a := &r.Actors[i]; a.Name == f.Actor {
			script = a.Script
		}
	}
	next, _ := expectsAfter(script, m.Expect)
	if len(next) == 0 || len(came) == 0 {
		return came, nil
	}
	if literal, ok := next[0].Literal(); ok && len(literal) > 0 && bytes.Count(came[1:], literal) == 1 {
		return came[:1+bytes.Index(came[1:], literal)], nil // that has come too
	}
	before := m.Want.Equals.Whole()
	if n := bytes.Count(before.Data, []byte("\n")); bytes.HasSuffix(before.Data, []byte("\n")) && bytes.Count(came, []byte("\n")) > n {
		end := 0
		for range n {
			end += bytes.IndexByte(came[end:], '\n') + 1
		}
		return came[:end], nil // as many lines
	}
	return came[:max(1, min(len(before.Data), len(came)-len(next)))], nil
}

// expectsAfter are the expects of bytes that follow another one, before the
// script gives an answer or ends.
func expectsAfter(steps []*scenario.Step, x *scenario.Expect) (out []*scenario.Expect, found bool) {
	for _, s := range steps {
		if !found {
			if s.Expect != x && s.Action != scenario.Action(x) {
				if out, found = expectsAfter(scenario.Inner(s.Action), x); found {
					return out, true
				}
				continue
			}
			found = true
			continue
		}
		switch act := s.Action.(type) {
		case *scenario.Expect:
			if act.Outcome != scenario.NoOutcome {
				return out, true
			}
			out = append(out, act)
		case scenario.Wait, scenario.Signal, scenario.Await, scenario.Meet, scenario.Let:
		default:
			return out, true
		}
		if s.Expect != nil {
			if s.Expect.Outcome != scenario.NoOutcome {
				return out, true
			}
			out = append(out, s.Expect)
		}
	}
	return out, found
}

// turning says how what came stands in what the peer sent at one go.
type turning uint8

const (
	unknown turning = iota // the peer is none of the scenario's
	begins
	goesOn // something before it was sent as well
)

// turn is what came of what the peer sent before it took something, or an end.
// Where nothing is known of the peer, it is all that came.
func turn(r *runner.Result, f *runner.Failure) ([]byte, turning) {
	m := f.Missed
	for _, conversation := range conversations(r, f.Actor) {
		var sent int64
		for _, e := range conversation {
			if e.Kind != transcript.Send {
				continue
			}
			if sent += e.Size; sent <= m.At {
				continue
			}
			n := sent - m.At // from the frame's beginning to the turn's end
			last := e.Data[max(0, int64(len(e.Data))-n):]
			if e.Size > int64(len(e.Data)) || n > int64(len(m.Came)) || !bytes.HasSuffix(m.Came[:n], last) {
				break
			}
			if n < e.Size {
				return m.Came[:n], goesOn
			}
			return m.Came[:n], begins
		}
	}
	return m.Came, unknown
}

// conversations are what others saw on connections that may be the one with an
// actor, the likeliest first.
func conversations(r *runner.Result, name string) (all [][]transcript.Entry) {
	i := slices.IndexFunc(r.Actors, func(a runner.Actor) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	self := &r.Actors[i]
	for i := range r.Actors {
		switch a := &r.Actors[i]; {
		case a.Name == self.Peer:
			all = append(connections(a, self), all...)
		case a.Peer == name:
			all = append(all, connections(a, self)...)
		}
	}
	return all
}

// connections are what an actor saw on each of its connections that may be the
// one with a peer, the likeliest first.
func connections(a, peer *runner.Actor) [][]transcript.Entry {
	if a.Server {
		return [][]transcript.Entry{a.Observed}
	}
	server, _, _ := strings.Cut(peer.Name, "/")
	var all [][]transcript.Entry
	for i, e := range a.Observed {
		if e.Kind != transcript.Connect || e.Name != server {
			continue
		}
		var conversation []transcript.Entry
		for _, next := range a.Observed[i+1:] {
			if next.Over != e.Over {
				continue
			}
			if next.Kind == transcript.Connect {
				break
			}
			conversation = append(conversation, next)
		}
		all = append(all, conversation)
	}
	nth := 1
	if _, number, ok := strings.Cut(peer.Name, "#"); ok {
		fmt.Sscan(number, &nth)
	}
	if nth <= len(all) {
		all = append([][]transcript.Entry{all[nth-1]}, all...)
	}
	return all
}
