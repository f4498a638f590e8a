// Package align lays what came over the text that was expected, so that as much
// of the text as fits can stay: its variables, its holes, its bytes that may be
// any.
//
//	tokens := append(align.Text([]byte("id=")), align.Token{Kind: align.Hole})
//	align.Align(tokens, []byte("ID=7")) // what each token stands for now
//
// The answer depends on the two alone, and is the same every time.
package align

import "bytes"

// Kind says what a token stands for.
type Kind uint8

// The kinds of tokens.
const (
	Byte   Kind = iota // this byte
	Any                // one byte, whatever it is
	Value              // these bytes, as they are
	Hole               // any run of bytes within a line
	Digits             // one digit or more
)

// Token is a piece of what was expected.
type Token struct {
	Kind  Kind
	Byte  byte
	Value []byte
}

// Text is a token for each byte of a text.
func Text(text []byte) []Token {
	tokens := make([]Token, len(text))
	for i, c := range text {
		tokens[i].Byte = c
	}
	return tokens
}

// Range is the bytes of what came that a token stands for. A token that has no
// place there any more is Gone. That of a Byte may be another byte, which has
// come in its place.
type Range struct{ From, To int }

// Gone is the range of a token that does not fit any more.
var Gone = Range{-1, -1}

// maxCells bounds the work: beyond it only what is the same at both ends is
// found.
const maxCells = 1 << 24

// Align returns what each token stands for in what came. The ranges are in
// order and do not overlap; what none of them has is new.
//
// It is the way on which the least is left out, changed and put in, in that
// order. After that a hole stays only if it is clear that it is the same one: a
// word beside it still stands there, and what is on its other side is at least
// not foreign. It is alike with bytes that may be any.
func Align(tokens []Token, came []byte) []Range {
	ranges := make([]Range, len(tokens))
	for i := range ranges {
		ranges[i] = Gone
	}
	front := 0
	from, to := 0, len(came)
	for front < len(tokens) && tokens[front].certain(came[from:], false) {
		n := tokens[front].size()
		ranges[front] = Range{from, from + n}
		from += n
		front++
	}
	back := len(tokens)
	for back > front && tokens[back-1].certain(came[from:to], true) {
		n := tokens[back-1].size()
		ranges[back-1] = Range{to - n, to}
		to -= n
		back--
	}
	if (back-front+1)*(to-from+1) <= maxCells {
		middle(tokens[front:back], came[from:to], from, ranges[front:back])
	}
	dropHoles(tokens, came, ranges)
	return ranges
}

// size is how many bytes a token of a known size has.
func (t *Token) size() int {
	if t.Kind == Value {
		return len(t.Value)
	}
	return 1
}

// certain reports whether a token is what came begins with, or ends with.
func (t *Token) certain(came []byte, end bool) bool {
	want := t.Value
	switch t.Kind {
	case Byte:
		want = []byte{t.Byte}
	case Value:
	default:
		return false
	}
	if end {
		return bytes.HasSuffix(came, want)
	}
	return bytes.HasPrefix(came, want)
}

// What the moves cost. A hole does not take for nothing what a text could hold,
// else it would take all that is new.
const (
	insertCost = 2
	removeCost = 8
	changeCost = 6
	holeCost   = 1
)

// move is a step on the way through tokens and what came.
type move uint8

const (
	insert move = iota // a byte is new
	remove             // a token is gone
	take               // a token stands for the next bytes
	extend             // a run has one more byte, and goes on
)

// middle finds the cheapest way, from its end on: cost[j] is what is left to pay
// from token i and byte j on.
func middle(tokens []Token, came []byte, offset int, ranges []Range) {
	n, m := len(tokens), len(came)
	moves := make([]move, (n+1)*(m+1))
	cost := make([][]int32, 2)
	cost[0], cost[1] = make([]int32, m+1), make([]int32, m+1)
	below := cost[0]
	for j := m; j >= 0; j-- {
		below[j] = int32(m-j) * insertCost
	}
	for i := n - 1; i >= 0; i-- {
		row := cost[(n-i)%2]
		t := &tokens[i]
		for j := m; j >= 0; j-- {
			best, way := below[j]+t.worth(), remove
			try := func(c int32, w move) {
				if c < best || c == best && w > way {
					best, way = c, w
				}
			}
			if j < m {
				try(row[j+1]+insertCost, insert)
			}
			switch {
			case t.Kind == Value && bytes.HasPrefix(came[j:], t.Value):
				try(below[j+len(t.Value)], take)
			case t.Kind == Hole:
				try(below[j], take)
			}
			if j < m {
				switch c := came[j]; t.Kind {
				case Byte:
					if c == t.Byte {
						try(below[j+1], take)
					} else {
						try(below[j+1]+changeCost, take)
					}
				case Any:
					try(below[j+1], take)
				case Hole:
					if c != '\r' && c != '\n' && row[j+1]+holeCost < best {
						best, way = row[j+1]+holeCost, extend
					}
				case Digits:
					if isDigit(c) {
						try(below[j+1], take)
						if j+1 < m && isDigit(came[j+1]) && row[j+1] < best {
							best, way = row[j+1], extend
						}
					}
				}
			}
			row[j] = best
			moves[i*(m+1)+j] = way
		}
		below = row
	}
	i, j := 0, 0
	begin := -1 // of a run
	for i < n {
		switch moves[i*(m+1)+j] {
		case insert:
			begin = -1
			j++
		case remove:
			begin = -1
			i++
		case extend:
			if begin < 0 {
				begin = j
			}
			j++
		case take:
			if begin < 0 {
				begin = j
			}
			switch t := &tokens[i]; t.Kind {
			case Value:
				j += len(t.Value)
			case Hole:
			default:
				j++
			}
			ranges[i] = Range{offset + begin, offset + j}
			begin = -1
			i++
		}
	}
}

