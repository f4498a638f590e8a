//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	passing = "servers: {greeter: {reply: hhhh}}\nclients: {ann: [{connect: greeter}, {send: hello}, {expect: hhhh}]}\n"
	failing = "servers: {greeter: {reply: hhxh}}\nclients: {ann: [{connect: greeter}, {send: hello}, {expect: hhhh}]}\n"
	invalid = "clinets: {}\n"

	// What a watch ends a round with.
	waitsFor = `watching \d+ files?; Enter plays all again, q ends\r\n`
)

// watching starts a watch of the files in a folder, and waits for its first round.
func watching(t *testing.T, dir string, args ...string) *terminal {
	t.Helper()
	x := onTerminal(t, dir, "banter", append([]string{"run", "--watch"}, args...)...)
	x.shows(waitsFor)
	return x
}

// round waits for the end of a round, and checks what it has played.
func (x *terminal) round(patterns ...string) {
	x.t.Helper()
	shown := x.shows(waitsFor)
	for _, p := range patterns {
		not := strings.HasPrefix(p, "!")
		if regexp.MustCompile(strings.TrimPrefix(p, "!")).MatchString(shown) == not {
			x.t.Errorf("not as %s says:\n%s", p, shown)
		}
	}
}

// save has a file be another one at once, as editors do that are careful.
func save(t *testing.T, path, text string) {
	t.Helper()
	write(t, path+"~", text)
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
}

// What has changed is played again, and nothing else.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml")
	write(t, a, passing)
	write(t, b, failing)
	x := onTerminal(t, dir, "banter", "run", "--watch", ".")
	x.round(`ok    a `, `FAIL  b `, `2 scenarios, 1 passed, 1 failed`, `watching 2 files`)

	save(t, a, passing+"# changed\n")
	x.round(`\d\d:\d\d:\d\d  a.yaml\r\n`, `ok    a `, `1 scenario, 1 passed`, `failed before, and not played now: b \(b.yaml:1\)`)
	save(t, b, passing)
	x.round(`  b.yaml\r\n`, `ok    b `, `1 scenario, 1 passed`, `!failed before`)
	write(t, b, failing) // not at once: it may be seen half written
	x.shows(`FAIL  b `)
	x.shows(waitsFor)

	// What is wrong is said, and the file is played once it is right.
	save(t, b, invalid)
	x.round(`b.yaml:1:1: unknown key "clinets"`, `1 error in 1 file; nothing was run`, `!scenario,`)
	save(t, a, passing)
	x.round(`b.yaml:1:1: unknown key`, `!scenario,`)
	save(t, b, passing)
	x.round(`2 scenarios, 2 passed`)

	// Files come and go, in new folders too.
	below := filepath.Join(dir, "below")
	if err := os.Mkdir(below, 0o777); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(below, "c.yaml"), passing)
	x.round(`  below/c.yaml\r\n`, `ok    c `, `1 scenario, 1 passed`, `watching 3 files`)
	save(t, filepath.Join(below, "c.yaml"), failing)
	x.round(`FAIL  c `, `1 scenario, 1 failed`)
	if err := os.RemoveAll(below); err != nil {
		t.Fatal(err)
	}
	x.round(`below/c.yaml is gone`, `!scenario,`, `!failed before`, `watching 2 files`)

	x.types("\n")
	x.round(`all again`, `2 scenarios, 2 passed`)
	x.types("xyz\n") // other keys mean nothing
	x.round(`all again`, `2 scenarios, 2 passed`)
	x.types("q")
	if got := x.ends(); got != 0 {
		t.Errorf("exit status %d", got)
	}
}

// A file that a scenario includes or sends is a part of it.
func TestWatchWhatIsNeeded(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	payload, common := filepath.Join(elsewhere, "hello.txt"), filepath.Join(dir, "common.inc")
	write(t, payload, "hello")
	write(t, common, "vars: {word: hhhh}\n")
	write(t, filepath.Join(dir, "a.yaml"), "include: [common.inc]\nservers: {s: {reply: {after: hello, send: hhhh}}}\n"+
		"clients: {ann: [{connect: s}, {send: {file: '"+payload+"'}}, {expect: \"${word}\"}]}\n")
	write(t, filepath.Join(dir, "b.yaml"), passing)
	x := watching(t, dir, "--allow-read", elsewhere, ".")

	save(t, common, "vars: {word: hxxh}\n")
	x.round(`FAIL  a `, `1 scenario, 1 failed`)
	save(t, common, "vars: {word: hhhh}\n")
	x.round(`ok    a `, `1 scenario, 1 passed`)
	save(t, payload, "holla")
	x.round(`FAIL  a `, `1 scenario, 1 failed`)
	if err := os.Remove(payload); err != nil {
		t.Fatal(err)
	}
	x.round(`the payload file .* does not exist`, `nothing was run`)
	save(t, payload, "hello")
	x.round(`ok    a `, `1 scenario, 1 passed`)
	x.types("q")
	if got := x.ends(); got != 0 {
		t.Errorf("exit status %d", got)
	}
}

