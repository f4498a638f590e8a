package record

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// region is a piece of a text that is not the same on every run.
type region struct {
	from, to int      // in the first run's text
	texts    []string // on each run
	time     bool     // it is when it was said
}

// regionsOf compares the texts of one unit, one of each run, said about then.
func regionsOf(texts []string, then time.Time) []region {
	if !isText([]byte(texts[0])) || strings.ContainsRune(texts[0], 0) {
		return binaryRegions(texts)
	}
	tokens := make([][]token, len(texts))
	for k, text := range texts {
		tokens[k] = tokensOf(text, then)
	}
	first := tokens[0]
	// to says for each token of the first run, and one behind the last, which
	// token of another run is the same one; -1: none.
	to := make([][]int, len(texts))
	for k := 1; k < len(texts); k++ {
		to[k] = match(first, tokens[k])
	}
	stable := func(i int) bool {
		if i < len(first) && first[i].now {
			return false
		}
		for k := 1; k < len(texts); k++ {
			if to[k][i] < 0 {
				return false
			}
		}
		return true
	}
	var all []region
	next := make([]int, len(texts)) // the token of each run from which on nothing is told
	for i := 0; i <= len(first); {
		j := i
		for j < len(first) && !stable(j) {
			j++
			// Words that differ are one, with a sign between them.
			if j > i && j+1 < len(first) && stable(j) && first[j].joins() && !stable(j+1) && !first[j+1].now && !first[j-1].now {
				j++
			}
		}
		r := region{from: start(texts[0], first, i), to: start(texts[0], first, j), time: j > i && first[i].now}
		some := j > i
		for k := range texts {
			end := j
			if k > 0 {
				end = to[k][j]
			}
			r.texts = append(r.texts, texts[k][start(texts[k], tokens[k], next[k]):start(texts[k], tokens[k], end)])
			some = some || r.texts[k] != ""
			next[k] = end + 1
		}
		if some {
			all = append(all, r)
		}
		i = j + 1
	}
	return all
}

// start is where a token begins; that behind the last one at the end.
func start(text string, tokens []token, i int) int {
	if i >= len(tokens) {
		return len(text)
	}
	return tokens[i].at
}

// token is a word, a number, a time, or one other character.
type token struct {
	text string
	at   int
	now  bool // it is the time at which it was said
}

// joins reports whether words on both sides of it may be one.
func (t token) joins() bool { return len(t.text) == 1 && strings.Contains("-_.:+/=~", t.text) }

var (
	wordStart = regexp.MustCompile(`^(?:\d+(?:\.\d+)+|[\p{L}\p{N}]+)`)
	timeStart = regexp.MustCompile(`^(?:` +
		`[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2}(?: (?:[+-]\d{4}|[A-Z]{3,4})\b)?` + // RFC 9110 and RFC 5322
		`|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} (?:[A-Z]{3,4} )?\d{4}` + // asctime(3), date(1)
		`|\d{1,2}[/ -][A-Z][a-z]{2}[/ -]\d{4}[: ]\d{2}:\d{2}:\d{2}(?: [+-]\d{4})?` + // logs
		`|\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?` + // RFC 3339
		`|\d{4}-\d{2}-\d{2}\b|\d{2}:\d{2}:\d{2}(?:\.\d+)?\b|\d{10}(?:\.\d+|\d{3})?\b)`) // seconds or milliseconds since 1970
	layouts = []string{
		"Mon, _2 Jan 2006 15:04:05 MST", "Mon, _2 Jan 2006 15:04:05 -0700", "Mon, _2 Jan 2006 15:04:05",
		"Mon Jan _2 15:04:05 2006", "Mon Jan _2 15:04:05 MST 2006",
		"_2/Jan/2006:15:04:05 -0700", "_2-Jan-2006 15:04:05", "_2-Jan-2006 15:04:05 -0700", "_2 Jan 2006 15:04:05", "_2 Jan 2006 15:04:05 -0700",
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05",
		"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05-0700", "2006-01-02 15:04:05",
	}
)

// tokensOf cuts a text into tokens.
func tokensOf(text string, then time.Time) (tokens []token) {
	boundary := true // no word goes on here
	for at := 0; at < len(text); {
		rest := text[at:]
		found := ""
		isNow := false
		if boundary {
			found = timeStart.FindString(rest)
			isNow = found != "" && isAbout(found, then)
		}
		isWord := found != ""
		if found == "" {
			found = wordStart.FindString(rest)
			isWord = found != ""
		}
		if found == "" {
			_, n := utf8.DecodeRuneInString(rest)
			found = rest[:n]
		}
		tokens = append(tokens, token{text: found, at: at, now: isNow})
		boundary = !isWord
		at += len(found)
	}
	return tokens
}

