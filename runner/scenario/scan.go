package scenario

import (
	"fmt"
	"regexp"
	"strings"
)

// scan looks at one line as a person reads it, and finds the texts that YAML
// does not take for such.
type scan struct {
	line  string
	n     int // the line's number
	found []suspect
	open  []bracket // that are not closed when the line ends
	quote int       // where a quote begins that is not closed; -1: nowhere
}

// suspect is a piece of a line that YAML may choke on, and what could stand in
// its place.
type suspect struct {
	from, to int
	text     string
	message  string
	doubt    bool
}

// bracket is where a [ or a { stands.
type bracket struct {
	line, at int
	char     byte
}

// longestScanned is the longest line that is looked at: nobody types a longer
// one.
const longestScanned = 4096

// scanLine scans a line at whose beginning some brackets are open.
func scanLine(n int, line string, open []bracket) *scan {
	s := &scan{line: line, n: n, open: append([]bracket(nil), open...), quote: -1}
	switch {
	case len(line) > longestScanned:
	case len(open) > 0:
		s.flow(s.skip(0))
	default:
		s.block()
	}
	return s
}

func (s *scan) skip(i int) int {
	for i < len(s.line) && (s.line[i] == ' ' || s.line[i] == '\t') {
		i++
	}
	return i
}

// blankAt reports whether the line ends there or goes on with a blank.
func (s *scan) blankAt(i int) bool {
	return i >= len(s.line) || s.line[i] == ' ' || s.line[i] == '\t'
}

// nothing reports whether there is no more to read: the end or a comment.
func (s *scan) nothing(i int) bool {
	return i >= len(s.line) || s.line[i] == '#' && (i == 0 || s.blankAt(i-1))
}

// suspect notes a piece that was meant as a text: all of it in quotes.
func (s *scan) suspect(from, to int, format string, args ...any) {
	text := s.line[from:to]
	s.found = append(s.found, suspect{
		from: from, to: to, text: singleQuotes(text), message: fmt.Sprintf(format, args...),
		doubt: true,
	})
}

// certain says of the last suspect that it is what it is meant to be, so that
// more can be said of it.
func (s *scan) certain() { s.found[len(s.found)-1].doubt = false }

