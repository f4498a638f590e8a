package match

import "fmt"

// through takes whole lines up to and with the first that matches. It looks at
// each line once, and takes what is known to belong to the frame.
func (s *Stream) through(e *Expectation) *Mismatch {
	j := newJudge(e)
	var frame []byte
	start := 0 // of the line that is not whole yet
	for {
		had := len(frame)
		if int64(had) == e.Max {
			return tooLong(e, "the lines are", frame)
		}
		view, err := s.look(min(max(Least, int64(had)), e.Max-int64(had)))
		if err != nil {
			return brokenOff(err, int64(had), fmt.Sprintf("%s without a line that matches %s", count(int64(had)), e.Through), frame)
		}
		frame = append(frame, view...)
		searched, whole := had, false
		var wrong *Mismatch
		for !whole && wrong == nil {
			size, ending, proper := e.findEnd(frame[start:], max(searched-start, 0))
			if size < 0 {
				open := e.openEnd(frame[start:])
				wrong = j.upTo(frame, len(frame)-open)
				break
			}
			body := frame[start : start+size-ending]
			if wrong = j.upTo(frame, start+len(body)); wrong == nil && !proper {
				wrong = &Mismatch{
					Kind: Ending, Offset: int64(start + len(body)),
					Message: fmt.Sprintf("a line ends with %s, not with %s", nameOf(frame[start+len(body):start+size]), e.ending()),
				}
			}
			if start += size; wrong == nil {
				wrong = j.upTo(frame, start)
			}
			searched, whole = start, e.Through.Match(body)
		}
		if whole || wrong != nil {
			frame = frame[:max(start, had)]
		}
		if err := s.take(len(frame) - had); err != nil {
			return brokenOff(err, int64(had), count(int64(had)), frame[:had])
		}
		switch {
		case wrong != nil:
			wrong.Got = frame[min(wrong.Start, int64(len(frame))):]
			return wrong
		case whole:
			return j.end()
		}
	}
}

// upTo hears of a frame what it has not heard yet, up to an offset.
func (j *judge) upTo(frame []byte, to int) *Mismatch {
	if from := int(j.size); from < to {
		return j.write(frame[from:to])
	}
	return nil
}
