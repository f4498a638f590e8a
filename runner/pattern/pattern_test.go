package pattern

import (
	"regexp"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		source, data string
		want         bool
	}{
		{`^\xff$`, "\xff", true},
		{`^\xff$`, "ÿ", false},
		{`^ÿ$`, "ÿ", true},
		{`^ÿ$`, "\xff", false},
		{`^.$`, "\xff", true},
		{`^.$`, "ÿ", false},
		{`^..$`, "ÿ", true},
		{`^.{3}$`, "你", true},
		{`^你好$`, "你好", true},
		{`^你*$`, "你你", true},
		{`^你?$`, "\xbd\xa0", false},
		{`^[\x80-\xff]+$`, "你\xfe", true},
		{`^[^a]$`, "\xff", true},
		{`^[^a]$`, "ÿ", false},
		{`^\x{e4}$`, "\xe4", true},
		{`^\377$`, "\xff", true},
		{`^[\377]$`, "\xff", true},
		{`^\101$`, "A", true},
		{`^\Qä.\E.$`, "ä.x", true},
		{`^\Qä.\E$`, "äx", false},
		{`^\ä$`, "ä", false}, // refused, see below
		{`(?i)^äB$`, "äb", true},
		{`(?i)^äB$`, "ÄB", false}, // case is for ASCII
		{`(?i)^\xe4$`, "\xc4", false},
		{`(?i)^k$`, "K", true},
		{`^[]ab]+$`, "]b", true},
		{`^[^]ä]`, "x", false}, // refused
		{`^[[:alpha:]\xff]+$`, "a\xff", true},
		{`^(?P<size>\d+)ä$`, "12ä", true},
		{`^(?<n>\d+)$`, "12", true},
		{`^\w+$`, "ä", false},
		{`^a\.b\\$`, `a.b\`, true},
		{`\x00\x01`, "\x00\x01", true},
		{`^$`, "", true},
	} {
		p, err := Compile(test.source)
		if err != nil {
			if test.want {
				t.Errorf("%s: %v", test.source, err)
			}
			continue
		}
		if got := p.Match([]byte(test.data)); got != test.want {
			t.Errorf("%s on %q: %v", test.source, test.data, got)
		}
	}
}

func TestRefused(t *testing.T) {
	for source, want := range map[string]string{
		`[aä]`:            `'ä' in a class, which is of single bytes: write (?:a|ä) for [aä]`,
		`\pL`:             `\p is a class of characters, and the expression is on bytes`,
		`[\P{Greek}]`:     `\P is a class of characters, and the expression is on bytes`,
		`\x{4e2d}`:        `\x{4e2d} is no byte; a character of UTF-8 is written as itself`,
		`\777`:            `\777 is no byte`,
		`(?i)[\xe0-\xff]`: `bytes from \x80 on in a class have no upper and lower case: leave (?i) away there`,
		`(a`:              "error parsing regexp: missing closing ): `(a`",
	} {
		if _, err := Parse(source); err == nil || err.Error() != want {
			t.Errorf("%s: %v", source, err)
		}
	}
}

// On ASCII, patterns are what package regexp has, and no expression that it
// takes breaks the translation.
func FuzzPattern(f *testing.F) {
	for _, s := range []string{`^\d+ ok$`, `[^]a-z[:digit:]]|\Qa.b\E`, `(?i:x{2,3}?)\x41`, `ä\xff[\]\\]`, `\Q`, `(?P<n>a)\z`, `[[:^alpha:]]`, `\C`} {
		f.Add(s, "aA1 ok.b]")
	}
	f.Fuzz(func(t *testing.T, source, data string) {
		re, err := regexp.Compile(source)
		p, ours := Compile(source)
		if err != nil {
			if ours == nil {
				t.Fatalf("%q: taken", source)
			}
			return
		}
		if ours != nil || strings.ContainsFunc(source, func(r rune) bool { return r > 0x7f }) {
			return // refused, or a folded ſ, which is an s to characters
		}
		ascii := []byte(data)
		for i := range ascii {
			ascii[i] &= 0x7f
		}
		if got, want := p.Match(ascii), re.Match(ascii); got != want {
			t.Fatalf("%q on %q: %v, want %v", source, ascii, got, want)
		}
	})
}
