package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Characters that look like YAML's own and are others: editors, chat programs
// and web pages put them there.

// oddBlank reports whether a character looks like a blank and is none.
func oddBlank(r rune) bool { return r != ' ' && unicode.Is(unicode.Zs, r) || r == '\u200b' }

const (
	oddQuotes = "“”„‟«»‘’‚‛‹›＂＇"
	wideColon = "：" // U+FF1A
)

var behindWord = regexp.MustCompile(`^(?:-|[A-Za-z_][\w.-]*:)$`)

// lookalikes warns of an unquoted text that holds such characters where those
// of YAML were probably meant.
func (p *parser) lookalikes(pos Pos, text string, key bool) {
	first, size := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	if strings.ContainsRune(oddQuotes, first) && (key || len(text) > size && strings.ContainsRune(oddQuotes, last)) {
		inner := strings.TrimFunc(text, func(r rune) bool { return strings.ContainsRune(oddQuotes, r) })
		p.warnf(pos, `%c is no quote to YAML, and so a part of the text; write "%s"`, first, shorten(inner))
	}
	if i := strings.IndexFunc(text, oddBlank); i >= 0 {
		r, size := utf8.DecodeRuneInString(text[i:])
		before, behind := text[:i], text[i+size:]
		if key || before == "" || behind == "" || strings.HasSuffix(before, " ") || strings.HasPrefix(behind, " ") || behindWord.MatchString(before) {
			p.warnf(pos, "the character U+%04X looks like a blank and is none to YAML; write a plain blank, or put the text in quotes", r)
		}
	}
}

// oddBlanks puts blanks in the place of what looks like some in the
// indentation, in all lines if it is so in one near the mistake.
func (d *draft) oddBlanks(near []int) []mend {
	var m mend
	found := false
	for n := range len(d.src.lines()) {
		line := n + 1
		at := -1
		for i, r := range string(d.src.line(line)) {
			if oddBlank(r) {
				if at < 0 && d.inBlock(line) {
					break
				}
				if at < 0 {
					at = i
					m.complaints = append(m.complaints, complaint{line, i, fmt.Sprintf(
						"the character U+%04X in the indentation looks like a blank and is none to YAML; write plain blanks", r), false})
				}
				m.changes = append(m.changes, change{line, i, i + utf8.RuneLen(r), " "})
			} else if r != ' ' && r != '-' {
				break
			}
		}
		found = found || at >= 0 && slices.Contains(near, line)
	}
	if !found {
		return nil
	}
	return []mend{m}
}

// spelling says how a word is written that YAML did not take apart: a blank is
// missing behind the dash or the colon. It is "" where that is not so.
func spelling(text string) string {
	if gluedDash.MatchString(text) {
		return `a blank belongs after the dash: "- ` + shorten(text[1:]) + `"`
	}
	if m := gluedColon.FindStringSubmatchIndex(text); m != nil && m[3] == 0 {
		if m[6] >= 0 {
			return gluedMessage(text[m[4]:m[5]])
		}
		return wideMessage(text[m[4]:m[5]])
	}
	return ""
}
