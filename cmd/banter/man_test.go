//go:build linux

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// The pages say all that the help says, and neither mandoc nor groff finds fault
// with them.
func TestManPages(t *testing.T) {
	mandoc, groff := installed(t, "mandoc"), installed(t, "groff")
	dir := filepath.Join(t.TempDir(), "share", "man1")
	if status, stdout, stderr := banter(t, "man", dir); status != 0 || stdout+stderr != "" {
		t.Fatalf("exit status %d\n%s%s", status, stdout, stderr)
	}
	root := (&app{stdout: &sink{w: io.Discard}, stderr: io.Discard}).rootCommand()
	pages := 0
	for _, cmd := range append(commands(root), root) {
		pages++
		page := filepath.Join(dir, pageName(cmd)+".1")
		faults, _ := exec.Command(mandoc, "-T", "lint", "-W", "style", page).CombinedOutput()
		for fault := range strings.Lines(string(faults)) {
			if strings.Contains(fault, page) && !strings.Contains(fault, "referenced manual not found: Xr banter") { // it is not installed
				t.Error(fault)
			}
		}
		if out, err := exec.Command(groff, "-mandoc", "-Tutf8", "-ww", "-z", page).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("groff: %v\n%s", err, out)
		}
		shown, err := exec.Command(mandoc, "-T", "ascii", "-O", "width=200", page).Output()
		if err != nil {
			t.Fatal(err)
		}
		text := oneLine(overstruck(string(shown)))
		parts := append(strings.Split(cmd.Example, "\n"), cmd.Short[1:], useLine(cmd))
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { parts = append(parts, "--"+f.Name, f.Usage[1:]) })
		for _, part := range parts {
			if !strings.Contains(text, oneLine(part)) {
				t.Errorf("%s does not say %q:\n%s", page, part, text)
			}
		}
	}
	if written, err := os.ReadDir(dir); err != nil || len(written) != pages {
		t.Errorf("%v; %d files for %d commands", err, len(written), pages)
	}
}

// oneLine is text with a blank for whatever stands between its words.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// overstruck is text for a printer, which makes a letter bold or underlined by a
// backspace and another one.
func overstruck(s string) string {
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		if r != '\b' && (i+1 == len(runes) || runes[i+1] != '\b') {
			b.WriteRune(r)
		}
	}
	return b.String()
}
