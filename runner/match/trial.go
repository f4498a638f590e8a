package match

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// trial is what a stream is going to bring, read and not taken. A frame that is
// tried on it can still be left for others.
type trial struct {
	s   *Stream
	pos int // in s.ahead
}

func (t *trial) Read(p []byte) (int, error) {
	n, err := t.show(p, t.s.src.Read)
	t.s.ahead = append(t.s.ahead, p[:max(n-(len(t.s.ahead)-t.pos), 0)]...)
	t.pos += n
	return n, err
}

// show is what stands next: what was read already, else what a source brings.
func (t *trial) show(p []byte, source func([]byte) (int, error)) (int, error) {
	if t.pos < len(t.s.ahead) {
		return copy(p, t.s.ahead[t.pos:]), nil
	}
	if t.s.end != nil {
		return 0, t.s.end
	}
	return source(p)
}

// peekTrial is a trial of a stream whose source can show bytes.
type peekTrial struct{ trial }

func (t *peekTrial) Peek(p []byte) (int, error) { return t.show(p, t.s.peek.Peek) }

// try judges the next frame as Expect does, and takes nothing: the frame is
// what is to be taken if it is as expected. What it is not sure of stays with a
// source that can be peeked at.
func (s *Stream) try(e *Expectation) (frame []byte, m *Mismatch) {
	sub := &Stream{buf: s.buf, taken: func(p []byte) { frame = append(frame, p...) }}
	if t := (trial{s: s}); s.peek != nil {
		p := &peekTrial{t}
		sub.src, sub.peek = p, p
	} else {
		sub.src = &t
	}
	m = sub.frame(e)
	s.buf = sub.buf
	if s.end == nil {
		s.end = sub.end
	}
	return frame, m
}

// optional takes a frame if it is as expected, and else nothing. Only a
// deadline before that is known is a mismatch.
func (s *Stream) optional(e *Expectation) *Mismatch {
	if _, m := s.Try(e); m != nil && errors.Is(m.End, os.ErrDeadlineExceeded) {
		return m
	}
	return nil
}

// Try takes the next frame if it is as expected, and reports whether it was.
// That nothing more comes before that is known is a mismatch.
func (s *Stream) Try(e *Expectation) (met bool, m *Mismatch) {
	frame, m := s.try(e)
	switch {
	case m == nil:
		s.take(len(frame)) // it is there
		return true, nil
	case m.End != nil && (len(frame) == 0 || errors.Is(m.End, os.ErrDeadlineExceeded)):
		return false, m
	}
	return false, nil
}

// AnyOrder takes as many frames as there are in all, in whatever order they
// come: each meets another one. Frames that meet none, and that skip (if not
// nil) allows, are passed over. The frames that came, without those, are sorted
// by their bytes. What is captured is that of the frames that the expectations
// were given in the end.
func (s *Stream) AnyOrder(all []*Expectation, skip *Expectation) (frames [][]byte, captured []Captured, m *Mismatch) {
	o := newAnyOrder(s, all)
	defer func() { slices.SortFunc(frames, bytes.Compare) }()
	for len(o.meets) < len(all) {
		frame, m := o.next(s)
		if m != nil && skip != nil && !errors.Is(m.End, os.ErrDeadlineExceeded) {
			var wrong *Mismatch
			if frame, wrong = s.try(skip); wrong == nil {
				s.take(len(frame)) // no frame is empty
				continue
			}
			if errors.Is(wrong.End, os.ErrDeadlineExceeded) {
				m = o.short(wrong)
			}
		}
		if m != nil { // as elsewhere, what a frame that is not had taken stays taken
			m.Got = m.Got[:min(len(m.Got), len(s.ahead))]
			s.take(len(m.Got))
			return frames, nil, m
		}
		s.take(len(frame))
		frames = append(frames, frame)
	}
	o.deal(frames)
	for i, frame := range o.of {
		captured = append(captured, o.seen[frame][i]...)
	}
	return frames, captured, nil
}

