package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const faults = "../../scenarios/faults"

// They teach without a caveat: check has nothing to say of them.
func TestFaultsHaveNoWarnings(t *testing.T) {
	status, stdout, stderr := banter(t, "check", faults)
	if status != 0 || strings.Contains(stdout+stderr, "warning") {
		t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
	}
}

// Where there are no isolated networks, what needs one is skipped.
func TestFaultsWithoutIsolation(t *testing.T) {
	status, stdout, stderr := banter(t, "run", faults)
	if status != 0 || !strings.Contains(stdout, "4 skipped") {
		t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
	}
}

func TestFaultsPass(t *testing.T) {
	files, err := filepath.Glob(faults + "/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for name, call := range map[string]func(*testing.T, ...string) *exec.Cmd{"root": asRoot, "ordinary user": ordinary} {
		t.Run(name, func(t *testing.T) {
			isolates(t, call)
			cmd := call(t, "run", "--isolate=always", ".")
			for _, file := range files { // which are not for every user to read
				text, err := os.ReadFile(file)
				if err == nil {
					err = os.WriteFile(filepath.Join(cmd.Dir, filepath.Base(file)), text, 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			out, err := cmd.CombinedOutput()
			if err != nil || strings.Contains(string(out), "skip") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