func singleQuotes(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// inOneLine is how a text is written in quotes, for messages.
func inOneLine(text string) string {
	text = shorten(text)
	if !strings.Contains(text, "'") {
		return "'" + text + "'"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// block reads a line outside of brackets: dashes, a key, and its value.
func (s *scan) block() {
	i := s.skip(0)
	for i < len(s.line) && (s.line[i] == '-' || s.line[i] == '?') && s.blankAt(i+1) {
		i = s.skip(i + 1)
	}
	if colon := s.key(i); colon >= 0 {
		i = s.skip(colon + 1)
	}
	s.value(i)
}

// key finds the colon behind a key that begins at i, or -1.
func (s *scan) key(i int) int {
	if i < len(s.line) && (s.line[i] == '"' || s.line[i] == '\'') {
		if end := s.quoted(i); end >= 0 {
			if end = s.skip(end); end < len(s.line) && s.line[end] == ':' && s.blankAt(end+1) {
				return end
			}
		}
		return -1
	}
	if i < len(s.line) && strings.IndexByte("[{", s.line[i]) >= 0 {
		return -1
	}
	for ; !s.nothing(i); i++ {
		if s.line[i] == ':' && s.blankAt(i+1) {
			return i
		}
	}
	return -1
}

// quoted finds the end of what is quoted from i on, or -1, and notes the
// escapes that YAML does not know.
func (s *scan) quoted(i int) int {
	q := s.line[i]
	for i++; i < len(s.line); i++ {
		switch c := s.line[i]; {
		case c == q && q == '\'' && i+1 < len(s.line) && s.line[i+1] == q:
			i++
		case c == q:
			return i + 1
		case c == '\\' && q == '"':
			i++
		}
	}
	return -1
}

var badEscape = regexp.MustCompile(`^\\(?:[^0abtnvfre "/\\N_LPxuU\t']|x.{0,2}|u.{0,4}|U.{0,8})`)
var goodEscape = regexp.MustCompile(`^\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`)

// escapes notes the escapes between from and to that YAML does not know.
func (s *scan) escapes(from, to int) {
	for i := from; i+1 < to; i++ {
		if s.line[i] != '\\' {
			continue
		}
		if bad := badEscape.FindString(s.line[i:to]); bad != "" && !goodEscape.MatchString(s.line[i:to]) {
			message := fmt.Sprintf(`YAML knows no escape %s in double quotes; write \%[1]s, or take single quotes`, bad)
			if strings.IndexByte("xuU", bad[1]) >= 0 {
				message = fmt.Sprintf(`hexadecimal digits are missing after \%c; a backslash itself is \\ in double quotes, and \ in single quotes`, bad[1])
			}
			s.found = append(s.found, suspect{from: i, to: i, text: `\`, message: message})
		}
		i++
	}
}

var (
	blockHead = regexp.MustCompile(`^[|>](?:[+-]?[1-9]?|[1-9][+-])[ \t]*(?:[ \t]#.*)?$`)
	anchored  = regexp.MustCompile(`^[&!][^ \t,\[\]{}]*[ \t]+`)
	addressed = regexp.MustCompile(`^\[[0-9a-fA-F]*:[0-9a-fA-F:.]*(?:%[0-9A-Za-z]+)?\]:`)
)

// value looks at what stands behind a key, or alone: outside of brackets it
// ends with the line.
func (s *scan) value(i int) {
	if s.nothing(i) {
		return
	}
	end := s.end(i)
	rest := s.line[i:end]
	switch c := rest[0]; {
	case c == '"' || c == '\'':
		s.behindQuote(i, false)
	case c == '[' || c == '{':
		if addressed.MatchString(rest) {
			s.suspect(i, end, "an address that starts with [ must be in quotes")
			s.certain()
			return
		}
		if behind := s.skip(s.flow(i)); !s.nothing(behind) {
			inner := s.found
			s.found = nil
			s.suspect(i, end, "a text that starts with %c must be in quotes: %s", c, inOneLine(rest))
			s.found = append(s.found, inner...)
		}
	case c == '|' || c == '>':
		if !blockHead.MatchString(s.line[i:]) {
			s.suspect(i, end, "text behind | or >; the block starts in the next line, or put the text in quotes")
		}
	case c == '&' || c == '!':
		name := anchored.FindString(rest)
		if name != "" && (c == '!' || len(name) > 2) { // the value stands behind it
			s.value(i + len(name))
			return
		}
		s.suspect(i, end, "a text that starts with %c must be in quotes", c)
	case c == '-' && s.blankAt(i+1):
		s.suspect(i, end, `a list ("- ") can't start here; begin it in a line of its own, or put the text in quotes`)
	case (c == '?' || c == ':') && s.blankAt(i+1):
		s.suspect(i, end, `a text that starts with "%c " must be in quotes`, c)
	default:
		if s.first(i, end, false) {
			return
		}
		if colon := s.key(i); colon >= 0 {
			s.colons(i, end, false)
		}
	}
}

// end is where the text that begins at i ends: before a comment, without the
// blanks there.
func (s *scan) end(i int) int {
	end := i
	for ; !s.nothing(i); i++ {
		if !s.blankAt(i) {
			end = i + 1
		}
	}
	return end
}

// first looks at the first character of a text, and reports whether that can't
// be one.
func (s *scan) first(i, end int, inFlow bool) bool {
	switch c := s.line[i]; {
	case c == '*':
		name := s.line[i+1 : end]
		if strings.ContainsAny(name, " \t") || strings.Trim(name, "*.-") != name || name == "" {
			s.suspect(i, end, "a text that starts with * must be in quotes")
		} else {
			s.suspect(i, end, "no anchor %s; a text that starts with * must be in quotes", quote(name))
		}
	case c == '%' && i == 0: // a directive
		return false
	case strings.IndexByte("@`%", c) >= 0:
		s.suspect(i, end, "a value can't start with %c; put it in quotes", c)
	case inFlow && strings.IndexByte("|>", c) >= 0:
		s.suspect(i, end, "inside of { } or [ ] a value can't start with %c; put it in quotes", c)
	case inFlow && strings.IndexByte("&!", c) >= 0:
		s.suspect(i, end, "a text that starts with %c must be in quotes", c)
	case !inFlow && strings.IndexByte(",]}", c) >= 0:
		s.suspect(i, end, "a text that starts with %c must be in quotes", c)
	default:
		return false
	}
	return true
}

// colons notes a text with a colon in it that makes it a key.
func (s *scan) colons(i, end int, inFlow bool) {
	text := s.line[i:end]
	switch {
	case strings.HasSuffix(text, ":"):
		if strings.TrimRight(s.line[end:], " ") == "" { // "login: "
			end = len(s.line)
			text = s.line[i:]
		}
		s.suspect(i, end, "a text that ends with a colon must be in quotes: %s", inOneLine(text))
	case inFlow:
		s.suspect(i, end, `a second ": " in the value; put the text in quotes, or a comma before the next key`)
	default:
		s.suspect(i, end, `a second ": " in the line; put the text in quotes, or the key in a line of its own`)
	}
}

// behindQuote looks at what stands behind a quoted text, and returns where
// that ends.
func (s *scan) behindQuote(i int, inFlow bool) int {
	close := s.quoted(i)
	if close < 0 {
		s.quote = i
		return len(s.line)
	}
	if s.line[i] == '"' {
		s.escapes(i, close)
	}
	behind := s.skip(close)
	if s.nothing(behind) || inFlow && strings.IndexByte(",]}:", s.line[behind]) >= 0 {
		return behind
	}
	end := s.end(close)
	if inFlow {
		end = s.flowEnd(close)
		if c := s.line[behind]; c == '"' || c == '\'' { // before what is tried next
			s.found = append(s.found, suspect{
				from: close, to: close, text: ",",
				message: "a comma is missing behind " + shorten(s.line[i:close]),
			})
			return behind
		}
	}
	text := s.line[i:end]
	q := text[0]
	if len(text) < 3 || text[len(text)-1] != q {
		comma := ""
		if inFlow {
			comma = ", or a comma between"
		}
		s.suspect(i, end, "text after the closing quote; put all of it in quotes%s: %s", comma, inOneLine(text))
		return end
	}
	// Quotes inside of quotes.
	inner, is := text[1:len(text)-1], `a ' in single quotes is written twice`
	if q == '\'' {
		inner = strings.ReplaceAll(strings.ReplaceAll(inner, "''", "'"), "'", "''")
	} else {
		inner, is = escapeQuotes(inner), `a " in double quotes is written \"`
	}
	text = string(q) + inner + string(q)
	s.found = append(s.found, suspect{from: i, to: end, text: text, message: is + ": " + shorten(text)})
	return end
}

// escapeQuotes escapes the double quotes that are not.
func escapeQuotes(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			out.WriteByte(s[i])
			i++
		case s[i] == '"':
			out.WriteByte('\\')
		}
		out.WriteByte(s[i])
	}
	return out.String()
}
