package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const tour = "../../scenarios/tour"

// banter calls the command in this process and returns what it wrote. It is
// interrupted after a minute, which is a failure.
func banter(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out, err bytes.Buffer
	status = run(ctx, args, strings.NewReader(""), &out, &err)
	return status, out.String(), err.String()
}

func TestTourPasses(t *testing.T) {
	files, err := filepath.Glob(tour + "/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tour: %v", err)
	}
	status, stdout, stderr := banter(t, "run", tour)
	if status != 0 {
		t.Fatalf("exit status %d\n%s%s", status, stdout, stderr)
	}
	want := fmt.Sprintf("%d scenarios, %d passed", len(files), len(files))
	if !strings.Contains(stdout, want) {
		t.Errorf("does not say %q:\n%s", want, stdout)
	}
}

// The tour teaches without a caveat: check has nothing to say of it.
func TestTourHasNoWarnings(t *testing.T) {
	status, stdout, stderr := banter(t, "check", tour)
	if status != 0 || strings.Contains(stdout+stderr, "warning") {
		t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
	}
}

// The megabyte of the tour is the numbers from 1 on, seven digits a line.
func TestTourMegabyte(t *testing.T) {
	got, err := os.ReadFile(tour + "/megabyte.txt")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	for n := 1; want.Len() < 1<<20; n++ {
		fmt.Fprintf(&want, "%07d\n", n)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("megabyte.txt is not the numbers from 0000001 to 0131072 (%d bytes)", len(got))
	}
}
