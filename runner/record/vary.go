package record

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"banter/runner/capture"
)

// Vary compares the script with those of the same conversations on other runs.
// What is not the same on all of them becomes a hole, and what repeats it later
// a reference, so that the scenario passes on the next run as well. A time that
// was now when it was said becomes one even if there are no other runs.
//
// Where runs differ in more than words, the script stays as it is; where that is
// so, the lines say.
func (s *Script) Vary(others ...*Script) (differ []string) {
	v := varier{script: s, runs: append([]*Script{s}, others...)}
	for k, other := range v.runs[1:] {
		if len(other.Talks) != len(s.Talks) {
			return []string{fmt.Sprintf("run 1 has %s and run %d has %d; nothing was compared", count(len(s.Talks), "connection", "connections"), k+2, len(other.Talks))}
		}
	}
	v.pairs = make([][]*Talk, len(v.runs))
	for k, run := range v.runs {
		v.pairs[k] = paired(s.Talks, run.Talks)
	}
	for i, t := range s.Talks {
		talks := make([]*Talk, len(v.runs))
		for k := range v.runs {
			talks[k] = v.pairs[k][i]
		}
		v.talk(t, talks)
	}
	return v.differ
}

// paired is the talks of another run in the order of the first one's: those whose
// clients say the same, then those that begin the same way, then the others as
// they came. Clients that play at the same time may connect in any order.
func paired(first, other []*Talk) []*Talk {
	out := make([]*Talk, len(first))
	taken := map[*Talk]bool{}
	for _, units := range []int{-1, 1, 0} {
		for i, t := range first {
			if out[i] != nil {
				continue
			}
			for _, o := range other {
				if !taken[o] && clientSays(o, units) == clientSays(t, units) {
					out[i], taken[o] = o, true
					break
				}
			}
		}
	}
	return out
}

// clientSays is so many units of what the client says, all if that is negative.
func clientSays(t *Talk, units int) string {
	var b strings.Builder
	for i, u := range unitsOf(t, capture.Client) {
		if i == units {
			break
		}
		fmt.Fprintf(&b, "%q", u.content())
	}
	return b.String()
}

// varier makes one script of several.
type varier struct {
	script *Script
	runs   []*Script
	pairs  [][]*Talk // of each run, in the order of the script's
	known  []*variable
	tells  []told // that the unit has, and nobody connects to yet
	differ []string
}

// variable is a value that a side has made up.
type variable struct {
	talk   *Talk
	by     capture.Side
	values []string // on each run
	hint   string   // what it might be called
	unit   *Unit    // that its hole is in,
	part   int      // as which part
}

// talk compares one connection.
func (v *varier) talk(t *Talk, runs []*Talk) {
	var said [2][][]*Unit // by each side, on each run
	for side := range said {
		for _, run := range runs {
			said[side] = append(said[side], unitsOf(run, capture.Side(side)))
		}
	}
	whole := [2]bool{}
	for side := range said {
		whole[side] = v.comparable(t, capture.Side(side), said[side])
	}
	for _, turn := range t.Turns {
		for _, u := range turn.Units {
			units := []*Unit{u}
			if whole[turn.From] {
				for k := range runs {
					if k > 0 {
						units = append(units, said[turn.From][k][0])
					}
				}
			}
			for k := range said[turn.From] {
				if len(said[turn.From][k]) > 0 {
					said[turn.From][k] = said[turn.From][k][1:]
				}
			}
			v.unit(t, turn, units)
		}
		sized(v, t, turn)
	}
}

// unitsOf is all that a side has said.
func unitsOf(t *Talk, side capture.Side) (units []*Unit) {
	for _, turn := range t.Turns {
		if turn.From == side {
			units = append(units, turn.Units...)
		}
	}
	return units
}

// comparable reports whether a side has said the same on all runs, but for words.
func (v *varier) comparable(t *Talk, side capture.Side, runs [][]*Unit) bool {
	for k, units := range runs[1:] {
		if len(units) != len(runs[0]) {
			v.differ = append(v.differ, fmt.Sprintf("%s: the %s says %s on run 1 and %d on run %d; they are as on run 1",
				t.Client, sideOf(side), count(len(runs[0]), "line or message", "lines or messages"), len(units), k+2))
			return false
		}
		for i, u := range units {
			if !alike(u, runs[0][i]) {
				v.differ = append(v.differ, fmt.Sprintf("%s: message %d of the %s is of another kind on run %d; they are as on run 1",
					t.Client, i+1, sideOf(side), k+2))
				return false
			}
		}
	}
	return true
}

