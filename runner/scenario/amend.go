package scenario

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"banter/runner/align"
)

// Came is what an expect was given in place of what it says.
type Came struct {
	Header []byte            // of a frame with a length: what stands before that
	Body   []byte            // what the match sees
	Values map[string][]byte // of variables that only a run knows, by what stands between ${ and }
	Secret [][]byte          // values that are not to be written down
	Chosen []Chosen          // the longer values first
	EOL    EOL               // of the scenario
}

// Chosen is a variable whose value the system has chosen, and will choose anew for
// the next run: an address, its port, a folder.
type Chosen struct {
	Name  string
	Value []byte
}

// Expect returns the edit after which an expect takes what came. An error says
// why it has to be left as it is.
func (ed *Editor) Expect(x *Expect, came Came) (Edit, error) {
	pl, err := ed.find(x.Pos, ed.all.at)
	if err != nil {
		return Edit{}, err
	}
	if x.AnyOrder != nil {
		return Edit{}, errors.New(`"any_order" has to be changed by hand`)
	}
	a := &amender{all: ed.all, values: came.Values, secret: came.Secret, chosen: came.Chosen, eol: came.EOL.Bytes()}
	splices, err := a.match(pl, &x.Match, came.Body)
	if err == nil && x.Frame.Header != nil {
		var more []splice
		more, err = a.match(pl.child("header"), x.Frame.Header, came.Header)
		splices = append(splices, more...)
	}
	switch {
	case err != nil:
		return Edit{}, err
	case a.leak:
		return Edit{}, errSecret
	}
	return ed.edit(pl, splices)
}

var (
	errSecret   = errors.New("what came has a secret in it, which must not be written down")
	errVariable = errors.New("it has a variable that has to be changed by hand")
)

// amender brings an expect up to date with what came.
type amender struct {
	all    *places
	values map[string][]byte
	secret [][]byte
	chosen []Chosen
	eol    string
	leak   bool // something secret would be written down
}

// match brings what must be true of bytes up to date. What says it in general
// (prefix, regex and so on) is left alone.
func (a *amender) match(pl *place, m *Match, body []byte) (out []splice, err error) {
	if pl.y.Kind == yaml.AliasNode {
		return nil, errAlias
	}
	add := func(splices []splice, problem error) {
		out = append(out, splices...)
		if err == nil {
			err = problem
		}
	}
	if m.Equals != nil && !a.holds(m.Equals, body) {
		add(a.equals(pl, m.Equals, body))
	}
	if m.Like != nil && !a.isLike(m.Like, body) {
		add(a.text(pl.child("like"), m.Like.Text, body))
	}
	if m.JSON != nil {
		add(a.jsonText(pl.child("json"), m.JSON, body))
	}
	if m.Size >= 0 && m.Size != int64(len(body)) {
		add(a.scalar(pl.child("size"), strconv.Itoa(len(body))))
	}
	if sum := sha256Of(body); m.SHA256 != nil && string(sum) != string(m.SHA256) {
		c := pl.child("sha256")
		add(a.scalar(c, likeDigits(c.y.Value, hex.EncodeToString(sum))))
	}
	if m.Sum != nil {
		sum, _ := a.Content(&Part{Text: m.Sum})
		if want, err := SHA256Sum(sum); err != nil || string(want) != string(sha256Of(body)) {
			add(a.scalar(pl.child("sha256"), ""))
		}
	}
	return out, err
}

func sha256Of(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

// equals brings an exact payload up to date, wherever in an expect it stands.
func (a *amender) equals(pl *place, payload *Payload, body []byte) ([]splice, error) {
	if pl.y.Kind != yaml.MappingNode {
		return a.payload(pl, payload, body)
	}
	if c := pl.child("equals"); c != nil {
		return a.payload(c, payload, body)
	}
	if c := pl.child("line"); c != nil {
		return a.line(pl, c, payload, body)
	}
	return a.payload(pl, payload, body)
}

// line brings the text of {line: TEXT} up to date. Bytes that are no text become
// {line, equals: {hex: ...}}.
func (a *amender) line(pl, c *place, payload *Payload, body []byte) ([]splice, error) {
	if isText(body) {
		return a.text(c, payload.Parts[0].Text, body)
	}
	s, ok := a.all.span(c)
	if !ok || c.y.Anchor != "" {
		return nil, errOnlyYAML
	}
	text := a.all.p.src.text
	for s.from > 0 && isBlank(rune(text[s.from-1])) {
		s.from--
	}
	equals := `equals: {hex: "` + spacedHex(a.open(body)) + `"}`
	if pl.y.Style&yaml.FlowStyle == 0 {
		return []splice{{s, a.all.newline() + strings.Repeat(" ", c.key.Column-1) + equals}}, nil
	}
	if text[s.from-1] == ':' {
		s.from--
	}
	return []splice{{s, ", " + equals}}, nil
}

// scalar spells a text that has no variables.
func (a *amender) scalar(pl *place, text string) ([]splice, error) {
	if strings.Contains(pl.y.Value, "${") {
		return nil, errVariable
	}
	return a.all.setScalar(pl, text, spell)
}

// text brings a text up to date: its variables and holes stay where they fit.
func (a *amender) text(pl *place, t Text, body []byte) ([]splice, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("what came is no text")
	}
	return a.all.setScalar(pl, a.rewritten(t, body), spell)
}

