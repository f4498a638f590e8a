package scenario

import (
	"fmt"
	"regexp"
	"strings"
)

// What a mistake in a line may be, and how it is mended.

// textMends are the texts of a line that YAML may not take for such.
func (d *draft) textMends(line int) []mend {
	s := scanLine(line, string(d.src.line(line)), d.openAt(line))
	mends := make([]mend, len(s.found))
	for i, f := range s.found {
		mends[i] = mend{
			line: line, at: f.from, message: f.message, doubt: f.doubt,
			changes: []change{{line, f.from, f.to, f.text}},
		}
	}
	return mends
}

// openAt is the brackets that are open when a line begins.
func (d *draft) openAt(line int) []bracket {
	for k := line - 1; k > max(0, line-50); k-- {
		s := scanLine(k, string(d.src.line(k)), nil)
		if len(s.open) == 0 {
			continue
		}
		for j := k + 1; j < line && len(s.open) > 0; j++ {
			s = scanLine(j, string(d.src.line(j)), s.open)
		}
		return s.open
	}
	return nil
}

// unclosed are the quotes and the brackets that nothing closes, in the lines up
// to one. The nearest are the likeliest.
func (d *draft) unclosed(last int) []mend {
	const most = 5000 // lines
	var mends []mend
	brackets := 0
	for k := last; k > max(0, last-most) && len(mends) < 8; k-- {
		line := string(d.src.line(k))
		s := scanLine(k, line, nil)
		end := len(strings.TrimRight(line, " \t"))
		switch {
		case s.quote >= 0:
			add := func(at int) {
				mends = append(mends, mend{
					line: k, at: s.quote, message: "a quote that is not closed",
					changes: []change{{k, at, at, line[s.quote : s.quote+1]}},
				})
			}
			if before := len(strings.TrimRight(line[:end], " ]}")); len(s.open) > 0 && before > s.quote && before < end {
				add(before)
			}
			add(end)
		case len(s.open) > 0 && brackets < 2:
			brackets++
			mends = append(mends, d.unclosedBrackets(s, last)...)
		}
	}
	return mends
}

// unclosedBrackets close what a line leaves open: at its own end, or at that of
// the last line that may still belong to it.
func (d *draft) unclosedBrackets(s *scan, last int) []mend {
	indent := len(s.line) - len(strings.TrimLeft(s.line, " "))
	ends := []*scan{s}
	for k := s.n + 1; k < last; k++ {
		line := string(d.src.line(k))
		text := strings.TrimLeft(line, " ")
		if len(line)-len(text) <= indent || strings.HasPrefix(text, "- ") {
			break
		}
		if s = scanLine(k, line, s.open); len(s.open) == 0 || s.quote >= 0 {
			break
		}
		ends = append(ends, s)
	}
	var mends []mend
	for _, s := range []*scan{ends[len(ends)-1], ends[0]} {
		first := s.open[len(s.open)-1]
		closers := ""
		for _, b := range s.open {
			closers = string(b.char+2) + closers // ASCII has ] and } there
		}
		at := s.end(0)
		mends = append(mends, mend{
			line: first.line, at: first.at,
			message: fmt.Sprintf(`a "%c" that is not closed, or a comma is missing after it`, first.char),
			changes: []change{{s.n, at, at, closers}},
		})
	}
	return mends
}

var (
	gluedColon = regexp.MustCompile(`^((?: *- +)* *)([A-Za-z_][\w.-]*)(?:(:)[^ \t/]|(：[ \t]*))`)
	gluedDash  = regexp.MustCompile(`^( *)-[A-Za-z_"'{\[]`)
	aloneWord  = regexp.MustCompile(`^((?: *- +)* *)([A-Za-z_][\w.-]*)[ \t]*$`)
)

// glued are colons and dashes without the blank behind them, and a colon that
// is missing.
func (d *draft) glued(line int) []mend {
	text := string(d.src.line(line))
	if m := gluedColon.FindStringSubmatchIndex(text); m != nil {
		word := text[m[4]:m[5]]
		if m[6] >= 0 && !strings.Contains(text, ": ") {
			return []mend{{
				line: line, at: m[4], message: gluedMessage(word),
				changes: []change{{line, m[7], m[7], " "}},
			}}
		} else if m[8] >= 0 {
			return []mend{{
				line: line, at: m[4], message: wideMessage(word),
				changes: []change{{line, m[8], m[9], ": "}},
			}}
		}
	}
	if m := gluedDash.FindStringSubmatchIndex(text); m != nil {
		at := m[3]
		return []mend{{
			line: line, at: at, message: `a blank belongs after the dash: "- ` + shorten(text[at+1:]) + `"`,
			changes: []change{{line, at + 1, at + 1, " "}},
		}}
	}
	if m := aloneWord.FindStringSubmatchIndex(text); m != nil {
		word := text[m[4]:m[5]]
		if d.deeper(line) {
			return []mend{{
				line: line, at: m[4], message: fmt.Sprintf(`a colon is missing: "%s:"`, shorten(word)),
				changes: []change{{line, m[5], m[5], ":"}},
			}}
		}
	}
	return nil
}

// deeper reports whether the next line is indented further than a word's, so
// that it may stand below it.
func (d *draft) deeper(line int) bool {
	indent, text := indentOf(string(d.src.line(line)))
	for n := line + 1; n <= min(line+50, len(d.src.lines())); n++ {
		next, below := indentOf(string(d.src.line(n)))
		if below == "" || below[0] == '#' {
			continue
		}
		return len(next) > len(indent) && !isDash(text) || isDash(below) && len(next) == len(indent)
	}
	return false
}

func gluedMessage(word string) string {
	return fmt.Sprintf(`a blank belongs after the colon: "%s: ..."`, shorten(word))
}

func wideMessage(word string) string {
	return fmt.Sprintf(`the wide colon (U+FF1A) is none to YAML: "%s: ..."`, shorten(word))
}