func sideOf(side capture.Side) string {
	if side == capture.Client {
		return "client"
	}
	return "server"
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// alike reports whether two units have the same frame.
func alike(a, b *Unit) bool {
	if a.Line != b.Line || (a.Length == nil) != (b.Length == nil) {
		return false
	}
	return a.Length == nil || a.Length.Form == b.Length.Form && a.Length.Plus == b.Length.Plus && string(a.Length.Before) == string(b.Length.Before)
}

// unit compares one unit as it was on each run, and takes it apart.
func (v *varier) unit(t *Talk, turn *Turn, runs []*Unit) {
	u := runs[0]
	texts := make([]string, len(runs))
	for k, run := range runs {
		texts[k] = string(run.content())
	}
	if len(runs) < len(v.runs) { // not comparable
		texts = texts[:1]
	}
	u.Size = len(texts[0])
	for _, text := range texts {
		u.sizes = append(u.sizes, strconv.Itoa(len(text)))
		if len(text) != len(texts[0]) {
			u.Size = 0
		}
	}
	needles := v.needles(t, turn)
	pieces, found := cut(texts, needles)
	var parts []Part
	for i := range pieces {
		parts = v.compare(parts, t, turn, u, pieces[i])
		if i < len(found) {
			n := needles[found[i]]
			if n.known == nil {
				u.Size = 0 // an address can be longer
			}
			if n.front > 0 {
				parts = append(parts, Part{Data: []byte(n.texts[0][:n.front])})
			}
			if n.place != nil {
				parts = append(parts, v.tell(t, u, n, len(parts)))
			} else {
				parts = append(parts, v.reference(t, n))
			}
		}
	}
	if len(found) > 0 || len(parts) > 1 || len(parts) == 1 && parts[0].Vary != Literal {
		u.Parts = parts
	}
	for _, told := range v.tells {
		told.place.Told = t.Client + "." + v.name(told.known)
	}
	v.tells = nil
}

// compare appends the parts of one text, as it was on each run.
func (v *varier) compare(parts []Part, t *Talk, turn *Turn, u *Unit, texts []string) []Part {
	last := 0
	for _, r := range regionsOf(texts, v.script.began.Add(turn.At)) {
		if r.from > last {
			parts = append(parts, Part{Data: []byte(texts[0][last:r.from])})
		}
		part := v.part(t, turn.From, r)
		if part.Vary == Hole && len(texts) > 1 && !r.time {
			v.known = append(v.known, &variable{
				talk: t, by: turn.From, values: r.texts, hint: hint(parts), unit: u, part: len(parts),
			})
		}
		parts = append(parts, part)
		last = r.to
	}
	if last < len(texts[0]) {
		parts = append(parts, Part{Data: []byte(texts[0][last:])})
	}
	return parts
}

// content is the unit's bytes without its frame.
func (u *Unit) content() (b []byte) {
	for _, part := range u.Parts {
		b = append(b, part.Data...)
	}
	return b
}

// part is a region that varies: a variable that is known, or a hole.
func (v *varier) part(t *Talk, from capture.Side, r region) Part {
	part := Part{Data: []byte(r.texts[0]), Vary: Hole, Int: !r.time, Size: len(r.texts[0])}
	if len(r.texts) > 1 && !r.time {
		for _, known := range slices.Backward(v.known) {
			// Somebody who repeats himself may have come to the same number by chance.
			if slices.Equal(known.values, r.texts) && v.knows(t, from, known) && (from != known.by || len(r.texts[0]) > 2) {
				return v.reference(t, needle{texts: r.texts, known: known})
			}
		}
	}
	for _, text := range r.texts {
		if len(text) != part.Size {
			part.Size = 0
		}
		part.Int = part.Int && text != "" && strings.Trim(text, "0123456789") == ""
	}
	return part
}

// knows reports whether a side of a talk can say a variable.
func (v *varier) knows(t *Talk, from capture.Side, known *variable) bool {
	// On another connection only a client knows what it was told on the first.
	return known.talk == t || known.by == capture.Server && from == capture.Client && v.later(t, known.talk)
}

// reference is a part that says what is known.
func (v *varier) reference(t *Talk, n needle) Part {
	part := Part{Data: []byte(n.texts[0][n.front:]), Vary: Reference, Name: n.name, By: nobody}
	if n.known != nil {
		part.Name, part.By = v.name(n.known), n.known.by
		if n.known.talk != t {
			part.Name = n.known.talk.Client + "." + part.Name
		}
	}
	return part
}

// later reports whether a talk begins when another one has ended.
func (v *varier) later(t, first *Talk) bool {
	for _, name := range t.After {
		if name == first.Client {
			return true
		}
		for _, other := range v.script.Talks {
			if other.Client == name && v.later(other, first) {
				return true
			}
		}
	}
	return false
}

// name is what a variable is called, which it is from now on.
func (v *varier) name(known *variable) string {
	part := &known.unit.Parts[known.part]
	if part.Name == "" {
		taken := map[string]bool{"tmp": true, "tls": true, "index": true}
		for _, t := range v.script.Talks {
			taken[t.Client], taken[t.Server] = true, true
		}
		for _, other := range v.known {
			taken[other.unit.Parts[other.part].Name] = true
		}
		part.Name = known.hint
		for n := 2; taken[part.Name]; n++ {
			part.Name = fmt.Sprintf("%s%d", known.hint, n)
		}
	}
	return part.Name
}

// hint is a name for what comes after these parts: the last word in them.
func hint(before []Part) string {
	word := ""
	for _, part := range before {
		if part.Vary != Literal {
			word = ""
			continue
		}
		for _, w := range strings.FieldsFunc(string(part.Data), func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && r != '_' }) {
			word = strings.ToLower(w)
		}
	}
	if word == "" || len(word) > 20 {
		return "value"
	}
	return word
}

// sized looks for the length of units that have no frame, where it varies: a
// number that the same side has said just before.
func sized(v *varier, t *Talk, turn *Turn) {
	for _, u := range turn.Units {
		hole := slices.ContainsFunc(u.Parts, func(part Part) bool { return part.Vary == Hole })
		if u.Line || u.Length != nil || u.Size > 0 || !hole {
			continue
		}
		for _, known := range slices.Backward(v.known) {
			if known.talk == t && known.by == turn.From && slices.Equal(known.values, u.sizes) {
				u.SizeBy = v.name(known)
				break
			}
		}
	}
}
