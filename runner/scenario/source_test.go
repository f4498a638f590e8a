package scenario

import (
	"regexp"
	"strings"
	"testing"
)

// TestBytes has what txtar and editors would not keep: tabs, other ends of
// line, characters that can't be seen.
func TestBytes(t *testing.T) {
	const good = "clients:\n  ann:\n    - wait: 1ms\n"
	tests := []struct {
		name, src, want string
	}{
		{"empty", "", "1:1: the file is empty; a scenario has servers and clients\n"},
		{"blank", "\n\n", "1:1: the file is empty; a scenario has servers and clients\n"},
		{"only separators", "---\n---\n", "1:1: the file is empty; a scenario has servers and clients\n"},
		{"byte order mark", "\xef\xbb\xbf" + good, ""},
		{"byte order mark, columns", "\xef\xbb\xbfclinets: {}\n", "1:1: unknown key \"clinets\" in the scenario; did you mean \"clients\"?\n"},
		{"mark in the middle", "name: a\ufeffb\n" + good, "1:8: a byte order mark that is not at the start of the file\n"},
		{"UTF-16", "\xff\xfen\x00a\x00", "1:1: the file is UTF-16; save it as UTF-8\n"},
		{"UTF-16 big", "\xfe\xff\x00n", "1:1: the file is UTF-16; save it as UTF-8\n"},
		{"NUL", good + "name: a\x00b\n", "4:8: a NUL byte; a scenario file is text\n"},
		{"not UTF-8", "name: 你\xff\n" + good, "1:8: the byte ff is not UTF-8; other bytes than text are written as {hex: \"ff\"}\n"},
		{"surrogate", "name: \xed\xa0\x80\n" + good, "1:7: the byte ed is not UTF-8; other bytes than text are written as {hex: \"ed\"}\n"},
		{"bell", "name: a\x07\n" + good, "1:8: the control character U+0007; write it as \"\\x07\" in double quotes\n"},
		{"DEL", "name: a\x7f\n" + good, "1:8: the control character U+007F; write it as \"\\x7f\" in double quotes\n"},
		{"C1", "name: a\u0081\n" + good, "1:8: the control character U+0081; write it as \"\\x81\" in double quotes\n"},
		{"line separator", "name: a\u2028b\n" + good, "1:8: U+2028 is an end of line to YAML; write it as \"\\u2028\" in double quotes\n"},
		{"next line", "name: a\u0085b\n" + good, "1:8: U+0085 is an end of line to YAML; write it as \"\\u0085\" in double quotes\n"},
		{"noncharacter", "name: a\uffffb\n" + good, "1:8: U+FFFF can't stand in YAML\n"},
		{"lone CR", "name: a\r" + good, "1:8: a carriage return without a line feed; write it as \"\\r\" in double quotes\n"},
		{"CRLF", strings.ReplaceAll(good, "\n", "\r\n"), ""},
		{"CRLF, columns", strings.ReplaceAll(good+"clinets: {}\n", "\n", "\r\n"), "4:1: unknown key \"clinets\" in the scenario; did you mean \"clients\"?\n"},
		{"CRLF, comment", "clients:\r\n  ann:\r\n    - {connect: 127.0.0.1:1}\r\n    - send: JOIN #c\r\n    - close\r\n",
			"4:13: warning: YAML cuts \"#c\" off as a comment; put the text in quotes\n"},
		{"CRLF, block", "clients:\r\n  ann:\r\n    - connect: 127.0.0.1:1\r\n    - send: |\r\n        a\r\n    - send: {line: b}\r\n    - send:\r\n        lines: |\r\n          c\r\n    - close\r\n",
			"4:13: warning: the file's lines end with CRLF, of which YAML makes LF in a block; for CRLF take \"lines\", or write \\r\\n in double quotes\n"},
		{"no newline at the end", strings.TrimSuffix(good, "\n"), ""},
		{"tab", "clients:\n\tann: [{wait: 1ms}]\n", "2:1: a tab in the indentation; YAML takes only spaces\n"},
		{"tab first", "\tclients: {ann: [{wait: 1ms}]}\n", "1:1: a tab in the indentation; YAML takes only spaces\n"},
		{"tab after blanks", "clients:\n  ann:\n  \t- wait: 1ms\n", "3:3: a tab in the indentation; YAML takes only spaces\n"},
		{"tab after a dash", "clients:\n  ann:\n    -\twait: 1ms\n", "3:6: a tab in the indentation; YAML takes only spaces\n"},
		{"tab deeper", "clients:\n  ann:\n    - wait: 1ms\n\t- wait: 2ms\n", "4:1: a tab in the indentation; YAML takes only spaces\n"},
		{"columns are characters", "clients:\n  ann:\n    - {\"你好\": 1, snd: 2}\n",
			"3:8: unknown step \"你好\"; there are: ...\n" +
				"3:17: unknown step \"snd\"; did you mean \"send\"?\n"},
		{"names are shortened", strings.Repeat("n", 1000) + ": 1\n" + good,
			"1:1: unknown key \"" + strings.Repeat("n", 60) + "…\" in the scenario; there are: ...\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := problemLines(Parse("x.yaml", []byte(test.src)))
			got = regexp.MustCompile(`there are: .*`).ReplaceAllString(got, "there are: ...") // that is the other tests'
			if got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

func TestSourcePlaces(t *testing.T) {
	s := &source{text: []byte("ab\r\n你好c\n\nd")}
	for _, test := range []struct{ line, col, off int }{
		{1, 1, 0}, {1, 3, 2}, {2, 1, 4}, {2, 2, 7}, {2, 4, 11}, {3, 1, 12}, {4, 1, 13}, {4, 2, 14}, {2, 3, 10},
	} {
		if got := s.offset(test.line, test.col); got != test.off {
			t.Errorf("offset of %d:%d is %d, want %d", test.line, test.col, got, test.off)
		}
		if line, col := s.place(test.off); line != test.line && test.off < len(s.text) || col != test.col {
			t.Errorf("place of %d is %d:%d, want %d:%d", test.off, line, col, test.line, test.col)
		}
	}
	if got := string(s.line(1)); got != "ab" {
		t.Errorf("line 1 is %q", got)
	}
	if got := s.line(9); got != nil {
		t.Errorf("line 9 is %q", got)
	}
}
