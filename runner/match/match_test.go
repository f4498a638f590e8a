package match

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"banter/runner/content"
	"banter/runner/pattern"
	"banter/runner/scenario"
)

// cuts is a source that brings its bytes in the given pieces, then its end.
type cuts struct {
	pieces [][]byte
	end    error
}

func (c *cuts) Read(p []byte) (int, error) {
	n, err := c.show(p)
	if err == nil {
		if c.pieces[0] = c.pieces[0][n:]; len(c.pieces[0]) == 0 {
			c.pieces = c.pieces[1:]
		}
	}
	return n, err
}

func (c *cuts) show(p []byte) (int, error) {
	if len(c.pieces) == 0 {
		return 0, c.end
	}
	return copy(p, c.pieces[0]), nil
}

// peeking is a source that can show bytes, too.
type peeking struct{ cuts }

func (c *peeking) Peek(p []byte) (int, error) { return c.show(p) }

// cut cuts data at random places.
func cut(r *rand.Rand, data string) (pieces [][]byte) {
	for len(data) > 0 {
		n := 1 + r.IntN(min(len(data), 1+r.IntN(9)))
		pieces = append(pieces, []byte(data[:n]))
		data = data[n:]
	}
	return pieces
}

func text(s string) *Bytes { return &Bytes{Data: []byte(s)} }

func sum(s string) []byte { h := sha256.Sum256([]byte(s)); return h[:] }

func line(eol scenario.EOL) Expectation {
	return Expectation{Frame: scenario.FrameLine, EOL: eol, Max: 64, Size: -1}
}

func jsonLine(want JSON) Expectation {
	e := line(scenario.CRLF)
	e.JSON = &want
	return e
}

func through(eol scenario.EOL, last string) Expectation {
	return Expectation{Frame: scenario.FrameLines, EOL: eol, Max: 64, Through: pattern.MustCompile(last), Size: -1}
}

func counted(form scenario.Form, at, plus int64) Expectation {
	return Expectation{Frame: scenario.FrameLength, Form: form, At: at, Plus: plus, Max: 200, Size: -1}
}

func with(e Expectation, change func(*Expectation)) Expectation {
	change(&e)
	return e
}

