package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// What a mistake in a line may be, and how it is mended.

// textMends are the texts of a line that YAML may not take for such.
func (d *draft) textMends(line int) []mend {
	s := scanLine(line, string(d.src.line(line)), d.openAt(line))
	mends := make([]mend, len(s.found))
	for i, f := range s.found {
		mends[i] = mend{
			complaints: []complaint{{line, f.from, f.message, f.doubt}},
			changes:    []change{{line, f.from, f.to, f.text}},
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

// unclosed are the quotes and the brackets that nothing closes, in so many lines
// up to one. The nearest are the likeliest.
func (d *draft) unclosed(last, most int) []mend {
	last = min(last, len(d.src.lines()))
	var mends []mend
	seen, brackets := 0, 0
	for k := last; k > max(0, last-most) && seen < 50 && len(mends) < 8; k-- {
		line := string(d.src.line(k))
		s := scanLine(k, line, nil)
		if s.quote < 0 && (len(s.open) == 0 || brackets == 2) {
			continue
		}
		if seen++; d.inBlock(k) {
			continue
		}
		if s.quote < 0 {
			if m, ok := d.unclosedBrackets(s, min(last, k+200)); ok {
				brackets++
				mends = append(mends, m)
			}
			continue
		}
		at := len(strings.TrimRight(line, " \t"))
		if inside := closers.FindStringIndex(line); len(s.open) > 0 && inside != nil && inside[0] > s.quote {
			at = inside[0]
		}
		mends = append(mends, mend{
			complaints: []complaint{{k, s.quote, "a quote that is not closed", false}},
			changes:    []change{{k, at, at, line[s.quote : s.quote+1]}},
			sure:       d.structured(k, d.next(k)),
		})
	}
	return mends
}

// closers are brackets at the end of a line.
var closers = regexp.MustCompile(`[ \t]*[\]}][ \t\]}]*(?:[ \t]#.*)?$`)

// unclosedBrackets closes what a line leaves open, at the end of the last line
// that may belong to it.
func (d *draft) unclosedBrackets(s *scan, last int) (mend, bool) {
	first := s.n
	for next := d.next(s.n); next > 0 && next <= last && !d.structured(first, next); next = d.next(next) {
		if s = scanLine(next, string(d.src.line(next)), s.open); len(s.open) == 0 || s.quote >= 0 {
			return mend{}, false
		}
	}
	closers := ""
	for _, b := range s.open {
		closers = string(b.char+2) + closers // ASCII has ] and } there
	}
	open, at := s.open[len(s.open)-1], s.end(0)
	message := fmt.Sprintf(`a "%c" that is not closed, or a comma is missing after it`, open.char)
	return mend{
		complaints: []complaint{{open.line, open.at, message, false}},
		changes:    []change{{s.n, at, at, closers}},
		sure:       d.structured(first, d.next(s.n)),
	}, true
}

// next is the next line that holds something, or 0.
func (d *draft) next(line int) int {
	for n := line + 1; n <= min(line+50, len(d.src.lines())); n++ {
		if _, text := indentOf(string(d.src.line(n))); text != "" && text[0] != '#' {
			return n
		}
	}
	return 0
}

// structured reports whether a later line is an entry or a key of something
// around a line, and so no part of what that leaves open.
func (d *draft) structured(line, next int) bool {
	indent, _ := indentOf(string(d.src.line(line)))
	below, text := indentOf(string(d.src.line(next)))
	s := scan{line: text}
	return next > 0 && len(below) <= len(indent) && (isDash(text) || s.key(0) > 0)
}

// inBlock reports whether a line is a part of a block's text.
func (d *draft) inBlock(line int) bool {
	indent, _ := indentOf(string(d.src.line(line)))
	least := len(indent)
	for n := line - 1; n > max(0, line-500) && least > 0; n-- {
		indent, text := indentOf(string(d.src.line(n)))
		if text == "" || len(indent) >= least {
			continue
		}
		if blockEnd.MatchString(strings.TrimRight(text, " \t")) {
			return true
		}
		least = len(indent)
	}
	return false
}

var (
	gluedColon   = regexp.MustCompile(`^((?: *- +)* *)([A-Za-z_][\w./-]*)(?:(:)[^ \t/]|(：[ \t]*))`)
	gluedDash    = regexp.MustCompile(`^( *)-[A-Za-z_"'{\[]`)
	missingColon = regexp.MustCompile(`^((?: *- +)* *)([A-Za-z_][^ \t:]*) +(?:([|>][+-]?)$|[^ \t])`)
	aloneWord    = regexp.MustCompile(`^((?: *- +)* *)([A-Za-z_][\w.-]*)[ \t]*$`)
)

// glued are colons and dashes without the blank behind them, and a colon that
// is missing.
func (d *draft) glued(line int) []mend {
	text := string(d.src.line(line))
	if m := gluedColon.FindStringSubmatchIndex(text); m != nil {
		word := text[m[4]:m[5]]
		if m[6] >= 0 && !strings.Contains(text, ": ") {
			return []mend{{
				complaints: []complaint{{line, m[4], gluedMessage(word), false}},
				changes:    []change{{line, m[7], m[7], " "}},
			}}
		} else if m[8] >= 0 {
			return []mend{{
				complaints: []complaint{{line, m[4], wideMessage(word), false}},
				changes:    []change{{line, m[8], m[9], ": "}},
			}}
		}
	}
	if m := missingColon.FindStringSubmatchIndex(text); m != nil && !strings.Contains(text, ": ") {
		if word := text[m[4]:m[5]]; m[6] < 0 && d.knownWord(word) || m[6] >= 0 {
			return []mend{{
				complaints: []complaint{{line, m[4], fmt.Sprintf(`a colon is missing: "%s: ..."`, shorten(word)), false}},
				changes:    []change{{line, m[5], m[5], ":"}},
			}}
		}
	}
	if m := gluedDash.FindStringSubmatchIndex(text); m != nil {
		at := m[3]
		return []mend{{
			complaints: []complaint{{line, at, `a blank belongs after the dash: "- ` + shorten(text[at+1:]) + `"`, false}},
			changes:    []change{{line, at + 1, at + 1, " "}},
		}}
	}
	if m := aloneWord.FindStringSubmatchIndex(text); m != nil {
		word := text[m[4]:m[5]]
		if d.deeper(line) {
			return []mend{{
				complaints: []complaint{{line, m[4], fmt.Sprintf(`a colon is missing: "%s:"`, shorten(word)), false}},
				changes:    []change{{line, m[5], m[5], ":"}},
			}}
		}
	}
	return nil
}

// knownWord reports whether a word is a key of the language.
func (d *draft) knownWord(word string) bool {
	return stepWord(word) != nil || documentKeys.has(word) || serverKeys.has(word) || clientKeys.has(word) || expectKeys.has(word)
}

// has reports whether a table knows a key.
func (t table[T]) has(key string) bool {
	return slices.ContainsFunc(t, func(f field[T]) bool { return f.key == key })
}

// deeper reports whether the next line may stand below a word.
func (d *draft) deeper(line int) bool {
	next := d.next(line)
	indent, text := indentOf(string(d.src.line(line)))
	below, first := indentOf(string(d.src.line(next)))
	if isDash(text) {
		return next > 0 && len(below) > len(indent)+len("- ")
	}
	return next > 0 && (len(below) > len(indent) || isDash(first) && len(below) == len(indent))
}

func gluedMessage(word string) string {
	return fmt.Sprintf(`a blank belongs after the colon: "%s: ..."`, shorten(word))
}

func wideMessage(word string) string {
	return fmt.Sprintf(`the wide colon (U+FF1A) is none to YAML: "%s: ..."`, shorten(word))
}
