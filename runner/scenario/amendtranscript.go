package scenario

import (
	"bytes"
	"strings"

	"gopkg.in/yaml.v3"
)

// Seen is what an actor saw, an event a line.
type Seen struct {
	Actor string
	Lines []string
}

// Transcript returns the edit after which a transcript is what its actor saw.
func (ed *Editor) Transcript(t *Transcript, lines []string) (Edit, error) {
	pl, err := ed.find(t.Pos, ed.all.keys)
	if err != nil {
		return Edit{}, err
	}
	splices, err := ed.all.transcript(pl, lines)
	if err != nil {
		return Edit{}, err
	}
	return ed.edit(pl, splices)
}

// Transcripts returns the edit that writes the transcripts of all actors, where
// there is none.
func (ed *Editor) Transcripts(unwritten Pos, all []Seen) (Edit, error) {
	pl, err := ed.find(unwritten, ed.all.keys)
	if err != nil {
		return Edit{}, err
	}
	var lines []string
	indent := ed.all.deeper(pl)
	for _, seen := range all {
		key := spell(seen.Actor, plain, false)
		if pl.flow {
			lines = append(lines, spell(seen.Actor, plain, true)+": "+doubleQuote(strings.Join(seen.Lines, "\n")))
			continue
		}
		lines = append(lines, strings.Repeat(" ", indent)+key+":"+ed.all.blockOf(2*indent-(pl.key.Column-1), seen.Lines))
	}
	var splices []splice
	if pl.flow {
		splices, err = ed.all.replace(pl, "{"+strings.Join(lines, ", ")+"}")
	} else {
		splices, err = ed.all.below(pl, "", strings.Join(lines, ed.all.newline()))
	}
	if err != nil {
		return Edit{}, err
	}
	return ed.edit(pl, splices)
}

// blockOf is a block scalar as it follows a colon.
func (all *places) blockOf(indent int, lines []string) string {
	if len(lines) == 0 {
		return ` ""`
	}
	return " |" + all.newline() + all.indented(indent, lines)
}

// below writes what stands behind the colon of a key without a value, and the
// lines below that. A comment behind the key stays.
func (all *places) below(pl *place, head, lines string) ([]splice, error) {
	s, ok := all.span(pl)
	if !ok {
		return nil, errOnlyYAML
	}
	text := all.p.src.text
	switch {
	case head == "":
		s.from = len(bytes.TrimRight(text[:s.from], " "))
	case s.from == s.to:
		head = " " + head
	}
	end := lineEnd(text, s.to)
	return []splice{{s, head}, {span{end, end}, all.newline() + lines}}, nil
}

// transcript writes the lines of a transcript. Of a block the lines that are
// still right stay as they are, at both ends.
func (all *places) transcript(pl *place, lines []string) ([]splice, error) {
	style := styleOf(pl.y)
	whole := strings.Join(lines, "\n")
	switch n := all.node(pl); {
	case pl.y.Kind != yaml.ScalarNode:
		return nil, errOnlyYAML
	case pl.flow, len(lines) == 0:
		return all.replace(pl, doubleQuote(whole))
	case n.isNull():
		return all.below(pl, "|", all.indented(all.deeper(pl), lines))
	case style != literalBlock && style != foldedBlock:
		return all.replace(pl, spell(whole, style, pl.flow))
	case style == foldedBlock:
		return all.setBlock(pl, "|", lines)
	}
	b, ok := all.block(pl)
	if !ok {
		return nil, errOnlyYAML
	}
	text := all.p.src.text
	var events []span // the lines that are one
	for _, l := range b.lines {
		if len(bytes.TrimSpace(text[l.from:l.to])) > 0 {
			events = append(events, l)
		}
	}
	if len(events) == 0 {
		return all.setBlock(pl, "|", lines)
	}
	equal := func(i, j int) bool { return string(bytes.TrimSpace(text[events[i].from:events[i].to])) == lines[j] }
	front, back := 0, 0
	for front < min(len(events), len(lines)) && equal(front, front) {
		front++
	}
	for back < min(len(events), len(lines))-front && equal(len(events)-1-back, len(lines)-1-back) {
		back++
	}
	fresh := all.indented(b.indent, lines[front:len(lines)-back])
	end := all.newline()
	switch old := events[front : len(events)-back]; {
	case len(old) > 0 && fresh == "":
		return []splice{{span: span{old[0].from, nextLine(text, old[len(old)-1].to)}}}, nil
	case len(old) > 0:
		return []splice{{span{old[0].from, old[len(old)-1].to}, fresh}}, nil
	case fresh == "":
		return nil, nil
	case front > 0:
		at := events[front-1].to
		return []splice{{span{at, at}, end + fresh}}, nil
	}
	at := events[0].from
	return []splice{{span{at, at}, fresh + end}}, nil
}
