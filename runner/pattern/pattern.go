// Package pattern is regular expressions in RE2 syntax on bytes: \xff is the
// byte 255, a dot is one byte, and UTF-8 text in an expression stands for its
// bytes.
//
// Package regexp knows only characters. So both the expression and what it
// looks at are put to it as Latin-1, where each byte is a character.
package pattern

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// Pattern is a regular expression on bytes.
type Pattern struct {
	source string
	re     *regexp.Regexp // on Latin-1
}

// Parse checks an expression and says about how many instructions it compiles
// to. What is wrong with it is a *syntax.Error, or another in plain words.
func Parse(source string) (size int, err error) {
	_, size, err = parse(source)
	return size, err
}

// Compile makes a pattern of an expression.
func Compile(source string) (*Pattern, error) {
	latin, _, err := parse(source)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(latin)
	if err != nil {
		return nil, err
	}
	return &Pattern{source, re}, nil
}

// MustCompile is Compile of an expression that is known to be right.
func MustCompile(source string) *Pattern {
	p, err := Compile(source)
	if err != nil {
		panic(err)
	}
	return p
}

// String is the expression as it was written.
func (p *Pattern) String() string { return p.source }

// Match reports whether the pattern matches somewhere in b.
func (p *Pattern) Match(b []byte) bool { return p.re.Match(latin1(b)) }

// Names are the names of the groups, the whole match's first: "" of those that
// have none.
func (p *Pattern) Names() []string { return p.re.SubexpNames() }

// Find is what the first match in b is, and what its groups have taken: nil of
// one that took no part. It is nil if nothing matches.
func (p *Pattern) Find(b []byte) [][]byte {
	text := latin1(b)
	groups := p.re.FindSubmatch(text)
	if len(text) > len(b) {
		for i := range groups {
			groups[i] = fromLatin1(groups[i])
		}
	}
	return groups
}

// Quote is an expression that matches b and nothing else.
func Quote(b []byte) string {
	var out strings.Builder
	for i, c := range b {
		if c < utf8.RuneSelf {
			out.WriteString(regexp.QuoteMeta(string(b[i : i+1])))
		} else {
			fmt.Fprintf(&out, `\x%02x`, c)
		}
	}
	return out.String()
}

// fromLatin1 is what latin1 was made of.
func fromLatin1(text []byte) []byte {
	if text == nil {
		return nil
	}
	b := make([]byte, 0, len(text))
	for _, r := range string(text) {
		b = append(b, byte(r))
	}
	return b
}

// latin1 is bytes as the text that has a character for each of them.
func latin1(b []byte) []byte {
	high := 0
	for _, c := range b {
		if c >= utf8.RuneSelf {
			high++
		}
	}
	if high == 0 {
		return b
	}
	text := make([]byte, 0, len(b)+high)
	for _, c := range b {
		text = utf8.AppendRune(text, rune(c))
	}
	return text
}

func parse(source string) (latin string, size int, err error) {
	if _, err := syntax.Parse(source, syntax.Perl); err != nil {
		return "", 0, err
	}
	t := translator{rest: source}
	if err := t.translate(); err != nil {
		return "", 0, err
	}
	tree, err := syntax.Parse(t.out.String(), syntax.Perl)
	if err != nil {
		return "", 0, err
	}
	if t.highClass && folds(tree) {
		return "", 0, errors.New(`bytes from \x80 on in a class have no upper and lower case: leave (?i) away there`)
	}
	return t.out.String(), sizeOf(tree), nil
}

// translator writes an expression, which is known to be right, so that it means
// bytes in Latin-1.
type translator struct {
	rest      string
	out       bytes.Buffer
	highClass bool // a class has bytes from 0x80 on
}

