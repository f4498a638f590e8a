package match

import (
	"bytes"
	"fmt"

	"banter/runner/pattern"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// Like is a text with holes, the pattern that it stands for, and its parts.
type Like struct {
	*pattern.Pattern
	Text  string // as a message shows it
	Parts []scenario.LikePart
}

// likeMax is up to how many bytes it is said where a frame parts from a like.
const likeMax = 64 << 10

// parting says where a frame, which does not match, is not as the like has it: behind
// as many parts as it can be alike for.
func (l *Like) parting(frame []byte) []string {
	if len(frame) > likeMax {
		return nil
	}
	at := []int{0} // where the parts so far can end, in order
	for _, part := range l.Parts {
		next := ends(part, frame, at)
		if next != nil {
			at = next
			continue
		}
		if part.Text == nil {
			return parted("a digit", frame, at[0])
		}
		// Behind a hole it is the place where most of the text stands.
		offset, most := at[0], 0
		for _, from := range at {
			if n := common(frame[from:], part.Text); n > most {
				offset, most = from+n, n
			}
		}
		if most == 0 && len(at) > 1 {
			return []string{fmt.Sprintf("behind offset %d there is no %s", offset, quote(part.Text))}
		}
		return parted(quote(part.Text[most:]), frame, offset)
	}
	return parted("nothing more", frame, at[len(at)-1])
}

// ends is where a part can end that begins at any of these places; nil where it is at
// none of them.
func ends(part scenario.LikePart, frame []byte, at []int) (next []int) {
	if part.Text != nil {
		for _, from := range at {
			if bytes.HasPrefix(frame[from:], part.Text) {
				next = append(next, from+len(part.Text))
			}
		}
		return next
	}
	taken := func(c byte) bool { return c != '\r' && c != '\n' }
	if part.Hole.Digits {
		taken = func(c byte) bool { return '0' <= c && c <= '9' }
	}
	reached := -1 // the last of next
	for _, from := range at {
		end := from
		if !part.Hole.Digits && from > reached {
			next, reached = append(next, from), from
		}
		for ; end < len(frame) && taken(frame[end]) && end+1 > reached; end++ {
			next, reached = append(next, end+1), end+1
		}
	}
	return next
}

func parted(wanted string, frame []byte, offset int) []string {
	came := "the frame ends"
	if offset < len(frame) {
		came = quote(frame[offset:]) + " came"
	}
	return []string{fmt.Sprintf("at offset %d %s, where %s was expected", offset, came, wanted)}
}

func quote(text []byte) string {
	return transcript.Quote(text[:min(len(text), 80)], int64(len(text)), 40)
}

// common is how many bytes are the same at the beginning.
func common(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
