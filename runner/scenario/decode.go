package scenario

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/dustin/go-humanize"
)

// table says what each key of a mapping does to a T, in the order in which
// the keys are listed to people. A new key is a new line in a table.
type table[T any] []field[T]

type field[T any] struct {
	key string
	set func(*parser, *T, entry)
}

// decode plays a mapping's entries on into, in the file's order. Of says whose
// keys they are (`client "ann"`). It reports whether all keys were known.
func decode[T any](p *parser, n *node, of string, t table[T], into *T) bool {
	known := true
next:
	for _, e := range n.entries {
		for i := range t {
			if t[i].key == e.key {
				t[i].set(p, into, e)
				continue next
			}
		}
		known = false
		if p.doc != nil { // it might have given a variable its value
			p.doc.scope.hidden = true
		}
		keys := make([]string, len(t))
		for i := range t {
			keys[i] = t[i].key
		}
		hint := p.hint(e.key, keys)
		if contains(inSteps, of) && (contains(besideSteps, e.key) || e.key == "expect") {
			hint = "; it belongs beside the step's word, not into its value"
		}
		if e.json && strings.HasPrefix(hint, "; there are") {
			hint = "; a text in JSON must be in quotes: '{" + quote(e.key) + ": ...}'"
		}
		p.errorf(e.pos, "unknown key %s in %s%s", quote(e.key), of, hint)
	}
	return known
}

// mapping reports whether a value is a mapping, and complains if not.
func (p *parser) mapping(n *node, what string) bool {
	if n.kind == mappingNode {
		return true
	}
	p.errorf(n.pos, "%s, not %s", what, n.kindName())
	return false
}

// list reports whether a value is a list, and complains if not.
func (p *parser) list(n *node, what string) bool {
	if n.kind == listNode {
		return true
	}
	p.errorf(n.pos, "%s, not %s", what, n.kindName())
	return false
}

// scalar returns the text of a value that must be one. Want says what it is:
// "a whole number".
func (p *parser) scalar(e entry, want string) (string, bool) {
	n := e.value
	if n.isNull() {
		p.blank(e, want)
		return "", false
	}
	if n.kind != scalarNode {
		p.errorf(n.pos, "%s must be %s, not %s", quote(e.key), want, n.kindName())
		return "", false
	}
	return n.value, true
}

// blank reports a value that is missing where one is wanted.
func (p *parser) blank(e entry, want string) {
	switch comment := p.commentAfter(e.value); {
	case comment != "":
		p.errorf(e.pos, "%s has no value: to YAML %s is a comment; put it in quotes", quote(e.key), quote(comment))
	case e.value.anchor != "":
		p.errorf(e.pos, "%s has no value: to YAML %s is only a name for one; put it in quotes", quote(e.key), quote("&"+e.value.anchor))
	case e.value.value == "":
		p.errorf(e.pos, "%s has no value; it must be %s", quote(e.key), want)
	default:
		p.errorf(e.pos, "%s has no value, which is what %s means to YAML; it must be %s%s",
			quote(e.key), e.value.value, want, inQuotes(e.value.value, want))
	}
}

// inQuotes says how the text null is written, where a text can stand.
func inQuotes(null, want string) string {
	if want == "a payload" || want == "a text" {
		return ", and the text " + null + " in quotes"
	}
	return ""
}

// noValue complains about a value beside a word that takes none.
func (p *parser) noValue(e entry) bool {
	if e.value.isNull() {
		return true
	}
	p.errorf(e.value.pos, "%s takes no value; write {%s}", quote(e.key), e.key)
	return false
}

// number is a whole number in plain decimal digits.
func (p *parser) number(e entry, least, most int) (int, bool) {
	want := fmt.Sprintf("a whole number from %d to %d", least, most)
	if most == math.MaxInt32 {
		want = fmt.Sprintf("a whole number, %d or more", least)
	}
	s, ok := p.fixed(e, want)
	if !ok {
		return 0, false
	}
	if digits := strings.TrimLeft(s, "0"); isDigits(s) && s[0] == '0' && s != "0" {
		p.errorf(e.value.pos, "%s must be a plain decimal number: %s, not %s", quote(e.key), orZero(digits), shorten(s))
		return 0, false
	}
	n, err := strconv.Atoi(s)
	if err != nil || !isDigits(s) || n < least || n > most {
		p.errorf(e.value.pos, "%s must be %s, not %s", quote(e.key), want, asWritten(s))
		return 0, false
	}
	return n, true
}

