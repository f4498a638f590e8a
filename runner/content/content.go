// Package content is bytes that may be too many to hold: what is short is in
// memory, and what is long is made piece by piece, in whatever order it is
// asked for.
//
//	b := content.Random(7, 1<<30)
//	for off := int64(0); off < b.Len(); {
//		piece, _ := b.At(off)
//		off += int64(len(piece))
//	}
package content

import "bytes"

// Held is how many bytes that could be made again are held all the same.
const Held = 64 << 10

// Bytes is a payload. Data is all of it, unless it is long. What is long is
// for one goroutine.
type Bytes struct {
	Data []byte
	Any  []bool // where true, any byte will do at that offset of Data; nil: nowhere
	long maker
	size int64 // of what is long
	wild bool  // what is long has offsets where any byte will do
}

// maker makes bytes from an offset on: some of them, at least one, valid until
// the next call. They may go on beyond the end.
type maker interface {
	at(off int64) ([]byte, []bool)
	again() maker // makes the same, for another goroutine
}

// Long reports whether b is made as it is asked for; its Data is empty then.
func (b *Bytes) Long() bool { return b.long != nil }

// Again is the same bytes, for another goroutine.
func (b Bytes) Again() Bytes {
	if b.long != nil {
		b.long = b.long.again()
	}
	return b
}

// Len is how many bytes there are.
func (b *Bytes) Len() int64 {
	if b.long != nil {
		return b.size
	}
	return int64(len(b.Data))
}

// Wild reports whether there is an offset where any byte will do.
func (b *Bytes) Wild() bool { return b.wild || b.Any != nil }

// At is the bytes from an offset on, as many as are at hand, and where any byte
// will do (nil: nowhere). There are none from the end on. They are valid until
// the next call.
func (b *Bytes) At(off int64) (data []byte, any []bool) {
	if off >= b.Len() {
		return nil, nil
	}
	data, any = b.Data, b.Any
	if b.long == nil {
		data = data[off:]
		if any != nil {
			any = any[off:]
		}
		return data, any
	}
	data, any = b.long.at(off)
	return data[:min(int64(len(data)), b.size-off)], any
}

// Whole is b held in memory.
func (b *Bytes) Whole() Bytes {
	if b.long == nil {
		return *b
	}
	data, any := b.Copy(0, b.size)
	return Bytes{Data: data, Any: any}
}

// Copy is the bytes from one offset to another, and where any byte will do.
func (b *Bytes) Copy(from, to int64) ([]byte, []bool) {
	data := make([]byte, 0, to-from)
	var wild []bool
	if b.Wild() {
		wild = make([]bool, 0, to-from)
	}
	for from < to {
		piece, any := b.At(from)
		piece = piece[:min(int64(len(piece)), to-from)]
		data = append(data, piece...)
		if any != nil {
			wild = append(wild, any[:len(piece)]...)
		} else if wild != nil {
			wild = wild[:len(data)]
		}
		from += int64(len(piece))
	}
	return data, wild
}

// Differs is the offset of the first byte of got that is not as b has it from
// offset at on, or -1. What got has beyond the end of b does not count.
func (b *Bytes) Differs(at int64, got []byte) int64 {
	for len(got) > 0 && at < b.Len() {
		want, any := b.At(at)
		n := min(len(want), len(got))
		if !bytes.Equal(want[:n], got[:n]) { // nearly always they are
			for i := range n {
				if want[i] != got[i] && (any == nil || !any[i]) {
					return at + int64(i)
				}
			}
		}
		got, at = got[n:], at+int64(n)
	}
	return -1
}

// Around is the bytes that show what is wrong at an offset, and the offset of
// their first: all of what is held, and of what is long a few KiB.
func (b *Bytes) Around(at int64) (start int64, data []byte, any []bool) {
	if b.long == nil {
		return 0, b.Data, b.Any
	}
	const near = 4 << 10
	start = max(0, at-near) &^ 15 // a row of a dump
	data, any = b.Copy(start, min(start+2*near, b.size))
	return start, data, any
}
