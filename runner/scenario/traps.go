package scenario

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What YAML does to people: the text that they wrote is not the text that a
// scalar has. Only the source can tell.

// offset is where in the source a node begins. It is looked up once, so that
// aliases of a node in a very long line cost nothing.
func (p *parser) offset(n *node) int {
	if n.off == 0 {
		n.off = p.source(n).offset(n.pos.Line, n.pos.Col) + 1
	}
	return n.off - 1
}

// from is the source from a node's beginning to the end of the file.
func (p *parser) from(n *node) []byte { return p.source(n).text[p.offset(n):] }

// source is where a node stands.
func (p *parser) source(n *node) *source {
	if n.src != nil {
		return n.src
	}
	return p.src
}

// traps warns of a payload's scalar that YAML reads otherwise than most people
// would.
func (p *parser) traps(n *node) {
	if n.anchor != "" && !n.named {
		p.warnf(n.pos, "YAML takes %s as a name for the text, and nobody uses it; put all of it in quotes", quote("&"+n.anchor))
	}
	switch n.style {
	case plain:
		end, lines := p.plainEnd(n)
		if comment := commentAt(p.source(n).text[end:]); comment != "" {
			p.warnf(n.pos, "YAML cuts %s off as a comment; put the text in quotes", quote(comment))
		}
		if lines > 1 {
			p.warnf(n.pos, "the text goes on in the next line, and YAML joins the lines with a blank; put it in quotes")
		}
	case doubleQuoted:
		if escape, r := byteEscape(p.from(n)); escape != "" {
			var b [utf8.UTFMax]byte
			size := utf8.EncodeRune(b[:], r)
			p.warnf(n.pos, `%s sends two bytes (UTF-8): % x; use hex for the byte %s`, escape, b[:size], strings.ToLower(escape[2:]))
		}
	case literalBlock, foldedBlock:
		head, _, _ := bytes.Cut(p.from(n), []byte("\n"))
		if head := string(bytes.TrimSpace(head)); n.value == "" && len(head) > 1 {
			p.warnf(n.pos, "YAML reads %s as the start of a block that has no text; put it in quotes", quote(head))
		}
	}
}

// lostCR warns of a block in a file whose lines end with CRLF: its text has LF.
func (p *parser) lostCR(n *node) {
	if n.style != literalBlock && n.style != foldedBlock || !strings.Contains(n.value, "\n") {
		return
	}
	if head, _, _ := bytes.Cut(p.from(n), []byte("\n")); bytes.HasSuffix(head, []byte("\r")) {
		p.warnf(n.pos, `the file's lines end with CRLF, of which YAML makes LF in a block; for CRLF take "lines", or write \r\n in double quotes`)
	}
}

// plainEnd finds where in the source an unquoted scalar ends, and how many
// lines it has: its words stand there as they are, with blanks, line ends and
// nothing else between them.
func (p *parser) plainEnd(n *node) (end, lines int) {
	end = p.offset(n)
	text := p.source(n).text
	if end < len(text) && text[end] == '&' { // an anchor stands before it
		end += max(bytes.IndexAny(text[end:], " \t\r\n"), 0)
	}
	lines = 1
	for i, word := range strings.FieldsFunc(n.value, isBlank) {
		rest := text[end:]
		skipped := len(rest) - len(bytes.TrimLeftFunc(rest, isBlank))
		if i > 0 {
			lines += bytes.Count(rest[:skipped], []byte("\n"))
		}
		if !bytes.HasPrefix(rest[skipped:], []byte(word)) {
			break
		}
		end += skipped + len(word)
	}
	return end, lines
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }

// commentAfter returns the comment that stands in a blank value's place, if it
// may have been meant as the value.
func (p *parser) commentAfter(n *node) string {
	if n.kind != scalarNode || n.value != "" {
		return ""
	}
	return commentAt(p.from(n))
}

// commentAt returns the comment that begins here, after blanks, if it looks
// like text: a # with no blank behind it.
func commentAt(text []byte) string {
	rest := bytes.TrimLeft(text, " \t")
	if len(rest) < 2 || rest[0] != '#' || len(rest) == len(text) {
		return ""
	}
	if r, _ := utf8.DecodeRune(rest[1:]); unicode.IsSpace(r) || r == '#' {
		return ""
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(bytes.TrimRight(line, " \t\r"))
}

// quotedEnd is where a double-quoted scalar ends, which begins here or after
// its anchor.
func quotedEnd(text []byte) int {
	open := max(bytes.IndexByte(text, '"'), 0)
	for i := open + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// byteEscape finds the first \x80 to \xff in a double-quoted scalar: a
// character of two bytes, where a byte was meant.
func byteEscape(text []byte) (escape string, r rune) {
	text = text[:quotedEnd(text)]
	for i := 0; i+3 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		if text[i] == 'x' && strings.IndexByte("89abcdefABCDEF", text[i+1]) >= 0 {
			return string(text[i-1 : i+3]), rune(unhex(text[i+1])<<4 | unhex(text[i+2]))
		}
	}
	return "", 0
}
