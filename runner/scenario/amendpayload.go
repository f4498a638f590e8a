package scenario

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"banter/runner/align"
	"banter/runner/content"
)

// piece is a part of a payload, and where it is written: a text, or a mapping
// that says how.
type piece struct {
	*Part
	pl   *place
	kind string // the key of its bytes; "" of a text
}

// errByHand is why a part can't be brought up to date.
func errByHand(kind string) error { return fmt.Errorf("%q has to be changed by hand", kind) }

// payload brings a payload up to date.
func (a *amender) payload(pl *place, payload *Payload, body []byte) (out []splice, err error) {
	pieces := a.pieces(pl, nil)
	if len(pieces) != len(payload.Parts) {
		return nil, errOnlyYAML
	}
	for i := range pieces {
		pieces[i].Part = &payload.Parts[i]
	}
	bodies := [][]byte{body}
	if len(pieces) > 1 {
		if bodies, err = a.divide(pieces, body); err != nil {
			return nil, err
		}
	}
	for i, one := range pieces {
		if a.holds(&Payload{Parts: []Part{*one.Part}}, bodies[i]) {
			continue
		}
		splices, err := a.piece(one, bodies[i])
		if err != nil {
			return nil, err
		}
		out = append(out, splices...)
	}
	return out, nil
}

// pieces are the parts of a payload in order, as the parser makes them.
func (a *amender) pieces(pl *place, out []piece) []piece {
	switch pl.y.Kind {
	case yaml.SequenceNode:
		for _, c := range pl.children {
			out = a.pieces(c, out)
		}
		return out
	case yaml.MappingNode:
		return append(out, piece{pl: pl, kind: kindOf(pl)})
	}
	return append(out, piece{pl: pl})
}

// kindOf is the key that gives a part its bytes, or another one that makes more of
// them.
func kindOf(pl *place) string {
	kind := ""
	for _, c := range pl.children {
		switch key := c.key.Value; key {
		case "length", "times", "xor":
			return key
		default:
			if partKinds[key] != nil {
				kind = key
			}
		}
	}
	return kind
}

// flexible reports whether a part can have any number of bytes.
func (one *piece) flexible() bool {
	switch one.kind {
	case "", "text", "line", "lines", "head", "hex", "base64":
		return true
	}
	return false
}

// divide says which of the bytes that came belong to which part. A part of a
// fixed size at either end has as many; between those the bytes decide.
func (a *amender) divide(pieces []piece, body []byte) ([][]byte, error) {
	bodies := make([][]byte, len(pieces))
	whole := make([]content.Bytes, len(pieces))
	for i := range pieces {
		var err error
		if whole[i], err = pieces[i].Bytes(a); err != nil {
			return nil, err
		}
		if whole[i].Len() > MaxFileSize {
			return nil, errByHand(pieces[i].kind)
		}
		whole[i] = whole[i].Whole()
	}
	front, back := 0, len(pieces)
	for front < back-1 && !pieces[front].flexible() {
		n := min(len(whole[front].Data), len(body))
		bodies[front], body = body[:n], body[n:]
		front++
	}
	for back-1 > front && !pieces[back-1].flexible() {
		back--
		n := max(len(body)-len(whole[back].Data), 0)
		bodies[back], body = body[n:], body[:n]
	}
	var tokens []align.Token
	var starts []int // of the parts, in tokens
	for i := front; i < back; i++ {
		starts = append(starts, len(tokens))
		if whole[i].Any == nil && pieces[i].flexible() {
			more, _ := a.tokens(pieces[i].Text)
			tokens = append(tokens, more...)
			continue
		}
		for j, c := range whole[i].Data {
			token := align.Token{Byte: c}
			if whole[i].Any != nil && whole[i].Any[j] {
				token.Kind = align.Any
			}
			tokens = append(tokens, token)
		}
	}
	starts = append(starts, len(tokens))
	ranges := align.Align(tokens, body)
	from := 0
	for i := front; i < back; i++ {
		// It ends where its last byte is, or where the next part begins.
		last, next := from, len(body)
		for _, r := range ranges[starts[i-front]:starts[i-front+1]] {
			last = max(last, r.To)
		}
		for _, r := range ranges[starts[i-front+1]:] {
			if r != align.Gone {
				next = r.From
				break
			}
		}
		to := last
		if i == back-1 || pieces[i].flexible() {
			to = max(from, next)
		}
		for pieces[i].flexible() && from < to && to < len(body) && !utf8.RuneStart(body[to]) {
			to++ // a character is not cut
		}
		bodies[i], from = body[from:to], to
	}
	return bodies, nil
}

// piece writes a part anew.
func (a *amender) piece(one piece, body []byte) ([]splice, error) {
	if one.pl.y.Kind == yaml.AliasNode {
		return nil, errAlias
	}
	if one.kind == "" {
		if !isText(body) {
			return a.all.replace(one.pl, `{hex: "`+spacedHex(a.open(body))+`"}`)
		}
		return a.text(one.pl, one.Text, body)
	}
	c := one.pl.child(one.kind)
	if strings.Contains(c.y.Value, "${") && one.kind != "text" && one.kind != "line" && one.kind != "lines" && one.kind != "head" {
		return nil, errors.New("it has a variable that has to be changed by hand")
	}
	switch one.kind {
	case "text":
		if !isText(body) {
			return a.rename(c, "hex", spacedHex(a.open(body)))
		}
		return a.text(c, one.Text, body)
	case "line":
		line, whole := strings.CutSuffix(string(body), a.eol)
		switch {
		case !isText(body):
			return a.rename(c, "hex", spacedHex(a.open(body)))
		case !whole || strings.Contains(line, a.eol):
			return a.rename(c, "text", string(body))
		}
		return a.text(c, withoutEnd(one.Text, a.eol), []byte(line))
	case "lines", "head":
		return a.lines(one, c, body)
	case "hex":
		return a.all.setScalar(c, rewriteHex(c.y.Value, one.Part, a.open(body)), spell)
	case "base64":
		return a.all.setScalar(c, base64.StdEncoding.EncodeToString(a.open(body)), spell)
	}
	if form := formNamed(one.kind); form != NoForm {
		n, size := form.Number(body)
		if size != len(body) || !bytes.Equal(form.Append(nil, n), body) {
			return nil, fmt.Errorf("what came in place of %q has %s", one.kind, count(int64(len(body)), "byte"))
		}
		text := strconv.FormatUint(n, 10)
		if strings.HasPrefix(c.y.Value, "0x") {
			text = "0x" + likeDigits(c.y.Value[2:], strconv.FormatUint(n, 16))
		}
		return a.all.setScalar(c, text, spell)
	}
	return nil, errByHand(one.kind)
}