// tests say what a frame takes of a stream, and what is said of it. The
// verdict, the message and what is left are to be the same for every cut.
var tests = []struct {
	name   string
	expect Expectation
	stream string
	end    error // io.EOF if nil
	kind   Kind  // 0: as expected
	offset int64
	left   string // behind the frame, where it is as expected
}{
	{"exact", Expectation{Equals: text("hhhh"), Size: -1}, "hhhhx", nil, 0, 0, "x"},
	{"exact differs", Expectation{Equals: text("hhhh"), Size: -1}, "hhxh", nil, Differs, 2, ""},
	{"exact short", Expectation{Equals: text("hhhh"), Size: -1}, "hh", nil, Short, 2, ""},
	{"exact wrong byte before the end", Expectation{Equals: text("hhhh"), Size: -1}, "hx", nil, Differs, 1, ""},
	{"exact with any", Expectation{Equals: &Bytes{Data: []byte{1, 0, 3}, Any: []bool{false, true, false}}, Size: -1}, "\x01\xff\x03", nil, 0, 0, ""},
	{"exact with any differs", Expectation{Equals: &Bytes{Data: []byte{1, 0, 3}, Any: []bool{false, true, false}}, Size: -1}, "\x01\xff\x04", nil, Differs, 2, ""},
	{"line", line(scenario.CRLF), "PING\r\nmore", nil, 0, 0, "more"},
	{"empty line", with(line(scenario.CRLF), func(e *Expectation) { e.Equals = text("") }), "\r\nmore", nil, 0, 0, "more"},
	{"line is", with(line(scenario.CRLF), func(e *Expectation) { e.Equals = text("PING") }), "PING\r\nmore", nil, 0, 0, "more"},
	{"line is not", with(line(scenario.CRLF), func(e *Expectation) { e.Equals = text("PING") }), "PONG\r\nmore", nil, Differs, 1, ""},
	{"line is longer", with(line(scenario.CRLF), func(e *Expectation) { e.Equals = text("PING") }), "PINGS\r\nmore", nil, Differs, 4, ""},
	{"line is shorter", with(line(scenario.CRLF), func(e *Expectation) { e.Equals = text("PING") }), "PIN\r\nmore", nil, Differs, 3, ""},
	{"line with a CR in it", with(line(scenario.CRLF), func(e *Expectation) { e.Equals = text("a\rb") }), "a\rb\r\n", nil, 0, 0, ""},
	{"line with CR too many", with(line(scenario.CRLF), func(e *Expectation) { e.Equals = text("ab") }), "ab\r\r\n", nil, Differs, 2, ""},
	{"LF for CRLF", with(line(scenario.CRLF), func(e *Expectation) { e.Equals = text("PING") }), "PING\nmore", nil, Ending, 4, ""},
	{"CRLF for LF", with(line(scenario.LF), func(e *Expectation) { e.Equals = text("PING") }), "PING\r\nmore", nil, Ending, 4, ""},
	{"LF", line(scenario.LF), "PING\nmore", nil, 0, 0, "more"},
	{"any eol, LF", with(line(scenario.AnyEOL), func(e *Expectation) { e.Equals = text("PING") }), "PING\nmore", nil, 0, 0, "more"},
	{"any eol, CRLF", with(line(scenario.AnyEOL), func(e *Expectation) { e.Equals = text("PING") }), "PING\r\nmore", nil, 0, 0, "more"},
	{"own eol", with(line("\x01"), func(e *Expectation) { e.Equals = text("8=FIX\n") }), "8=FIX\n\x0135=A\x01", nil, 0, 0, "35=A\x01"},
	{"own eol of two, half of it before", with(line("ab"), func(e *Expectation) { e.Equals = text("xa") }), "xaaby", nil, 0, 0, "y"},
	{"line unfinished", line(scenario.CRLF), "PING\r", nil, Short, 5, ""},
	{"line too long", line(scenario.CRLF), strings.Repeat("x", 65), nil, TooLong, 64, ""},
	{"line of max", line(scenario.CRLF), strings.Repeat("x", 62) + "\r\ny", nil, 0, 0, "y"},
	{"line reset", line(scenario.CRLF), "PI", io.ErrUnexpectedEOF, Short, 2, ""},
	{"line late", line(scenario.CRLF), "PI", os.ErrDeadlineExceeded, Short, 2, ""},
	{"until", Expectation{Frame: scenario.FrameUntil, Delim: []byte("\r\n\r\n"), Max: 64, Size: -1}, "a\r\nb\r\n\r\n\r\nc", nil, 0, 0, "\r\nc"},
	{"until sees its delimiter", Expectation{Frame: scenario.FrameUntil, Delim: []byte("aab"), Max: 64, Size: -1, Equals: text("aaab")}, "aaabx", nil, 0, 0, "x"},
	{"until differs", Expectation{Frame: scenario.FrameUntil, Delim: []byte(";"), Max: 64, Size: -1, Equals: text("ab;")}, "ac;", nil, Differs, 1, ""},
	{"bytes", Expectation{Frame: scenario.FrameBytes, N: 3, Size: -1}, "abcd", nil, 0, 0, "d"},
	{"bytes short", Expectation{Frame: scenario.FrameBytes, N: 3, Size: -1}, "ab", nil, Short, 2, ""},
	{"bytes with a hash", Expectation{Frame: scenario.FrameBytes, N: 3, Size: 3, SHA256: sum("abc")}, "abcd", nil, 0, 0, "d"},
	{"bytes with another hash", Expectation{Frame: scenario.FrameBytes, N: 3, Size: -1, SHA256: sum("abd")}, "abcd", nil, Unmet, 3, ""},
	{"prefix", with(line(scenario.CRLF), func(e *Expectation) { e.Prefix = text("250") }), "250 ok\r\n", nil, 0, 0, ""},
	{"prefix differs", with(line(scenario.CRLF), func(e *Expectation) { e.Prefix = text("250") }), "251 ok\r\n", nil, Differs, 2, ""},
	{"prefix too short", with(line(scenario.CRLF), func(e *Expectation) { e.Prefix = text("250") }), "25\r\n", nil, Unmet, 2, ""},
	{"suffix", with(line(scenario.CRLF), func(e *Expectation) { e.Suffix = text("ok") }), "250 ok\r\n", nil, 0, 0, ""},
	{"suffix not", with(line(scenario.CRLF), func(e *Expectation) { e.Suffix = text("ok") }), "250 no\r\n", nil, Unmet, 6, ""},
	{"contains", with(line(scenario.CRLF), func(e *Expectation) { e.Contains = []*Bytes{text("ok"), text("0 o")} }), "250 ok\r\n", nil, 0, 0, ""},
	{"contains not", with(line(scenario.CRLF), func(e *Expectation) { e.Contains = []*Bytes{text("0 o"), text("0 x")} }), "250 ok\r\n", nil, Unmet, 6, ""},
	{"regex", with(line(scenario.CRLF), func(e *Expectation) { e.Regex = pattern.MustCompile(`^\d+ ok$`) }), "250 ok\r\n", nil, 0, 0, ""},
	{"regex on bytes", with(line(scenario.CRLF), func(e *Expectation) { e.Regex = pattern.MustCompile(`^\xff.你\x00$`) }), "\xff\xfe你\x00\r\n", nil, 0, 0, ""},
	{"regex not", with(line(scenario.CRLF), func(e *Expectation) { e.Regex = pattern.MustCompile(`^\d+ ok$`) }), "250 no\r\n", nil, Unmet, 6, ""},
	{"not", with(line(scenario.CRLF), func(e *Expectation) { e.Not = &Expectation{Prefix: text("5"), Size: -1} }), "250 ok\r\nx", nil, 0, 0, "x"},
	{"not not", with(line(scenario.CRLF), func(e *Expectation) { e.Not = &Expectation{Prefix: text("2"), Size: -1} }), "250 ok\r\nx", nil, Unmet, 6, ""},
	{"not equal, as it is longer", with(line(scenario.CRLF), func(e *Expectation) { e.Not = &Expectation{Equals: text("2"), Size: -1} }), "250 ok\r\nx", nil, 0, 0, "x"},
	{"like", with(line(scenario.CRLF), func(e *Expectation) {
		e.Like = &Like{Pattern: pattern.MustCompile(`\A250 [0-9]+\z`), Text: `"250 ${?:int}"`}
	}), "250 17\r\nx", nil, 0, 0, "x"},
	{"not like", with(line(scenario.CRLF), func(e *Expectation) {
		e.Like = &Like{Pattern: pattern.MustCompile(`\A250 [0-9]+\z`), Text: `"250 ${?:int}"`}
	}), "250 1x\r\nx", nil, Unmet, 6, ""},
	{"json", jsonLine(Object{{"a", json.Number("1")}, {"b", []JSON{true, nil, "x"}}}), `{"c": {}, "b": [true, null, "x"], "a": 10e-1}` + "\r\nx", nil, 0, 0, "x"},
	{"json differs", jsonLine(Object{{"a", Object{{"b", []JSON{"x"}}}}}), `{"a":{"b":["y"]}}` + "\r\n", nil, Unmet, 17, ""},
	{"no json", jsonLine(Object{}), "{\r\n", nil, Unmet, 1, ""},
	{"lines", through(scenario.CRLF, "^250 "), "250-a\r\n250-b\r\n250 c\r\n250 d\r\n", nil, 0, 0, "250 d\r\n"},
	{"lines of LF", through(scenario.LF, "^$"), "a\nb\n\nc", nil, 0, 0, "c"},
	{"lines of any", through(scenario.AnyEOL, "^$"), "a\r\nb\n\r\nc", nil, 0, 0, "c"},
	{"lines of one's own", through("||", "^b$"), "a|||b||b||c", nil, 0, 0, "c"},
	{"lines are", with(through(scenario.CRLF, "^b"), func(e *Expectation) { e.Equals = text("a\r\nb\r\n") }), "a\r\nb\r\nc", nil, 0, 0, "c"},
	{"lines differ", with(through(scenario.CRLF, "^b"), func(e *Expectation) { e.Equals = text("a\r\nb\r\n") }), "a\r\nbc\r\nb\r\n", nil, Differs, 4, ""},
	{"lines hold", with(through(scenario.CRLF, "^b"), func(e *Expectation) { e.Contains = []*Bytes{text("a\r\nb")} }), "a\r\nb\r\nc", nil, 0, 0, "c"},
	{"lines hold not", with(through(scenario.CRLF, "^b"), func(e *Expectation) { e.Contains = []*Bytes{text("c")} }), "a\r\nb\r\nc", nil, Unmet, 6, ""},
	{"lines, one ends with LF", through(scenario.CRLF, "^c"), "a\r\nb\nc\r\n", nil, Ending, 4, ""},
	{"lines, one ends with LF, and differs", with(through(scenario.CRLF, "^b"), func(e *Expectation) { e.Equals = text("a\r\nb\r\n") }), "a\nb\r\n", nil, Ending, 1, ""},
	{"lines unfinished", through(scenario.CRLF, "^b"), "a\r\nb\r", nil, Short, 5, ""},
	{"lines too long", with(through(scenario.CRLF, "^b"), func(e *Expectation) { e.Max = 4 }), "a\r\nbb\r\n", nil, TooLong, 4, ""},
	{"lines of max", with(through(scenario.CRLF, "^b"), func(e *Expectation) { e.Max = 6 }), "a\r\nb\r\nc", nil, 0, 0, "c"},
	{"lines in a mess", through(scenario.CRLF, "^b\r?$"), "a\ra\r\nb\r\r\nc", nil, 0, 0, "c"},
	{"length", counted(scenario.U16BE, 0, 0), "\x00\x03abcd", nil, 0, 0, "d"},
	{"length of nothing", counted(scenario.U8, 0, 0), "\x00abcd", nil, 0, 0, "abcd"},
	{"length that counts itself", counted(scenario.U32LE, 0, -4), "\x07\x00\x00\x00abcd", nil, 0, 0, "d"},
	{"length too small", counted(scenario.U32LE, 0, -4), "\x03\x00\x00\x00abcd", nil, Unmet, 0, ""},
	{"length that is not all", counted(scenario.U8, 0, 2), "\x01abcd", nil, 0, 0, "d"},
	{"length in a varint", counted(scenario.Varint, 1, 0), "\x30\x80\x01" + strings.Repeat("x", 129), nil, 0, 0, "x"},
	{"length of too many bits", counted(scenario.Varint, 0, 0), strings.Repeat("\xff", 20), nil, Unmet, 0, ""},
	{"length is", with(counted(scenario.U8, 1, 0), func(e *Expectation) { e.Equals = text("abc") }), "x\x03abcd", nil, 0, 0, "d"},
	{"length, body differs", with(counted(scenario.U8, 1, 0), func(e *Expectation) { e.Equals = text("abc") }), "x\x03axc", nil, Differs, 1, ""},
	{"length is another", with(counted(scenario.U8, 1, 0), func(e *Expectation) { e.Equals = text("abc") }), "x\x04abcd", nil, Unmet, 1, ""},
	{"length, size is another", with(counted(scenario.U8, 1, 0), func(e *Expectation) { e.Size = 3 }), "x\x04abcd", nil, Unmet, 1, ""},
	{"length with a header", with(counted(scenario.U8, 3, 0), func(e *Expectation) { e.Header = &Expectation{Equals: text("abc"), Size: -1} }), "abc\x01de", nil, 0, 0, "e"},
	{"length, header differs", with(counted(scenario.U8, 3, 0), func(e *Expectation) { e.Header = &Expectation{Equals: text("abc"), Size: -1} }), "abx\x01de", nil, Differs, 2, ""},
	{"length, header unmet", with(counted(scenario.U8, 3, 0), func(e *Expectation) { e.Header = &Expectation{Contains: []*Bytes{text("bc")}, Size: -1} }), "abx\x01de", nil, Unmet, 3, ""},
	{"length unfinished", counted(scenario.U16BE, 1, 0), "a\x00", nil, Short, 2, ""},
	{"length, body unfinished", counted(scenario.U16BE, 1, 0), "a\x00\x03bc", nil, Short, 5, ""},
	{"length, wanted body unfinished", with(counted(scenario.U16BE, 1, 0), func(e *Expectation) { e.Equals = text("bcd") }), "a\x00\x03bc", nil, Short, 2, ""},
	{"length over max", with(counted(scenario.U64BE, 0, 0), func(e *Expectation) { e.Max = 10 }), "\x00\x00\x00\x00\x00\x00\x00\x03abc", nil, TooLong, 0, ""},
	{"length beyond measure", with(counted(scenario.U64BE, 0, 1000), func(e *Expectation) { e.Max = 10 }), "\xff\xff\xff\xff\xff\xff\xff\xffabc", nil, TooLong, 0, ""},
	{"rest", Expectation{Frame: scenario.FrameRest, Max: 64, Size: 5}, "abcde", nil, 0, 0, ""},
	{"rest is", Expectation{Frame: scenario.FrameRest, Max: 64, Size: -1, Equals: text("abcde")}, "abcde", nil, 0, 0, ""},
	{"rest is shorter", Expectation{Frame: scenario.FrameRest, Max: 64, Size: -1, Equals: text("abcde")}, "abc", nil, Short, 3, ""},
	{"rest is longer", Expectation{Frame: scenario.FrameRest, Max: 64, Size: -1, Equals: text("abc")}, "abcde", nil, Differs, 3, ""},
	{"rest too long", Expectation{Frame: scenario.FrameRest, Max: 4, Size: -1}, "abcde", nil, TooLong, 4, ""},
	{"rest of max", Expectation{Frame: scenario.FrameRest, Max: 5, Size: -1}, "abcde", nil, 0, 0, ""},
	{"rest reset", Expectation{Frame: scenario.FrameRest, Max: 64, Size: -1}, "abc", io.ErrUnexpectedEOF, Short, 3, ""},
}

