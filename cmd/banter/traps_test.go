package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Check finds every trap that the design lists in one file, and the other
// mistake in it, all in one go.
func TestTraps(t *testing.T) {
	const file = "testdata/traps.yaml"
	want, err := os.ReadFile("testdata/traps.want")
	if err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := banter(t, "check", file)
	got := strings.ReplaceAll(stderr, file, "traps.yaml")
	if diff := cmp.Diff(string(want), got); status != 2 || stdout != "" || diff != "" {
		t.Errorf("exit status %d, output %q, (-want +got):\n%s", status, stdout, diff)
	}
}
