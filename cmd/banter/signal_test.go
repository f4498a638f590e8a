package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// waiting is a scenario that passes, one that would wait for an hour, and one
// after it.
const waiting = `name: first
clients: {ann: [wait: 1ms]}
---
name: waiting
clients: {ann: [wait: 1h]}
---
name: later
clients: {ann: [wait: 1ms]}
`

const interruptedReport = `ok    first TIME   FILE
-     waiting             not run   FILE
-     later               not run   FILE
3 scenarios, 1 passed, 2 not run TIME
`

func waitingFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "waiting.yaml")
	if err := os.WriteFile(file, []byte(waiting), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

func checkInterrupted(t *testing.T, file, stdout, stderr string) {
	t.Helper()
	// The second one may not have begun when the first one was reported.
	stdout = strings.Replace(stdout, "stopped", "not run", 1)
	got := times.ReplaceAllString(strings.ReplaceAll(stdout, file, "FILE"), " TIME")
	if got != interruptedReport {
		t.Errorf("the report is\n%s\nwant\n%s", got, interruptedReport)
	}
	if want := "banter run: interrupted\n"; stderr != want {
		t.Errorf("stderr is %q, want %q", stderr, want)
	}
}

// writerFunc is a writer that a test looks on with.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// When it is interrupted, what is known is reported.
func TestInterrupted(t *testing.T) {
	file := waitingFile(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout, stderr bytes.Buffer
	firstLine := writerFunc(func(p []byte) (int, error) {
		cancel() // the line of the first scenario
		return stdout.Write(p)
	})
	if got := run(ctx, []string{"run", "-j", "1", file}, nil, firstLine, &stderr); got != 130 {
		t.Errorf("exit status %d", got)
	}
	checkInterrupted(t, file, stdout.String(), stderr.String())
}

// Both signals end a run in order.
func TestSignals(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			file := waitingFile(t)
			cmd := exec.Command("banter", "run", "-j", "1", file)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(stdout)
			first, err := lines.ReadString('\n')
			if err == nil {
				err = cmd.Process.Signal(signal)
			}
			if err != nil {
				cmd.Process.Kill()
				t.Skipf("signals can't be sent here: %v", err)
			}
			rest, err := io.ReadAll(lines)
			if err != nil {
				t.Error(err)
			}
			cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != 130 {
				t.Errorf("exit status %d", got)
			}
			checkInterrupted(t, file, first+string(rest), stderr.String())
		})
	}
}

// Where the report can't be written, the run ends: nobody would know of it.
func TestStdoutCloses(t *testing.T) {
	file := waitingFile(t)
	var stderr bytes.Buffer
	closed := writerFunc(func([]byte) (int, error) { return 0, errors.New("broken pipe") })
	if got := run(t.Context(), []string{"run", file}, nil, closed, &stderr); got != 2 {
		t.Errorf("exit status %d", got)
	}
	if got, want := stderr.String(), "banter: standard output: broken pipe\n"; got != want {
		t.Errorf("stderr is %q, want %q", got, want)
	}
}

// A pipe that nobody reads from is an error like any other, and kills nobody.
func TestStdoutPipeCloses(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	cmd := exec.Command("banter", "run", waitingFile(t))
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = w, &stderr
	cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != 2 {
		t.Errorf("exit status %d: %s", got, stderr.String())
	}
	if !strings.HasPrefix(stderr.String(), "banter: standard output: ") {
		t.Errorf("stderr is %q", stderr.String())
	}
}

// While a file is read that does not come, a signal ends the command.
func TestSignalWhileReading(t *testing.T) {
	for _, args := range [][]string{{"run", "-"}, {"check", "-"}, {"list", "-"}} {
		cmd := exec.Command("banter", args...)
		stdin, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(stdin, "name: greeting\n")
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			cmd.Process.Kill()
			t.Skipf("signals can't be sent here: %v", err)
		}
		time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
		cmd.Wait()
		if got := cmd.ProcessState.String(); got != "signal: interrupt" {
			t.Errorf("%q: %s", args, got)
		}
	}
}

