package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// How a text is spelled in YAML.

// splice puts a text in the place of a piece of the source.
type splice struct {
	span
	text string
}

// doubleQuote is a text in double quotes. What is no printable character is
// escaped, and none of it as \x80 to \xff, which people read as bytes.
func doubleQuote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x80 && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// printable reports whether a text has nothing but printable characters.
func printable(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// canBePlain reports whether a text can stand without quotes, and nobody need
// think twice about what it means.
func canBePlain(text string, flow bool) bool {
	if text == "" || !printable(text) || strings.TrimSpace(text) != text {
		return false
	}
	first, size := utf8.DecodeRuneInString(text)
	second, _ := utf8.DecodeRuneInString(text[size:])
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	switch {
	case !word(first) && !strings.ContainsRune("_/+.$(-", first),
		first == '-' && !word(second),
		first == '.' && second == '.',
		flow && strings.ContainsAny(text, ",[]{}?"),
		strings.Contains(text, ": "), strings.Contains(text, " #"), strings.HasSuffix(text, ":"),
		(&node{value: text}).isNull():
		return false
	}
	_, outcome := outcomes[text]
	return !outcome && text != "rest" && text != "line" // texts that look like something else
}

// spell is a text in one line, as a style has it where that can hold the text,
// else in double quotes.
func spell(text string, style nodeStyle, flow bool) string {
	switch {
	case style == plain && canBePlain(text, flow):
		return text
	case style == singleQuoted && printable(text):
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return doubleQuote(text)
}

// spellJSON is a string in JSON: without quotes it may be taken for something
// else.
func spellJSON(text string, style nodeStyle, flow bool) string {
	if style == plain && json.Valid([]byte(text)) {
		style = doubleQuoted
	}
	return spell(text, style, flow)
}

// setScalar spells a text where a scalar stands, in its style if that can hold
// the text.
func (all *places) setScalar(pl *place, text string, spell func(string, nodeStyle, bool) string) ([]splice, error) {
	style := styleOf(pl.y)
	if style != literalBlock && style != foldedBlock {
		return all.replace(pl, spell(text, style, pl.flow))
	}
	if lines, indicator, ok := blockLines(text); ok {
		return all.setBlock(pl, indicator, lines)
	}
	return all.replace(pl, doubleQuote(text))
}

// replace puts a value in one line where another stands. Of a block the comment
// at its head stays.
func (all *places) replace(pl *place, source string) ([]splice, error) {
	s, ok := all.span(pl)
	switch {
	case !ok:
		return nil, errOnlyYAML
	case pl.y.Kind == yaml.AliasNode:
		return nil, errAlias
	}
	if style := styleOf(pl.y); pl.y.Kind != yaml.ScalarNode || style != literalBlock && style != foldedBlock {
		text := all.p.src.text
		if s.from == s.to && s.from > 0 && !isBlank(rune(text[s.from-1])) { // behind its key
			colon := ": "
			if text[s.from-1] == ':' {
				colon = " "
			}
			source = colon + source
		}
		return []splice{{s, source}}, nil
	}
	b, _ := all.block(pl)
	out := []splice{{span{b.from, b.head}, source}}
	if len(b.lines) > 0 {
		out = append(out, splice{span: span{lineEnd(all.p.src.text, b.head), b.to}})
	}
	return out, nil
}

// blockLines cuts a text into the lines of a block scalar, if it can be one.
func blockLines(text string) (lines []string, indicator string, ok bool) {
	body, ended := strings.CutSuffix(text, "\n")
	if indicator = "|"; !ended {
		indicator = "|-"
	}
	if body == "" || strings.HasSuffix(body, "\n") || strings.IndexByte(" \t\n", body[0]) >= 0 {
		return nil, "", false
	}
	lines = strings.Split(body, "\n")
	for _, line := range lines {
		if !printable(strings.ReplaceAll(line, "\t", "")) || line != "" && strings.TrimSpace(line) == "" {
			return nil, "", false
		}
	}
	return lines, indicator, true
}

// setBlock writes the lines of a block scalar anew.
func (all *places) setBlock(pl *place, indicator string, lines []string) ([]splice, error) {
	b, ok := all.block(pl)
	if !ok {
		return nil, errOnlyYAML
	}
	text := all.p.src.text
	if b.indent < 0 {
		if pl.key == nil {
			return nil, errOnlyYAML
		}
		b.indent = all.deeper(pl)
	}
	var out []splice
	if string(text[b.from:b.head]) != indicator {
		out = append(out, splice{span{b.from, b.head}, indicator})
	}
	body := all.indented(b.indent, lines)
	if len(b.lines) > 0 {
		return append(out, splice{span{b.lines[0].from, b.to}, body}), nil
	}
	end := lineEnd(text, b.head)
	return append(out, splice{span{end, end}, all.newline() + body}), nil
}

// indented joins lines, each with so many blanks in front.
func (all *places) indented(indent int, lines []string) string {
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteString(all.newline())
		}
		if line != "" {
			b.WriteString(strings.Repeat(" ", indent) + line)
		}
	}
	return b.String()
}

// newline is how the source ends its lines.
func (all *places) newline() string {
	text := all.p.src.text
	if end := bytes.IndexByte(text, '\n'); end > 0 && text[end-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// deeper is the indentation of what stands below a value's key: as much deeper as
// the key is than the one above it, or, at the top, as others are.
func (all *places) deeper(pl *place) int {
	own := pl.key.Column - 1
	if up := pl.parent; up.key != nil {
		if above := up.key.Column - 1; above < own {
			return 2*own - above
		}
		return own + 2
	}
	for _, c := range pl.parent.children {
		if c.y.Kind == yaml.MappingNode && c.y.Line > c.key.Line && c.y.Column-1 > own {
			return c.y.Column - 1
		}
	}
	return own + 2
}
