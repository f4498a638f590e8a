package scenario

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// String is the step in a few words, as reports show it.
func (s *Step) String() string {
	if s.Action == nil {
		return "a step with an error"
	}
	out := s.Action.String()
	if x, ok := s.Action.(*Expect); ok {
		out = "expect " + x.String()
	}
	if s.Expect != nil {
		out += ", expect " + s.Expect.String()
	}
	if s.Over != "" {
		out = "over " + s.Over + ": " + out
	}
	return out
}

// Word is the step's word in the language.
func (Parallel) Word() string { return "parallel" }

// String is the action in a few characters.
func (a Parallel) String() string {
	steps := make([]string, len(a.Steps))
	for i, s := range a.Steps {
		steps[i] = s.String()
	}
	return "parallel " + strings.Join(steps, " | ")
}

// Word is the step's word in the language.
func (Connect) Word() string { return "connect" }

// String is the action in a few characters.
func (c Connect) String() string {
	to := cmp.Or(c.Server, c.Process, c.Address.plain())
	if strings.ContainsFunc(to, unicode.IsControl) { // it is a mistake
		to = quote(to)
	}
	if c.Run != nil {
		to = "to " + shorten(c.Run.String())
	}
	if c.As != "" {
		to += " as " + c.As
	}
	if c.TLS != nil {
		to += " with TLS"
	}
	return "connect " + to
}

// Word is the step's word in the language.
func (StartTLS) Word() string { return "tls" }

// String is the action in a few characters.
func (StartTLS) String() string { return "tls" }

// Word is the step's word in the language.
func (Send) Word() string { return "send" }

// String is the action in a few characters.
func (s Send) String() string { return "send " + s.Payload.String() }

// Word is the step's word in the language.
func (*Expect) Word() string { return "expect" }

// Word is the step's word in the language.
func (Shutdown) Word() string { return "shutdown" }

// String is the action in a few characters.
func (s Shutdown) String() string {
	switch s.How {
	case ShutRead:
		return "shutdown read"
	case ShutBoth:
		return "shutdown both"
	}
	return "shutdown"
}

// Word is the step's word in the language.
func (Close) Word() string { return "close" }

// String is the action in a few characters.
func (c Close) String() string {
	switch c.Mode {
	case CloseDiscard:
		return "close {discard}"
	case CloseNow:
		return "close {now}"
	}
	return "close"
}

// Word is the step's word in the language.
func (Reset) Word() string { return "reset" }

// String is the action in a few characters.
func (Reset) String() string { return "reset" }

// Word is the step's word in the language.
func (Wait) Word() string { return "wait" }

// String is the action in a few characters.
func (w Wait) String() string { return "wait " + timeString(w.For) }

// Word is the step's word in the language.
func (Signal) Word() string { return "signal" }

// String is the action in a few characters.
func (s Signal) String() string { return "signal " + quote(s.Name) }

// Word is the step's word in the language.
func (Await) Word() string { return "await" }

// String is the action in a few characters.
func (a Await) String() string {
	if a.Times > 1 {
		return "await " + quote(a.Signal) + " " + times(a.Times)
	}
	return "await " + quote(a.Signal)
}

// Word is the step's word in the language.
func (Meet) Word() string { return "meet" }

// String is the action in a few characters.
func (m Meet) String() string { return "meet " + quote(m.Name) }

// Word is the step's word in the language.
func (Stop) Word() string { return "stop" }

// String is the action in a few characters.
func (s Stop) String() string { return "stop " + s.Server }

// Word is the step's word in the language.
func (Start) Word() string { return "start" }

// String is the action in a few characters.
func (s Start) String() string { return "start " + s.Server }

// word is an outcome's word in the language.
func (o Outcome) word() string {
	switch o {
	case EOF:
		return "eof"
	case PeerReset:
		return "reset"
	case End:
		return "end"
	case Refused:
		return "refused"
	case Unreachable:
		return "unreachable"
	case Timeout:
		return "timeout"
	case Silence:
		return "silence"
	case TLSError:
		return "tls_error"
	case Pending:
		return "pending"
	case Counters:
		return "tcp"
	case Queued:
		return "queue"
	}
	return ""
}

