package match

import (
	"fmt"
	"math"
)

// counted takes a header, a length, and as many bytes as that says. Each of
// them is taken when it is certain that it belongs to the frame.
func (s *Stream) counted(e *Expectation) *Mismatch {
	before := []byte{} // the header and the length
	var header judge
	if e.Header != nil {
		header = newJudge(e.Header)
	}
	for {
		n, size := uint64(0), 0
		if at := int64(len(before)) - e.At; at > 0 {
			if n, size = e.Form.Number(before[e.At:]); size > 0 {
				return s.body(e, before, n)
			}
			if size < 0 {
				return &Mismatch{Kind: Unmet, Got: before, Offset: e.At, Message: "the length has more than 64 bits"}
			}
		}
		missing := e.At + int64(max(e.Form.Width(), 1)) - int64(len(before))
		p, err := s.read(max(missing, 1)) // of a varint one at a time
		if err != nil {
			return brokenOff(err, int64(len(before)), count(int64(len(before)))+" without a whole length", before)
		}
		if m := e.hear(&header, p, int64(len(before))); m != nil {
			return m
		}
		before = append(before, p...)
	}
}

// hear judges what p, which begins at an offset of the frame, has of the
// header.
func (e *Expectation) hear(header *judge, p []byte, at int64) *Mismatch {
	if e.Header == nil || at >= e.At {
		return nil
	}
	p = p[:min(int64(len(p)), e.At-at)]
	m := header.write(p)
	if m == nil && at+int64(len(p)) == e.At {
		m = header.end()
	}
	return m.in("header")
}

// in says which part of a frame a mismatch is in.
func (m *Mismatch) in(part string) *Mismatch {
	if m != nil {
		m.Message = "in the " + part + ": " + m.Message
	}
	return m
}

// body takes the bytes that a length has announced.
func (s *Stream) body(e *Expectation, before []byte, length uint64) *Mismatch {
	n := int64(min(length, math.MaxInt64/2)) + e.Plus
	unmet := func(kind Kind, format string, args ...any) *Mismatch {
		return &Mismatch{Kind: kind, Offset: e.At, Got: before, Message: fmt.Sprintf("the length is %d: ", length) + fmt.Sprintf(format, args...)}
	}
	had := int64(len(before))
	switch {
	case n < 0:
		return unmet(Unmet, "with %d there are no bytes that it could count", e.Plus)
	case n > e.Max-had:
		return unmet(TooLong, "the frame is longer than max, which is %s", count(e.Max))
	case e.Equals != nil && e.Equals.Len() != n:
		return unmet(Unmet, "%s, where %d were expected", count(n), e.Equals.Len())
	case e.Size >= 0 && e.Size != n:
		return unmet(Unmet, "%s, where %d were expected", count(n), e.Size)
	}
	m := s.sized(e, n)
	if m != nil && m.Kind == Short && m.Want == nil {
		m.Offset += had
	}
	return m.in("body")
}
