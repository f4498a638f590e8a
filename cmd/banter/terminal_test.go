//go:build linux

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// terminal is a program on a terminal of its own, and what it has written there.
type terminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	file   *os.File
	closed chan struct{} // the program has ended, and all that it wrote is here

	mu   sync.Mutex
	more *sync.Cond
	out  bytes.Buffer // what was not looked at yet
	all  bytes.Buffer
}

// onTerminal starts a program on a terminal of 100 columns, in a folder.
func onTerminal(t *testing.T, dir string, program string, args ...string) *terminal {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=1", "PS1=> ", "HOME="+dir, "INPUTRC=/dev/null")
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 50, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, cmd: cmd, file: file, closed: make(chan struct{})}
	term.more = sync.NewCond(&term.mu)
	go func() {
		io.Copy(term, file) // it ends with an error: the other side is gone
		close(term.closed)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		file.Close()
		<-term.closed
	})
	return term
}

func (x *terminal) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.out.Write(p)
	x.all.Write(p)
	x.more.Broadcast()
	return len(p), nil
}

// types has keys pressed.
func (x *terminal) types(keys string) {
	x.t.Helper()
	if _, err := x.file.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// shows waits until something is written that matches, looks at all up to its end,
// and returns that. From then on only what follows is looked at.
func (x *terminal) shows(pattern string) string {
	x.t.Helper()
	re := regexp.MustCompile(pattern)
	late := false
	defer time.AfterFunc(patience, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		late = true
		x.more.Broadcast()
	}).Stop()
	x.mu.Lock()
	defer x.mu.Unlock()
	for !late {
		if at := re.FindIndex(x.out.Bytes()); at != nil {
			return string(x.out.Next(at[1]))
		}
		x.more.Wait()
	}
	x.t.Fatalf("nothing on the terminal matches %s; all there was:\n%q", pattern, x.all.String())
	return ""
}

// ends waits for the program's end, and returns its exit status: -1 if a signal
// ended it.
func (x *terminal) ends() int {
	x.t.Helper()
	select {
	case <-x.closed:
	case <-time.After(patience):
		x.mu.Lock()
		defer x.mu.Unlock()
		x.t.Fatalf("it has not ended; all there was:\n%q", x.all.String())
	}
	var ended *exec.ExitError
	if err := x.cmd.Wait(); err != nil && !errors.As(err, &ended) {
		x.t.Fatal(err)
	}
	return x.cmd.ProcessState.ExitCode()
}
