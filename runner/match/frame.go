package match

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"banter/runner/content"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// Expect takes a frame from the stream and judges it: nil if it is as
// expected. What a frame that is not had taken stays taken.
func (s *Stream) Expect(e *Expectation) *Mismatch {
	if e.Optional {
		return s.optional(e)
	}
	return s.frame(e)
}

func (s *Stream) frame(e *Expectation) *Mismatch {
	switch e.Frame {
	case scenario.FrameExact:
		return s.sized(e, e.Equals.Len())
	case scenario.FrameBytes:
		return s.sized(e, e.N)
	case scenario.FrameLine, scenario.FrameUntil:
		return s.delimited(e)
	case scenario.FrameRest:
		return s.rest(e)
	case scenario.FrameSome:
		return s.some(e)
	case scenario.FrameLines:
		return s.through(e)
	case scenario.FrameLength:
		return s.counted(e)
	case scenario.FrameDatagram:
		return s.datagram(e)
	}
	panic("match: a frame without a kind")
}

// sized takes n bytes.
func (s *Stream) sized(e *Expectation, n int64) *Mismatch {
	j := newJudge(e)
	for j.size < n {
		p, err := s.read(n - j.size)
		if err != nil {
			if e.Equals != nil {
				return shortOf(e.Equals, j.size, err, j.kept)
			}
			return brokenOff(err, j.size, fmt.Sprintf("%d of %s", j.size, count(n)), j.kept)
		}
		if m := j.write(p); m != nil {
			return m
		}
	}
	return j.end()
}

// shortOf is the mismatch of wanted bytes of which only the first size came.
// Where any of them may be another, kept says which.
func shortOf(want *Bytes, size int64, err error, kept []byte) *Mismatch {
	m := brokenOff(err, size, fmt.Sprintf("%d of %s", size, count(want.Len())), nil)
	m.Wanted = want.Len()
	m.Start, m.Want, m.Any = want.Around(size)
	m.Got = m.Want[:min(size, want.Len())-m.Start]
	if want.Wild() {
		m.Got = kept[min(m.Start, int64(len(kept))):]
	}
	return m
}

// brokenOff is the mismatch of a frame that was not whole when reading ended.
func brokenOff(err error, size int64, had string, got []byte) *Mismatch {
	m := &Mismatch{Kind: Short, Offset: size, Got: got, End: err}
	switch {
	case err == io.EOF:
		m.Message = "eof after " + had
	case errors.Is(err, os.ErrDeadlineExceeded):
		m.Message = "timeout after " + had
	default:
		m.Message = "reset after " + had
	}
	return m
}

// rest takes all that comes until the peer's end.
func (s *Stream) rest(e *Expectation) *Mismatch {
	j := newJudge(e)
	for {
		p, err := s.read(min(Most, e.Max-j.size+1))
		if want := e.Equals; err == io.EOF && want != nil && j.size < want.Len() {
			return shortOf(want, j.size, err, j.kept)
		}
		if err == io.EOF {
			return j.end()
		}
		if err != nil {
			return brokenOff(err, j.size, count(j.size), j.kept)
		}
		allowed := p[:min(int64(len(p)), e.Max-j.size)]
		if m := j.write(allowed); m != nil {
			return m
		}
		if len(allowed) < len(p) {
			return tooLong(e, "the rest is", j.kept)
		}
	}
}

func tooLong(e *Expectation, what string, got []byte) *Mismatch {
	return &Mismatch{
		Kind: TooLong, Offset: e.Max, Got: got,
		Message: fmt.Sprintf("%s longer than max, which is %s", what, count(e.Max)),
	}
}

// some takes what the next read brings.
func (s *Stream) some(e *Expectation) *Mismatch {
	j := newJudge(e)
	p, err := s.read(e.N)
	if err != nil {
		return brokenOff(err, 0, "0 bytes", nil)
	}
	if m := j.write(p); m != nil {
		return m
	}
	return j.end()
}

// delimited takes a line, or up to a delimiter. The frame is looked at where it
// lies and taken as far as it is known to belong to the frame, so that the
// bytes behind it stay with the kernel; each byte is searched once.
func (s *Stream) delimited(e *Expectation) *Mismatch {
	line := e.Frame == scenario.FrameLine
	var frame []byte
	for {
		had := len(frame)
		room := e.Max - int64(had)
		if certain := e.certain() - int64(had); certain > 0 {
			view, err := s.read(min(certain, room))
			if err != nil {
				return e.unfinished(err, frame)
			}
			frame = append(frame, view...)
		} else {
			view, err := s.look(min(max(Least, int64(had)), room))
			if err != nil {
				return e.unfinished(err, frame)
			}
			frame = append(frame, view...)
			if size, _, _ := e.findEnd(frame, had); size >= 0 {
				frame = frame[:size]
			}
			if err := s.take(len(frame) - had); err != nil {
				return e.unfinished(err, frame[:had])
			}
		}
		all := frame // more than the frame, if that ends before it can be right
		size, ending, proper := e.findEnd(frame, had)
		if size >= 0 {
			frame = frame[:size]
		}
		body := frame
		if size >= 0 && line {
			body = frame[:size-ending]
		}
		if m := e.early(body, had, size >= 0); m != nil {
			m.Got = all[min(m.Start, int64(len(all))):]
			return m
		}
		switch {
		case size >= 0 && !proper:
			return &Mismatch{
				Kind: Ending, Offset: int64(len(body)), Got: all,
				Message: fmt.Sprintf("the line ends with %s, not with %s", nameOf(frame[len(body):]), e.ending()),
			}
		case size >= 0:
			m := e.Judge(body)
			if m != nil {
				m.Got = all[min(m.Start, int64(len(all))):]
				if m.Want != nil {
					m.Message = differsAt(m.Offset, e.Equals).Message
					e.addEOL(m)
				}
			}
			return m
		case int64(len(frame)) == e.Max:
			return tooLong(e, "the "+e.noun()+" is", frame)
		}
	}
}

