//go:build unix

package program

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv("PARENT") != "" {
		beParent()
	}
	goleak.VerifyTestMain(m)
}

// beParent is this program as one that starts another, and waits.
func beParent() {
	p, err := Start(Command{Args: []string{"sleep", "1000"}, Output: NewOutput(ForReport, false)})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(p.PID())
	select {}
}

// long is more than anything here takes that goes well.
const long = 30 * time.Second

// start starts a program that is stopped at the test's end.
func start(t *testing.T, args ...string) (*Program, *Output) {
	t.Helper()
	if _, err := exec.LookPath(args[0]); err != nil {
		t.Skip(err)
	}
	output := NewOutput(ForAwait, false)
	p, err := Start(Command{Args: args, Dir: t.TempDir(), Output: output})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(0) })
	return p, output
}

func shell(t *testing.T, script string) (*Program, *Output) {
	t.Helper()
	return start(t, "sh", "-c", script)
}

// printed waits for a line, and returns it.
func printed(t *testing.T, o *Output, from int64, regex string) (line string, next int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	b, next, err := o.Await(ctx, from, regexp.MustCompile(regex).Match)
	if err != nil {
		head, tail, _ := o.Kept()
		t.Fatalf("waiting for %q: %v\n%s%s", regex, err, head, tail)
	}
	return string(b), next
}

func all(o *Output) string {
	head, tail, _ := o.Kept()
	return string(head) + string(tail)
}

// lives reports whether there is a process that is no zombie.
func lives(t *testing.T, pid string) bool {
	t.Helper()
	out, err := exec.Command("ps", "-o", "stat=", "-p", pid).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}

func TestStatus(t *testing.T) {
	for script, want := range map[string]string{
		"exit 0":        "exit status 0",
		"exit 3":        "exit status 3",
		"kill -KILL $$": "killed by SIGKILL",
	} {
		p, _ := shell(t, script)
		<-p.Ended()
		if status, _ := p.HasEnded(); status.String() != want {
			t.Errorf("%s: %s, want %s", script, status, want)
		}
		if killed := p.Stop(long); len(killed) > 0 {
			t.Errorf("%s: %q were killed", script, killed)
		}
	}
}

func TestNotStarted(t *testing.T) {
	for want, c := range map[string]Command{
		"it is not installed: there is no such program on the PATH":   {Args: []string{"no-such-program"}},
		"there is no such program, or none that its first line names": {Args: []string{"./no-such-program"}},
		"is a directory": {Args: []string{"/"}},
		"there is no folder " + filepath.Join("no", "folder") + " to start it in": {Args: []string{"sh"}, Dir: filepath.Join("no", "folder")},
	} {
		c.Output = NewOutput(ForReport, false)
		_, err := Start(c)
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", c.Args, err, want)
		}
	}
}

func TestOutput(t *testing.T) {
	p, output := shell(t, `echo out; echo err >&2; printf 'crlf\r\nno end'`)
	<-p.Ended()
	p.Stop(long)
	if got, want := all(output), "out\nerr\ncrlf\r\nno end"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	line, next := printed(t, output, 0, "^cr")
	if line != "crlf" {
		t.Errorf("%q", line)
	}
	if line, next = printed(t, output, next, "end$"); line != "no end" || next != int64(len(all(output))) {
		t.Errorf("%q, and then %d", line, next)
	}
	if _, _, err := output.Await(t.Context(), 0, regexp.MustCompile("nobody").Match); err != ErrOver {
		t.Errorf("%v", err)
	}
}

// A line counts when it is whole.
func TestHalfALine(t *testing.T) {
	p, output := start(t, "python3", "-uc", `
import sys
sys.stdout.write("ready"); sys.stdout.flush()
sys.stderr.write(" or not\nready\n"); sys.stderr.flush()
sys.stdin.read()
`)
	if line, next := printed(t, output, 0, "^ready$"); line != "ready" || next != int64(len("ready or not\nready\n")) {
		t.Errorf("%q at %d", line, next)
	}
	<-p.Ended() // its input is empty
}

// A hundred megabytes are heard, and little of it is kept.
func TestMuchOutput(t *testing.T) {
	output := NewOutput(ForReport, false)
	p, err := Start(Command{Args: []string{"sh", "-c", "echo first; head -c 100000000 /dev/zero; echo; echo last"}, Output: output})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Ended()
	p.Stop(long)
	head, tail, cut := output.Kept()
	if want := int64(100_000_000 + len("first\n\nlast\n")); cut+int64(len(head)+len(tail)) != want {
		t.Errorf("%d + %d + %d bytes, want %d", len(head), cut, len(tail), want)
	}
	if !strings.HasPrefix(string(head), "first\n\x00") || !strings.HasSuffix(string(tail), "\x00\nlast\n") {
		t.Errorf("%.10q ... %q", head, tail[len(tail)-10:])
	}
	if len(head) != headMost || len(tail) != ForReport || cap(output.tail) > 4*ForReport {
		t.Errorf("%d and %d bytes are kept, in %d", len(head), len(tail), cap(output.tail))
	}
	if _, _, err := output.Await(t.Context(), 0, func([]byte) bool { return true }); err != ErrLost {
		t.Errorf("%v", err)
	}
}

