package content

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func text(s string) Bytes { return Bytes{Data: []byte(s)} }

// ways to make bytes, beside the bytes as they are by definition.
var ways = []struct {
	name string
	made func() Bytes
	want string
}{
	{"nothing", func() Bytes { return Repeat(text(""), 0) }, ""},
	{"held", func() Bytes { return text("hello") }, "hello"},
	{"up to the size", func() Bytes { return Repeat(text("abc"), 10) }, "abcabcabca"},
	{"less than once", func() Bytes { return Repeat(text("abc"), 2) }, "ab"},
	{"a long repetition", func() Bytes { return Repeat(text("abc"), 1<<20) }, strings.Repeat("abc", 1<<20)[:1<<20]},
	{"of something long", func() Bytes { return Repeat(Repeat(text("abc"), 100_000), 250_000) },
		strings.Repeat(strings.Repeat("abc", 40_000)[:100_000], 3)[:250_000]},
	{"joined", func() Bytes { return Join(text("a"), text(""), text("bc")) }, "abc"},
	{"joined, long", func() Bytes { return Join(text("a"), Repeat(text("x"), 100_000), text(""), text("b")) },
		"a" + strings.Repeat("x", 100_000) + "b"},
	{"joined twice, repeated", func() Bytes { return Repeat(Join(text("ab"), Join(text("c"), Repeat(text("x"), Held))), 2*(Held+3)) },
		strings.Repeat("abc"+strings.Repeat("x", Held), 2)},
}

func TestBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, test := range ways {
		b := test.made()
		if got, _ := b.Copy(0, b.Len()); string(got) != test.want {
			t.Errorf("%s: %d bytes, want %d: or others", test.name, len(got), len(test.want))
			continue
		}
		if b.Len() == 0 {
			continue
		}
		for range 100 { // in any order
			from := r.Int64N(b.Len())
			piece, _ := b.At(from)
			if len(piece) == 0 || !strings.HasPrefix(test.want[from:], string(piece)) {
				t.Fatalf("%s: at %d: %.20q", test.name, from, piece)
			}
			wrong := []byte(test.want)
			wrong[from]++
			n := r.Int64N(from + 1)
			if got := b.Differs(n, wrong[n:]); got != from {
				t.Fatalf("%s: differs at %d, want %d", test.name, got, from)
			}
		}
		if got := b.Differs(0, []byte(test.want+"more")); got != -1 {
			t.Errorf("%s: differs at %d", test.name, got)
		}
		whole := b.Whole()
		if whole.Long() || string(whole.Data) != test.want {
			t.Errorf("%s: not whole", test.name)
		}
	}
}

// What is random is the same on every machine and in every version: scenarios
// hold hashes of it.
func TestRandomIsPinned(t *testing.T) {
	b := Random(7, 1<<20)
	h := sha256.New()
	for off := int64(0); off < b.Len(); {
		piece, _ := b.At(off)
		h.Write(piece)
		off += int64(len(piece))
	}
	if got, want := fmt.Sprintf("%x", h.Sum(nil)), "8482d0b2ff4e171388ca2113c4808666beab0a8283fdb68cd9566c1d06b261f1"; got != want {
		t.Errorf("seed 7: %s, want %s", got, want)
	}
	short := Random(7, 10)
	if first, _ := b.At(0); !bytes.Equal(short.Data, first[:10]) {
		t.Errorf("the first bytes depend on the size")
	}
	if other := Random(8, 10); bytes.Equal(short.Data, other.Data) {
		t.Error("two seeds, the same bytes")
	}
	// Asked for backwards, the bytes are the same.
	back, _ := b.At(Held)
	back = slices.Clone(back)
	b.At(0)
	if again, _ := b.At(Held); !bytes.Equal(again, back) {
		t.Error("a block is another the second time")
	}
}

func TestWild(t *testing.T) {
	any := Bytes{Data: []byte("a.c"), Any: []bool{false, true, false}}
	b := Join(Repeat(any, 6), Repeat(text("x"), Held))
	if !b.Wild() || !b.Long() {
		t.Fatal("not wild, or not long")
	}
	stream := []byte("abcazc" + strings.Repeat("x", Held))
	if got := b.Differs(0, stream); got != -1 {
		t.Errorf("differs at %d", got)
	}
	stream[5] = 'd'
	if got := b.Differs(0, stream); got != 5 {
		t.Errorf("differs at %d", got)
	}
	if _, wild := b.Copy(1, 10); !slices.Equal(wild, []bool{true, false, false, true, false, false, false, false, false}) {
		t.Errorf("wild: %v", wild)
	}
	if start, data, wild := b.Around(10_000); start%16 != 0 || start > 10_000-1000 || len(data) != len(wild) || len(data) < 5000 {
		t.Errorf("around: from %d, %d bytes", start, len(data))
	}
}

// A gigabyte costs the memory of a block.
func TestLongIsNotHeld(t *testing.T) {
	for name, b := range map[string]Bytes{
		"random":   Random(1, 1<<30),
		"repeated": Repeat(text("x"), 1<<30),
	} {
		if n := testing.AllocsPerRun(10, func() { b.At(b.Len() / 2); b.At(0) }); n > 1 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
