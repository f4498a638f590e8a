package record

import (
	"cmp"
	"net"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"banter/runner/capture"
)

// needle is something that is looked for in what is said: a variable that has a
// value by now, or the server's address, which is another one wherever the
// scenario is played, and which both sides know.
type needle struct {
	texts []string  // on each run
	known *variable // nil: the address
	name  string    // of the address
	front int       // so many bytes of it are a part of its own
}

// needleLeast is how long a value must be on each run, in bytes, to be looked for
// in the middle of others.
const needleLeast = 4

// needleMost is how many variables are looked for, those that came last.
const needleMost = 64

// needles are those that a side may say.
func (v *varier) needles(t *Talk, from capture.Side) (all []needle) {
	at := cmp.Or(v.script.seen, t.Address)
	if host, port, err := net.SplitHostPort(at); err == nil && !strings.HasPrefix(host, "udp:") {
		if n, _ := strconv.Atoi(port); n >= 1024 { // others are left out where they are said
			all = append(all, needle{texts: v.same(at), name: t.Server})
			all = append(all, needle{texts: v.same("localhost:" + port), name: t.Server + ".port", front: len("localhost:")})
		}
	}
	for _, known := range slices.Backward(v.known) {
		short := slices.ContainsFunc(known.values, func(s string) bool { return len(s) < needleLeast })
		if len(all) < needleMost && !short && v.knows(t, from, known) {
			all = append(all, needle{texts: known.values, known: known})
		}
	}
	return all
}

// same is a text that is the same on each run.
func (v *varier) same(text string) []string { return slices.Repeat([]string{text}, len(v.runs)) }

// cut cuts the texts of each run where needles are, and says which. Where runs
// have others, nothing is cut.
func cut(texts []string, needles []needle) (pieces [][]string, found []int) {
	whole := [][]string{texts}
	for k, text := range texts {
		var here []int
		n := 0
		piece := func(s string) {
			if k == 0 {
				pieces = append(pieces, nil)
			}
			if n < len(pieces) {
				pieces[n] = append(pieces[n], s)
			}
			n++
		}
		last := 0
		for at := 0; at < len(text); {
			i := slices.IndexFunc(needles, func(n needle) bool { return stands(text, at, n.texts[k]) })
			if i < 0 {
				at++
				continue
			}
			piece(text[last:at])
			here = append(here, i)
			at += len(needles[i].texts[k])
			last = at
		}
		piece(text[last:])
		if k == 0 {
			found = here
		} else if !slices.Equal(found, here) {
			return whole, nil
		}
	}
	return pieces, found
}

// stands reports whether a word stands at a place of a text, and is not part of a
// longer one.
func stands(text string, at int, word string) bool {
	if !strings.HasPrefix(text[at:], word) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at+len(word):])
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	return !(inWord(before) && inWord(first)) && !(inWord(last) && inWord(after))
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