// worth is what it costs to do without a token.
func (t *Token) worth() int32 {
	if t.Kind == Value {
		return int32(len(t.Value)+1) * removeCost
	}
	return removeCost
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// dropHoles lets go of holes, and of bytes that may be any, that are no longer
// where they were.
func dropHoles(tokens []Token, came []byte, ranges []Range) {
	a := around{tokens, came, ranges}
	var gone []int
	for i := 0; i < len(tokens); i++ {
		switch k := tokens[i].Kind; {
		case k == Any:
			first := i
			for i+1 < len(tokens) && tokens[i+1].Kind == Any {
				i++
			}
			if !a.inPlace(first, i) {
				for j := first; j <= i; j++ {
					gone = append(gone, j)
				}
			}
		case (k == Hole || k == Digits) && ranges[i] != Gone && !a.sameHole(i):
			gone = append(gone, i)
		}
	}
	for _, i := range gone {
		ranges[i] = Gone
	}
}

// around looks at what is beside a token.
type around struct {
	tokens []Token
	came   []byte
	ranges []Range
}

// inPlace reports whether bytes that may be any are still in one place: what is
// on one side of them is the same, and what is on the other side stands there.
func (a *around) inPlace(first, last int) bool {
	for i := first; i <= last; i++ {
		if r := a.ranges[i]; r == Gone || i > first && a.ranges[i-1].To != r.From {
			return false
		}
	}
	from, to := a.ranges[first].From, a.ranges[last].To
	side := func(i int, stands bool, edge bool) sameness {
		switch {
		case i < 0 || i == len(a.tokens):
			if edge {
				return near
			}
		case !stands:
		case a.tokens[i].Kind == Byte && a.came[a.ranges[i].From] != a.tokens[i].Byte:
			return near
		default:
			return same
		}
		return foreign
	}
	left := side(first-1, first > 0 && a.ranges[first-1] != Gone && a.ranges[first-1].To == from, from == 0)
	right := side(last+1, last+1 < len(a.tokens) && a.ranges[last+1].From == to, to == len(a.came))
	return min(left, right) != foreign && max(left, right) == same
}

// sameHole reports whether a hole is still the one that it was.
func (a *around) sameHole(i int) bool {
	left, right := a.side(i, -1), a.side(i, 1)
	if r := a.ranges[i]; a.tokens[i].Kind == Digits { // what ends them is no matter of taste
		if r.From == 0 || !isDigit(a.came[r.From-1]) {
			left = max(left, near)
		}
		if r.To == len(a.came) || !isDigit(a.came[r.To]) {
			right = max(right, near)
		}
	}
	return min(left, right) != foreign && max(left, right) == same
}

// sameness says how sure it is that what is beside a hole is what was there.
type sameness uint8

const (
	foreign sameness = iota
	near             // the byte beside it, or the end of the text
	same             // the word beside it
)

// side judges one side of a hole: the text up to the end of the word that is
// next to it, or to where another token begins.
func (a *around) side(i, step int) sameness {
	at, edge := a.ranges[i].To, len(a.came)
	if step < 0 {
		at, edge = a.ranges[i].From, 0
	}
	i += step
	if i < 0 || i == len(a.tokens) {
		if at == edge {
			return near
		}
		return foreign
	}
	found := foreign
	word := false
	for ; i >= 0 && i < len(a.tokens); i += step {
		t, r := &a.tokens[i], a.ranges[i]
		if t.Kind == Value && len(t.Value) == 0 {
			continue
		}
		if t.Kind != Byte && t.Kind != Value {
			if found == foreign { // another hole
				return near
			}
			break
		}
		if t.Kind == Byte && word && !isWord(t.Byte) {
			break
		}
		beside := r.From == at
		if step < 0 {
			beside = r.To == at
		}
		if r == Gone || !beside || t.Kind == Byte && a.came[r.From] != t.Byte {
			return found
		}
		if at = r.To; step < 0 {
			at = r.From
		}
		found = near
		if t.Kind == Value {
			return same
		}
		word = word || isWord(t.Byte)
	}
	return same
}

func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= 0x80
}