// String is what is expected, as it follows the word "expect".
func (x *Expect) String() string {
	if x.Outcome == Silence {
		return "silence for " + timeString(x.Silence)
	}
	if x.Outcome == TLSError && x.Reason != "" {
		return "tls_error " + strconv.Quote(x.Reason)
	}
	if x.Outcome == Counters || x.Outcome == Queued {
		return x.kernelString()
	}
	if x.Outcome != NoOutcome {
		return x.Outcome.word()
	}
	if x.AnyOrder != nil {
		return x.showAnyOrder()
	}
	if x.Optional {
		must := *x
		must.Optional = false
		return "optional " + must.String()
	}
	frame, rest := x.Frame.describe(), x.Match
	switch {
	case x.Frame.Kind == FrameExact:
		frame, rest.Equals = x.Match.Equals.String(), nil
	case x.Frame.Kind == FrameLine && x.Match.Equals != nil:
		frame, rest.Equals = "line "+x.Match.Equals.String(), nil
	}
	conditions := rest.describe()
	switch {
	case strings.HasPrefix(conditions, "like "):
		return frame + " " + conditions
	case conditions != "":
		return frame + " with " + conditions
	}
	return frame
}

func (f *Frame) describe() string {
	switch f.Kind {
	case FrameLine:
		return "a line"
	case FrameUntil:
		return "bytes until " + f.Delim.String()
	case FrameBytes:
		if f.Count != nil {
			return f.Count.plain() + " bytes"
		}
		return count(f.N, "byte")
	case FrameLines:
		return "lines through " + f.Through.String()
	case FrameLength:
		out := "a frame with a length " + f.Form.String()
		if f.At > 0 {
			out += fmt.Sprintf(" at %d", f.At)
		}
		if f.Plus != 0 {
			out += fmt.Sprintf(" (%+d)", f.Plus)
		}
		if f.Header != nil {
			out += " and a header with " + f.Header.describe()
		}
		return out
	case FrameRest:
		return "the rest"
	case FrameSome:
		return fmt.Sprintf("some bytes (%d at most)", f.N)
	case FrameDatagram:
		return "a datagram"
	}
	return ""
}

func (m *Match) describe() string {
	var parts []string
	payload := func(name string, p *Payload) {
		if p != nil {
			parts = append(parts, name+" "+p.String())
		}
	}
	payload("equals", m.Equals)
	payload("prefix", m.Prefix)
	payload("suffix", m.Suffix)
	for _, x := range m.Contains {
		payload("contains", x)
	}
	if m.Regex != nil {
		parts = append(parts, "regex "+m.Regex.String())
	}
	if m.Like != nil {
		parts = append(parts, "like "+m.Like.Text.quoted())
	}
	if m.JSON != nil {
		parts = append(parts, "json "+shorten(m.JSON.String()))
	}
	if m.Not != nil {
		parts = append(parts, "not ("+m.Not.describe()+")")
	}
	if m.Size >= 0 {
		parts = append(parts, fmt.Sprintf("size %d", m.Size))
	}
	if len(m.SHA256) > 4 {
		parts = append(parts, "sha256 "+hex.EncodeToString(m.SHA256[:4])+"…")
	}
	if m.Sum != nil {
		parts = append(parts, "sha256 "+m.Sum.plain())
	}
	for _, c := range m.Captures {
		if c.From == FromFrame && c.Name != "" {
			parts = append(parts, "capture "+c.Name)
		}
	}
	return strings.Join(parts, ", ")
}

// String is the regular expression in quotes.
func (r *Regex) String() string { return shorten(strconv.Quote(r.Source.plain())) }

// plain is a text with its variables as they are written.
func (t Text) plain() string {
	var out strings.Builder
	for i := range t {
		text, _ := t[i].written()
		out.WriteString(text)
	}
	return out.String()
}
