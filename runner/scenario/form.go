package scenario

import (
	"encoding/binary"
	"math"
	"slices"
)

// Form is how a whole number is written as bytes.
type Form uint8

// The forms, by their words in the language: so many bits, the high byte first
// (be) or last (le). A varint is LEB128, as in protobuf and MQTT.
const (
	NoForm Form = iota
	U8
	U16BE
	U16LE
	U24BE
	U24LE
	U32BE
	U32LE
	U64BE
	U64LE
	Varint
)

var forms = []string{
	U8: "u8", U16BE: "u16be", U16LE: "u16le", U24BE: "u24be", U24LE: "u24le",
	U32BE: "u32be", U32LE: "u32le", U64BE: "u64be", U64LE: "u64le", Varint: "varint",
}

// formNamed is the form of that name, or NoForm.
func formNamed(name string) Form { return Form(max(slices.Index(forms, name), 0)) }

// String is the form's word in the language.
func (f Form) String() string { return forms[f] }

// Width is how many bytes a number has; 0 where that depends on the number.
func (f Form) Width() int {
	switch f {
	case U8:
		return 1
	case U16BE, U16LE:
		return 2
	case U24BE, U24LE:
		return 3
	case U32BE, U32LE:
		return 4
	case U64BE, U64LE:
		return 8
	}
	return 0
}

// Max is the greatest number.
func (f Form) Max() uint64 {
	if w := f.Width(); w > 0 && w < 8 {
		return 1<<(8*w) - 1
	}
	return math.MaxUint64
}

func (f Form) little() bool { return f == U16LE || f == U24LE || f == U32LE || f == U64LE }

// Append appends a number, which must be Max at most, to b.
func (f Form) Append(b []byte, n uint64) []byte {
	if f == Varint {
		return binary.AppendUvarint(b, n)
	}
	var all [8]byte
	w := f.Width()
	if f.little() {
		binary.LittleEndian.PutUint64(all[:], n)
		return append(b, all[:w]...)
	}
	binary.BigEndian.PutUint64(all[:], n)
	return append(b, all[8-w:]...)
}

// Number reads a number that b begins with. The size is that of the number in
// bytes; 0 where b is too short; and negative where no more bytes make it one:
// a varint of more than 64 bits.
func (f Form) Number(b []byte) (n uint64, size int) {
	w := f.Width()
	switch {
	case f == Varint:
		return binary.Uvarint(b)
	case len(b) < w:
		return 0, 0
	}
	for i := range w {
		c := b[i]
		if f.little() {
			c = b[w-1-i]
		}
		n = n<<8 | uint64(c)
	}
	return n, w
}
