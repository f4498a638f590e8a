package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Every page but the language's is a walk through a folder of its own, from top
// to bottom. A block "yaml FILE" or "text FILE" is a file that the reader writes
// down ("go FILE" too); a scenario passes, and gives no warning, unless it is
// "yaml FILE fails"; one marked "yaml FILE allow-run" starts programs. A block "console" is a session: each line that begins with
// "$ " is a command, and what follows it is what the reader sees. A block without a
// file is for the eye alone.
func TestDocsPages(t *testing.T) {
	for _, page := range pages(t) {
		if base := filepath.Base(page); base == "language.md" || base == "editors.md" {
			continue // TestDocsExamples
		}
		all := blocks(t, page)
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Chdir(t.TempDir())
			for _, b := range all {
				lang, rest, _ := strings.Cut(b.info, " ")
				file, mark, _ := strings.Cut(rest, " ")
				if file != "" {
					if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
						t.Fatal(err)
					}
					write(t, file, b.text)
				}
				switch {
				case lang == "console":
					session(t, page, b)
				case lang == "yaml" && file != "" && mark != "fails":
					args := []string{"run", file}
					if mark == "allow-run" {
						args = append(args, "--allow-run")
					}
					if status, stdout, stderr := banter(t, args...); status != 0 || stderr != "" {
						t.Errorf("%s:%d: exit status %d\n%s%s", page, b.line, status, stdout, stderr)
					}
				}
			}
		})
	}
}

// session types the commands of a block, and compares what they show with what
// the page shows.
func session(t *testing.T, page string, b block) {
	t.Helper()
	line := b.line
	for _, part := range strings.SplitAfter("\n"+b.text, "\n$ ")[1:] {
		part = strings.TrimSuffix(part, "$ ")
		command, want, _ := strings.Cut(part, "\n")
		for strings.HasSuffix(command, `\`) {
			var more string
			more, want, _ = strings.Cut(want, "\n")
			command += "\n" + more
		}
		if missing := missing(command); missing != nil && os.Getenv("BANTER_REQUIRE_PEERS") == "" {
			t.Logf("%s:%d: not tried: %v", page, line, missing)
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "bash", "-c", command)
		cmd.WaitDelay = time.Second // of what it has left in the background
		cmd.Env = append(os.Environ(), "TERM=dumb")
		got, _ := cmd.CombinedOutput() // a command that fails is a session too
		if diff := cmp.Diff(changing(want), changing(string(got))); diff != "" {
			t.Errorf("%s:%d: %q shows something else (-page +now):\n%s", page, line, command, diff)
		}
		line += strings.Count(part, "\n")
	}
}

// missing says that a program of others, which a command calls, is not installed.
func missing(command string) error {
	for _, name := range []string{"jq", "tshark"} {
		if _, err := exec.LookPath(name); err != nil && strings.Contains(command, name+" ") {
			return err
		}
	}
	return nil
}

// changing takes out what is another on each run, or on each machine: times, free
// ports, and what the kernel kept.
func changing(text string) string {
	text = regexp.MustCompile(`(?m)^Running as user "root".*\n`).ReplaceAllString(text, "") // tshark's worry
	text = regexp.MustCompile(`time="[\d.]+"`).ReplaceAllString(text, `time="TIME"`)
	text = regexp.MustCompile(`timestamp="[\dT:-]+"`).ReplaceAllString(text, `timestamp="TIME"`)
	text = regexp.MustCompile(`duration_ms: [\d.]+`).ReplaceAllString(text, `duration_ms: TIME`)
	text = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(text, "127.0.0.1:PORT")
	text = regexp.MustCompile(`\(kernel: .*\)`).ReplaceAllString(text, "(kernel: ...)")
	return timeless(text)
}
