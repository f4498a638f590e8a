package match

import (
	"strings"
	"testing"

	"banter/runner/scenario"
)

// A frame that is not like the text says from where on.
func TestLikeParts(t *testing.T) {
	for _, test := range []struct{ like, frame, want string }{
		{"OK id=${?id:int} at ${?:int}", "OK id=4711 at noon", `at offset 14 "noon" came, where a digit was expected`},
		{"OK id=${?id:int} at ${?:int}", "NO", `at offset 0 "NO" came, where "OK id=" was expected`},
		{"OK id=${?id:int} at ${?:int}", "OK id=4711", `behind offset 7 there is no " at "`},
		{"OK id=${?id:int}", "OK id=", `at offset 6 the frame ends, where a digit was expected`},
		{"OK id=${?id:int}", "OK id=42x", `at offset 8 "x" came, where nothing more was expected`},
		{"${?} at noon", "we meet at night at nine", `at offset 12 "ight at nine" came, where "oon" was expected`},
		{"a${?}b", "a\r\nb", `at offset 1 "\r\nb" came, where "b" was expected`},
		{"${?}${?}x", "abc", `behind offset 0 there is no "x"`},
		{"a${?}", "a" + "b\n", `at offset 2 "\n" came, where nothing more was expected`},
	} {
		var config scenario.Config
		file := config.Parse("like.yaml", []byte("servers: {s: {reply: x}}\nclients: {c: [connect: s, {send: x, expect: {line, like: '"+test.like+"'}}]}"))
		if file.Problems.HaveErrors() {
			t.Fatal(file.Problems)
		}
		like := file.Scenarios[0].Clients[0].Steps[1].Expect.Match.Like
		p, parts, err := like.Pattern(nil)
		if err != nil {
			t.Fatal(err)
		}
		l := &Like{Pattern: p, Parts: parts}
		if l.Match([]byte(test.frame)) {
			t.Errorf("%q is like %s", test.frame, test.like)
		} else if got := strings.Join(l.parting([]byte(test.frame)), "\n"); got != test.want {
			t.Errorf("%q as %s: %s, want %s", test.frame, test.like, got, test.want)
		}
	}
}