// rewritten is a text that stands for what came, as it is written in the
// language.
func (a *amender) rewritten(t Text, body []byte) string {
	tokens, vars := a.tokens(t)
	var out strings.Builder
	at := 0
	for i, r := range align.Align(tokens, body) {
		if r == align.Gone || vars[i] == "" {
			continue
		}
		if !utf8.Valid(body[at:r.From]) || !utf8.Valid(body[r.To:]) { // it would cut a character
			continue
		}
		out.WriteString(a.literal(body[at:r.From]))
		out.WriteString("${" + vars[i] + "}")
		at = r.To
	}
	out.WriteString(a.literal(body[at:]))
	return out.String()
}

// tokens are a text as it is laid over what came, and the variables and holes that
// they stand for.
func (a *amender) tokens(t Text) (tokens []align.Token, vars []string) {
	for i := range t {
		seg := &t[i]
		token := align.Token{Kind: align.Value, Value: a.value(seg)}
		switch hole, isHole := seg.Hole(); {
		case isHole && hole.Digits:
			token = align.Token{Kind: align.Digits}
		case isHole:
			token = align.Token{Kind: align.Hole}
		case seg.Var == "":
			tokens = append(tokens, align.Text(seg.Lit)...)
			vars = append(vars, make([]string, len(seg.Lit))...)
			continue
		}
		tokens, vars = append(tokens, token), append(vars, seg.Var)
	}
	return tokens, vars
}

// literal is a literal text as it is written in the language. What will be another
// one on the next run becomes the variable that stands for it.
func (a *amender) literal(lit []byte) string {
	a.open(lit)
	var out strings.Builder
next:
	for i := 0; i < len(lit); {
		for _, c := range a.chosen {
			if c.isAt(lit, i) {
				out.WriteString("${" + c.Name + "}")
				i += len(c.Value)
				continue next
			}
		}
		if bytes.HasPrefix(lit[i:], []byte("${")) {
			out.WriteString("${$}")
			i++
			continue
		}
		out.WriteByte(lit[i])
		i++
	}
	return out.String()
}

// open notes bytes that are written down.
func (a *amender) open(b []byte) []byte {
	a.leak = a.leak || slices.ContainsFunc(a.secret, func(s []byte) bool { return bytes.Contains(b, s) })
	return b
}

// isAt reports whether a value stands at i. A port must not be a piece of a longer
// number.
func (c *Chosen) isAt(b []byte, i int) bool {
	digit := func(i int) bool { return i >= 0 && i < len(b) && '0' <= b[i] && b[i] <= '9' }
	return bytes.HasPrefix(b[i:], c.Value) && (!isDigits(string(c.Value)) || !digit(i-1) && !digit(i+len(c.Value)))
}

// value is what a segment stands for.
func (a *amender) value(seg *Segment) []byte {
	if seg.Ref == nil {
		return seg.Lit
	}
	return a.values[seg.Var]
}

// Content is what a part says: a text with its variables, or a file.
func (a *amender) Content(part *Part) ([]byte, error) {
	if part.File != "" {
		return os.ReadFile(part.File)
	}
	var out []byte
	for i := range part.Text {
		out = append(out, a.value(&part.Text[i])...)
	}
	return out, nil
}

// holds reports whether a payload is what came.
func (a *amender) holds(payload *Payload, body []byte) bool {
	b, err := payload.Bytes(a)
	return err == nil && b.Len() == int64(len(body)) && b.Differs(0, body) < 0
}

// isLike reports whether a text with holes is like what came.
func (a *amender) isLike(l *Like, body []byte) bool {
	p, _, err := l.Pattern(func(ref *Ref) ([]byte, error) {
		for i := range l.Text {
			if l.Text[i].Ref == ref {
				return a.values[l.Text[i].Var], nil
			}
		}
		return nil, errOpen
	})
	return err == nil && p.Match(body)
}

// isText reports whether bytes can be written as a text: they are UTF-8, and
// few of them are control characters.
func isText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	strange := 0
	for _, r := range string(b) {
		if unicode.IsControl(r) && r != '\r' && r != '\n' && r != '\t' {
			strange++
		}
	}
	return 3*strange <= len(b)
}

// likeDigits is hexadecimal digits in capitals if those before them were.
func likeDigits(before, digits string) string {
	if strings.ContainsAny(before, "ABCDEF") && !strings.ContainsAny(before, "abcdef") {
		return strings.ToUpper(digits)
	}
	return digits
}

// spacedHex is bytes in hexadecimal.
func spacedHex(b []byte) string { return fmt.Sprintf("% x", b) }
