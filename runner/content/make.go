package content

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sort"
)

// Random is size bytes that look random and are the same for the same seed on
// every machine: blocks of Held bytes, each of them from a ChaCha8 whose key is
// the seed and the number of the block, both little-endian, and zeros.
func Random(seed uint64, size int64) Bytes {
	r := &random{seed: seed, block: -1, size: min(size, Held)}
	if size <= Held {
		data, _ := r.at(0)
		return Bytes{Data: data[:size]}
	}
	return Bytes{long: r, size: size}
}

type random struct {
	seed  uint64
	block int64 // in buf
	size  int64 // of buf
	buf   []byte
	gen   *rand.ChaCha8
}

func (r *random) at(off int64) ([]byte, []bool) {
	if block := off / Held; block != r.block {
		var key [32]byte
		binary.LittleEndian.PutUint64(key[:], r.seed)
		binary.LittleEndian.PutUint64(key[8:], uint64(block))
		if r.gen == nil {
			r.gen = rand.NewChaCha8(key)
			r.buf = make([]byte, r.size)
		}
		r.gen.Seed(key)
		r.gen.Read(r.buf) // never fails
		r.block = block
	}
	return r.buf[off%Held:], nil
}

// Repeat is b again and again, up to size bytes. A b without bytes has none to
// repeat.
func Repeat(b Bytes, size int64) Bytes {
	unit := b.Len()
	switch {
	case unit == 0 || size == 0:
		return Bytes{}
	case b.long == nil && size <= unit:
		b.Data = b.Data[:size]
		if b.Any != nil {
			b.Any = b.Any[:size]
		}
		return b
	}
	if b.long == nil && unit < Held { // pieces that are worth the way
		n := int((min(size, Held) + unit - 1) / unit)
		b.Data = bytes.Repeat(b.Data, n)
		if b.Any != nil {
			b.Any = slices.Repeat(b.Any, n)
		}
		if size <= b.Len() {
			return Repeat(b, size)
		}
	}
	return Bytes{long: &repeated{b}, size: size, wild: b.Wild()}
}

func (r *random) again() maker { return &random{seed: r.seed, block: -1, size: r.size} }

type repeated struct{ unit Bytes }

func (r *repeated) at(off int64) ([]byte, []bool) { return r.unit.At(off % r.unit.Len()) }

func (r *repeated) again() maker { return &repeated{r.unit.Again()} }

// Join is one after the other.
func Join(all ...Bytes) Bytes {
	if len(all) == 1 {
		return all[0]
	}
	j := &joined{parts: all, ends: make([]int64, len(all))}
	out := Bytes{long: j}
	for i := range all {
		out.size += all[i].Len()
		out.wild = out.wild || all[i].Wild()
		j.ends[i] = out.size
	}
	if out.size <= Held {
		return out.Whole()
	}
	return out
}

type joined struct {
	parts []Bytes
	ends  []int64 // of each part
	now   int     // the part that was asked for last
}

func (j *joined) at(off int64) ([]byte, []bool) {
	start := func() int64 { return j.ends[j.now] - j.parts[j.now].Len() }
	for j.now < len(j.parts)-1 && off >= j.ends[j.now] && off < j.ends[j.now+1] {
		j.now++
	}
	if off < start() || off >= j.ends[j.now] {
		j.now = sort.Search(len(j.ends), func(i int) bool { return off < j.ends[i] })
	}
	return j.parts[j.now].At(off - start())
}

func (j *joined) again() maker {
	parts := make([]Bytes, len(j.parts))
	for i := range parts {
		parts[i] = j.parts[i].Again()
	}
	return &joined{parts: parts, ends: j.ends}
}
