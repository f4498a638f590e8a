package scenario

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// lines brings whole lines up to date: each that is still there stays as it is.
func (a *amender) lines(one piece, c *place, body []byte) ([]splice, error) {
	eol := a.eol
	came, whole := strings.CutSuffix(string(body), eol)
	before := linesOf(one.Text, eol)
	if one.kind == "head" {
		came, whole = strings.CutSuffix(came, eol)
		before = before[:len(before)-1]
	}
	lines := strings.Split(came, eol)
	if !whole || !utf8.Valid(body) || one.kind == "head" && strings.Contains(eol+came+eol, eol+eol) {
		return nil, fmt.Errorf("what came in place of %q is no whole lines of text", one.kind)
	}
	front, back := 0, 0
	equal := func(i, j int) bool {
		b, err := a.Content(&Part{Text: before[i]})
		return err == nil && string(b) == lines[j]
	}
	for front < min(len(before), len(lines)) && equal(front, front) {
		front++
	}
	for back < min(len(before), len(lines))-front && equal(len(before)-1-back, len(lines)-1-back) {
		back++
	}
	written := make([]string, len(lines))
	for i, line := range lines {
		var was Text
		switch {
		case i >= len(lines)-back:
			was = before[len(before)-(len(lines)-i)]
		case i < len(before)-back:
			was = before[i]
		}
		written[i] = a.rewritten(was, []byte(line))
	}
	if c.y.Kind == yaml.ScalarNode {
		text := strings.Join(written, "\n")
		if strings.HasSuffix(c.y.Value, "\n") || strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		return a.all.setScalar(c, text, spell)
	}
	return a.relist(c, front, back, written)
}

// linesOf cuts a text into its lines, without their ends.
func linesOf(t Text, eol string) []Text {
	var lines []Text
	var line Text
	for _, seg := range t {
		if seg.Var != "" {
			line = append(line, seg)
			continue
		}
		for i, lit := range bytes.Split(seg.Lit, []byte(eol)) {
			if i > 0 {
				lines, line = append(lines, line), nil
			}
			if len(lit) > 0 {
				line = append(line, Segment{Pos: seg.Pos, Lit: lit})
			}
		}
	}
	if len(line) > 0 {
		lines = append(lines, line)
	}
	return lines
}

// relist writes the texts of a list anew, of which the first and the last ones
// stay.
func (a *amender) relist(list *place, front, back int, texts []string) (out []splice, err error) {
	text := a.all.p.src.text
	items := list.children
	spans := make([]span, len(items))
	for i, item := range items {
		var ok bool
		if spans[i], ok = a.all.span(item); !ok {
			return nil, errOnlyYAML
		}
	}
	old, fresh := items[front:len(items)-back], texts[front:len(texts)-back]
	flow := list.y.Style&yaml.FlowStyle != 0
	style := styleOf(items[0].y)
	for i := range min(len(old), len(fresh)) {
		splices, err := a.all.setScalar(old[i], fresh[i], spell)
		if err != nil {
			return nil, err
		}
		style = styleOf(old[i].y)
		out = append(out, splices...)
	}
	stand := front + min(len(old), len(fresh)) // the items in front of which nothing is added or left out
	if len(fresh) > len(old) {
		return append(out, a.all.insertItems(list, spans, stand, style, fresh[len(old):])), nil
	}
	for i := stand; i < len(items)-back; i++ {
		switch {
		case flow && i > 0:
			out = append(out, splice{span: span{spans[i-1].to, spans[i].to}})
		case flow:
			out = append(out, splice{span: span{spans[i].from, spans[i+1].from}})
		default:
			out = append(out, splice{span: span{lineStart(text, spans[i].from), nextLine(text, spans[i].to)}})
		}
	}
	return out, nil
}

// insertItems puts texts into a list, behind its first n items.
func (all *places) insertItems(list *place, spans []span, n int, style nodeStyle, texts []string) splice {
	source := all.p.src.text
	flow := list.y.Style&yaml.FlowStyle != 0
	for i, text := range texts {
		texts[i] = spell(text, style, flow)
	}
	dash := strings.Repeat(" ", list.y.Column-1) + "- "
	if n == 0 {
		at := spans[0].from
		if flow {
			return splice{span{at, at}, strings.Join(texts, ", ") + ", "}
		}
		at = lineStart(source, at)
		end := all.newline()
		return splice{span{at, at}, dash + strings.Join(texts, end+dash) + end}
	}
	at := spans[n-1].to
	if flow {
		return splice{span{at, at}, ", " + strings.Join(texts, ", ")}
	}
	at = lineEnd(source, at)
	dash = all.newline() + dash
	return splice{span{at, at}, dash + strings.Join(texts, dash)}
}