// The file that was named may go and come again, and what was selected stays so.
func TestWatchFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.yaml")
	text := "name: one\n" + passing + "---\nname: two\n" + passing
	write(t, file, text)
	x := watching(t, dir, "--filter", "one", "--connect", "greeter=127.0.0.1:9", "a.yaml")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	x.round(`files are gone`, `banter run: a.yaml: no such file or folder`)
	save(t, file, text)
	x.round(`FAIL  one `, `1 scenario, 1 failed`)
	save(t, file, "name: two\n"+passing)
	x.round(`no scenario matches --filter "one"; there are: two`)
	save(t, file, strings.ReplaceAll("name: one\n"+passing, "greeter", "other"))
	x.round(`--connect greeter: no such server; there are: other`)
	x.types("q")
	if got := x.ends(); got != statusUsage {
		t.Errorf("exit status %d, though nothing could be run", got)
	}
}

// The end of a watch is that of the last run, and an interruption is one.
func TestWatchEnds(t *testing.T) {
	for _, tt := range []struct {
		name, text, keys string
		want             int
	}{
		{"q", failing, "q", statusFailed},
		{"invalid", invalid, "q", statusUsage},
		{"interrupt", passing, "\x03", statusInterrupted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "a.yaml"), tt.text)
			x := watching(t, dir, "a.yaml")
			x.types(tt.keys)
			if got := x.ends(); got != tt.want {
				t.Errorf("exit status %d, want %d", got, tt.want)
			}
		})
	}
	for name, key := range map[string]string{"q while it plays": "q", "interrupt while it plays": "\x03"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "a.yaml"), waiting)
			x := onTerminal(t, dir, "banter", "run", "--watch", "-j1", "a.yaml")
			x.shows("ok    first")
			x.types(key)
			x.shows(`3 scenarios, 1 passed, 2 not run[\s\S]*banter run: interrupted\r\n`)
			if got := x.ends(); got != statusInterrupted {
				t.Errorf("exit status %d", got)
			}
		})
	}
}

// What failed and was not played again has failed in the end too.
func TestWatchVerdict(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), failing)
	write(t, filepath.Join(dir, "b.yaml"), passing)
	x := watching(t, dir, ".")
	save(t, filepath.Join(dir, "b.yaml"), passing+"# changed\n")
	x.round(`1 scenario, 1 passed`)
	x.types("q")
	if got := x.ends(); got != statusFailed {
		t.Errorf("exit status %d", got)
	}
}

// What was left after a failure is played with what changes next.
func TestWatchFailFast(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), failing)
	write(t, filepath.Join(dir, "b.yaml"), passing)
	x := onTerminal(t, dir, "banter", "run", "--watch", "--fail-fast", "-j1", ".")
	x.round(`1 failed, 1 not run`)
	save(t, filepath.Join(dir, "a.yaml"), passing)
	x.round(`  a.yaml\r\n`, `ok    a `, `ok    b `, `2 scenarios, 2 passed`)
	x.types("q")
	if got := x.ends(); got != 0 {
		t.Errorf("exit status %d", got)
	}
}

// However the watch ends or stops, the shell has the terminal back as it was.
func TestWatchLeavesTheTerminal(t *testing.T) {
	bash, stty := installed(t, "bash"), installed(t, "stty")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), passing)
	write(t, filepath.Join(dir, "waiting.yaml"), waiting)
	x := onTerminal(t, dir, bash, "--norc", "--noprofile", "--noediting", "-i")
	whole := func() {
		t.Helper()
		x.types(stty + " -a | grep -ow -e '-*icanon' -e '-*echo'; echo o''ver\n")
		if got := x.shows(`over\r\n`); !strings.Contains(got, "\nicanon\r\necho\r\nover") && !strings.Contains(got, " icanon\r\necho\r\nover") {
			t.Errorf("the terminal is not as it was: %q", got)
		}
	}
	whole()
	begin := func() {
		t.Helper()
		x.types("banter run --watch a.yaml; echo status=$?\n")
		x.shows(waitsFor)
	}
	begin()
	x.types("q")
	x.shows(`status=0`)
	whole()
	begin()
	x.types("\x03")
	x.shows(`status=130|\^C`)
	whole()

	// Ctrl-Z stops it, and fg has it hear keys again.
	begin()
	x.types("\x1a")
	x.shows(`Stopped`)
	whole()
	x.types("fg\n")
	x.shows(`banter run --watch a.yaml`)
	x.types("\n")
	x.shows(waitsFor)
	x.types("q")
	x.shows(`> `)
	whole()

	// Ctrl-\ ends it at once, as the second of two Ctrl-C does.
	begin()
	x.types("\x1c")
	x.shows(`status=2`)
	whole()

	// In the background it leaves the terminal alone.
	x.types("banter run --watch a.yaml &\n")
	x.shows(`watching 1 file; Ctrl-C ends`)
	whole()
	x.types("kill %1; wait %1; echo status=$?\n")
	x.shows(`status=130`)
	whole()
}

// Without a terminal there are no keys to hear, and a signal ends it.
func TestWatchWithoutTerminal(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), passing)
	cmd := exec.Command("banter", "run", "--watch", "a.yaml")
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader("q\n")
	errors, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 100)
	n, err := errors.Read(line)
	if got := string(line[:n]); err != nil || got != "watching 1 file; Ctrl-C ends\n" {
		t.Errorf("%q, %v", got, err)
	}
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != statusInterrupted {
		t.Errorf("exit status %d", got)
	}
}