// rename gives a value another key.
func (a *amender) rename(c *place, key, text string) ([]splice, error) {
	source := a.all.p.src.text
	from := a.all.p.src.offset(c.key.Line, c.key.Column)
	if !bytes.HasPrefix(source[from:], []byte(c.key.Value)) {
		return nil, errOnlyYAML // it is in quotes
	}
	out, err := a.all.replace(c, doubleQuote(a.literal([]byte(text))))
	return append(out, splice{span{from, from + len(c.key.Value)}, key}), err
}

// withoutEnd is a text without the end of line that was added to it.
func withoutEnd(t Text, eol string) Text {
	if len(t) == 0 {
		return nil
	}
	last := t[len(t)-1]
	if last.Lit = bytes.TrimSuffix(last.Lit, []byte(eol)); len(last.Lit) == 0 && last.Var == "" {
		return t[:len(t)-1]
	}
	return append(t[:len(t)-1:len(t)-1], last)
}

// rewriteHex is bytes in hexadecimal, in the form of those before them: groups,
// capitals, comments, and ".." where any byte may still stand.
func rewriteHex(before string, part *Part, body []byte) string {
	var pairs, gaps []string // gaps[i] stands before pairs[i]; one more at the end
	gap := 0
	for i := 0; i < len(before); {
		switch c := before[i]; {
		case c == '#':
			for i < len(before) && before[i] != '\n' {
				i++
			}
		case isHex(c) || c == '.':
			gaps = append(gaps, before[gap:i])
			pairs = append(pairs, before[i:i+2])
			i += 2
			gap = i
		default:
			i++
		}
	}
	gaps = append(gaps, before[gap:])
	ranges := make([]align.Range, len(pairs))
	if len(body) == len(pairs) {
		for i := range ranges {
			ranges[i] = align.Range{From: i, To: i + 1}
		}
	} else {
		tokens := make([]align.Token, len(pairs))
		for i := range pairs {
			if tokens[i].Kind = align.Any; pairs[i] != ".." {
				tokens[i] = align.Token{Byte: unhex(pairs[i][0])<<4 | unhex(pairs[i][1])}
			}
		}
		ranges = align.Align(tokens, body)
	}
	in := make([]int, len(body)) // the pair that a byte comes in place of, or -1
	for i := range in {
		in[i] = -1
	}
	for i, r := range ranges {
		if r != align.Gone {
			in[r.From] = i
		}
	}
	group, sep := grouping(gaps)
	var out strings.Builder
	next := 0 // the first pair whose gap is not written
	for i, c := range body {
		switch k := in[i]; {
		case group > 0 && i > 0 && i%group == 0:
			out.WriteString(sep)
		case group > 0:
		case k >= 0:
			out.WriteString(joinGaps(gaps[next : k+1]))
			next = k + 1
		case i > 0:
			out.WriteString(sep)
		}
		if k := in[i]; k >= 0 && pairs[k] == ".." {
			out.WriteString("..")
		} else {
			out.WriteString(likeDigits(strings.Join(pairs, ""), fmt.Sprintf("%02x", c)))
		}
	}
	if group == 0 {
		out.WriteString(joinGaps(gaps[next:]))
	}
	return out.String()
}

// grouping says how many bytes stand together, and what is between groups, where
// that is the same throughout. Else the group is 0, and the second is what stands
// between two bytes.
func grouping(gaps []string) (group int, sep string) {
	inner := gaps[min(1, len(gaps)-1) : len(gaps)-1]
	first := len(inner)
	for i, g := range inner {
		if g != "" {
			first, sep = i, g
			break
		}
	}
	if len(inner) == 0 {
		return 1, " "
	}
	if sep == "" {
		return 1, "" // all in a row
	}
	uniform := gaps[0] == "" && gaps[len(gaps)-1] == "" && strings.Trim(sep, " ") == ""
	for i, g := range inner {
		want := ""
		if (i+1)%(first+1) == 0 {
			want = sep
		}
		uniform = uniform && g == want
	}
	if uniform {
		return first + 1, sep
	}
	if strings.Trim(sep, " ") != "" {
		sep = " "
	}
	return 0, sep
}

// joinGaps is what stood between bytes that are gone: comments and ends of line
// stay.
func joinGaps(gaps []string) string {
	if len(gaps) == 1 {
		return gaps[0]
	}
	var out strings.Builder
	for _, g := range gaps {
		if strings.ContainsAny(g, "#\n") {
			out.WriteString(g)
		}
	}
	if out.Len() == 0 && len(gaps) > 0 {
		return gaps[len(gaps)-1]
	}
	return out.String()
}

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