// The end of what is printed touches the beginning, overlaps it, or neither.
func TestKept(t *testing.T) {
	for _, size := range []int{0, 1, headMost, headMost + 1, headMost + 10, headMost + 11, 3 * headMost} {
		o := NewOutput(10, false)
		text := ""
		for i := 0; len(text) < size; i++ {
			text += strconv.Itoa(i)
		}
		text = text[:size]
		for rest := text; rest != ""; {
			n := min(len(rest), 7)
			o.write([]byte(rest[:n]))
			rest = rest[n:]
		}
		head, tail, cut := o.Kept()
		if cut != int64(max(0, size-headMost-10)) {
			t.Errorf("of %d, %d are cut", size, cut)
		}
		if cut == 0 && string(head)+string(tail) != text {
			t.Errorf("of %d bytes, %d are there", size, len(head)+len(tail))
		}
		if cut > 0 && (!strings.HasPrefix(text, string(head)) || !strings.HasSuffix(text, string(tail))) {
			t.Errorf("of %d: wrong ones are kept", size)
		}
	}
}

func TestSIGTERM(t *testing.T) {
	p, output := shell(t, `trap 'echo ended; exit 7' TERM; echo ready; while :; do sleep 0.01; done`)
	printed(t, output, 0, "ready")
	if killed := p.Stop(long); len(killed) > 0 {
		t.Errorf("%q were killed", killed)
	}
	if status, _ := p.HasEnded(); status.Code != 7 || !strings.HasSuffix(all(output), "ended\n") {
		t.Errorf("%s, %q", status, all(output))
	}
}

func TestSIGTERMIgnored(t *testing.T) {
	p, output := shell(t, `trap '' TERM; echo ready; while :; do sleep 0.01; done`)
	printed(t, output, 0, "ready")
	if killed := p.Stop(50 * time.Millisecond); len(killed) == 0 || killed[0] != "sh" {
		t.Errorf("%q were killed", killed)
	}
	if status, _ := p.HasEnded(); status.String() != "killed by SIGKILL" {
		t.Errorf("%s", status)
	}
}

// What a program has started is ended with it, also where the program is gone.
func TestChildren(t *testing.T) {
	for name, script := range map[string]string{
		"in its group":       `sleep 1000 & echo child $!; wait`,
		"and it has ended":   `sleep 1000 & echo child $!`,
		"which ignores":      `trap '' TERM; sleep 1000 & echo child $!; wait`,
		"without its output": `sleep 1000 >/dev/null 2>&1 & echo child $!`,
	} {
		t.Run(name, func(t *testing.T) {
			p, output := shell(t, script)
			line, _ := printed(t, output, 0, "^child")
			child := strings.Fields(line)[1]
			if !lives(t, child) {
				t.Fatal("it does not live")
			}
			p.Stop(50 * time.Millisecond)
			if lives(t, child) {
				t.Error("it lives on")
			}
		})
	}
}

func TestEndsBeforeItListens(t *testing.T) {
	for _, script := range []string{"exit 0", "exit 1", "kill -KILL $$"} {
		p, _ := shell(t, script)
		ctx, cancel := context.WithTimeout(t.Context(), long)
		if err := p.AwaitListening(ctx, 0); err != ErrEnded {
			t.Errorf("%s: %v", script, err)
		}
		cancel()
	}
}

func TestPiped(t *testing.T) {
	output := NewOutput(ForReport, false)
	p, err := Start(Command{Args: []string{"sh", "-c", `read x; echo "$x, $x"; echo error >&2; cat`}, Output: output, Piped: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop(0)
	io.WriteString(p.In, "hello\nmore\n")
	p.In.Close()
	if got, err := io.ReadAll(p.Out); err != nil || string(got) != "hello, hello\nmore\n" {
		t.Errorf("%q %v", got, err)
	}
	<-p.Ended()
	p.Stop(long)
	if all(output) != "error\n" {
		t.Errorf("%q", all(output))
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("FROM_HERE", "1")
	output := NewOutput(ForReport, false)
	p, err := Start(Command{Args: []string{"sh", "-c", `echo $FROM_HERE $TOLD $PWD`}, Dir: "/", Env: []string{"TOLD=2"}, Output: output})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Ended()
	p.Stop(0)
	if all(output) != "1 2 /\n" {
		t.Errorf("%q", all(output))
	}
}

// A Ctrl-C at the terminal goes to the terminal's session, which is not the
// program's.
func TestSession(t *testing.T) {
	p, output := shell(t, `ps -o pid=,pgid=,sess= -p $$`)
	<-p.Ended()
	p.Stop(long)
	pid := strconv.Itoa(p.PID())
	if got := strings.Fields(all(output)); len(got) != 3 || got[0] != pid || got[1] != pid || got[2] != pid && got[2] != "0" {
		t.Errorf("%q, of %s", got, pid)
	}
	if syscall.Getpgrp() == p.PID() {
		t.Error("it is in this group")
	}
}
