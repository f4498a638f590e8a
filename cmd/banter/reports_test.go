//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"banter/runner/report"
)

// When a run is interrupted, its reports hold what is known, and name the rest.
func TestInterruptedReports(t *testing.T) {
	file := waitingFile(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	firstLine := writerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	})
	args := []string{"run", "-j", "1", file}
	for _, name := range []string{"junit", "tap", "jsonl", "github"} {
		args = append(args, "-o", name+"="+filepath.Join(dir, name))
	}
	var stderr bytes.Buffer
	if got := run(ctx, args, nil, firstLine, &stderr); got != 130 {
		t.Errorf("exit status %d\n%s", got, stderr.String())
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		// The second one may not have begun when the first one was reported.
		return strings.ReplaceAll(string(text), "stopped", "not run")
	}
	if junit := read("junit"); strings.Count(junit, `<skipped message="not run"/>`) != 2 || !strings.Contains(junit, `tests="3" failures="0" errors="0"`) {
		t.Errorf("JUnit:\n%s", junit)
	}
	if tap := strings.ReplaceAll(read("tap"), file, "FILE"); tap != `TAP version 14
1..3
ok 1 - first (FILE)
ok 2 - waiting (FILE) # SKIP not run
ok 3 - later (FILE) # SKIP not run
Bail out! interrupted
` {
		t.Errorf("TAP:\n%s", tap)
	}
	if log := read("github"); !strings.HasSuffix(log, "\n::warning title=banter::interrupted; 2 scenarios not run\n") {
		t.Errorf("GitHub:\n%s", log)
	}
	status, stdout, errs := banter(t, "merge", filepath.Join(dir, "jsonl"))
	if status != 130 || !strings.HasPrefix(stdout, "3 scenarios, 1 passed, 2 not run ") || !strings.HasSuffix(errs, "/jsonl: the run was interrupted\n") {
		t.Errorf("merge: exit status %d\n%s%s", status, stdout, errs)
	}
}

// A report is not there until it is whole, and one before it stays until then.
func TestReportIsWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "r.xml")
	write(t, path, "before")
	file := filepath.Join(dir, "two.yaml")
	write(t, file, "name: a\nclients: {ann: [wait: 1ms]}\n---\nname: b\nclients: {ann: [wait: 1ms]}\n")
	lines := 0
	look := writerFunc(func(p []byte) (int, error) {
		lines++
		if got, err := os.ReadFile(path); err != nil || string(got) != "before" {
			t.Errorf("while it runs the report is %q, %v", got, err)
		}
		return len(p), nil
	})
	if got := run(t.Context(), []string{"run", "-o", "junit=" + path, file}, nil, look, os.Stderr); got != 0 || lines < 3 {
		t.Errorf("exit status %d after %d lines", got, lines)
	}
	got, err := os.ReadFile(path)
	if err == nil {
		err = xml.Unmarshal(got, new(struct{}))
	}
	if err != nil {
		t.Errorf("%v\n%s", err, got)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %s", left)
	}
}

// On a disk that gets full there is no half report, and the other ones are
// there.
func TestReportDiskFull(t *testing.T) {
	unshare := installed(t, "unshare")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "fail.yaml"), strings.Repeat("---\nservers: {greeter: {reply: hhxh}}\nclients:\n  ann: [connect: greeter, send: hello, expect: hhhh, close]\n", 50))
	script := `mount -t tmpfs -o size=16k tmpfs small || exit 77
banter run -q -o jsonl=small/r.jsonl -o junit=r.xml fail.yaml >/dev/null
echo "exit status $?"
ls -A small`
	if err := os.Mkdir(filepath.Join(dir, "small"), 0o777); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(unshare, "--user", "--map-root-user", "--mount", "bash", "-c", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Skipf("no file system can be mounted here: %v\n%s", err, out)
	}
	const want = "banter run: small/r.jsonl: no space left on device; there is no report jsonl\nexit status 2\n"
	if string(out) != want {
		t.Errorf("got %s\nwant %s", out, want)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "r.xml")); err != nil || !bytes.HasSuffix(text, []byte("</testsuites>\n")) {
		t.Errorf("the other report: %v\n%s", err, text)
	}
}

// JSON Lines in a pipe come as the plays do.
func TestReportInPipe(t *testing.T) {
	file := waitingFile(t)
	pipe := filepath.Join(t.TempDir(), "pipe")
	if out, err := exec.Command(installed(t, "mkfifo"), pipe).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan int)
	go func() {
		var out bytes.Buffer
		ended <- run(ctx, []string{"run", "-j", "1", "-o", "jsonl=" + pipe, file}, nil, &out, &out)
	}()
	in, err := os.Open(pipe)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	names := []string{}
	runs, err := report.ReadJSONLines(in, func(c *report.Case) error {
		names = append(names, c.Name)
		cancel() // the second would wait for an hour
		return nil
	})
	if err != nil || len(runs) != 1 || !runs[0].Summary.Interrupted || len(names) != 3 {
		t.Errorf("%v, %+v, %q", err, runs, names)
	}
	if status := <-ended; status != 130 {
		t.Errorf("exit status %d", status)
	}
}

// prove runs scenario files as it runs tests in Perl.
func TestProve(t *testing.T) {
	prove := installed(t, "prove")
	t.Chdir(t.TempDir())
	write(t, "pass.yaml", "name: 'pass #1 \\'\nclients: {ann: [wait: 1ms]}\n")
	write(t, "skip.yaml", "skip: 'not # now'\nclients: {ann: [wait: 1ms]}\n")
	write(t, "fail.yaml", "servers: {greeter: {reply: hhxh}}\nclients:\n  ann: [connect: greeter, send: hello, expect: hhhh, close]\n")
	for _, test := range []struct{ want, file string }{
		{`(?s)^pass.yaml \.\. ok\n.*skip.yaml \.\. ok\n.*All tests successful.*Tests=2, .*Result: PASS\n$`, "skip.yaml"},
		{`(?s)^pass.yaml \.\. ok\n.*Failed 1/1 subtests.*fail.yaml .*Failed: 1\).*Result: FAIL\n$`, "fail.yaml"},
	} {
		out, _ := exec.Command(prove, "--exec", "banter run -o tap13", "pass.yaml", test.file).CombinedOutput()
		text := regexp.MustCompile(`\n\t\(less.*|.*\r`).ReplaceAllString(string(out), "")
		if !regexp.MustCompile(test.want).MatchString(text) || strings.Contains(text, "Parse errors") {
			t.Errorf("%s: prove says\n%s", test.file, text)
		}
	}
}
