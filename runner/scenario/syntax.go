package scenario

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// syntaxError reports a YAML error at its place, in plain words.
func (d *draft) syntaxError(err error) {
	message, _ := plainMessage(err)
	line := d.syntaxLine(err)
	text := d.src.line(line)
	at := len(text) - len(bytes.TrimLeft(text, " \t"))
	c := complaint{line, at, plainWords(message), false}
	if isTabMessage(message) && indentationTab(text) >= 0 {
		c = d.tabComplaints([]int{line})[0]
	}
	d.accept(mend{complaints: []complaint{c}})
}

// syntaxLine finds the line of a YAML error. yaml.v3's own number is that of
// the surrounding value, or off by one, or missing: so it is the last line of
// the shortest beginning of the draft that has the same error.
func (d *draft) syntaxLine(err error) int {
	if err == errYAMLPanic {
		return 1
	}
	starts := d.src.lines()
	parse := func(lines int) error {
		text := d.src.text
		if lines < len(starts) {
			text = text[:starts[lines]]
		}
		_, err := readYAML(bytes.NewReader(text))
		return err
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
	reader := &lineReader{src: &d.src}
	_, _ = readYAML(reader)
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

// plainWords is a YAML error as a person would put it, where what is wrong in
// the line is not known.
func plainWords(message string) string {
	switch message {
	case "did not find expected whitespace or line break":
		return "a text that starts with !, & or * must be in quotes"
	case "found character that cannot start any token":
		return "a character that no value can start with; put the value in quotes"
	case "found a tab character that violates indentation":
		return "a tab in the indentation; YAML takes only spaces"
	case "mapping values are not allowed in this context":
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
	if strings.HasPrefix(message, "unknown anchor") {
		return "an alias (*) of no anchor; a text that starts with * must be in quotes"
	}
	if strings.HasPrefix(message, "exceeded max depth") {
		return fmt.Sprintf("nested more than %d deep", maxDepth)
	}
	return "not YAML: " + shorten(message)
}

// plainMessage is a yaml.v3 error without its prefix and its line, and that
// line (0: none).
func plainMessage(err error) (message string, line int) {
	message = strings.TrimPrefix(err.Error(), "yaml: ")
	if n, scanErr := fmt.Sscanf(message, "line %d: ", &line); n == 1 && scanErr == nil {
		_, message, _ = strings.Cut(message, ": ")
		return message, line
	}
	return message, 0
}