// deal gives the frames anew, in the order of their bytes, so that what is
// captured does not depend on which of them came first.
func (o *anyOrder) deal(frames [][]byte) {
	if !slices.ContainsFunc(o.all, func(e *Expectation) bool { return e.Captures != nil || e.Header != nil }) {
		return
	}
	sorted := make([]int, len(frames))
	for i := range frames {
		sorted[i] = i
		o.of[i] = -1
	}
	slices.SortStableFunc(sorted, func(a, b int) int { return bytes.Compare(frames[a], frames[b]) })
	for _, frame := range sorted {
		o.give(frame, make([]bool, len(o.all)))
	}
}

// anyOrder says which frame meets which expectation. It is settled only at the
// end: a frame that meets several leaves one to a later frame that meets no
// other.
type anyOrder struct {
	s     *Stream
	all   []*Expectation
	meets [][]int              // of each frame that came, the expectations that it meets
	of    []int                // of each expectation, the frame that is given to it, or -1
	seen  []map[int][]Captured // of each frame, what each expectation that it meets captured

	alike *alike // nil: each is tried
}

func newAnyOrder(s *Stream, all []*Expectation) *anyOrder {
	o := &anyOrder{s: s, all: all, of: make([]int, len(all)), alike: newAlike(all)}
	for i := range o.of {
		o.of[i] = -1
	}
	return o
}

// next tries the next frame with each expectation. The first that it meets says
// how long it is.
func (o *anyOrder) next(s *Stream) ([]byte, *Mismatch) {
	var frame []byte
	var meets []int
	seen := map[int][]Captured{}
	var wrong *Mismatch
	if o.alike != nil {
		if frame, meets = o.alike.meets(s, seen); meets != nil {
			return o.settle(frame, meets, seen, nil)
		}
	}
	for i, e := range o.all {
		f, m := s.try(e)
		switch {
		case m != nil && errors.Is(m.End, os.ErrDeadlineExceeded):
			return nil, o.short(m)
		case m != nil && o.of[i] < 0 && (wrong == nil || m.Kind != Short):
			wrong = m
		case m == nil && (meets == nil || len(f) == len(frame)):
			frame, meets, seen[i] = f, append(meets, i), e.All()
		}
	}
	return o.settle(frame, meets, seen, wrong)
}

// settle gives a frame to one of the expectations that it meets. Wrong is why
// it is not another's.
func (o *anyOrder) settle(frame []byte, meets []int, seen map[int][]Captured, wrong *Mismatch) ([]byte, *Mismatch) {
	if meets != nil {
		o.meets = append(o.meets, meets)
		if o.give(len(o.meets)-1, make([]bool, len(o.all))) {
			o.seen = append(o.seen, seen)
			return frame, nil
		}
		o.meets = o.meets[:len(o.meets)-1]
	}
	if wrong != nil && wrong.Kind == Short && meets == nil {
		return nil, o.short(wrong)
	}
	if len(o.meets)+1 == len(o.all) && meets == nil { // which one is missing is clear
		return nil, wrong
	}
	got := slices.Clone(o.s.ahead[:min(len(o.s.ahead), Least)])
	message := "the next frame is none of those that have not come"
	if meets != nil {
		message = "the next frame is one that has come already"
	}
	return nil, &Mismatch{Kind: Unmet, Got: got, Message: fmt.Sprintf("%s; %d of %d came", message, len(o.meets), len(o.all))}
}

// give finds an expectation for a frame, for which others may have to change
// theirs.
func (o *anyOrder) give(frame int, seen []bool) bool {
	for _, i := range o.meets[frame] {
		if o.of[i] < 0 {
			o.of[i] = frame
			return true
		}
	}
	for _, i := range o.meets[frame] {
		if seen[i] {
			continue
		}
		seen[i] = true
		if o.give(o.of[i], seen) {
			o.of[i] = frame
			return true
		}
	}
	return false
}

// short is the mismatch of frames that have not all come.
func (o *anyOrder) short(m *Mismatch) *Mismatch {
	had := fmt.Sprintf("%d of %d frames", len(o.meets), len(o.all))
	out := brokenOff(m.End, m.Offset, had, m.Got)
	out.Had = had
	if m.End == io.EOF && m.Offset > 0 {
		out.Message += fmt.Sprintf(", and %s of another", count(m.Offset))
	}
	return out
}