func TestVerdictDoesNotDependOnCuts(t *testing.T) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			var message string
			for i := range 200 {
				src := cuts{cut(r, test.stream), test.end}
				if i == 0 {
					src.pieces = [][]byte{[]byte(test.stream)}
				}
				if src.end == nil {
					src.end = io.EOF
				}
				var taken []byte
				take := func(p []byte) { taken = append(taken, p...) }
				stream := NewStream(&src, take)
				if i%2 == 0 {
					stream = NewStream(&peeking{src}, take)
				}
				m := stream.Expect(&test.expect)
				if m == nil {
					m = &Mismatch{}
				}
				if m.Kind != test.kind || m.Offset != test.offset {
					t.Fatalf("cut %d: got kind %d at offset %d (%s), want kind %d at offset %d", i, m.Kind, m.Offset, m.Message, test.kind, test.offset)
				}
				if i > 0 && m.Message != message {
					t.Fatalf("cut %d: the message is %q, and was %q", i, m.Message, message)
				}
				message = m.Message
				if !strings.HasPrefix(test.stream, string(taken)) {
					t.Fatalf("cut %d: took %q of %q", i, taken, test.stream)
				}
				if test.kind == 0 {
					if got := test.stream[len(taken):]; got != test.left {
						t.Fatalf("cut %d: left %q, want %q", i, got, test.left)
					}
				}
			}
		})
	}
}

