package main

import (
	"bytes"
	"testing"
	"time"
)

func TestProgressText(t *testing.T) {
	for _, test := range []struct {
		line *progress
		want string
	}{
		{&progress{known: 3, total: 40}, "3 of 40 played  1.5 s"},
		{&progress{known: 3, total: 40, failed: 1}, "3 of 40 played, 1 failed  1.5 s"},
		{&progress{known: 3}, "3 played  1.5 s"},
	} {
		if got := test.line.text(1500 * time.Millisecond); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// The line is gone before a report is written, and stays away in the end.
func TestProgressMakesWay(t *testing.T) {
	var terminal bytes.Buffer
	line := newProgress(&terminal, 2)
	play := func(failed bool) {
		line.played(failed, func() error {
			terminal.WriteString("report\n")
			return nil
		})
	}
	play(false)
	line.begin = time.Now()
	line.tick()
	play(true)
	line.end()
	line.tick()
	if got, want := terminal.String(), "report\n\r\x1b[K1 of 2 played  0.0 s\r\x1b[Kreport\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNoProgress(t *testing.T) {
	var none *progress
	written := false
	none.played(true, func() error { written = true; return nil })
	none.end()
	if !written {
		t.Error("the report was not written")
	}
}
