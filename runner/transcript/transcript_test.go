package transcript

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// seen is what a recorder has, in text form.
func seen(r *Recorder) string {
	var b strings.Builder
	for _, e := range r.Entries() {
		fmt.Fprintln(&b, e.Event)
	}
	return b.String()
}

func TestNeighboursJoin(t *testing.T) {
	var r Recorder
	r.Add(Connect, "s", 1, 1)
	r.Bytes(Send, []byte("a"), 2, 2)
	r.Bytes(Send, nil, 3, 3)
	r.Bytes(Send, []byte("b"), 4, 4)
	r.Bytes(Recv, []byte("c"), 5, 5)
	r.Bytes(Recv, []byte{}, 6, 6)
	r.Bytes(Send, []byte("d"), 7, 7)
	r.Add(EOF, "", 8, 8)
	r.Bytes(Recv, []byte("e"), 9, 9)
	r.Add(Recv, "{line}", 10, 10) // what was expected, and is no bytes that others could join
	r.Bytes(Recv, []byte("f"), 11, 11)
	want := "connect s\n> \"ab\"\n< \"c\"\n> \"d\"\n< eof\n< \"e\"\n< {line}\n< \"f\"\n"
	if got := seen(&r); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// An event has the time and the step of its first byte.
	if e := r.Entries()[1]; e.At != 2 || e.Step != 2 {
		t.Errorf("at %d, in step %d", e.At, e.Step)
	}
}

// An event that grows leaves those alone that share an allocation with it, and
// what it was given may be changed later.
func TestBytesAreCopied(t *testing.T) {
	var r Recorder
	p := []byte("a")
	r.Bytes(Send, p, 0, 1)
	r.Bytes(Recv, p, 0, 2)
	r.Bytes(Send, p, 0, 3)
	first := r.Entries()[0]
	p[0] = 'x'
	for range 100 {
		r.Bytes(Send, []byte("bbbbbbbb"), 0, 4)
	}
	r.Bytes(Recv, []byte("c"), 0, 5)
	want := "> \"a\"\n< \"a\"\n> \"a" + strings.Repeat("b", 800) + "\"\n< \"c\"\n"
	if got := seen(&r); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if string(first.Data) != "a" {
		t.Errorf("the first event became %q", first.Data)
	}
}

// The same bytes are the same event however they came, below and above what is
// kept and what is summed.
func TestCutsDoNotMatter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{1, 100, Kept - 1, Kept, Kept + 1, 3 * Kept, Summed - 1, Summed, Summed + 1, Summed + Kept} {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(i * i)
		}
		var whole, cut Recorder
		whole.Bytes(Recv, data, 0, 1)
		for rest := data; len(rest) > 0; {
			n := min(1+rnd.IntN(1+size/9), len(rest))
			cut.Bytes(Recv, rest[:n], 0, 1)
			rest = rest[n:]
		}
		if diff := cmp.Diff(whole.Entries()[0].Event, cut.Entries()[0].Event); diff != "" {
			t.Errorf("%d bytes: %s", size, diff)
		}
		e := whole.Entries()[0]
		sum := uint32(0)
		if size > Kept {
			sum = crc32.ChecksumIEEE(data[:min(size, Summed)])
		}
		if e.Size != int64(size) || !bytes.Equal(e.Data, data[:min(size, Kept)]) || e.Sum != sum {
			t.Errorf("%d bytes: size %d, %d kept, sum %x, want %x", size, e.Size, len(e.Data), e.Sum, sum)
		}
	}
}

// The sum of an event does not count its predecessors.
func TestSumsAreOfOneEvent(t *testing.T) {
	big := bytes.Repeat([]byte("x"), Kept+1)
	var r Recorder
	r.Bytes(Send, []byte("before"), 0, 1)
	r.Bytes(Recv, big, 0, 1)
	r.Bytes(Send, big, 0, 1)
	for _, e := range r.Entries()[1:] {
		if e.Sum != crc32.ChecksumIEEE(big) {
			t.Errorf("%v has the sum %x", e.Kind, e.Sum)
		}
	}
}

func TestUndo(t *testing.T) {
	big := bytes.Repeat([]byte("x"), Kept)
	for _, before := range [][]string{nil, {"a"}, {"a", "b"}, {string(big)}, {string(big) + "y"}} {
		var r, want Recorder
		for _, s := range before {
			r.Bytes(Recv, []byte(s), 0, 1)
			want.Bytes(Recv, []byte(s), 0, 1)
		}
		mark := r.Mark()
		r.Bytes(Recv, []byte("zz"), 0, 2) // joins the last one
		r.Add(EOF, "", 0, 2)
		r.Bytes(Recv, big, 0, 2)
		r.Undo(mark)
		for _, x := range []*Recorder{&r, &want} {
			x.Bytes(Recv, []byte("c"), 0, 3)
			x.Bytes(Send, big, 0, 3)
			x.Bytes(Send, []byte("d"), 0, 3)
		}
		if diff := cmp.Diff(want.Entries()[:1], r.Entries()[:1]); diff != "" && before != nil {
			t.Error(diff)
		}
		if got := seen(&r); got != seen(&want) {
			t.Errorf("after %d events: got %.80q, want %.80q", len(before), got, seen(&want))
		}
	}
}