// A payload that is made piece by piece is compared as one that is held.
func TestLongPayloads(t *testing.T) {
	want := content.Join(Bytes{Data: []byte{1, 0, 3}, Any: []bool{false, true, false}}, content.Random(7, 100_000), content.Repeat(*text("abc"), 100_000))
	data, _ := want.Copy(0, want.Len())
	data[1] = 9 // any byte will do
	change := func(at int) string { d := bytes.Clone(data); d[at]++; return string(d) }
	r := rand.New(rand.NewPCG(1, 2))
	for _, test := range []struct {
		name, stream string
		kind         Kind
		offset       int64
		message      string
	}{
		{"as it is", string(data) + "x", 0, 0, ""},
		{"differs", change(150_000), Differs, 150_000, "the bytes differ at offset 150000"},
		{"differs at the end", change(len(data) - 1), Differs, 200_002, "the bytes differ at offset 200002"},
		{"short", string(data[:180_000]), Short, 180_000, "eof after 180000 of 200003 bytes"},
		{"differs at the start", change(0), Differs, 0, "the bytes differ at offset 0"},
	} {
		for _, frame := range []Expectation{
			{Equals: &want, Size: -1},
			{Frame: scenario.FrameRest, Max: 1 << 20, Equals: &want, Size: -1},
		} {
			for range 3 {
				stream := test.stream
				if frame.Frame == scenario.FrameRest {
					stream = strings.TrimSuffix(stream, "x")
				}
				m := NewStream(&cuts{cut(r, stream), io.EOF}, nil).Expect(&frame)
				if m == nil {
					m = &Mismatch{}
				}
				if m.Kind != test.kind || m.Offset != test.offset || m.Message != test.message {
					t.Fatalf("%s: kind %d, offset %d, %s", test.name, m.Kind, m.Offset, m.Message)
				}
				if m.Kind == 0 {
					continue
				}
				at, wild := m.Offset-m.Start, min(max(2-m.Start, 0), m.Offset)
				if len(m.Want) > 10_000 || at > 5000 || m.Wanted != want.Len() || !bytes.Equal(m.Want[wild:at], m.Got[wild:at]) {
					t.Fatalf("%s: shows %d bytes from %d on, and %d that came", test.name, len(m.Want), m.Start, len(m.Got))
				}
			}
		}
	}
}