// certain is how many bytes a frame has for certain if it is to be right: those
// can be taken without a look at them first.
func (e *Expectation) certain() int64 {
	switch {
	case e.Equals == nil:
		return 0
	case e.Frame == scenario.FrameLine && e.EOL == scenario.AnyEOL:
		return e.Equals.Len() + 1
	case e.Frame == scenario.FrameLine:
		return e.Equals.Len() + int64(len(e.EOL))
	}
	return e.Equals.Len()
}

// unfinished is the mismatch of a frame whose end did not come.
func (e *Expectation) unfinished(err error, frame []byte) *Mismatch {
	if e.Equals == nil {
		return brokenOff(err, int64(len(frame)), count(int64(len(frame)))+" without "+e.ending(), frame)
	}
	want := *e.Equals
	if e.Frame == scenario.FrameLine {
		want = content.Join(want, Bytes{Data: []byte(e.EOL.Bytes())})
	}
	return shortOf(&want, int64(len(frame)), err, frame)
}

// Judge says what is wrong with a body that is at hand as a whole, nil if nothing
// is.
func (e *Expectation) Judge(body []byte) *Mismatch {
	j := newJudge(e)
	if m := j.write(body); m != nil {
		return m
	}
	return j.end()
}

// early finds a byte that can't be right, perhaps before the frame's end is
// there: whole says whether it is. Bytes before had were looked at already.
func (e *Expectation) early(body []byte, had int, whole bool) *Mismatch {
	if e.Frame == scenario.FrameLine && !whole {
		// What may be the beginning of the line's end is not of the text yet.
		body = body[:len(body)-e.openEnd(body)]
		had -= max(len(e.EOL), 2)
	}
	had = max(0, min(had, len(body)))
	for _, want := range []*Bytes{e.Equals, e.Prefix} {
		if want == nil {
			continue
		}
		k := want.Differs(int64(had), body[had:])
		if k < 0 && want == e.Equals && int64(len(body)) > want.Len() {
			k = want.Len()
		}
		if k < 0 {
			continue
		}
		m := differsAt(k, want)
		if want == e.Equals {
			e.addEOL(m)
		}
		return m
	}
	return nil
}

// openEnd is how many of the last bytes of p may be the beginning of a line's
// end: a CR, or the first bytes of an end of one's own.
func (e *Expectation) openEnd(p []byte) int {
	eol := string(e.EOL)
	if e.EOL == scenario.AnyEOL || e.EOL == scenario.LF { // a CRLF for LF is a failure of its own
		eol = string(scenario.CRLF)
	}
	for n := min(len(eol)-1, len(p)); n > 0; n-- {
		if string(p[len(p)-n:]) == eol[:n] {
			return n
		}
	}
	return 0
}

// addEOL completes the wanted text of a line to the wanted bytes.
func (e *Expectation) addEOL(m *Mismatch) {
	if e.Frame != scenario.FrameLine {
		return
	}
	eol := e.EOL.Bytes()
	m.Wanted += int64(len(eol))
	if m.Start+int64(len(m.Want)) < m.Wanted-int64(len(eol)) {
		return // the end of the line is far away
	}
	if m.Any != nil {
		m.Any = append(slices.Clone(m.Any), make([]bool, len(eol))...)
	}
	m.Want = append(bytes.Clone(m.Want), eol...)
}

// findEnd finds the end of the frame in p, of which the first had bytes are
// known to hold none: the frame's size, -1 if the end is not there; the size of
// a line's end; and whether that is the end that was asked for.
func (e *Expectation) findEnd(p []byte, had int) (size, ending int, proper bool) {
	delim := e.Delim
	if e.Frame != scenario.FrameUntil {
		switch e.EOL {
		case scenario.CRLF, scenario.LF, scenario.AnyEOL:
			i := bytes.IndexByte(p[had:], '\n')
			if i < 0 {
				return -1, 0, false
			}
			i += had
			if i > 0 && p[i-1] == '\r' {
				return i + 1, 2, e.EOL != scenario.LF
			}
			return i + 1, 1, e.EOL != scenario.CRLF
		}
		delim = []byte(e.EOL)
	}
	from := max(had-len(delim)+1, 0)
	i := bytes.Index(p[from:], delim)
	if i < 0 {
		return -1, 0, false
	}
	return from + i + len(delim), len(delim), true
}

func (e *Expectation) noun() string {
	if e.Frame == scenario.FrameLine {
		return "line"
	}
	return "frame"
}

func (e *Expectation) ending() string {
	if e.Frame == scenario.FrameUntil {
		return nameOf(e.Delim)
	}
	if e.EOL == scenario.AnyEOL {
		return "CRLF or LF"
	}
	return nameOf([]byte(e.EOL))
}

// nameOf is an end of line or a delimiter for a reader.
func nameOf(p []byte) string {
	switch string(p) {
	case "\r\n":
		return "CRLF"
	case "\n":
		return "LF"
	}
	return transcript.Quote(p, int64(len(p)), 40)
}
