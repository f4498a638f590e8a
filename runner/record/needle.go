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
	place *Talk     // it is the port of this one's server; nil: it is none
}

// needleLeast is how long a value must be on each run, in bytes, to be looked for
// in the middle of others.
const needleLeast = 4

// needleMost is how many variables are looked for, those that came last.
const needleMost = 64

// needles are those that a side may say in a turn.
func (v *varier) needles(t *Talk, turn *Turn) (all []needle) {
	from := turn.From
	at := cmp.Or(v.script.seen, t.Address)
	if host, port, err := net.SplitHostPort(at); err == nil && !strings.HasPrefix(host, "udp:") {
		if n, _ := strconv.Atoi(port); n >= 1024 { // others are left out where they are said
			all = append(all, needle{texts: v.same(at), name: t.Server})
			all = append(all, needle{texts: v.same("localhost:" + port), name: t.Server + ".port", front: len("localhost:")})
		}
	}
	if from == capture.Server {
		all = append(all, v.places(t, turn)...)
	}
	for _, known := range slices.Backward(v.known) {
		short := slices.ContainsFunc(known.values, func(s string) bool { return len(s) < needleLeast })
		if len(all) < needleMost && !short && v.knows(t, from, known) {
			all = append(all, needle{texts: known.values, known: known})
		}
	}
	return all
}

// places are the ports of other servers, which a server may tell its client to
// connect to, as those of FTP do (RFC 2428): that client, or another one, has waited
// for it.
func (v *varier) places(t *Talk, turn *Turn) (all []needle) {
	for i, other := range v.script.Talks {
		if other.Server == t.Server || other.Told != "" || other.Datagrams || other.startsTLS() || !v.waits(other, t, turn) {
			continue
		}
		n := needle{name: other.Server + ".port", place: other}
		for _, talks := range v.pairs {
			_, port, err := net.SplitHostPort(talks[i].Address)
			if number, _ := strconv.Atoi(port); err != nil || number < 1024 {
				break
			}
			n.texts = append(n.texts, port)
		}
		if len(n.texts) == len(v.runs) {
			all = append(all, n)
		}
	}
	return all
}

// waits reports whether a client connects when that of another talk has taken a
// turn.
func (v *varier) waits(t, first *Talk, turn *Turn) bool {
	return v.later(t, first) || slices.ContainsFunc(first.Turns[slices.Index(first.Turns, turn):], func(later *Turn) bool {
		return later.From == capture.Server && later.Signal != "" && slices.Contains(t.Await, later.Signal)
	})
}

// tell is a part that says where another server is. Its receiver takes whatever port
// it is, and connects there. Elsewhere than on this machine nobody is, unless it is
// the real server, so only the declared one is known then.
func (v *varier) tell(t *Talk, u *Unit, n needle, part int) Part {
	host, _, _ := net.SplitHostPort(n.place.Address)
	if host != "127.0.0.1" {
		return Part{Data: []byte(n.texts[0]), Vary: Reference, Name: n.name, By: nobody}
	}
	known := &variable{talk: t, by: capture.Server, values: n.texts, hint: "port", unit: u, part: part}
	v.known = append(v.known, known)
	v.tells = append(v.tells, told{known, n.place})
	return Part{Data: []byte(n.texts[0]), Vary: Hole, Int: true, Own: n.name}
}

// told is a variable that says where another server is.
type told struct {
	known *variable
	place *Talk
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