func TestSettle(t *testing.T) {
	var l Log
	add := func(kind Kind, data string, want, got bool) {
		if want {
			l.Want.Bytes(kind, []byte(data), 0, 1)
		}
		if got {
			l.Seen.Bytes(kind, []byte(data), 0, 1)
		}
		l.Settle()
	}
	add(Send, "a", true, true)
	add(Recv, "b", true, false) // expected at once, as an exact frame is
	add(Recv, "b", false, true)
	add(Recv, "c", true, true) // joins an event that Settle must not have taken for over
	add(Send, "d", true, true)
	if !l.Equal() {
		t.Errorf("want %q", Text(l.Expected()))
	}
	if n := len(l.Want.Entries()); n != 1 {
		t.Errorf("%d expected events are kept, want the last one", n)
	}
	want := "> \"a\"\n< \"bc\"\n> \"d\"\n"
	if got := Text(l.Expected()); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	add(Recv, "e", true, false)
	if l.Equal() {
		t.Error("what did not come is not missed")
	}
	add(Recv, "x", false, true)
	if l.Equal() {
		t.Error("what came instead is not seen")
	}
	add(Send, "f", true, true)
	add(Recv, "g", true, true)
	if l.Equal() {
		t.Error("the difference is forgotten")
	}
	want += "< \"e\"\n> \"f\"\n< \"g\"\n"
	if got := Text(l.Expected()); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Settling now and then changes nothing, whatever is recorded.
func TestSettleChangesNothing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var often, never Log
		for range 1 + rnd.IntN(12) {
			kind := []Kind{Send, Recv, EOF}[rnd.IntN(3)]
			data := []byte("ab"[:1+rnd.IntN(2)])
			want, got := rnd.IntN(9) > 0, rnd.IntN(9) > 0
			for _, l := range []*Log{&often, &never} {
				for _, r := range []struct {
					*Recorder
					on bool
				}{{&l.Want, want}, {&l.Seen, got}} {
					switch {
					case r.on && kind == EOF:
						r.Add(EOF, "", 0, 1)
					case r.on:
						r.Bytes(kind, data, 0, 1)
					}
				}
			}
			if rnd.IntN(2) == 0 {
				often.Settle()
			}
		}
		if often.Equal() != never.Equal() || Text(often.Expected()) != Text(never.Expected()) || seen(&often.Seen) != seen(&never.Seen) {
			t.Fatalf("expected %q and %q, seen %q", Text(often.Expected()), Text(never.Expected()), seen(&never.Seen))
		}
	}
}

// What was recorded apart is as if it had been recorded here.
func TestAppend(t *testing.T) {
	for _, sizes := range [][]int{{1, 1}, {Kept, 1}, {1, Kept}, {Kept / 2, Kept}, {1, Kept + 1}, {Kept + 1, 1}, {Kept + 1, Kept + 1}} {
		var one, apart, other Log
		for i, n := range sizes {
			data := bytes.Repeat([]byte{'a' + byte(i)}, n)
			for _, l := range []*Log{&one, []*Log{&apart, &other}[i]} {
				l.Want.Bytes(Recv, data, 0, i)
				l.Seen.Bytes(Recv, data, 0, i)
			}
		}
		apart.Append(&other)
		for _, l := range []*Log{&one, &apart} {
			for _, r := range []*Recorder{&l.Want, &l.Seen} {
				r.Bytes(Recv, []byte("behind"), 0, 3)
			}
		}
		if !apart.Equal() {
			t.Errorf("%v: seen and wanted are not joined alike", sizes)
		}
		total := func(l *Log) (n int64) {
			for _, e := range l.Expected() {
				n += e.Size
			}
			return n
		}
		if total(&one) != total(&apart) {
			t.Errorf("%v: %d bytes became %d", sizes, total(&one), total(&apart))
		}
		if sizes[1] > Kept { // those can't join what stands before them
			e := apart.Expected()[1]
			if want := crc32.ChecksumIEEE([]byte(strings.Repeat("b", sizes[1]) + "behind")); e.Sum != want {
				t.Errorf("%v: the sum is %x, want %x", sizes, e.Sum, want)
			}
			continue
		}
		if diff := cmp.Diff(one.Expected(), apart.Expected()); diff != "" {
			t.Errorf("%v: %s", sizes, diff)
		}
	}
}

