package scenario

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// hint is what follows an unknown name: `; did you mean "steps"?` where one is
// near, else the list of those there are.
func (p *parser) hint(name string, known []string) string {
	if how := spelling(name); how != "" {
		return "; " + how
	}
	if near := p.nearest(name, known); near != "" {
		return "; did you mean " + quote(near) + "?"
	}
	return "; there are: " + listing(known)
}

// unknown complains about a reference to something that is not declared, with
// all that is.
func (p *parser) unknown(pos Pos, what, name string, known []string) {
	near := p.nearest(name, known)
	switch {
	case len(known) == 0:
		p.errorf(pos, "no %s %s; the file has none", what, quote(name))
	case near != "" && len(known) == 1:
		p.errorf(pos, "no %s %s; did you mean %s?", what, quote(name), quote(near))
	case near != "":
		p.errorf(pos, "no %s %s; there are: %s; did you mean %s?", what, quote(name), listing(known), quote(near))
	default:
		p.errorf(pos, "no %s %s; there are: %s", what, quote(name), listing(known))
	}
}

// listing is names as a sentence holds them, the first of very many.
func listing(names []string) string {
	const most = 30
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", and " + strconv.Itoa(len(names)-most) + " more"
	}
	return strings.Join(names, ", ")
}

// maxNames is how many names are compared with one that is unknown.
const maxNames = 1000

// nearest returns the known name that somebody may have meant, or "".
func (p *parser) nearest(name string, known []string) string {
	if len(name) > 40 || p.suggestions == 0 {
		return ""
	}
	p.suggestions--
	// A third of the letters may be wrong, one in short words.
	limit := max(1, utf8.RuneCountInString(name)/3)
	best := ""
	lower := strings.ToLower(name)
	for _, k := range known[:min(len(known), maxNames)] {
		d := distance(lower, strings.ToLower(k))
		if d <= limit && d < utf8.RuneCountInString(k) {
			best, limit = k, d-1
		}
	}
	return best
}

// distance is how many letters differ. Letters in a wrong order, the most
// frequent slip, count as one.
func distance(a, b string) int {
	d := levenshtein.ComputeDistance(a, b)
	if d == 2 && len(a) == len(b) && sorted(a) == sorted(b) {
		return 1
	}
	return d
}

func sorted(s string) string {
	b := []byte(s)
	slices.Sort(b)
	return string(b)
}

// quote is a text in quotes for a message, of bearable length and harmless to
// a terminal.
func quote(s string) string { return strconv.Quote(shorten(s)) }

// shorten cuts a text that is too long for a message.
func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// contains reports whether a name is among those known.
func contains(known []string, name string) bool { return slices.Contains(known, name) }
