package scenario

import (
	"bytes"
	"encoding/base64"
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
			return a.rename(c, "text", a.literal(body))
		}
		return a.text(c, withoutEnd(one.Text, a.eol), []byte(line))
	case "lines", "head":
		return a.lines(one, c, body)
	}
	if strings.Contains(c.y.Value, "${") {
		return nil, errVariable
	}
	switch one.kind {
	case "hex":
		return a.all.setScalar(c, rewriteHex(c.y.Value, a.open(body)), spell)
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
	out, err := a.all.replace(c, doubleQuote(text))
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
