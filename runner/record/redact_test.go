package record_test

import (
	"regexp"
	"testing"

	"banter/runner/capture"
	"banter/runner/record"
)

// Secrets have the same stand-in wherever they are said, however they were cut,
// and it is as long as they are.
func TestRedact(t *testing.T) {
	convs := []capture.Conversation{
		talk("C: PASS hun", "C: ter2\r\n", "S: welcome hunter2\r\n", "C: PASS swordfish\r\n", "C: card 4711471147114711, pin 12\r\n"),
		talk("S: was it swordfish or hunter2?\r\n", "C: 12 times\r\n"),
	}
	got := record.Redact(convs, []*regexp.Regexp{
		regexp.MustCompile(`PASS (\S+)`), regexp.MustCompile(`\d{16}`), regexp.MustCompile(`pin (\d+)`),
	})
	want := [][2]string{
		{"PASS xxxxxxx\r\nPASS xxxxxxxx2\r\ncard 0000000000000003, pin 04\r\n", "welcome xxxxxxx\r\n"},
		{"12 times\r\n", "was it xxxxxxxx2 or xxxxxxx?\r\n"},
	}
	for i := range want {
		for side, text := range want[i] {
			if all := said(got[i]); string(all[side]) != text {
				t.Errorf("conversation %d, side %d: %q, want %q", i, side, all[side], text)
			}
		}
		if len(got[i].Events) != len(convs[i].Events) {
			t.Errorf("%d events of %d", len(got[i].Events), len(convs[i].Events))
		}
	}
	if all := said(convs[0]); string(all[1]) != "welcome hunter2\r\n" {
		t.Errorf("the original has changed: %q", all[1])
	}
}