func (t *translator) translate() error {
	class := 0 // where the class begins in out, plus one; 0: in none
	for t.rest != "" {
		c := t.rest[0]
		switch {
		case c == '\\':
			if err := t.escape(class > 0); err != nil {
				return err
			}
			continue
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(t.rest)
			if class > 0 {
				return fmt.Errorf("%q in a class, which is of single bytes: write (?:a|%c) for [a%[1]c]", r, r)
			}
			t.literal(t.rest[:n])
			t.rest = t.rest[n:]
			continue
		case c == '[' && class == 0:
			class = t.out.Len() + 1
			if strings.HasPrefix(t.rest, "[^") {
				t.copy(1)
			}
			if strings.HasPrefix(t.rest[1:], "]") { // the first is itself
				t.copy(1)
			}
		case c == '[' && strings.HasPrefix(t.rest, "[:"):
			if end := strings.Index(t.rest, ":]"); end > 0 {
				t.copy(end + 1)
			}
		case c == ']':
			class = 0
		}
		t.copy(1)
	}
	return nil
}

func (t *translator) copy(n int) {
	t.out.WriteString(t.rest[:n])
	t.rest = t.rest[n:]
}

// literal writes bytes that stand for themselves, those from 0x80 on without
// the upper and lower case that they would have in Latin-1.
func (t *translator) literal(s string) {
	t.out.WriteString("(?-i:")
	for i := range len(s) {
		fmt.Fprintf(&t.out, `\x%02x`, s[i])
	}
	t.out.WriteString(")")
}

// escape translates what begins with a backslash.
func (t *translator) escape(class bool) error {
	switch c := t.rest[1]; {
	case c == 'p' || c == 'P':
		return fmt.Errorf(`%s is a class of characters, and the expression is on bytes`, t.rest[:2])
	case c == 'Q':
		text, rest, _ := strings.Cut(t.rest[2:], `\E`)
		t.rest = rest
		for _, r := range text {
			if r < utf8.RuneSelf {
				t.out.WriteString(regexp.QuoteMeta(string(r)))
			} else {
				t.literal(string(r))
			}
		}
		return nil
	case c == 'x':
		var n int
		size := 4 // \xHH
		if t.rest[2] == '{' {
			size = strings.IndexByte(t.rest, '}') + 1
			fmt.Sscanf(t.rest[3:size-1], "%x", &n)
		} else {
			fmt.Sscanf(t.rest[2:4], "%x", &n)
		}
		text := t.rest[:size]
		switch {
		case n > 0xff:
			return fmt.Errorf(`%s is no byte; a character of UTF-8 is written as itself`, text)
		case n >= utf8.RuneSelf && class:
			t.highClass = true
		case n >= utf8.RuneSelf:
			t.literal(string([]byte{byte(n)}))
			t.rest = t.rest[size:]
			return nil
		}
		t.copy(size)
		return nil
	}
	_, n := utf8.DecodeRuneInString(t.rest[1:])
	if n > 1 {
		if class {
			return fmt.Errorf("%q in a class, which is of single bytes", t.rest[1:1+n])
		}
		t.literal(t.rest[1 : 1+n])
		t.rest = t.rest[1+n:]
		return nil
	}
	if t.rest[1] >= '0' && t.rest[1] <= '7' { // octal
		return t.octal(class)
	}
	t.copy(2)
	return nil
}

// octal translates \0 to \777.
func (t *translator) octal(class bool) error {
	n, size := 0, 1
	for size < len(t.rest) && size < 4 && t.rest[size] >= '0' && t.rest[size] <= '7' {
		n, size = 8*n+int(t.rest[size]-'0'), size+1
	}
	text := t.rest[:size]
	t.rest = fmt.Sprintf(`\x{%x}`, n) + t.rest[size:]
	if n > 0xff {
		return fmt.Errorf("%s is no byte", text)
	}
	return t.escape(class)
}

// folds reports whether a class has upper and lower case as one.
func folds(re *syntax.Regexp) bool {
	if re.Op == syntax.OpCharClass && re.Flags&syntax.FoldCase != 0 {
		return true
	}
	for _, sub := range re.Sub {
		if folds(sub) {
			return true
		}
	}
	return false
}

// sizeOf is about how many instructions an expression compiles to.
func sizeOf(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		n += sizeOf(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return n
}
