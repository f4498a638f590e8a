package match

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"math"

	"banter/runner/content"
	"banter/runner/pattern"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// Bytes is a payload to compare with.
type Bytes = content.Bytes

// Expectation is an expect of bytes whose variables have been filled in: a
// frame, and all that must be true of it.
type Expectation struct {
	Frame    scenario.FrameKind
	EOL      scenario.EOL     // of a line, and of lines
	Delim    []byte           // of until, not empty
	N        int64            // of bytes and some
	Max      int64            // of line, lines, until, length and rest, in bytes
	Through  *pattern.Pattern // of lines: of the last
	Form     scenario.Form    // of a length, as what follows
	At, Plus int64
	Optional bool         // if the next frame is another, nothing is taken
	Header   *Expectation // of the bytes before the length; with others optional, as all that follows
	Equals   *Bytes       // of an exact frame; with others optional, as all that follows
	Prefix   *Bytes
	Suffix   *Bytes   // held in memory
	Contains []*Bytes // each of them, held in memory
	Regex    *pattern.Pattern
	Size     int64  // negative: any
	SHA256   []byte // nil: any
	Like     *Like
	JSON     *JSON
	Not      *Expectation // does not hold
	Captures []scenario.Capture

	captured []Captured
}

// Kind is why a frame is not what was expected.
type Kind uint8

// The kinds of mismatches.
const (
	Differs Kind = iota + 1 // a byte is wrong
	Short                   // the stream ended, or nothing came in time
	TooLong                 // the frame is longer than it may be
	Ending                  // a line ends in another way
	Unmet                   // the frame is whole, and a condition does not hold
)

// Mismatch is the error of a frame that is not what was expected.
type Mismatch struct {
	Kind    Kind
	Message string
	Offset  int64  // of the first wrong byte, or how many had come
	Wanted  int64  // how many bytes were wanted, where Want is known
	Start   int64  // the offset of Want and Got: not 0 where many bytes were wanted
	Want    []byte // the bytes that were wanted, where they are known
	Any     []bool // offsets of Want where any byte will do
	Got     []byte // what had come of the frame, the first Head bytes at least
	Had     string // of a Short one: what had come, where it is more than bytes
	End     error  // of a Short one: io.EOF, a reset, or os.ErrDeadlineExceeded
	Notes   []string
}

// Error is the mismatch in one line.
func (m *Mismatch) Error() string { return m.Message }

// judge hears a frame piece by piece and keeps no more of it than its
// conditions need.
type judge struct {
	e    *Expectation
	size int64
	hash hash.Hash
	kept []byte // the first bytes, keep of them at most
	keep int64
}

// Head is how many bytes of a frame are kept for a mismatch to show, where its
// conditions don't need the whole of it.
const Head = 4 << 10

func newJudge(e *Expectation) judge {
	j := judge{e: e}
	switch {
	case e.Regex != nil, e.Contains != nil, e.Suffix != nil, e.Like != nil, e.JSON != nil, e.Not != nil, e.Captures != nil,
		wild(e.Equals), wild(e.Prefix):
		j.keep = math.MaxInt64
	case e.Equals == nil && e.Frame != scenario.FrameLine && e.Frame != scenario.FrameUntil:
		j.keep = Head
	}
	if e.SHA256 != nil {
		j.hash = sha256.New()
	}
	return j
}

// write hears the next piece. It fails at the first byte that can't be right.
func (j *judge) write(p []byte) *Mismatch {
	at := j.size
	j.size += int64(len(p))
	if j.hash != nil {
		j.hash.Write(p)
	}
	if room := j.keep - int64(len(j.kept)); room > 0 {
		j.kept = append(j.kept, p[:min(int64(len(p)), room)]...)
	}
	if want := j.e.Equals; want != nil && j.keep == 0 { // what is as wanted need not be kept
		if more := j.size - want.Len(); more > 0 && len(j.kept) < Head {
			j.kept = append(j.kept, p[max(int64(len(p))-more, 0):]...)
		}
	}
	for _, want := range []*Bytes{j.e.Equals, j.e.Prefix} {
		if want == nil {
			continue
		}
		if k := want.Differs(at, p); k >= 0 {
			m := differsAt(k, want)
			if j.keep >= j.size {
				m.Got = j.kept[m.Start:]
				return m
			}
			before, _ := want.Copy(min(m.Start, at), at)
			m.Got = append(before, p[max(0, m.Start-at):]...)
			return m
		}
	}
	return nil
}

