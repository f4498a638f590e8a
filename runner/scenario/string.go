package scenario

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"
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
	if c.Server != "" {
		return "connect " + c.Server
	}
	return "connect " + c.Address.plain()
}

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
	}
	return ""
}

// String is what is expected, as it follows the word "expect".
func (x *Expect) String() string {
	if x.Outcome == Silence {
		return "silence for " + timeString(x.Silence)
	}
	if x.Outcome != NoOutcome {
		return x.Outcome.word()
	}
	frame, rest := x.Frame.describe(), x.Match
	switch {
	case x.Frame.Kind == FrameExact:
		frame, rest.Equals = x.Match.Equals.String(), nil
	case x.Frame.Kind == FrameLine && x.Match.Equals != nil:
		frame, rest.Equals = "line "+x.Match.Equals.String(), nil
	}
	if conditions := rest.describe(); conditions != "" {
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
		return count(f.N, "byte")
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
		parts = append(parts, "regex "+shorten(strconv.Quote(m.Regex.Source.plain())))
	}
	if m.Size >= 0 {
		parts = append(parts, fmt.Sprintf("size %d", m.Size))
	}
	if len(m.SHA256) > 4 {
		parts = append(parts, "sha256 "+hex.EncodeToString(m.SHA256[:4])+"…")
	}
	return strings.Join(parts, ", ")
}

// plain is a text with its variables as they are written.
func (t Text) plain() string {
	var out strings.Builder
	for i := range t {
		if t[i].Var != "" {
			out.WriteString("${" + t[i].Var + "}")
		} else {
			out.Write(t[i].Lit)
		}
	}
	return out.String()
}

// A payload of more than maxShown bytes is shown by its first shownStart.
const (
	maxShown   = 48
	shownStart = 24
)

// String is the payload in quotes, with escapes where a byte can't be printed.
// Of a long one it is the beginning and the length.
func (pl *Payload) String() string {
	if pl == nil || len(pl.Parts) == 0 {
		return `""`
	}
	var out []string
	var run Text // neighbouring texts are one
	flush := func() {
		if run != nil {
			out = append(out, run.quoted())
			run = nil
		}
	}
	for i := range pl.Parts {
		switch part := &pl.Parts[i]; {
		case part.File != "":
			flush()
			out = append(out, "file "+strconv.Quote(filepath.Base(part.File)))
		case part.Any != nil:
			flush()
			out = append(out, part.hex())
		default:
			run = append(run, part.Text...)
		}
	}
	flush()
	if len(out) == 0 {
		return `""`
	}
	return strings.Join(out, " + ")
}

// quoted is a text in quotes, shortened.
func (t Text) quoted() string {
	total, known := 0, true
	for i := range t {
		total += len(t[i].Lit)
		known = known && t[i].Var == ""
	}
	left := total
	if total > maxShown {
		left = shownStart
	}
	var out strings.Builder
	out.WriteByte('"')
	for i := range t {
		if t[i].Var != "" {
			out.WriteString("${" + t[i].Var + "}")
			continue
		}
		lit := t[i].Lit
		if len(lit) > left {
			lit = lit[:runeEnd(lit, left)]
		}
		out.WriteString(escape(lit))
		if left -= len(lit); left <= 0 && total > maxShown {
			break
		}
	}
	switch {
	case total <= maxShown:
		out.WriteByte('"')
	case known:
		fmt.Fprintf(&out, `…" (%d bytes)`, total)
	default:
		fmt.Fprintf(&out, `…" (more than %d bytes)`, total)
	}
	return out.String()
}

// runeEnd is the last place at or before n that does not cut a character.
func runeEnd(b []byte, n int) int {
	for i := n; i > 0 && i > n-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			return i
		}
	}
	return n
}

// hex is a part with bytes that may be anything.
func (part *Part) hex() string {
	lit, _ := part.Text.literal()
	var out strings.Builder
	out.WriteString(`hex "`)
	for i, b := range lit {
		if i > 0 {
			out.WriteByte(' ')
		}
		if i == shownStart && len(lit) > maxShown {
			fmt.Fprintf(&out, `…" (%d bytes)`, len(lit))
			return out.String()
		}
		if i < len(part.Any) && part.Any[i] {
			out.WriteString("..")
		} else {
			fmt.Fprintf(&out, "%02x", b)
		}
	}
	out.WriteByte('"')
	return out.String()
}