// What no frame wants stays with the source, if the source can show it.
func TestTakesNoByteTooMany(t *testing.T) {
	src := &peeking{cuts{[][]byte{[]byte("a\r\nb\r\nrest")}, io.EOF}}
	stream := NewStream(src, nil)
	e := line(scenario.CRLF)
	for range 2 {
		if m := stream.Expect(&e); m != nil {
			t.Fatal(m)
		}
	}
	if got := string(bytes.Join(src.pieces, nil)); got != "rest" {
		t.Errorf("the source has %q left, want %q", got, "rest")
	}
}

// The end comes again to everybody who asks, as the kernel would not say it.
func TestEndIsRemembered(t *testing.T) {
	src := &cuts{end: io.ErrUnexpectedEOF}
	stream := NewStream(src, nil)
	for range 3 {
		if err := stream.Ready(); err != io.ErrUnexpectedEOF {
			t.Fatalf("got %v", err)
		}
		src.end = io.EOF
	}
}

// A deadline is no end: what comes later is read.
func TestDeadlineIsNoEnd(t *testing.T) {
	src := &cuts{end: os.ErrDeadlineExceeded}
	stream := NewStream(src, nil)
	if err := stream.Ready(); err != os.ErrDeadlineExceeded {
		t.Fatalf("got %v", err)
	}
	src.pieces = [][]byte{[]byte("x")}
	if err := stream.Ready(); err != nil {
		t.Fatal(err)
	}
}

