package scenario

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"banter/runner/content"
)

// Filler says what is only known when a scenario runs.
type Filler interface {
	// Content is a part's text with its variables filled in, or its file, or
	// what it is to echo.
	Content(part *Part) ([]byte, error)
}

// MaxPayload is the most bytes that a payload can be.
const MaxPayload = maxSize

// Bytes is what a payload stands for.
func (pl *Payload) Bytes(f Filler) (content.Bytes, error) {
	if len(pl.Parts) == 1 {
		return pl.Parts[0].Bytes(f)
	}
	return join(pl.Parts, f)
}

func join(parts []Part, f Filler) (content.Bytes, error) {
	all := make([]content.Bytes, len(parts))
	total := int64(0)
	for i := range parts {
		var err error
		if all[i], err = parts[i].Bytes(f); err != nil {
			return content.Bytes{}, err
		}
		if total += all[i].Len(); total > MaxPayload {
			return content.Bytes{}, errTooLarge
		}
	}
	return content.Join(all...), nil
}

var errTooLarge = errors.New("the payload has more than " + sizeString(MaxPayload))

// Bytes is what a part stands for.
func (part *Part) Bytes(f Filler) (b content.Bytes, err error) {
	switch fill := part.Fill; {
	case fill != nil && fill.Random:
		b = content.Random(fill.Seed, fill.Size)
	case fill != nil:
		if b.Data, err = f.Content(part); err == nil && len(b.Data) == 0 {
			err = errors.New("no bytes to fill with")
		}
		b = content.Repeat(b, fill.Size)
	case part.Parts != nil:
		b, err = join(part.Parts, f)
	case part.Number != NoForm:
		b.Data, err = part.number(f)
	default:
		b.Any = part.Any
		b.Data, err = f.Content(part)
	}
	if err == nil && part.Xor != nil {
		b, err = part.masked(b, f)
	}
	if err != nil {
		return content.Bytes{}, err
	}
	if part.Length != nil {
		header, err := part.Length.header(b.Len())
		if err != nil {
			return content.Bytes{}, err
		}
		b = content.Join(content.Bytes{Data: header}, b)
	}
	if part.Times > 1 {
		if b.Len() > MaxPayload/int64(part.Times) {
			return content.Bytes{}, errTooLarge
		}
		b = content.Repeat(b, b.Len()*int64(part.Times))
	}
	return b, nil
}

// number is a number that a text has become.
func (part *Part) number(f Filler) ([]byte, error) {
	text, err := f.Content(part)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil || n > part.Number.Max() {
		return nil, fmt.Errorf("%s is %s, and %s holds whole numbers from 0 to %d", part.Text.plain(), quote(string(text)), part.Number, part.Number.Max())
	}
	return part.Number.Append(nil, n), nil
}

// masked is the part's bytes with its mask over them.
func (part *Part) masked(b content.Bytes, f Filler) (content.Bytes, error) {
	made, err := part.Xor.Bytes(f)
	if err != nil {
		return b, err
	}
	mask, err := Held(made)
	switch {
	case err != nil:
		return b, err
	case len(mask) == 0:
		return b, errors.New("xor with no bytes")
	}
	held, err := Held(b)
	if err != nil {
		return b, err
	}
	out := make([]byte, len(held))
	for i := range held {
		out[i] = held[i] ^ mask[i%len(mask)]
	}
	return content.Bytes{Data: out, Any: b.Any}, nil
}

// header is the number that stands in front of n bytes.
func (l *Length) header(n int64) ([]byte, error) {
	n += l.Plus
	if n < 0 || uint64(n) > l.Form.Max() {
		return nil, fmt.Errorf("a length of %d does not fit into %s", n, l.Form)
	}
	return l.Form.Append(nil, uint64(n)), nil
}

// size is how many bytes a part has if that is known before the run. No size
// is greater than what a payload can't be.
func (part *Part) size() (int64, bool) {
	n, known := int64(0), true
	switch {
	case part.Fill != nil:
		n = part.Fill.Size
	case part.Parts != nil:
		n, known = sizeOf(part.Parts)
	case part.Echo:
		known = false
	case part.Number != NoForm:
		n, known = int64(part.Number.Width()), part.Number != Varint
	default:
		lit, ok := part.Text.literal()
		n, known = int64(len(lit)), ok && part.File == ""
	}
	if part.Length != nil && known {
		header, err := part.Length.header(n)
		n, known = n+int64(len(header)), err == nil
	}
	if times := int64(max(part.Times, 1)); n > math.MaxInt64/times {
		n = math.MaxInt64
	} else {
		n *= times
	}
	return min(n, MaxPayload+1), known
}

func sizeOf(parts []Part) (n int64, known bool) {
	for i := range parts {
		size, ok := parts[i].size()
		if !ok {
			return 0, false
		}
		n = min(n+size, MaxPayload+1)
	}
	return n, true
}

// length returns how many bytes a payload has if that is known before the run.
func (pl *Payload) length() (int64, bool) {
	if pl == nil {
		return 0, false
	}
	return sizeOf(pl.Parts)
}

// maxChecked is how many bytes a payload that is made may have for its bytes
// to be looked at before the run.
const maxChecked = 4 << 10

// literal returns a payload's bytes if they are known before the run, with
// nothing left open.
func (pl *Payload) literal() ([]byte, bool) {
	n, known := pl.length()
	if !known || n > maxChecked && pl.made() {
		return nil, false
	}
	b, err := pl.Bytes(literals{})
	if err != nil || b.Wild() {
		return nil, false
	}
	whole := b.Whole()
	return whole.Data, true
}

// made reports whether a few characters of the file make many bytes.
func (pl *Payload) made() bool { return anyMade(pl.Parts) }

func anyMade(parts []Part) bool {
	for i := range parts {
		if part := &parts[i]; part.Fill != nil || part.Times > 1 || anyMade(part.Parts) {
			return true
		}
	}
	return false
}

// literals knows what needs no run.
type literals struct{}

var errOpen = errors.New("known when the scenario runs")

// Content is a text without variables.
func (literals) Content(part *Part) ([]byte, error) {
	if lit, ok := part.Text.literal(); ok && part.File == "" && !part.Echo {
		return lit, nil
	}
	return nil, errOpen
}
