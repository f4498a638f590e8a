package record

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"banter/runner/capture"
	"banter/runner/scenario"
)

// expects is what the receiver of a turn expects, an entry for each step: all of
// it at once, or frame by frame where some of it varies.
func (sp speller) expects(turn *Turn) (all []*scenario.Value) {
	if sp.t.Datagrams {
		return []*scenario.Value{sp.datagram(turn)}
	}
	rest := turn.Units
	for len(rest) > 0 {
		n := 0
		for n < len(rest) && sp.sure(turn, rest[n]) {
			n++
		}
		if n > 0 {
			all = append(all, sp.exactly(turn, rest[:n]))
			rest = rest[n:]
			continue
		}
		all = append(all, sp.varying(turn, rest[0])...)
		rest = rest[1:]
	}
	return all
}

// exactly expects a payload. A length alone would be a frame, and a line; in a
// list they are payloads.
func (sp speller) exactly(turn *Turn, units []*Unit) *scenario.Value {
	v := sp.payload(turn, units)
	if v.Has("length") || v.Has("line") && v.Has("times") {
		return scenario.NewList(v)
	}
	return v
}

func (sp speller) sure(turn *Turn, u *Unit) bool {
	_, whole := sp.known(turn, u.Parts)
	return whole
}

// datagram expects a datagram, which is taken whole.
func (sp speller) datagram(turn *Turn) *scenario.Value {
	u := turn.Units[0]
	switch {
	case len(turn.data) == 0:
		return scenario.NewMap().Set("datagram", nil).Set("size", scenario.NewWord("0"))
	case sp.sure(turn, u):
		return sp.exactly(turn, turn.Units)
	case u.text():
		return scenario.NewMap().Set("datagram", nil).Set("like", scenario.NewTemplate(sp.like(u)))
	}
	return scenario.NewMap().Set("datagram", nil).Set("regex", scenario.NewTemplate(sp.regex(u)))
}

// text reports whether all of a unit is text.
func (u *Unit) text() bool {
	for _, part := range u.Parts {
		if !isText(part.Data) {
			return false
		}
	}
	return true
}

// varying expects a unit with holes.
func (sp speller) varying(turn *Turn, u *Unit) []*scenario.Value {
	switch {
	case u.Line:
		return []*scenario.Value{scenario.NewMap().Set("like", scenario.NewTemplate(sp.like(u)))}
	case u.Length != nil:
		v := scenario.NewMap()
		if at := len(u.Length.Before); at > 0 {
			v.Set("at", scenario.NewWord(strconv.Itoa(at)))
			v.Set("header", one(sp.before(u.Length.Before)))
		}
		v.Set("length", scenario.NewWord(u.Length.Form.String()))
		if u.Length.Plus != 0 {
			v.Set("plus", scenario.NewWord(strconv.FormatInt(u.Length.Plus, 10)))
		}
		return []*scenario.Value{v.Set("regex", scenario.NewTemplate(sp.regex(u)))}
	}
	return sp.unframed(turn, u)
}

// unframed expects bytes that no frame holds: as many as there are, if that is
// known.
func (sp speller) unframed(turn *Turn, u *Unit) []*scenario.Value {
	v := scenario.NewMap()
	switch {
	case u.SizeBy != "":
		v.Set("bytes", scenario.NewTemplate("${"+u.SizeBy+"}"))
	case u.Size > 0:
		v.Set("bytes", scenario.NewWord(strconv.Itoa(u.Size)))
	default:
		return sp.pieces(turn, u)
	}
	if u.text() && !u.holesLines() {
		return []*scenario.Value{v.Set("like", scenario.NewTemplate(sp.like(u)))}
	}
	return []*scenario.Value{v.Set("regex", scenario.NewTemplate(sp.regex(u)))}
}

// holesLines reports whether a hole is longer than a line.
func (u *Unit) holesLines() bool {
	for _, part := range u.Parts {
		if part.Vary == Hole && bytes.ContainsAny(part.Data, "\r\n") {
			return true
		}
	}
	return false
}

func one(values []*scenario.Value) *scenario.Value {
	if len(values) == 1 {
		return values[0]
	}
	return scenario.NewList(values...)
}