// isAbout reports whether a text is a time, and about this one.
func isAbout(text string, then time.Time) bool {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if len(text) == 13 && !strings.Contains(text, ".") {
			seconds /= 1000
		}
		return time.Unix(int64(seconds), 0).Sub(then).Abs() < clockSkew
	}
	for _, zone := range []*time.Location{time.UTC, time.Local} {
		if text == then.In(zone).Format(time.DateOnly) {
			return true
		}
		if t, err := time.Parse(time.TimeOnly, text); err == nil {
			here := then.In(zone)
			day := time.Date(t.Year(), t.Month(), t.Day(), here.Hour(), here.Minute(), here.Second(), 0, time.UTC)
			if t.Sub(day).Abs() < clockSkew {
				return true
			}
			continue
		}
		for _, layout := range layouts {
			if t, err := time.ParseInLocation(layout, text, zone); err == nil && t.Sub(then).Abs() < clockSkew {
				return true
			}
		}
	}
	return false
}

// clockSkew is how far a time may be from the moment at which it is said to be
// that moment: clocks differ.
const clockSkew = 5 * time.Minute

// matchMost bounds the work of a comparison: what is longer varies as a whole.
const matchMost = 1 << 20

// match says for each token of a, and for what is behind the last, which token of
// b it is: -1, if none. Most of them are, in order.
func match(a, b []token) []int {
	to := make([]int, len(a)+1)
	for i := range to {
		to[i] = -1
	}
	to[len(a)] = len(b)
	from := 0
	for from < len(a) && from < len(b) && a[from].text == b[from].text {
		to[from] = from
		from++
	}
	endA, endB := len(a), len(b)
	for endA > from && endB > from && a[endA-1].text == b[endB-1].text {
		endA--
		endB--
		to[endA] = endB
	}
	n, m := endA-from, endB-from
	if n*m > matchMost {
		return to
	}
	// The longest common subsequence of what is left, see Cormen et al.,
	// Introduction to Algorithms. Words count more than what stands between them.
	longest := make([][]int, n+1)
	for i := range longest {
		longest[i] = make([]int, m+1)
	}
	weight := func(t token) int {
		if len(t.text) > 1 || wordStart.MatchString(t.text) {
			return 4
		}
		return 1
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			if t := a[from+i]; t.text == b[from+j].text {
				longest[i][j] = max(longest[i][j], longest[i+1][j+1]+weight(t))
			}
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		t := a[from+i]
		switch {
		case t.text == b[from+j].text && longest[i][j] == longest[i+1][j+1]+weight(t):
			to[from+i] = from + j
			i++
			j++
		case longest[i+1][j] >= longest[i][j+1]:
			i++
		default:
			j++
		}
	}
	return to
}

// near is how many bytes that are the same by chance may stand between those that
// are not, in what is no text.
const near = 2

// binaryRegions compares bytes at the same places or, where there are not as many
// on each run, all between those that are the same at the beginning and at the
// end.
func binaryRegions(texts []string) (all []region) {
	first := texts[0]
	same := func(i int) bool {
		for _, text := range texts[1:] {
			if text[i] != first[i] {
				return false
			}
		}
		return true
	}
	shortest := len(first)
	equal := true
	for _, text := range texts {
		shortest = min(shortest, len(text))
		equal = equal && len(text) == len(first)
	}
	if !equal {
		from, end := 0, 0
		for from < shortest && same(from) {
			from++
		}
		sameEnd := func(n int) bool {
			for _, text := range texts {
				if text[len(text)-n] != first[len(first)-n] {
					return false
				}
			}
			return true
		}
		for end < shortest-from && sameEnd(end+1) {
			end++
		}
		r := region{from: from, to: len(first) - end}
		for _, text := range texts {
			r.texts = append(r.texts, text[from:len(text)-end])
		}
		return []region{r}
	}
	for i := 0; i < len(first); i++ {
		if same(i) {
			continue
		}
		if last := len(all) - 1; last >= 0 && i-all[last].to <= near {
			all[last].to = i + 1
		} else {
			all = append(all, region{from: i, to: i + 1})
		}
	}
	for n := range all {
		r, before := &all[n], 0
		if n > 0 {
			before = all[n-1].to
		}
		// The high bytes of a number that counts were the same by chance.
		if size := r.to - r.from; size == 3 || size > 4 && size < 8 {
			if from := r.to - (size+3)&^3; from >= before && textRun([]byte(first[from:])) == 0 {
				r.from = from
			}
		}
	}
	for n := range all {
		for _, text := range texts {
			all[n].texts = append(all[n].texts, text[all[n].from:all[n].to])
		}
	}
	return all
}
