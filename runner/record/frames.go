package record

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"banter/runner/capture"
	"banter/runner/scenario"
)

// endOfLine is what most lines of the conversations end with.
func endOfLine(talks []*Talk) scenario.EOL {
	crlf, lf := 0, 0
	for _, t := range talks {
		for _, turn := range t.Turns {
			line, _, found := bytes.Cut(turn.data, []byte("\n"))
			switch {
			case !found || t.Datagrams:
			case bytes.HasSuffix(line, []byte("\r")):
				crlf++
			case isLine(line):
				lf++
			}
		}
	}
	if lf > crlf {
		return scenario.LF
	}
	return scenario.CRLF
}

// direction is what one side says to a server, or the server to everybody.
type direction struct {
	server string
	from   capture.Side
}

// frame cuts the turns into units.
func frame(s *Script) {
	said := map[direction][][]*Turn{} // of each talk
	var order []direction
	for _, t := range s.Talks {
		for _, from := range []capture.Side{capture.Client, capture.Server} {
			var turns []*Turn
			for _, turn := range t.Turns {
				if turn.Kind == capture.Data && turn.From == from {
					turns = append(turns, turn)
				}
			}
			if len(turns) == 0 {
				continue
			}
			if t.Datagrams {
				for _, turn := range turns {
					turn.Units = []*Unit{exact(turn.data)}
				}
				continue
			}
			dir := direction{t.Server, from}
			if said[dir] == nil {
				order = append(order, dir)
			}
			said[dir] = append(said[dir], turns)
		}
	}
	for _, dir := range order {
		if !inLines(said[dir], s.EOL.Bytes()) && prefixed(said[dir]) {
			continue
		}
		for _, turns := range said[dir] {
			for _, turn := range turns {
				turn.Units = textUnits(turn.data, s.EOL.Bytes())
			}
		}
	}
}

func exact(data []byte) *Unit { return &Unit{Parts: []Part{{Data: data}}} }

// isLine reports whether bytes are the text of a line as people see it.
func isLine(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if r != '\t' && unicode.IsControl(r) {
			return false
		}
	}
	return true
}

// inLines reports whether a direction speaks in lines for the most part.
func inLines(talks [][]*Turn, eol string) bool {
	all, lines := 0, 0
	for _, turns := range talks {
		for _, turn := range turns {
			all += len(turn.data)
			for _, u := range textUnits(turn.data, eol) {
				if u.Line {
					lines += len(u.Parts[0].Data) + len(eol)
				}
			}
		}
	}
	return 2*lines > all
}

// textUnits cuts bytes into lines, and what stands between them.
func textUnits(data []byte, eol string) []*Unit {
	var units []*Unit
	texts, rest := 0, data
	var other []byte // not of lines
	flush := func() {
		if len(other) > 0 {
			if isText(other) {
				texts += len(other)
			}
			units = append(units, exact(other))
			other = nil
		}
	}
	for len(rest) > 0 {
		end := bytes.Index(rest, []byte(eol))
		if end < 0 {
			other = append(other, rest...)
			break
		}
		line := rest[:end]
		if n := bytes.LastIndexByte(line, '\n') + 1; n > 0 && len(eol) > 1 && isText(line) { // other ends of line
			other = append(other, line[:n]...)
			line = line[n:]
			rest, end = rest[n:], end-n
		}
		if isLine(line) {
			flush()
			units = append(units, &Unit{Line: true, Parts: []Part{{Data: line}}})
			texts += end + len(eol)
		} else {
			other = append(other, rest[:end+len(eol)]...)
		}
		rest = rest[end+len(eol):]
	}
	flush()
	if len(units) > 0 && !units[0].Line && 2*texts < len(data) {
		return []*Unit{exact(data)} // the ends of line came by chance
	}
	return units
}

// prefix is a way to put lengths in front of messages: so many bytes, and then
// the length. With hello, the turns with which a talk begins may have none of these
// bytes, or one byte be all that is said.
type prefix struct {
	at    int
	form  scenario.Form
	plus  int64
	hello bool
}

// prefixes are the ways that protocols have, the surest first.
var prefixes = []prefix{
	{0, scenario.U32BE, 0, false},
	{0, scenario.U32LE, 0, false},
	{0, scenario.U32BE, -4, false},
	{0, scenario.U32LE, -4, false},
	{1, scenario.U32BE, -4, true}, // PostgreSQL
	{0, scenario.U24LE, 1, false}, // MySQL
	{0, scenario.U16BE, 0, false}, // DNS
	{0, scenario.U16LE, 0, false},
	{0, scenario.U16BE, -2, false},
	{1, scenario.Varint, 0, false}, // MQTT
	{3, scenario.U16BE, 0, false},  // TLS
	{0, scenario.Varint, 0, false},
	{0, scenario.U8, 0, false},
}

// prefixed cuts a direction into messages with their lengths in front, if it has
// such: all talks from their beginnings to their ends, no message longer than a
// turn.
func prefixed(talks [][]*Turn) bool {
	for _, p := range prefixes {
		var all [][]*Unit
		messages := 0
		for _, turns := range talks {
			hello := p.hello
			for _, turn := range turns {
				units, ok := p.cut(turn.data, p.at)
				switch {
				case ok:
					messages += len(units)
					hello = false
				case !hello:
				case len(turn.data) == 1:
					units, ok = []*Unit{exact(turn.data)}, true
				default:
					units, ok = p.cut(turn.data, 0)
				}
				if !ok {
					messages = -1
					break
				}
				all = append(all, units)
			}
			if messages < 0 {
				break
			}
		}
		if messages < p.enough() {
			continue
		}
		i := 0
		for _, turns := range talks {
			for _, turn := range turns {
				turn.Units = all[i]
				i++
			}
		}
		return true
	}
	return false
}

// enough is how many messages it takes for lengths not to have come by chance.
func (p prefix) enough() int {
	switch {
	case p.form.Width() >= 3:
		return 1
	case p.form.Width() == 2, p.at > 0:
		return 2
	}
	return 3
}

// cut cuts bytes into messages, if those fill them, with so many bytes in front of
// each length.
func (p prefix) cut(data []byte, at int) (units []*Unit, ok bool) {
	for len(data) > 0 {
		if len(data) < at {
			return nil, false
		}
		n, size := p.form.Number(data[at:])
		if size <= 0 || n > uint64(len(data)) {
			return nil, false
		}
		head := at + size
		body := int64(n) + p.plus
		if body < 0 || int64(head)+body > int64(len(data)) || !bytes.Equal(p.form.Append(nil, n), data[at:head]) {
			return nil, false
		}
		end := head + int(body)
		units = append(units, &Unit{
			Length: &Length{Form: p.form, Plus: p.plus, Before: data[:at]},
			Parts:  []Part{{Data: data[head:end]}},
		})
		data = data[end:]
	}
	return units, len(units) > 0
}