func TestMismatchShowsBytes(t *testing.T) {
	for _, test := range []struct {
		expect    Expectation
		stream    string
		want, got string
	}{
		{Expectation{Equals: text("hhhh"), Size: -1}, "hhxh", "hhhh", "hhxh"},
		{with(line(scenario.CRLF), func(e *Expectation) { e.Equals = text("PING") }), "PONG\r\n", "PING\r\n", "PONG\r\n"},
		{with(line(scenario.LF), func(e *Expectation) { e.Equals = text("PING") }), "PI\n", "PING\n", "PI\n"},
		{Expectation{Equals: text("hhhh"), Size: -1}, "hh", "hhhh", "hh"},
		{Expectation{Frame: scenario.FrameRest, Max: 9, Equals: text("ab"), Size: -1}, "abcd", "ab", "abcd"},
		{Expectation{Frame: scenario.FrameRest, Max: 9, Equals: text("ab"), Size: -1}, "a", "ab", "a"},
		{Expectation{Frame: scenario.FrameRest, Max: 9, Size: 3}, "abcd", "", "abcd"},
		{Expectation{Frame: scenario.FrameRest, Max: 3, Size: -1}, "abcd", "", "abc"},
		{Expectation{Frame: scenario.FrameBytes, N: 3, Prefix: text("ax"), Size: -1}, "abcd", "ax", "abc"},
		{Expectation{Frame: scenario.FrameBytes, N: 3, Size: -1}, "ab", "", "ab"},
		{Expectation{Equals: &Bytes{Data: []byte("a.c"), Any: []bool{false, true, false}}, Size: -1}, "axx", "a.c", "axx"},
		{Expectation{Equals: &Bytes{Data: []byte("a.c"), Any: []bool{false, true, false}}, Size: -1}, "ax", "a.c", "ax"},
	} {
		m := NewStream(&cuts{[][]byte{[]byte(test.stream)}, io.EOF}, nil).Expect(&test.expect)
		if m == nil {
			t.Errorf("%q: no mismatch", test.stream)
			continue
		}
		if diff := cmp.Diff([]string{test.want, test.got}, []string{string(m.Want), string(m.Got)}); diff != "" {
			t.Errorf("%q: %s", test.stream, diff)
		}
	}
}