func TestEqual(t *testing.T) {
	event := Event{Kind: Recv, Data: []byte("abc"), Size: 3}
	same := []Event{event, {Kind: Connect, Name: "s"}}
	for _, test := range []struct {
		name  string
		other []Event
		want  bool
	}{
		{"the same", []Event{event, {Kind: Connect, Name: "s"}}, true},
		{"no bytes are no bytes", []Event{event, {Kind: Connect, Name: "s", Data: []byte{}}}, true},
		{"fewer", []Event{event}, false},
		{"more", []Event{event, {Kind: Connect, Name: "s"}, event}, false},
		{"other order", []Event{{Kind: Connect, Name: "s"}, event}, false},
		{"other bytes", []Event{{Kind: Recv, Data: []byte("abd"), Size: 3}, {Kind: Connect, Name: "s"}}, false},
		{"other kind", []Event{{Kind: Send, Data: []byte("abc"), Size: 3}, {Kind: Connect, Name: "s"}}, false},
		{"other name", []Event{event, {Kind: Connect, Name: "t"}}, false},
		{"other size", []Event{{Kind: Recv, Data: []byte("abc"), Size: 4}, {Kind: Connect, Name: "s"}}, false},
		{"other sum", []Event{{Kind: Recv, Data: []byte("abc"), Size: 3, Sum: 1}, {Kind: Connect, Name: "s"}}, false},
	} {
		if got := Equal(same, test.other); got != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
	if !Equal(nil, []Event{}) {
		t.Error("nothing is not nothing")
	}
}

func TestQuote(t *testing.T) {
	for _, test := range []struct {
		data  string
		size  int64
		limit int
		want  string
	}{
		{"", 0, 9, `""`},
		{"PING\r\n", 6, 9, `"PING\r\n"`},
		{"a\tb", 3, 9, `"a\tb"`},
		{`"\`, 2, 9, `"\"\\"`},
		{"\x00\x07\x1b[31m\x7f", 8, 9, `"\x00\x07\x1b[31m\x7f"`},
		{"你好", 6, 9, `"你好"`},
		{"\xe4\xbd", 2, 9, `"\xe4\xbd"`},
		{"\xff\xfe", 2, 9, `"\xff\xfe"`},
		{"\ufffd", 3, 9, "\"\ufffd\""},                             // well formed, and so shown as it is
		{"a\u202eb\u200bc", 9, 9, `"a\xe2\x80\xaeb\xe2\x80\x8bc"`}, // would turn the line around, and nothing to see
		{"\u00a0", 2, 9, `"\xc2\xa0"`},
		{"0123456789", 10, 10, `"0123456789"`},
		{"0123456789", 10, 9, `"012345678"… (10 bytes)`},
		{"0123", 10, 9, `"0123"… (10 bytes)`}, // fewer were kept than may be shown
	} {
		if got := Quote([]byte(test.data), test.size, test.limit); got != test.want {
			t.Errorf("%q: got %s, want %s", test.data, got, test.want)
		}
	}
}

func TestEventText(t *testing.T) {
	bytesOf := func(n int) Event {
		var r Recorder
		r.Bytes(Recv, bytes.Repeat([]byte("x"), n), 0, 1)
		return r.Entries()[0].Event
	}
	for _, test := range []struct {
		event Event
		want  string
	}{
		{Event{Kind: Connect, Name: "greeter"}, "connect greeter"},
		{Event{Kind: Accept}, "accept"},
		{Event{Kind: Send, Data: []byte("a\n"), Size: 2}, `> "a\n"`},
		{Event{Kind: Recv, Data: []byte("b"), Size: 1}, `< "b"`},
		{Event{Kind: Recv, Name: "{line}"}, "< {line}"},
		{Event{Kind: EOF}, "< eof"},
		{Event{Kind: PeerReset}, "< reset"},
		{Event{Kind: PeerEnd}, "< end"},
		{Event{Kind: Shutdown}, "shutdown"},
		{Event{Kind: Shutdown, Name: "both"}, "shutdown both"},
		{Event{Kind: Close}, "close"},
		{Event{Kind: Reset}, "reset"},
		{Event{Kind: Refused}, "refused"},
		{Event{Kind: Unreachable}, "unreachable"},
		{Event{Kind: Timeout}, "timeout"},
		{Event{Kind: Stop, Name: "s"}, "stop s"},
		{Event{Kind: Start, Name: "s"}, "start s"},
		{bytesOf(Whole), `< "` + strings.Repeat("x", Whole) + `"`},
		{bytesOf(Whole + 1), fmt.Sprintf(`< "%s"… (4097 bytes, crc32 %08x)`, strings.Repeat("x", 32), crc32.ChecksumIEEE(bytes.Repeat([]byte("x"), Whole+1)))},
		{bytesOf(Kept + 1), fmt.Sprintf(`< "%s"… (65537 bytes, crc32 %08x)`, strings.Repeat("x", 32), crc32.ChecksumIEEE(bytes.Repeat([]byte("x"), Kept+1)))},
	} {
		if got := test.event.String(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
	if got := Text([]Event{{Kind: Accept}, {Kind: Close}}); got != "accept\nclose\n" {
		t.Errorf("got %q", got)
	}
}

// Times stand beside events and not in them.
func TestTimesDoNotCount(t *testing.T) {
	var l Log
	l.Seen.Add(Close, "", time.Second, 5)
	l.Want.Add(Close, "", 0, 0)
	if !l.Equal() {
		t.Error("the time counts")
	}
}
