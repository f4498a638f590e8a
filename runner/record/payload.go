package record

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"banter/runner/capture"
	"banter/runner/scenario"
)

// How bytes are spelled.

// The sizes from which on a payload is spelled otherwise, in bytes.
const (
	longHex   = 256     // of hex: a file beside the scenario, or base64, which takes less room
	longFile  = 4 << 10 // a file beside the scenario
	longTurn  = 16 << 10
	shortFill = 128 // what is shorter stands there even if it repeats
)

// speller spells what one side says or expects.
type speller struct {
	s    *Script
	t    *Talk
	side capture.Side
}

// piece is bytes that are known to the side, or a variable of its.
type piece struct {
	data []byte
	name string
}

// known is parts as the side can say them; whole is false where there is a hole
// that it must find out.
func (sp speller) known(turn *Turn, parts []Part) (pieces []piece, whole bool) {
	whole = true
	for _, part := range parts {
		switch {
		case part.Vary == Hole && turn.From != sp.side:
			return nil, false
		case part.Own != "":
			pieces = append(pieces, piece{name: part.Own})
		case part.Vary == Reference && part.By != sp.side:
			pieces = append(pieces, piece{name: part.Name})
		case len(pieces) > 0 && pieces[len(pieces)-1].name == "":
			last := &pieces[len(pieces)-1]
			last.data = append(bytes.Clone(last.data), part.Data...)
		default:
			pieces = append(pieces, piece{data: part.Data})
		}
	}
	return pieces, whole
}

// payload is units without holes as one payload.
func (sp speller) payload(turn *Turn, units []*Unit) *scenario.Value {
	if n := len(sp.bytes(units)); n > longTurn && sp.s.save != nil && !varies(units) {
		if v := sp.filled(sp.bytes(units)); v != nil {
			return v
		}
		if len(units) > 50 || n > 64*longFile {
			return sp.file(sp.bytes(units))
		}
	}
	var parts []*scenario.Value
	for len(units) > 0 {
		n := 0
		for n < len(units) && units[n].Line && !sp.long(units[n]) {
			n++
		}
		if n > 0 {
			parts = append(parts, sp.lines(turn, units[:n])...)
			units = units[n:]
			continue
		}
		parts = append(parts, sp.unit(turn, units[0])...)
		units = units[1:]
	}
	switch len(parts) {
	case 0:
		return scenario.NewText("")
	case 1:
		return parts[0]
	}
	return scenario.NewList(parts...)
}

// bytes is units as they went over the network.
func (sp speller) bytes(units []*Unit) []byte {
	var b []byte
	for _, u := range units {
		b = u.appendTo(b, sp.s.EOL.Bytes())
	}
	return b
}

// appendTo appends the unit as it went over the network.
func (u *Unit) appendTo(b []byte, eol string) []byte {
	size := 0
	for _, part := range u.Parts {
		size += len(part.Data)
	}
	if u.Length != nil {
		b = append(b, u.Length.Before...)
		b = u.Length.Form.Append(b, uint64(int64(size)-u.Length.Plus))
	}
	for _, part := range u.Parts {
		b = append(b, part.Data...)
	}
	if u.Line {
		b = append(b, eol...)
	}
	return b
}

// varies reports whether some bytes may be others on the next run.
func varies(units []*Unit) bool {
	for _, u := range units {
		for _, part := range u.Parts {
			if part.Vary != Literal {
				return true
			}
		}
	}
	return false
}

func (sp speller) long(u *Unit) bool {
	return sp.s.save != nil && len(sp.bytes([]*Unit{u})) > longFile && !varies([]*Unit{u})
}

var startLine = regexp.MustCompile(`^(?:[A-Z]+ \S+ HTTP/\d\.\d|HTTP/\d\.\d \d+.*|[A-Z]+ \S+ (?:RTSP|SIP)/\d\.\d|(?:RTSP|SIP)/\d\.\d \d+.*)$`)

// lines spells lines: one, several, or a head, which ends with an empty one.
func (sp speller) lines(turn *Turn, units []*Unit) (parts []*scenario.Value) {
	texts := make([]string, len(units))
	for i, u := range units {
		pieces, _ := sp.known(turn, u.Parts)
		texts[i] = template(pieces)
	}
	for len(texts) > 0 {
		n, head := len(texts), false
		if startLine.MatchString(texts[0]) {
			if i := indexOf(texts, ""); i > 0 {
				n, head = i, true
			}
		}
		for i := 1; i < n; i++ { // the next message
			if startLine.MatchString(texts[i]) {
				n = i
			}
		}
		if !head && n > 2 && texts[n-1] == "" && indexOf(texts[:n], "") == n-1 {
			n, head = n-1, true
		}
		same := 1
		for same < n && texts[same] == texts[0] {
			same++
		}
		if n == len(texts) && !head && same > 3 {
			n = same
		}
		switch {
		case same > 3:
			parts = append(parts, scenario.NewMap().Set("line", scenario.NewTemplate(texts[0])).Set("times", scenario.NewWord(strconv.Itoa(n))))
		case head:
			parts = append(parts, scenario.NewMap().Set("head", scenario.NewLines(texts[:n])))
			n++
		case n == 1:
			parts = append(parts, scenario.NewMap().Set("line", scenario.NewTemplate(texts[0])))
		default:
			parts = append(parts, scenario.NewMap().Set("lines", scenario.NewLines(texts[:n])))
		}
		texts = texts[n:]
	}
	return parts
}

