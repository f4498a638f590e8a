package scenario

import (
	"strconv"
	"strings"
)

// anyOrder reads matches that may come in whatever order.
func (p *parser) anyOrder(d *expectation, e entry) {
	if !p.setFrame(d, e, FrameAnyOrder) {
		return
	}
	const want = `"any_order" must be a list of matches, or {count: 3, line: "hello ${index}"}`
	if e.value.kind == mappingNode {
		p.counted(d, e)
		return
	}
	switch {
	case e.value.isNull():
		p.blank(e, "a list of matches")
		d.wrong = true
		return
	case !d.check(p.list(e.value, want)):
		return
	case len(e.value.items) == 0:
		p.errorf(e.value.pos, `"any_order" has no matches`)
		d.wrong = true
	}
	for _, item := range e.value.items {
		x := p.tried(entry{key: e.key, pos: item.pos, value: item})
		if d.check(x != nil) {
			d.AnyOrder = append(d.AnyOrder, x)
		}
	}
}

// counted reads a match that is there so many times, in which ${index} is the
// number of each.
func (p *parser) counted(d *expectation, e entry) {
	match := &node{pos: e.value.pos, kind: mappingNode}
	n := 0
	ok := true
	for _, v := range e.value.entries {
		if v.key == "count" {
			n, ok = p.number(v, 1, maxAnyOrder)
			continue
		}
		match.entries = append(match.entries, v)
	}
	if n == 0 && ok {
		p.errorf(e.value.pos, `"any_order" needs "count": how many frames come, numbered by ${index}; or it is a list of matches`)
	}
	if !d.check(ok && n > 0) {
		return
	}
	if p.orders += n; p.orders > maxOrders {
		if p.orders-n <= maxOrders {
			p.errorf(e.value.pos, "the file's \"any_order\" have more than %d frames together", maxOrders)
		}
		d.wrong = true
		return
	}
	outer, shadows := p.doc.vars["index"]
	for i := range n {
		p.doc.vars["index"] = constant{pos: e.pos, value: strconv.Itoa(i + 1)}
		x := p.tried(entry{key: e.key, pos: e.pos, value: match})
		if !d.check(x != nil) {
			break
		}
		d.AnyOrder = append(d.AnyOrder, x)
	}
	delete(p.doc.vars, "index")
	if shadows {
		p.doc.vars["index"] = outer
	}
}

// Bounds of frames that may come in any order: of those of one expect each is
// compared with each match; those of a file are held in memory.
const (
	maxAnyOrder = 10_000
	maxOrders   = 200_000
)

func (p *parser) skip(d *expectation, e entry) {
	d.skip = &e
	d.Skip = p.tried(e)
	d.check(d.Skip != nil)
}

// tried reads a match whose frame may be another's.
func (p *parser) tried(e entry) *Expect {
	x := p.expect(e)
	switch {
	case x == nil:
		return nil
	case x.Outcome != NoOutcome:
		p.errorf(x.Pos, "{%s} is no frame, and %s takes frames", x.Outcome.word(), quote(e.key))
		return nil
	case x.Optional || x.AnyOrder != nil:
		p.errorf(x.Pos, "%s takes frames; each is one", quote(e.key))
		return nil
	}
	return p.canTry(x, x.Pos, quote(e.key))
}

// canTry complains about a frame that can't be looked at before it is taken.
func (p *parser) canTry(x *Expect, pos Pos, what string) *Expect {
	n, known := x.Match.Equals.length()
	if x.Frame.Kind == FrameBytes && x.Frame.Count == nil {
		n, known = x.Frame.N, true
	}
	switch {
	case x.Frame.Kind == FrameRest || x.Frame.Kind == FrameSome:
		p.errorf(pos, "%s needs a frame that ends before the stream does, such as line", what)
		return nil
	case known && n > DefaultMax:
		p.errorf(pos, "%s looks at a frame before it is taken: %s at most, not %s", what, sizeString(DefaultMax), count(n, "byte"))
		return nil
	}
	return x
}

// anyOrderComplete complains about keys that do not stand beside any_order.
func (p *parser) anyOrderComplete(d *expectation) bool {
	if d.frame == nil || d.Frame.Kind != FrameAnyOrder {
		if d.skip != nil {
			p.errorf(d.skip.pos, `"skip" belongs beside "any_order"`)
		}
		return d.skip == nil
	}
	for _, e := range d.n.entries {
		if e.key != "any_order" && e.key != "skip" {
			p.errorf(e.pos, `%s beside "any_order"; it belongs into its matches`, quote(e.key))
			return false
		}
	}
	return true
}

// showAnyOrder is any_order in a few words.
func (x *Expect) showAnyOrder() string {
	var all []string
	for i, y := range x.AnyOrder {
		if i == 3 && len(x.AnyOrder) > 4 {
			all = append(all, "and "+strconv.Itoa(len(x.AnyOrder)-i)+" more")
			break
		}
		all = append(all, y.String())
	}
	out := "in any order: " + strings.Join(all, " | ")
	if x.Skip != nil {
		out += ", skipping " + x.Skip.String()
	}
	return out
}
