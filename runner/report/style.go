package report

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fatih/color"
	"github.com/mattn/go-runewidth"
)

// style is how a report is painted: each function returns its text as it is
// where there is to be no colour.
type style struct {
	ok, fail, dim func(string) string
}

func newStyle(colored bool) style {
	paint := func(attribute color.Attribute) func(string) string {
		c := color.New(attribute)
		if !colored {
			c.DisableColor()
		} else {
			c.EnableColor()
		}
		return func(s string) string {
			if s == "" {
				return ""
			}
			return c.Sprint(s)
		}
	}
	return style{ok: paint(color.FgGreen), fail: paint(color.FgRed), dim: paint(color.Faint)}
}

// colors are what style paints with.
var colors = regexp.MustCompile("\x1b\\[[0-9;]*m")

// cells is how text takes up room. Box drawing and arrows are one column wide,
// whatever the locale, as terminals have them today.
var cells = &runewidth.Condition{StrictEmojiNeutral: true}

// width is how many columns s takes. Most text is ASCII, and asking runewidth
// for the first time is slow.
func width(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return cells.StringWidth(s)
		}
	}
	return len(s)
}

// pad fills s up to w columns.
func pad(s string, w int) string { return s + strings.Repeat(" ", max(0, w-width(s))) }

// padLeft fills s up to w columns, in front.
func padLeft(s string, w int) string { return strings.Repeat(" ", max(0, w-width(s))) + s }

// clip cuts s down to w columns.
func clip(s string, w int) string {
	if width(s) <= w {
		return s
	}
	return cells.Truncate(s, w, "…")
}

// Clean makes text that came from a file or from a peer visible and harmless:
// whatever is not printable is escaped.
func Clean(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		_, n := utf8.DecodeRuneInString(s)
		b.WriteString(visible(s[:n]))
		s = s[n:]
	}
	return b.String()
}

// visible is one character, or one byte of what is none, so that it can be
// seen.
func visible(char string) string {
	switch char {
	case "\r":
		return `\r`
	case "\n":
		return `\n`
	case "\t":
		return `\t`
	}
	r, n := utf8.DecodeRuneInString(char)
	if unicode.IsPrint(r) && (r != utf8.RuneError || n > 1) {
		return char
	}
	return escaped(char)
}

// escaped is bytes as \xNN.
func escaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, `\x%02x`, s[i])
	}
	return b.String()
}

// count is a number and what is counted: "1 scenario", "2 scenarios".
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// duration is a time in the unit that a person would say it in.
func duration(d time.Duration) string {
	switch {
	case d < time.Second-50*time.Microsecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < 100*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// filterFor is a regular expression that matches a scenario's name and nothing
// else, ready for a shell, with no control character in it. Where it would have
// more than so many bytes, it is of the name's beginning.
func filterFor(name string, most int) string {
	var b strings.Builder
	b.WriteByte('^')
	for _, r := range name {
		if b.Len() > most {
			return singleQuoted(b.String())
		}
		if unicode.IsPrint(r) {
			b.WriteString(regexp.QuoteMeta(string(r)))
		} else {
			fmt.Fprintf(&b, `\x{%x}`, r)
		}
	}
	b.WriteByte('$')
	return singleQuoted(b.String())
}

// plainWord reports whether a shell takes s as it is.
func plainWord(s string) bool {
	special := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_@%+=:,./-", r)
	}
	return s != "" && !strings.ContainsFunc(s, special)
}

// ShellWord is s as one word for a POSIX shell, as it is where it needs no
// quoting.
func ShellWord(s string) string {
	switch {
	case plainWord(s):
		return s
	case Clean(s) != s:
		// $'...' is what shells have for bytes that can't be seen.
		s = strings.ReplaceAll(s, `\`, `\\`)
		return "$'" + Clean(strings.ReplaceAll(s, "'", `\'`)) + "'"
	}
	return singleQuoted(s)
}

func singleQuoted(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
