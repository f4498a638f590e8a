package scenario

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"slices"

	"banter/runner/content"
)

// Property is something that follows from a variable's bytes, as in
// ${body.size}. Port is the one that only addresses have.
type Property string

// Port is the port of an address, in decimal digits.
const Port Property = "port"

// properties are those that every variable has.
var properties = []string{"size", "crc32", "sum8", "sha1", "sha256", "hex", "base64"}

func isProperty(name string) bool { return slices.Contains(properties, name) }

// Of is the property of bytes: size (how many), crc32 (IEEE) and sum8 (the sum
// of all bytes modulo 256, three digits, as FIX has it) in decimal digits, sha1
// and sha256 as bytes, hex and base64 (RFC 4648, with padding) as text. The
// last two are of what can be held, MaxHeld bytes.
func (p Property) Of(b content.Bytes) (content.Bytes, error) {
	if n := b.Len(); n > maxRead && p != "size" {
		return b, fmt.Errorf("the %s of a variable of %s can't be computed, of %s at most it can", p, count(n, "byte"), sizeString(maxRead))
	}
	switch p {
	case "size":
		return text(fmt.Sprint(b.Len())), nil
	case "crc32":
		h := crc32.NewIEEE()
		each(b, func(p []byte) { h.Write(p) })
		return text(fmt.Sprint(h.Sum32())), nil
	case "sum8":
		sum := byte(0)
		each(b, func(p []byte) {
			for _, c := range p {
				sum += c
			}
		})
		return text(fmt.Sprintf("%03d", sum)), nil
	case "sha1":
		return hashed(sha1.New(), b), nil
	case "sha256":
		return hashed(sha256.New(), b), nil
	}
	held, err := Held(b)
	switch {
	case err != nil:
		return b, err
	case p == "hex":
		return text(hex.EncodeToString(held)), nil
	case p == "base64":
		return text(base64.StdEncoding.EncodeToString(held)), nil
	}
	return b, fmt.Errorf("no property .%s", p)
}

func text(s string) content.Bytes { return content.Bytes{Data: []byte(s)} }

func hashed(h hash.Hash, b content.Bytes) content.Bytes {
	each(b, func(p []byte) { h.Write(p) })
	return content.Bytes{Data: h.Sum(nil)}
}

// each calls f with all bytes, piece by piece.
func each(b content.Bytes, f func([]byte)) {
	for off := int64(0); off < b.Len(); {
		p, _ := b.At(off)
		f(p)
		off += int64(len(p))
	}
}

// maxRead is the most bytes that a property is computed of: that takes a few
// seconds, in which no timeout is looked at.
const maxRead = 1 << 30

// MaxHeld is the most bytes that a variable can put into a text.
const MaxHeld = DefaultMax

// Held is what b stands for, in memory.
func Held(b content.Bytes) ([]byte, error) {
	if b.Len() > MaxHeld {
		return nil, fmt.Errorf("a variable of %s can't be put into a text, %s at most can", count(b.Len(), "byte"), sizeString(MaxHeld))
	}
	whole := b.Whole()
	return whole.Data, nil
}
