package scenario

import "iter"

// Variables are the variables, known only when the scenario runs, in what an expect of bytes demands to the letter:
// texts, texts with holes, members of JSON.
func (x *Expect) Variables() iter.Seq[*Segment] {
	return func(yield func(*Segment) bool) {
		_ = x.Match.variables(yield) && (x.Frame.Header == nil || x.Frame.Header.variables(yield))
	}
}

func (m *Match) variables(yield func(*Segment) bool) bool {
	if m.Equals != nil && !eachPart(m.Equals.Parts, yield) {
		return false
	}
	if m.Like != nil && !m.Like.Text.each(yield) {
		return false
	}
	if !m.Sum.each(yield) {
		return false
	}
	return m.JSON == nil || m.JSON.each(yield)
}

func eachPart(parts []Part, yield func(*Segment) bool) bool {
	for i := range parts {
		if !parts[i].Text.each(yield) || !eachPart(parts[i].Parts, yield) {
			return false
		}
	}
	return true
}

// each yields the variables of a text, until that returns false.
func (t Text) each(yield func(*Segment) bool) bool {
	for i := range t {
		if t[i].Ref != nil && !yield(&t[i]) {
			return false
		}
	}
	return true
}

func (v *JSON) each(yield func(*Segment) bool) bool {
	for _, item := range v.Items {
		if !item.each(yield) {
			return false
		}
	}
	for i := range v.Members {
		if !v.Members[i].Value.each(yield) {
			return false
		}
	}
	return v.Text.each(yield)
}

// Literal is the bytes that an expect takes to the letter, as far as they are
// known before the run: all of them, or a line without its end.
func (x *Expect) Literal() ([]byte, bool) {
	if x.Match.Equals == nil || x.Frame.Kind != FrameExact && x.Frame.Kind != FrameLine {
		return nil, false
	}
	return x.Match.Equals.literal()
}
