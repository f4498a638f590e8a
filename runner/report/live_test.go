package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"banter/runner/capture"
	"banter/runner/report"
)

func TestLines(t *testing.T) {
	for in, want := range map[string]string{
		"220 mx.test\r\n":          "220 mx.test",
		"220-a\r\n220 b\r\n":       "220-a|220 b",
		"\r\n":                     "",
		"no end":                   `"no end"`,
		"unix\n":                   `"unix\n"`,
		"\"quoted\"\r\n":           `"\"quoted\"\r\n"`,
		"\x1b[31mred\r\n":          `"\x1b[31mred\r\n"`,
		"\x00\x01\x02\xff\xfeab":   "00 01 02 ff fe 61 62                             │.....ab",
		"smile \u202e here\r\n":    `"smile \xe2\x80\xae here\r\n"`,
		strings.Repeat("\x00", 17): "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  │................|00                                               │.",
	} {
		if got := strings.Join(report.Lines([]byte(in), []byte("\r\n")), "|"); got != want {
			t.Errorf("%q:\n got %s\nwant %s", in, got, want)
		}
	}
	many := report.Lines(make([]byte, 5000), nil)
	if len(many) != 65 || many[64] != "⋮ 3976 bytes more" {
		t.Errorf("%d lines, the last is %s", len(many), many[len(many)-1])
	}
}

func TestLive(t *testing.T) {
	var out bytes.Buffer
	live := report.NewLive(&out, capture.Client, report.TextOptions{Columns: 60})
	live.Begin(1, "127.0.0.1:4\x1b[2J")
	data := func(from capture.Side, text string) capture.Event {
		return capture.Event{Kind: capture.Data, From: from, At: 1500 * time.Microsecond, Data: []byte(text)}
	}
	live.Events(1, []capture.Event{
		data(capture.Client, "hel"), data(capture.Client, "lo\x1b[2J"), data(capture.Server, strings.Repeat("long ", 1000)),
		{Kind: capture.TLS}, {Kind: capture.EOF, From: capture.Server}, {Kind: capture.Reset},
	}, false)
	live.Events(12, []capture.Event{data(capture.Client, "one"), data(capture.Client, "two")}, true)
	live.Events(3, []capture.Event{{Kind: capture.Refused, From: capture.Server}}, false)
	live.Cut(3, "it was\nstill open")
	live.Events(4, bytesOf(70), true)
	got := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	want := []string{
		`1                connection from 127.0.0.1:4\x1b[2J`,
		`1        1.5 ms  > "hello\x1b[2J"`,
		`1        1.5 ms  < "long long long long lon"… (5000 bytes)`,
		`1        0.0 ms  tls`,
		`1        0.0 ms  < eof`,
		`1        0.0 ms  > reset`,
		`12       1.5 ms  > "one"`,
		`12       1.5 ms  > "two"`,
		`3        0.0 ms  refused`,
		`3                cut: it was\nstill open`,
	}
	for i, line := range want {
		if i >= len(got) || got[i] != line {
			t.Errorf("line %d:\n got %q\nwant %q", i+1, got[min(i, len(got)-1)], line)
		}
	}
	if len(got) != len(want)+51 || got[len(got)-1] != "4                ⋮ 20 events more" {
		t.Errorf("%d lines, the last is %q", len(got), got[len(got)-1])
	}
}

// bytesOf is so many datagrams.
func bytesOf(n int) (events []capture.Event) {
	for range n {
		events = append(events, capture.Event{Kind: capture.Data, Data: []byte("x")})
	}
	return events
}
