package match

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"banter/runner/scenario"
)

// both plays a test on a stream that is cut at random, on a source that can be
// peeked at and on one that can't.
func both(t *testing.T, stream string, end error, play func(s *Stream, taken *[]byte)) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 100 {
		src := cuts{cut(r, stream), end}
		taken := &[]byte{}
		take := func(p []byte) { *taken = append(*taken, p...) }
		s := NewStream(&src, take)
		if i%2 == 0 {
			s = NewStream(&peeking{src}, take)
		}
		play(s, taken)
	}
}

func TestOptional(t *testing.T) {
	for _, test := range []struct {
		name   string
		expect Expectation
		stream string
		end    error
		taken  string
		late   bool
	}{
		{"there", Expectation{Equals: text("ab"), Size: -1}, "abc", io.EOF, "ab", false},
		{"another", Expectation{Equals: text("ab"), Size: -1}, "ac", io.EOF, "", false},
		{"half", Expectation{Equals: text("ab"), Size: -1}, "a", io.EOF, "", false},
		{"nothing", Expectation{Equals: text("ab"), Size: -1}, "", io.EOF, "", false},
		{"a line", with(line(scenario.CRLF), func(e *Expectation) { e.Prefix = text("a") }), "ab\r\nc", io.EOF, "ab\r\n", false},
		{"another line", with(line(scenario.CRLF), func(e *Expectation) { e.Suffix = text("a") }), "ab\r\nc", io.EOF, "", false},
		{"reset", with(line(scenario.CRLF), func(e *Expectation) { e.Suffix = text("a") }), "ab", io.ErrUnexpectedEOF, "", false},
		{"not known in time", Expectation{Equals: text("ab"), Size: -1}, "a", os.ErrDeadlineExceeded, "", true},
		{"known in time", Expectation{Equals: text("ab"), Size: -1}, "c", os.ErrDeadlineExceeded, "", false},
		{"a length", counted(scenario.U8, 0, 0), "\x02abc", io.EOF, "\x02ab", false},
		{"lines", through(scenario.CRLF, "^b"), "a\r\nb\r\nc", io.EOF, "a\r\nb\r\n", false},
	} {
		test.expect.Optional = true
		both(t, test.stream, test.end, func(s *Stream, taken *[]byte) {
			if m := s.Expect(&test.expect); (m != nil) != test.late {
				t.Fatalf("%s: %v", test.name, m)
			}
			if string(*taken) != test.taken {
				t.Fatalf("%s: took %q, want %q", test.name, *taken, test.taken)
			}
			if test.end == os.ErrDeadlineExceeded {
				return
			}
			if _, err := s.Rest(); err != nil && err != test.end {
				t.Fatalf("%s: %v", test.name, err)
			}
			if string(*taken) != test.stream { // what was left is all still there
				t.Fatalf("%s: then took %q of %q", test.name, *taken, test.stream)
			}
		})
	}
}

func TestAnyOrder(t *testing.T) {
	is := func(s string) *Expectation { e := line(scenario.LF); e.Equals = text(s); return &e }
	begins := func(s string) *Expectation { e := line(scenario.LF); e.Prefix = text(s); return &e }
	exact := func(s string) *Expectation { return &Expectation{Equals: text(s), Size: -1} }
	for _, test := range []struct {
		name    string
		all     []*Expectation
		skip    *Expectation
		stream  string
		end     error
		frames  string // sorted, a "|" between them
		left    string
		message string
	}{
		{"as listed", []*Expectation{is("a"), is("b")}, nil, "a\nb\nc", io.EOF, "a\n|b\n", "c", ""},
		{"the other way round", []*Expectation{is("a"), is("b")}, nil, "b\na\nc", io.EOF, "a\n|b\n", "c", ""},
		{"one meets both", []*Expectation{begins("a"), is("ab")}, nil, "ab\nac\n", io.EOF, "ab\n|ac\n", "", ""},
		{"one meets both, last", []*Expectation{begins("a"), is("ab")}, nil, "ac\nab\n", io.EOF, "ab\n|ac\n", "", ""},
		{"twice the same", []*Expectation{is("a"), is("a")}, nil, "a\na\n", io.EOF, "a\n|a\n", "", ""},
		{"once too often", []*Expectation{is("a"), is("b")}, nil, "a\na\nb\n", io.EOF, "a\n", "", "the next frame is one that has come already; 1 of 2 came"},
		{"a stranger", []*Expectation{is("a"), is("b"), is("c")}, nil, "a\nx\nb\n", io.EOF, "a\n", "", "the next frame is none of those that have not come; 1 of 3 came"},
		{"a stranger for the last", []*Expectation{is("a"), is("b")}, nil, "a\nx\nb\n", io.EOF, "a\n", "", "the bytes differ at offset 0"},
		{"skipped", []*Expectation{is("a"), is("b")}, begins("PING"), "PING 1\nb\nPING 2\nPING 3\na\nPING\n", io.EOF, "a\n|b\n", "PING\n", ""},
		{"eof", []*Expectation{is("a"), is("b")}, begins("PING"), "PING 1\nb\nPING 2\n", io.EOF, "b\n", "", "eof after 1 of 2 frames"},
		{"eof in a frame", []*Expectation{is("a"), is("b")}, nil, "b\na", io.EOF, "b\n", "", "eof after 1 of 2 frames, and 1 byte of another"},
		{"late", []*Expectation{is("a"), is("b")}, begins("PING"), "b\n", os.ErrDeadlineExceeded, "b\n", "", "timeout after 1 of 2 frames"},
		{"without frames of their own", []*Expectation{exact("abc"), exact("de"), exact("d")}, nil, "deabcdx", io.EOF, "abc|d|de", "x", ""},
	} {
		both(t, test.stream, test.end, func(s *Stream, _ *[]byte) {
			frames, _, m := s.AnyOrder(test.all, test.skip)
			message := ""
			if m != nil {
				message = m.Message
			}
			if diff := cmp.Diff([]string{test.frames, test.message}, []string{string(bytes.Join(frames, []byte("|"))), message}); diff != "" {
				t.Fatalf("%s: %s", test.name, diff)
			}
			if m != nil {
				return
			}
			var left strings.Builder
			for p, err := s.Some(Most); err == nil; p, err = s.Some(Most) {
				left.Write(p)
			}
			if left.String() != test.left {
				t.Fatalf("%s: left %q", test.name, left.String())
			}
		})
	}
}