// maxSize is the most that a size may be: more than any test moves.
const maxSize = 1 << 40

// size is a number of bytes: 8, 4KiB, 16MiB.
func (p *parser) size(e entry, least int64) (int64, bool) {
	const want = "a size such as 512 or 4KiB"
	s, ok := p.fixed(e, want)
	if !ok {
		return 0, false
	}
	number := strings.TrimRightFunc(s, unicode.IsLetter)
	unit := s[len(number):]
	number = strings.TrimSuffix(number, " ")
	if isDigits(number) && number[0] == '0' && number != "0" {
		p.errorf(e.value.pos, "%s must be a plain decimal number: %s%s, not %s",
			quote(e.key), orZero(strings.TrimLeft(number, "0")), unit, shorten(s))
		return 0, false
	}
	// Through a float, as humanize goes, small numbers stay exact.
	n, err := humanize.ParseBytes(number + unit)
	if err != nil || !isDigits(number) || len(number) > 13 {
		p.errorf(e.value.pos, "%s must be %s, not %s", quote(e.key), want, asWritten(s))
		return 0, false
	}
	if n > maxSize || int64(n) < least {
		p.errorf(e.value.pos, "%s must be from %d to %s, not %s", quote(e.key), least, sizeString(maxSize), shorten(s))
		return 0, false
	}
	return int64(n), true
}

func sizeString(n int64) string { return strings.ReplaceAll(humanize.IBytes(uint64(n)), ".0 ", " ") }

// duration is a time in Go's syntax, longer than nothing and at most a day.
func (p *parser) duration(e entry) (time.Duration, bool) {
	const want = "a time such as 200ms or 5s"
	s, ok := p.fixed(e, want)
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(s)
	_, bare := strconv.ParseFloat(s, 64)
	switch {
	case bare == nil && len(s) <= 12 && strings.Trim(s, "0123456789.") == "":
		p.errorf(e.value.pos, "%s has no unit; write %ss or %sms", quote(e.key), s, s)
	case err != nil:
		p.errorf(e.value.pos, "%s must be %s, not %s", quote(e.key), want, asWritten(s))
	case d <= 0:
		p.errorf(e.value.pos, "%s must be longer than nothing, not %s", quote(e.key), s)
	case d > 24*time.Hour:
		p.errorf(e.value.pos, "%s must be at most 24h, not %s", quote(e.key), s)
	default:
		return d, true
	}
	return 0, false
}

// boolean is true or false, and no other word for them.
func (p *parser) boolean(e entry) (value, ok bool) {
	s, ok := p.fixed(e, "true or false")
	if !ok {
		return false, false
	}
	if s != "true" && s != "false" {
		p.errorf(e.value.pos, "%s must be true or false, not %s", quote(e.key), asWritten(s))
		return false, false
	}
	return s == "true", true
}

// name is the name of a server, a client or a signal.
func (p *parser) name(e entry, want string) (string, bool) {
	s, ok := p.fixed(e, want)
	if ok && p.hide(s) != s {
		p.errorf(e.value.pos, "%s is shown, and this has something secret in it", want)
		return s, false
	}
	return s, ok && p.validName(e.value.pos, s, want)
}

// validName complains about a name that transcripts could not show: they
// write greeter/ann and ${greeter.port}.
func (p *parser) validName(pos Pos, s, want string) bool {
	bad := strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("._-", r)
	})
	switch {
	case s == "":
		p.errorf(pos, "%s can't be empty", want)
	case bad >= 0:
		p.errorf(pos, `%s is made of letters, digits, ".", "_" and "-", not %s`, want, quote(s))
	case len(s) > 100:
		p.errorf(pos, "%s has at most 100 bytes, not %d", want, len(s))
	default:
		return true
	}
	return false
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func orZero(digits string) string {
	if digits == "" {
		return "0"
	}
	return digits
}

// asWritten is a wrong value in a message: a number bare, a text in quotes.
func asWritten(s string) string {
	if _, err := strconv.ParseFloat(s, 64); err == nil && len(s) <= 24 {
		return s
	}
	return quote(s)
}