// 16 MiB that come one byte at a time are searched once.
func BenchmarkUntilByteByByte(b *testing.B) {
	data := append(bytes.Repeat([]byte("x"), 16<<20-2), "\r\n"...)
	for b.Loop() {
		src := &trickle{data: data}
		e := Expectation{Frame: scenario.FrameUntil, Delim: []byte("\r\n"), Max: 16 << 20, Size: -1}
		if m := NewStream(src, nil).Expect(&e); m != nil {
			b.Fatal(m)
		}
	}
}

// So are lines.
func BenchmarkLinesByteByByte(b *testing.B) {
	data := append(bytes.Repeat([]byte("250-x\r\n"), 1<<20), "250 x\r\n"...)
	for b.Loop() {
		src := &trickle{data: data}
		e := Expectation{Frame: scenario.FrameLines, EOL: scenario.CRLF, Through: pattern.MustCompile("^250 "), Max: 16 << 20, Size: -1}
		if m := NewStream(src, nil).Expect(&e); m != nil {
			b.Fatal(m)
		}
	}
}

type trickle struct{ data []byte }

func (t *trickle) Read(p []byte) (int, error) {
	n, err := t.Peek(p)
	t.data = t.data[n:]
	return n, err
}

func (t *trickle) Peek(p []byte) (int, error) {
	if len(t.data) == 0 {
		return 0, io.EOF
	}
	p[0] = t.data[0]
	return 1, nil
}
