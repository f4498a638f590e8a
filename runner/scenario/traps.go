package scenario

import (
	"bytes"
	"fmt"
	"regexp"
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

// traps warns of a scalar that YAML reads otherwise than most people would.
func (p *parser) traps(n *node) {
	if p.mended[n.pos] {
		return
	}
	if n.anchor != "" && !n.named {
		p.warnf(n.pos, "YAML takes %s as a name for the text, and nobody uses it; put all of it in quotes", quote("&"+n.anchor))
	}
	switch n.style {
	case plain:
		if from := p.from(n); len(from) > 1 && from[0] == '!' && isBlank(rune(from[1])) {
			p.errorf(n.pos, `the tag "!" has no meaning here; if it is text, put it in quotes`)
		}
		end, lines := p.plainEnd(n)
		if comment := commentAt(p.source(n).text[end:]); comment != "" {
			p.warnf(n.pos, "YAML cuts %s off as a comment; put the text in quotes", quote(comment))
		}
		if lines > 1 && p.dashLine(n) == 0 {
			p.warnf(n.pos, "the text goes on in the next line, and YAML joins the lines with a blank; put it in quotes")
		}
		if prompt.MatchString(n.value) && blanksAt(p.source(n).text[end:]) {
			p.warnf(n.pos, "YAML cuts the blank at the end off; put the text in quotes: %s", inOneLine(n.value+" "))
		}
	case doubleQuoted:
		if escape, r := byteEscape(p.from(n)); escape != "" {
			var b [utf8.UTFMax]byte
			size := utf8.EncodeRune(b[:], r)
			p.warnf(n.pos, `%s sends two bytes (UTF-8): % x; use hex for the byte %s`, escape, b[:size], strings.ToLower(escape[2:]))
		}
	case literalBlock, foldedBlock:
		head, _, _ := bytes.Cut(p.from(n), []byte("\n"))
		if head := string(bytes.TrimSpace(head)); n.value == "" {
			p.warnf(n.pos, "YAML reads %s as the start of a block that has no text; put it in quotes", quote(head))
		}
	}
}

// textTraps warns of what is a trap in a text that is sent or compared as it
// is, and none in a regular expression.
func (p *parser) textTraps(n *node) {
	if p.mended[n.pos] {
		return
	}
	if escape := writtenOut(n.value); escape != "" && n.style != doubleQuoted {
		write := "put the text in double quotes"
		if n.style == literalBlock || n.style == foldedBlock {
			write = `"lines" and "head" end each line`
		}
		if hex, found := strings.CutPrefix(escape, `\x`); found && hex[0] > '7' {
			write = fmt.Sprintf(`the byte is {hex: "%s"}`, strings.ToLower(hex))
		}
		p.warnf(n.pos, "%s is %d characters here, and no escape; %s", escape, len(escape), write)
	}
	if n.style == literalBlock || n.style == foldedBlock {
		p.lostBlank(n)
	}
}

// regexTraps warns of what is a trap in a regular expression alone.
func (p *parser) regexTraps(n *node) {
	if n.style == doubleQuoted && strings.Contains(n.value, "\b") {
		p.warnf(n.pos, `\b is a backspace in double quotes; for the edge of a word take single quotes`)
	}
}

// prompt is a text that has a blank behind it where it is seen on a screen.
var prompt = regexp.MustCompile(`[:>$#%?]$`)

// blanksAt reports whether there are blanks here, and then the line ends.
func blanksAt(text []byte) bool {
	rest := bytes.TrimLeft(text, " ")
	return len(rest) < len(text) && (len(rest) == 0 || rest[0] == '\n' || rest[0] == '\r')
}

var (
	endEscape  = regexp.MustCompile(`(?m)(?:\\r)?\\n$|\\r$`)
	allEscapes = regexp.MustCompile(`^(?:\\[0rnt]|\\x[0-9a-fA-F]{2})+$`)
)

// writtenOut finds an escape for a control character that stands in a text as
// it is: at the end of a line, or where the text is nothing else.
func writtenOut(text string) string {
	if len(text) < 2 || strings.IndexByte(text, '\\') < 0 {
		return ""
	}
	if m := allEscapes.FindString(text); m != "" {
		return m[:min(len(m), 2+2*strings.Count(m[1:2], "x"))]
	}
	return endEscape.FindString(text)
}

// dashLine is the line in which an unquoted text goes on with a dash, or 0.
func (p *parser) dashLine(n *node) int {
	if !strings.Contains(n.value, " - ") {
		return 0
	}
	end, lines := p.plainEnd(n)
	rest := p.source(n).text[p.offset(n):end]
	for i := 1; i < lines; i++ {
		rest = rest[bytes.IndexByte(rest, '\n')+1:]
		if isDash(string(bytes.TrimLeft(rest[:min(len(rest), 200)], " "))) {
			return n.pos.Line + i
		}
	}
	return 0
}

// dashBehind warns of a step that YAML takes as a piece of the text before it.
func (p *parser) dashBehind(n *node) {
	if line := p.dashLine(n); line > 0 {
		p.warnf(n.pos, "the text goes on in line %d; if that is an entry of its own, put its dash below the one before", line)
	}
}

var (
	headStart = regexp.MustCompile(`^(?:[A-Z]+ \S+ )?(?:HTTP|RTSP|SIP)/[0-9]`)
	headLine  = regexp.MustCompile(`^[A-Za-z0-9-]+:`)
)

// isHead reports whether a text is the head of a message whose blank line at
// the end is missing.
func isHead(text string) bool {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if !headStart.MatchString(lines[0]) {
		return false
	}
	for _, line := range lines[1:] {
		if !headLine.MatchString(line) {
			return false
		}
	}
	return true
}

// lostBlank warns of a block whose last blank lines YAML drops, where they were
// meant to be in it: they are as far indented, or they end a head. Those that
// only keep two steps apart are fine.
func (p *parser) lostBlank(n *node) {
	src := p.source(n)
	head := src.line(n.pos.Line)
	if at := bytes.LastIndexAny(head, "|>"); at < 0 || bytes.IndexByte(head[at:], '+') >= 0 {
		return
	}
	indent, blanks, deep := -1, 0, false
	for line := n.pos.Line + 1; line <= len(src.lines()); line++ {
		text := string(src.line(line))
		before, word := indentOf(text)
		switch {
		case word == "":
			blanks++
			deep = deep || indent > 0 && len(before) >= indent
			continue
		case indent < 0:
			indent = len(before)
		case len(before) >= indent:
		default:
			line = len(src.lines()) // the block has ended
			continue
		}
		blanks, deep = 0, false
	}
	switch {
	case blanks == 0:
	case isHead(n.value):
		p.warnf(n.pos, `YAML drops the blank line at the end of a block, with which a head ends; take "head", which adds it`)
	case deep:
		p.warnf(n.pos, "YAML drops the blank lines at the end of a block; |+ keeps them")
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
	return wordsEnd(text, end, n.value)
}

// wordsEnd is plainEnd of a value that begins here, or behind blanks.
func wordsEnd(text []byte, from int, value string) (end, lines int) {
	end, lines = from, 1
	for i, word := range strings.FieldsFunc(value, isBlank) {
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