// What is no text in a path is shown, and does nothing to a terminal.
func TestPathIsHarmless(t *testing.T) {
	var stderr bytes.Buffer
	if got := run(t.Context(), []string{"run", "no\x1b[31m\nfile"}, nil, io.Discard, &stderr); got != 2 {
		t.Errorf("exit status %d", got)
	}
	if got, want := stderr.String(), `banter run: no\x1b[31m\nfile: no such file or folder`+"\n"; got != want {
		t.Errorf("stderr is %q, want %q", got, want)
	}
}

// lasting is a scenario whose programs would last for an hour: one that does not
// mind SIGTERM, and one that makes itself independent and forgets where it came
// from. They write their numbers into a folder.
const lasting = `processes:
  stubborn:
    run: [sh, -c, "trap '' TERM; echo $$ > DIR/stubborn.new; mv DIR/stubborn.new DIR/stubborn; exec sleep 3600"]
    ready: {started}
  daemon:
    run: [sh, -c, "env -i PATH=$PATH setsid sh -c 'echo $$ > DIR/daemon.new; mv DIR/daemon.new DIR/daemon; exec sleep 3600' < /dev/null > /dev/null 2>&1 & exit 0"]
    exit: 0
clients: {ann: [wait: 1h]}
`

// However a run ends, its programs end too.
func TestProgramsEndWithTheRun(t *testing.T) {
	for _, program := range []string{"sh", "setsid", "ps"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, os.Kill} {
		t.Run(signal.String(), func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "lasting.yaml")
			write(t, file, strings.ReplaceAll(lasting, "DIR", dir))
			cmd := exec.Command("banter", "run", "--allow-run", "--timeout", "1s", file)
			cmd.Env = append(os.Environ(), "TMPDIR="+dir) // one that is killed leaves its folder
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			pids := map[string]string{"stubborn": "", "daemon": ""}
			for name := range pids {
				for end := time.Now().Add(time.Minute); pids[name] == ""; time.Sleep(time.Millisecond) {
					text, _ := os.ReadFile(filepath.Join(dir, name))
					pids[name] = strings.TrimSpace(string(text))
					if time.Now().After(end) {
						cmd.Process.Kill()
						t.Fatalf("%s was not started", name)
					}
				}
			}
			cmd.Process.Signal(signal)
			cmd.Wait()
			if signal == os.Kill { // nobody is left to look for those who have hidden
				exec.Command("kill", "-KILL", pids["daemon"]).Run()
				delete(pids, "daemon")
			} else if got := cmd.ProcessState.ExitCode(); got != 130 {
				t.Errorf("exit status %d", got)
			}
			for name, pid := range pids {
				for end := time.Now().Add(time.Minute); exec.Command("ps", "-p", pid).Run() == nil; time.Sleep(time.Millisecond) {
					if signal != os.Kill || time.Now().After(end) { // the system needs a moment
						exec.Command("kill", "-KILL", pid).Run()
						t.Fatalf("%s lives on", name)
					}
				}
			}
		})
	}
}

// An interrupted update changes no file.
func TestUpdateInterrupted(t *testing.T) {
	const text = `servers: {s: {reply: "hi"}}
clients: {ann: [connect: s, send: "x", expect: "hello", close], ben: [{connect: s}, {send: "x"}, {expect: {some: 1}}, {close: {discard}}]}
`
	file := filepath.Join(t.TempDir(), "greeting.yaml")
	write(t, file, text)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout, stderr bytes.Buffer
	warning := writerFunc(func(p []byte) (int, error) {
		cancel() // it comes before the first play
		return stderr.Write(p)
	})
	if got := run(ctx, []string{"run", "--update", file}, nil, &stdout, warning); got != 130 || stdout.Len() > 0 {
		t.Errorf("exit status %d, %s", got, stdout.String())
	}
	if !strings.HasSuffix(stderr.String(), "\nbanter run: interrupted; no file was changed\n") {
		t.Errorf("stderr is %q", stderr.String())
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != text {
		t.Errorf("%v\n%s", err, after)
	}
}
