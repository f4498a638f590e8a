package scenario

// use says what a payload is for. A few keys have a meaning in one only.
type use uint8

const (
	toSend use = iota
	toMatch
)

// part is a part of a payload while its mapping is read.
type part struct {
	Part
	use   use
	key   *entry // the key that gave the bytes
	wrong bool

	every, size, seed, plus, times *entry
}

// partKeys are the keys of a payload's mapping, partKinds those of them that
// say how it becomes bytes. They are filled in by init because parts hold
// parts.
var (
	partKeys  table[part]
	partKinds map[string]func(*parser, entry, use) (Part, bool)
)

func init() {
	kinds := []struct {
		key  string
		read func(*parser, entry, use) (Part, bool)
	}{
		{"text", (*parser).textPart},
		{"line", (*parser).linePart},
		{"lines", (*parser).linesPart},
		{"head", (*parser).headPart},
		{"hex", (*parser).hexPart},
		{"base64", (*parser).base64Part},
		{"file", (*parser).filePart},
		{"fill", (*parser).fillPart},
		{"parts", (*parser).partsPart},
		{"echo", (*parser).echoPart},
	}
	partKinds = map[string]func(*parser, entry, use) (Part, bool){}
	for _, k := range kinds {
		partKinds[k.key] = k.read
		partKeys = append(partKeys, field[part]{k.key, (*parser).partBytes})
	}
	for _, name := range forms[1:] {
		partKinds[name] = (*parser).numberPart
		partKeys = append(partKeys, field[part]{name, (*parser).partBytes})
	}
	partKeys = append(partKeys, table[part]{
		{"size", (*parser).partSize},
		{"seed", (*parser).partSeed},
		{"length", (*parser).partLength},
		{"plus", (*parser).partPlus},
		{"times", (*parser).partTimes},
		{"xor", (*parser).partXor},
		{"slice", (*parser).partSlice},
		{"every", (*parser).partEvery},
	}...)
}

// payload reads what stands at a key that takes a payload: a text, a list of
// parts, or a mapping that says how. It returns nil if something is wrong.
func (p *parser) payload(e entry, u use) *Payload {
	out := &Payload{Pos: e.value.pos}
	if e.value.isNull() {
		p.blank(e, "a payload")
		return nil
	}
	if !p.parts(e, u, out) {
		return nil
	}
	return out
}

// parts adds what a value stands for to a payload.
func (p *parser) parts(e entry, u use, out *Payload) bool {
	n := e.value
	switch n.kind {
	case scalarNode:
		return p.add(out)(p.textPart(e, u))
	case listNode:
		if len(n.items) == 0 {
			p.errorf(n.pos, "an empty list is no payload")
			return false
		}
		ok := true
		for _, item := range n.items {
			if item.isNull() {
				p.errorf(item.pos, "an empty part in the payload of %s; the text null or ~ must be in quotes", quote(e.key))
				ok = false
				continue
			}
			ok = p.parts(entry{key: e.key, pos: item.pos, value: item}, u, out) && ok
		}
		return ok
	}
	d := part{use: u}
	if !decode(p, n, "a payload", partKeys, &d) || !p.finish(&d, n) {
		return false
	}
	return p.add(out)(d.Part, true)
}

func (p *parser) add(out *Payload) func(Part, bool) bool {
	return func(part Part, ok bool) bool {
		out.Parts = append(out.Parts, part)
		return ok
	}
}

func (p *parser) partBytes(d *part, e entry) {
	if d.key != nil {
		p.errorf(e.pos, "%s and %s are two payloads; put them in a list, one after the other", quote(d.key.key), quote(e.key))
		d.wrong = true
		return
	}
	d.key = &e
	made, ok := partKinds[e.key](p, e, d.use)
	d.Text, d.File, d.Any, d.Parts, d.Echo, d.Number = made.Text, made.File, made.Any, made.Parts, made.Echo, made.Number
	if made.Fill != nil { // the size and the seed may be there already
		d.fill().Random = made.Fill.Random
	}
	d.wrong = d.wrong || !ok
}

func (p *parser) partSlice(d *part, e entry) {
	if !p.onlyToSend(d, e) {
		return
	}
	n, ok := p.number(e, 1, MaxFileSize)
	d.Slice = n
	d.wrong = d.wrong || !ok
}

func (p *parser) partEvery(d *part, e entry) {
	if !p.onlyToSend(d, e) {
		return
	}
	d.every = &e
	pause, ok := p.duration(e)
	d.Every = pause
	d.wrong = d.wrong || !ok
}

func (p *parser) onlyToSend(d *part, e entry) bool {
	if d.use == toSend {
		return true
	}
	p.errorf(e.pos, "%s is for what is sent; what is expected comes however it is cut", quote(e.key))
	d.wrong = true
	return false
}
