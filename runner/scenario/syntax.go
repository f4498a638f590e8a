package scenario

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// syntaxError reports a YAML error at its place, in plain words.
func (p *parser) syntaxError(err error) {
	message, _ := plainMessage(err)
	line := p.syntaxLine(err)
	text := p.src.line(line)
	col := utf8.RuneCount(text[:len(text)-len(bytes.TrimLeft(text, " \t"))]) + 1
	if isTabMessage(message) {
		if tab := indentationTab(text); tab >= 0 {
			p.errorf(p.pos(line, tab+1), "a tab in the indentation; YAML takes only spaces")
			return
		}
	}
	p.errorf(p.pos(line, col), "%s", plainWords(message, string(bytes.TrimSpace(text))))
}

// syntaxLine finds the line of a YAML error. yaml.v3's own number is that of
// the surrounding value, or off by one, or missing: so it is the last line of
// the shortest beginning of the file that has the same error.
func (p *parser) syntaxLine(err error) int {
	if err == errYAMLPanic {
		return 1
	}
	starts := p.src.lines()
	parse := func(lines int) error {
		text := p.src.text
		if lines < len(starts) {
			text = text[:starts[lines]]
		}
		return firstYAMLError(bytes.NewReader(text))
	}
	// A value that begins in the first line and never ends has its error with
	// another line number at each length: that of the end.
	message, hint := plainMessage(err)
	fromFirst := func(lines int) bool {
		e := parse(lines)
		if e == nil {
			return false
		}
		m, _ := plainMessage(e)
		return m == message
	}
	for lines := 1; fromFirst(lines); lines *= 2 {
		if lines >= len(starts) {
			return 1
		}
	}
	same := func(lines int) bool {
		e := parse(lines)
		return e != nil && e.Error() == err.Error()
	}
	for line := max(hint-1, 2); hint > 0 && line <= min(hint+1, len(starts)); line++ {
		if same(line) && !same(line-1) {
			return line
		}
	}
	// From the line where the reader stopped, backwards in growing steps,
	// then halving: few readings even for a large file.
	reader := &lineReader{src: p.src}
	_ = firstYAMLError(reader)
	bad, good, step := max(reader.next, 1), 0, 1
	for bad > 1 {
		probe := max(bad-step, 1)
		if !same(probe) {
			good = probe
			break
		}
		bad, step = probe, step*2
	}
	for bad-good > 1 {
		if mid := (good + bad) / 2; same(mid) {
			bad = mid
		} else {
			good = mid
		}
	}
	return bad
}

// lineReader hands out a line at a time and so knows how far somebody read.
type lineReader struct {
	src  *source
	next int    // lines handed out or begun
	rest []byte // of the line begun
}

func (r *lineReader) Read(b []byte) (int, error) {
	starts := r.src.lines()
	if len(r.rest) == 0 {
		if r.next == len(starts) {
			return 0, io.EOF
		}
		r.rest = r.src.text[starts[r.next]:]
		r.next++
		if r.next < len(starts) {
			r.rest = r.rest[:starts[r.next]-starts[r.next-1]]
		}
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func isTabMessage(message string) bool {
	return strings.Contains(message, "tab character") ||
		message == "found character that cannot start any token"
}

// indentationTab is the index of the first tab before the first word of a
// line (a list's dashes are no words), or -1.
func indentationTab(line []byte) int {
	for i, c := range line {
		switch c {
		case '\t':
			return i
		case ' ', '-':
		default:
			return -1
		}
	}
	return -1
}

var (
	startMark    = regexp.MustCompile("(?:^|[:,\\[{-] +)([@`%])")
	unknownName  = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
	ipv6         = regexp.MustCompile(`\[[0-9a-fA-F]*:[0-9a-fA-F:.]*\]:`)
	flowVariable = regexp.MustCompile(`[\[{,].*[:,\[{] *(\$\{[^}]*\})`)
	colonInValue = regexp.MustCompile(`: .*[^ ]: `)
)

// plainWords is a YAML error as a person would put it, for the line that it
// was found in.
func plainWords(message, line string) string {
	if name := unknownName.FindStringSubmatch(message); name != nil {
		return fmt.Sprintf("no anchor %s; a text that starts with * must be in quotes", quote(name[1]))
	}
	if strings.HasPrefix(message, "did not find expected") || strings.HasPrefix(message, "mapping values") {
		if m := ipv6.FindString(line); m != "" {
			return "an address that starts with [ must be in quotes"
		}
		if m := flowVariable.FindStringSubmatch(line); m != nil {
			return fmt.Sprintf(`inside of { } or [ ] a variable must be in quotes: "%s"`, shorten(m[1]))
		}
	}
	switch message {
	case "did not find expected whitespace or line break":
		return "a text that starts with !, & or * must be in quotes"
	case "found character that cannot start any token":
		if m := startMark.FindStringSubmatch(line); m != nil {
			return fmt.Sprintf("a value can't start with %s; put it in quotes", m[1])
		}
		return "a character that no value can start with; put the value in quotes"
	case "found a tab character that violates indentation":
		return "a tab in the indentation; YAML takes only spaces"
	case "mapping values are not allowed in this context":
		if colonInValue.MatchString(line) {
			return `a second ": " in the line; put the text in quotes, or the key in a line of its own`
		}
		return "a key where none can stand; is the line before it complete, and is the indentation right?"
	case "did not find expected ',' or '}'":
		return `a "{" that is not closed, or a comma is missing after it`
	case "did not find expected ',' or ']'":
		return `a "[" that is not closed, or a comma is missing after it`
	case "found unexpected end of stream":
		return "a quote that is not closed"
	case "found unexpected document indicator":
		return "a quote that is not closed before the document ends"
	case "did not find expected key":
		return `a key and a colon ("key: value") should be here; is the indentation right?`
	case "did not find expected '-' indicator":
		return `a list goes on with "- "; is the indentation right?`
	case "block sequence entries are not allowed in this context":
		return `a list ("- ") can't start here; begin it in a line of its own`
	case "did not find expected node content":
		return "a value should be here"
	case "did not find expected <document start>":
		return `text after the end of the document; the next one starts with "---"`
	case "found unknown escape character":
		return `an escape that YAML does not know in double quotes; a backslash itself is \\`
	case "did not find expected hexdecimal number":
		return `hexadecimal digits are missing after \x, \u or \U`
	case "did not find expected comment or line break":
		return "text behind | or >; the block starts in the next line, or put the text in quotes"
	case "found incompatible YAML document", "found unknown directive name":
		return "a line that starts with % is for YAML itself, and this one it does not know"
	}
	if strings.HasPrefix(message, "exceeded max depth") {
		return fmt.Sprintf("nested more than %d deep", maxDepth)
	}
	return "not YAML: " + shorten(message)
}