func indexOf(texts []string, text string) int {
	for i, one := range texts {
		if one == text {
			return i
		}
	}
	return -1
}

// template is pieces of text with their variables.
func template(pieces []piece) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.name != "" {
			b.WriteString("${" + p.name + "}")
			continue
		}
		b.WriteString(scenario.EscapeDollars(string(p.data)))
	}
	return b.String()
}

// unit spells a unit as the parts of a payload.
func (sp speller) unit(turn *Turn, u *Unit) []*scenario.Value {
	pieces, _ := sp.known(turn, u.Parts)
	switch {
	case u.Length == nil && len(pieces) == 1 && pieces[0].name == "":
		return sp.data(sp.bytes([]*Unit{u}))
	case u.Length == nil && textual(pieces):
		return []*scenario.Value{scenario.NewTemplate(template(pieces))}
	}
	var parts []*scenario.Value
	for _, p := range pieces {
		if p.name != "" {
			parts = append(parts, scenario.NewTemplate("${"+p.name+"}"))
		} else {
			parts = append(parts, sp.data(p.data)...)
		}
	}
	if u.Length == nil {
		return parts
	}
	whole := sp.bytes([]*Unit{u})
	if all := sp.data(whole); len(all) == 1 && !varies([]*Unit{u}) && !isText(whole) {
		return all // nothing but hex in it
	}
	length := scenario.NewMap().Set("length", scenario.NewWord(u.Length.Form.String()))
	if u.Length.Plus != 0 {
		length.Set("plus", scenario.NewWord(strconv.FormatInt(-u.Length.Plus, 10)))
	}
	if len(parts) == 1 && textual(pieces) && varies([]*Unit{u}) || len(parts) == 1 && isText(u.Parts[0].Data) && len(u.Parts) == 1 && len(u.Parts[0].Data) < longFile {
		length.Set("text", scenario.NewTemplate(template(pieces)))
	} else {
		length.Set("parts", scenario.NewList(parts...))
	}
	if len(u.Length.Before) == 0 {
		return []*scenario.Value{length}
	}
	return append(sp.before(u.Length.Before), length)
}

// before spells what stands before a length: the letter that says what a message
// is, or hex.
func (sp speller) before(b []byte) []*scenario.Value {
	if len(b) == 1 && !unicode.IsLetter(rune(b[0])) {
		return []*scenario.Value{scenario.NewMap().Set("hex", hexText(b))}
	}
	return sp.data(b)
}

func textual(pieces []piece) bool {
	for _, p := range pieces {
		if p.name == "" && !isText(p.data) {
			return false
		}
	}
	return true
}

// data spells bytes: as text, as hex with the texts in it, or shorter where they
// are many.
func (sp speller) data(b []byte) []*scenario.Value {
	if v := sp.filled(b); v != nil {
		return []*scenario.Value{v}
	}
	switch {
	case len(b) > longFile && sp.s.save != nil:
		return []*scenario.Value{sp.file(b)}
	case isText(b):
		return []*scenario.Value{scenario.NewText(string(b))}
	}
	parts, hexed := binary(b)
	switch {
	case hexed <= longHex:
		return parts
	case sp.s.save != nil:
		return []*scenario.Value{sp.file(b)}
	default:
		var text strings.Builder
		for line := range slices.Chunk(b, 57) { // 76 characters, as in mails
			text.WriteString(base64.StdEncoding.EncodeToString(line) + "\n")
		}
		return []*scenario.Value{scenario.NewMap().Set("base64", scenario.NewText(text.String()).Tall())}
	}
}

// file keeps bytes beside the scenario.
func (sp speller) file(b []byte) *scenario.Value {
	name := sp.s.files[string(b)]
	if name == "" {
		ext := "bin"
		if isText(b) {
			ext = "txt"
		}
		name = fmt.Sprintf("%s-%d.%s", sp.t.Client, len(sp.s.files)+1, ext)
		if sp.s.files == nil {
			sp.s.files = map[string]string{}
		}
		saved, err := sp.s.save(name, b)
		if err != nil && sp.s.err == nil {
			sp.s.err = fmt.Errorf("%s: %w", name, err)
		}
		name = saved
		sp.s.files[string(b)] = name
	}
	return scenario.NewMap().Set("file", scenario.NewText(name))
}

// filled spells a short text that is repeated.
func (sp speller) filled(b []byte) *scenario.Value {
	if len(b) < shortFill {
		return nil
	}
	for n := 1; n <= 16; n++ {
		if bytes.Equal(b[n:], b[:len(b)-n]) {
			switch {
			case !isText(b[:n]) && len(b)%n == 0:
				return scenario.NewMap().Set("hex", hexText(b[:n])).Set("times", scenario.NewWord(strconv.Itoa(len(b)/n)))
			case !isText(b[:n]):
				return nil
			}
			return scenario.NewMap().Set("fill", scenario.NewText(string(b[:n]))).Set("size", scenario.NewWord(strconv.Itoa(len(b))))
		}
	}
	return nil
}
