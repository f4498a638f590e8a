package align_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"banter/runner/align"
)

// pattern is tokens as the tests write them: ? is a hole, # digits, . any byte,
// and (x) the value x.
func pattern(s string) []align.Token {
	var tokens []align.Token
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '?':
			tokens = append(tokens, align.Token{Kind: align.Hole})
		case '#':
			tokens = append(tokens, align.Token{Kind: align.Digits})
		case '.':
			tokens = append(tokens, align.Token{Kind: align.Any})
		case '(':
			end := i + strings.IndexByte(s[i:], ')')
			tokens = append(tokens, align.Token{Kind: align.Value, Value: []byte(s[i+1 : end])})
			i = end
		default:
			tokens = append(tokens, align.Text([]byte(s[i:i+1]))...)
		}
	}
	return tokens
}

// written is what came as the tests write it, with what has stayed of the
// tokens.
func written(tokens []align.Token, came string, ranges []align.Range) string {
	var out strings.Builder
	at := 0
	for i, r := range ranges {
		if r == align.Gone || tokens[i].Kind == align.Byte {
			continue
		}
		out.WriteString(came[at:r.From])
		switch tokens[i].Kind {
		case align.Hole:
			out.WriteByte('?')
		case align.Digits:
			out.WriteByte('#')
		case align.Any:
			out.WriteByte('.')
		case align.Value:
			out.WriteString("(" + came[r.From:r.To] + ")")
		}
		at = r.To
	}
	return out.String() + came[at:]
}

func TestAlign(t *testing.T) {
	for _, test := range []struct{ expected, came, want string }{
		{"hhhh", "hhxh", "hhxh"},
		{"", "x", "x"},
		{"x", "", ""},

		// Holes.
		{"250 OK id=?", "251 OK id=7", "251 OK id=?"},
		{"220 ? ESMTP ready", "554 mx.test ESMTP no", "554 ? ESMTP no"},
		{"250 queued as ?", "250 accepted as 4711", "250 accepted as ?"},
		{"250 queued as ?", "550 mailbox full", "550 mailbox full"},
		{"hello ? world", "good bye", "good bye"},
		{"?", "a\nb", "a\nb"},
		{"? b", "x c", "x c"},
		{"a ? b", "a x\ny b", "a x\ny b"},
		{"id=#;", "id=12, x;", "id=#, x;"},
		{"id=#", "id=x", "id=x"},
		{"n=# of #", "n=1 of 20 in all", "n=# of # in all"},
		{"from ? to ?\r\n", "from a@b  to c@d now\r\n", "from ? to ?\r\n"},
		{"-?-", "+x+", "+x+"},
		{"a ?? b", "a xy b!", "a ?? b!"},

		// Variables.
		{"Host: (127.0.0.1:80)", "host=127.0.0.1:80", "host=(127.0.0.1:80)"},
		{"(ann) says hi", "bob says hi", "bob says hi"},
		{"(ann) says hi to (ann)", "ann says ho to ann", "(ann) says ho to (ann)"},
		{"(ann) says hi to (bob)", "bob says ho to ann", "bob says ho to ann"},
		{"a()b", "ab!", "a()b!"},
		{"(ann)=?;", "ann=x;y=2", "(ann)=?;y=2"},

		// Any byte.
		{"a..b", "axyc", "a..c"},
		{"a..b", "axyb!", "a..b!"},
		{"a.b", "ab", "ab"},
		{"a..b", "x", "x"},
		{"a..b", "xyzw", "xyzw"},
		{"a..b.", "xa12b!", "xa..b."},
		{"..", "xyz", "xyz"},
	} {
		tokens := pattern(test.expected)
		got := written(tokens, test.came, align.Align(tokens, []byte(test.came)))
		if got != test.want {
			t.Errorf("%q, for which %q came, is %q, want %q", test.expected, test.came, got, test.want)
		}
	}
}

// Whatever came, the ranges are in order and hold what their tokens say.
func TestAlignIsTrue(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	some := func(letters string, n int) string {
		b := make([]byte, r.IntN(n))
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return string(b)
	}
	for range 20_000 {
		tokens := pattern(strings.ReplaceAll(some("ab 1?#.v", 12), "v", "(a1)"))
		came := some("ab 1\n", 14)
		at := 0
		for i, got := range align.Align(tokens, []byte(came)) {
			if got == align.Gone {
				continue
			}
			if got.From < at || got.To < got.From || got.To > len(came) {
				t.Fatalf("%v in %q: token %d stands for %v", tokens, came, i, got)
			}
			at = got.To
			b := came[got.From:got.To]
			ok := true
			switch tokens[i].Kind {
			case align.Byte, align.Any:
				ok = len(b) == 1
			case align.Value:
				ok = b == string(tokens[i].Value)
			case align.Hole:
				ok = !strings.ContainsAny(b, "\r\n")
			case align.Digits:
				ok = b != "" && strings.Trim(b, "0123456789") == ""
			}
			if !ok {
				t.Fatalf("%v in %q: token %d stands for %q", tokens, came, i, b)
			}
		}
	}
}

// Beyond all measure both ends stay.
func TestAlignLong(t *testing.T) {
	long := strings.Repeat("x", 60_000)
	tokens := append(append(pattern("(a)"), align.Text([]byte(long))...), pattern("?(b)")...)
	ranges := align.Align(tokens, []byte("a"+strings.Repeat("y", 60_000)+"b"))
	last := len(ranges) - 1
	if ranges[0] == align.Gone || ranges[last] == align.Gone || ranges[1] != align.Gone || ranges[last-1] != align.Gone {
		t.Errorf("%v, %v ... %v, %v", ranges[0], ranges[1], ranges[last-1], ranges[last])
	}
}
