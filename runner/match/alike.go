package match

import (
	"reflect"
	"strconv"

	"banter/runner/scenario"
)

// alike finds, of many expectations that all cut a frame in the same way, those
// that a frame meets: with many of them that is quicker than to try each.
type alike struct {
	frame *Expectation     // any frame that is cut so
	all   []*Expectation   // those that are looked at
	exact map[string][]int // those that are one text, by that
	loose []int            // the others
}

// newAlike is nil where the expectations do not cut frames alike, or not in a
// way that is known here.
func newAlike(all []*Expectation) *alike {
	frame := all[0].anything()
	switch frame.Frame {
	case scenario.FrameLine, scenario.FrameUntil, scenario.FrameBytes, scenario.FrameLength:
	default:
		return nil
	}
	a := &alike{frame: &frame, all: all, exact: map[string][]int{}}
	for i, e := range all {
		if !reflect.DeepEqual(e.anything(), frame) {
			return nil
		}
		if key, ok := e.key(); ok {
			a.exact[key] = append(a.exact[key], i)
		} else {
			a.loose = append(a.loose, i)
		}
	}
	return a
}

// anything is an expectation of a frame that is cut in the same way, whatever it
// is.
func (e *Expectation) anything() Expectation {
	return Expectation{
		Frame: e.Frame, EOL: e.EOL, Delim: e.Delim, N: e.N, Max: e.Max, Form: e.Form, At: e.At, Plus: e.Plus, Size: -1,
	}
}

// cut cuts a frame into the header and what the match sees.
func (e *Expectation) cut(frame []byte) (header, body []byte) {
	switch e.Frame {
	case scenario.FrameLine:
		_, ending, _ := e.findEnd(frame, 0)
		return nil, frame[:len(frame)-ending]
	case scenario.FrameLength:
		_, size := e.Form.Number(frame[e.At:])
		return frame[:e.At], frame[e.At+int64(size):]
	}
	return nil, frame
}

// key is the same for all frames that meet an expectation, if there is such.
func (e *Expectation) key() (string, bool) {
	body, ok := e.text()
	if !ok || e.Header == nil {
		return keyOf(nil, body), ok
	}
	header, ok := e.Header.text()
	return keyOf(&header, body), ok
}

func keyOf(header *string, body string) string {
	if header == nil {
		return body
	}
	return strconv.Itoa(len(*header)) + "\x00" + *header + body
}

// text is the one text that the conditions hold for, if there is such.
func (e *Expectation) text() (string, bool) {
	if e.Equals == nil || e.Equals.Long() || e.Equals.Wild() || e.Captures != nil {
		return "", false
	}
	alone := e.anything()
	alone.Equals, alone.Header = e.Equals, e.Header
	return string(e.Equals.Data), reflect.DeepEqual(*e, alone)
}

// meets is the next frame of a stream, and which expectations it meets. There is
// none where it is not whole, or not cut as it must be: each has its own words
// for that.
func (a *alike) meets(s *Stream, seen map[int][]Captured) (frame []byte, meets []int) {
	frame, m := s.try(a.frame)
	if m != nil {
		return nil, nil
	}
	header, body := a.frame.cut(frame)
	head := string(header)
	meets = append(meets, a.exact[keyOf(nil, string(body))]...)
	meets = append(meets, a.exact[keyOf(&head, string(body))]...)
	for _, i := range a.loose {
		e := a.all[i]
		var before []Captured
		if e.Header != nil {
			var ok bool
			if before, ok = e.Header.Holds(header); !ok {
				continue
			}
		}
		if captured, ok := e.Holds(body); ok {
			meets, seen[i] = append(meets, i), append(before, captured...)
		}
	}
	return frame, meets
}