// pieces expects bytes that no frame holds, hole by hole: of a size that is known,
// or up to the bytes that follow it, or to the end.
func (sp speller) pieces(turn *Turn, u *Unit) (all []*scenario.Value) {
	parts := u.Parts
	for len(parts) > 0 {
		n := 0
		for n < len(parts) && sp.sure(turn, &Unit{Parts: parts[n : n+1]}) {
			n++
		}
		if n > 0 {
			all = append(all, sp.exactly(turn, []*Unit{{Parts: parts[:n]}}))
			parts = parts[n:]
			continue
		}
		hole := parts[0]
		parts = parts[1:]
		v := scenario.NewMap()
		size := hole.Size
		var end []byte
		if size == 0 && len(parts) > 0 && parts[0].Vary == Literal {
			end = parts[0].Data[:min(len(parts[0].Data), 8)]
			if bytes.Index(append(bytes.Clone(hole.Data), end...), end) < len(hole.Data) {
				end = nil // it is in the hole as well
			}
		}
		switch {
		case end != nil:
			v.Set("until", one(sp.data(end)))
			v.Set("regex", scenario.NewTemplate(sp.regex(&Unit{Parts: []Part{hole, {Data: end}}})))
			parts = append([]Part{{Data: parts[0].Data[len(end):]}}, parts[1:]...)
			if len(parts[0].Data) == 0 {
				parts = parts[1:]
			}
		case size == 0 && len(parts) == 0 && u == turn.Units[len(turn.Units)-1] && sp.endsWith(turn):
			v.Set("rest", nil)
			if hole.Name != "" {
				v.Set("capture", scenario.NewWord(hole.Name))
			}
		default: // nothing says where it ends, so that is where it ended
			if size = len(hole.Data); size == 0 {
				continue
			}
			v.Set("bytes", scenario.NewWord(strconv.Itoa(size)))
			if hole.Name != "" {
				v.Set("capture", scenario.NewWord(hole.Name))
			}
		}
		all = append(all, v)
	}
	return all
}

// endsWith reports whether a turn is the last that is said before its sender ends.
func (sp speller) endsWith(turn *Turn) bool {
	i := slices.Index(sp.t.Turns, turn) + 1
	return i < len(sp.t.Turns) && sp.t.Turns[i].Kind == capture.EOF && sp.t.Turns[i].From == turn.From
}

// like is a text with its holes.
func (sp speller) like(u *Unit) string {
	var b strings.Builder
	for _, part := range joined(u.Parts) {
		switch {
		case part.Vary == Hole && part.Int:
			b.WriteString("${?" + part.Name + ":int}")
		case part.Vary == Hole:
			b.WriteString("${?" + part.Name + "}")
		case part.Vary == Reference && part.By != sp.side:
			b.WriteString("${" + part.Name + "}")
		default:
			b.WriteString(scenario.EscapeDollars(string(part.Data)))
		}
	}
	return b.String()
}

// joined is parts with neighbours that never vary as one.
func joined(parts []Part) (all []Part) {
	for _, part := range parts {
		if last := len(all) - 1; last >= 0 && part.Vary == Literal && all[last].Vary == Literal {
			all[last].Data = append(all[last].Data[:len(all[last].Data):len(all[last].Data)], part.Data...)
			continue
		}
		all = append(all, part)
	}
	return all
}

// regex is bytes with their holes as a regular expression.
func (sp speller) regex(u *Unit) string {
	b := strings.Builder{}
	b.WriteString("(?s)^")
	for _, part := range u.Parts {
		what := ".*"
		switch {
		case part.Int && part.Vary == Hole:
			what = "[0-9]+"
		case part.Size > 0 && part.Vary == Hole:
			what = fmt.Sprintf(".{%d}", part.Size)
		}
		switch {
		case part.Vary == Hole && part.Name != "":
			b.WriteString("(?P<" + part.Name + ">" + what + ")")
		case part.Vary == Hole:
			b.WriteString(what)
		case part.Vary == Reference && part.By != sp.side:
			b.WriteString("${" + part.Name + "}")
		default:
			b.WriteString(scenario.EscapeDollars(quoteBytes(part.Data)))
		}
	}
	return b.String() + "$"
}

// quoteBytes is an expression that matches bytes.
func quoteBytes(data []byte) string {
	var b strings.Builder
	for _, c := range data {
		if c < ' ' || c > '~' {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteString(regexp.QuoteMeta(string(rune(c))))
		}
	}
	return b.String()
}