func differsAt(k int64, want *Bytes) *Mismatch {
	m := &Mismatch{
		Kind: Differs, Offset: k, Wanted: want.Len(),
		Message: fmt.Sprintf("the bytes differ at offset %d", k),
	}
	m.Start, m.Want, m.Any = want.Around(k)
	return m
}

// end judges the frame as a whole. body is the frame, if it was kept.
func (j *judge) end() *Mismatch {
	e := j.e
	unmet := func(format string, args ...any) *Mismatch {
		return &Mismatch{Kind: Unmet, Message: fmt.Sprintf(format, args...), Got: j.kept, Offset: j.size}
	}
	if e.Equals != nil && j.size != e.Equals.Len() {
		m := differsAt(min(j.size, e.Equals.Len()), e.Equals)
		m.Message = fmt.Sprintf("%s came, %d were expected", count(j.size), e.Equals.Len())
		m.Got = j.kept[min(m.Start, int64(len(j.kept))):]
		if j.keep == 0 {
			before, _ := e.Equals.Copy(m.Start, m.Offset)
			m.Got = append(before, j.kept...)
		}
		return m
	}
	for _, want := range e.Contains {
		if !within(want, j.kept) {
			return unmet("the frame does not contain %s", short(want))
		}
	}
	if e.JSON != nil {
		if why := notJSON(*e.JSON, j.kept); why != "" {
			return unmet("%s", why)
		}
	}
	switch {
	case e.Prefix != nil && j.size < e.Prefix.Len():
		return unmet("the frame has only %s of the prefix %s", count(j.size), short(e.Prefix))
	case e.Suffix != nil && (j.size < int64(len(e.Suffix.Data)) || !begins(e.Suffix, j.kept[j.size-int64(len(e.Suffix.Data)):])):
		return unmet("the frame does not end with %s", short(e.Suffix))
	case e.Regex != nil && !e.Regex.Match(j.kept):
		return unmet("the frame does not match %s", e.Regex)
	case e.Like != nil && !e.Like.Match(j.kept):
		m := unmet("the frame is not like %s", e.Like.Text)
		m.Notes = e.Like.parting(j.kept)
		return m
	case e.Not != nil && e.Not.holds(j.kept):
		return unmet(`the frame is what "not" rules out`)
	case e.Size >= 0 && j.size != e.Size:
		return unmet("the frame has %s, not %d", count(j.size), e.Size)
	case e.SHA256 != nil:
		if sum := j.hash.Sum(nil); !bytes.Equal(sum, e.SHA256) {
			m := unmet("the frame of %s has another SHA-256", count(j.size))
			m.Notes = []string{fmt.Sprintf("expected  %x", e.SHA256), fmt.Sprintf("has       %x", sum)}
			return m
		}
	}
	return e.capture(j.kept)
}

// wild reports whether there are offsets where any byte will do.
func wild(b *Bytes) bool { return b != nil && b.Wild() }

// holds reports whether all conditions hold for bytes.
func (e *Expectation) holds(p []byte) bool {
	j := newJudge(e)
	return j.write(p) == nil && j.end() == nil
}

// Holds reports whether all conditions hold for bytes, and what they capture
// then.
func (e *Expectation) Holds(p []byte) (captured []Captured, ok bool) {
	ok = e.holds(p)
	return e.captured, ok
}

// begins reports whether p begins with b, which is held.
func begins(b *Bytes, p []byte) bool { return len(p) >= len(b.Data) && b.Differs(0, p) < 0 }

// within reports whether p holds b, which is held.
func within(b *Bytes, p []byte) bool {
	if b.Any == nil {
		return bytes.Contains(p, b.Data)
	}
	for i := 0; i+len(b.Data) <= len(p); i++ {
		if begins(b, p[i:]) {
			return true
		}
	}
	return false
}

func short(b *Bytes) string {
	first, _ := b.At(0)
	return transcript.Quote(first, b.Len(), 40)
}

func count(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
