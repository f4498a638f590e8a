package scenario

import (
	"fmt"
	"math"
	"testing"
)

func TestForms(t *testing.T) {
	for _, test := range []struct {
		form  Form
		n     uint64
		bytes string
	}{
		{U8, 255, "ff"},
		{U16BE, 0x0102, "0102"}, {U16LE, 0x0102, "0201"},
		{U24BE, 0x010203, "010203"}, {U24LE, 0x010203, "030201"},
		{U32BE, 0x01020304, "01020304"}, {U32LE, 0x01020304, "04030201"},
		{U64BE, 0x0102030405060708, "0102030405060708"}, {U64LE, 0x0102030405060708, "0807060504030201"},
		{U64LE, math.MaxUint64, "ffffffffffffffff"},
		{Varint, 0, "00"}, {Varint, 127, "7f"}, {Varint, 128, "8001"}, {Varint, 268_435_455, "ffffff7f"},
	} {
		b := test.form.Append(nil, test.n)
		if got := fmt.Sprintf("%x", b); got != test.bytes {
			t.Errorf("%s of %d: %s, want %s", test.form, test.n, got, test.bytes)
		}
		if n, size := test.form.Number(append(b, 0xee)); n != test.n || size != len(b) {
			t.Errorf("%s: read as %d of %d bytes, want %d", test.form, n, size, test.n)
		}
		if _, size := test.form.Number(b[:len(b)-1]); size != 0 {
			t.Errorf("%s: half a number has %d bytes", test.form, size)
		}
		if formNamed(test.form.String()) != test.form {
			t.Errorf("%s has another name", test.form)
		}
	}
	if _, size := Varint.Number([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}); size >= 0 {
		t.Error("a varint without end")
	}
}
