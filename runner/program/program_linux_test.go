package program

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestListening(t *testing.T) {
	const server = `
import socket, sys
kind, port = sys.argv[1:]
s = socket.socket(socket.AF_INET6 if kind.endswith("6") else socket.AF_UNIX if kind == "unix" else socket.AF_INET,
                  socket.SOCK_DGRAM if kind.startswith("udp") else socket.SOCK_STREAM)
s.bind("a.sock" if kind == "unix" else ("::1" if kind.endswith("6") else "127.0.0.1", int(port)))
print("bound", flush=True)
sys.stdin.readline()
if not kind.startswith("udp"): s.listen()
print("listens at", s.getsockname()[1], flush=True)
import time; time.sleep(1000)
`
	for _, kind := range []string{"tcp", "tcp6", "udp", "udp6", "unix"} {
		t.Run(kind, func(t *testing.T) {
			output := NewOutput(ForReport, false)
			p, err := Start(Command{Args: []string{"python3", "-c", server, kind, "0"}, Dir: t.TempDir(), Output: output, Piped: true})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Stop(0)
			lines := bufio.NewReader(p.Out)
			if line, err := lines.ReadString('\n'); err != nil || line != "bound\n" {
				t.Fatalf("%q %v", line, err)
			}
			if there, _, err := p.listening(0); there && err == nil {
				t.Error("it listens already")
			}
			io.WriteString(p.In, "\n")
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			port := 0
			if kind != "unix" {
				_, err = fmt.Sscanf(line, "listens at %d", &port)
			}
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), long)
			defer cancel()
			if err := p.AwaitListening(ctx, port); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestListeningElsewhere(t *testing.T) {
	p, _ := start(t, "python3", "-c", `
import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
time.sleep(1000)
`)
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	if err := p.AwaitListening(ctx, 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := p.AwaitListening(ctx, 1)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "127.0.0.1:") {
		t.Error(err)
	}
}

// Those who have made themselves independent are found by their environment, or
// by what they have open.
func TestIndependent(t *testing.T) {
	const fork = `
import os, sys, time
def daemon(keep):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            print("child", os.getpid(), flush=True)
            if not keep:
                null = os.open("/dev/null", os.O_RDWR)
                os.dup2(null, 1); os.dup2(null, 2)
            args = ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]
            os.execvpe("sh", args, {"PATH": os.environ["PATH"]} if keep else os.environ)
        os._exit(0)
    os.wait()
daemon(sys.argv[1] == "keep")
`
	for _, kind := range []string{"environment", "keep"} {
		p, output := start(t, "python3", "-c", fork, kind)
		line, _ := printed(t, output, 0, "^child")
		child := strings.Fields(line)[1]
		<-p.Ended()
		if !lives(t, child) || p.Alone() {
			t.Errorf("%s: it does not live", kind)
		}
		p.Stop(50 * time.Millisecond)
		if lives(t, child) {
			t.Errorf("%s: it lives on", kind)
		}
	}
}

// A program does not outlive the one that has started it, whichever way that
// ends.
func TestParentKilled(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "PARENT=1")
	out, err := parent.StdoutPipe()
	if err == nil {
		err = parent.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	parent.Process.Kill()
	parent.Wait()
	if err != nil {
		t.Fatal(err)
	}
	pid := strings.TrimSpace(line)
	for end := time.Now().Add(long); lives(t, pid); {
		if time.Now().After(end) {
			t.Fatalf("process %s lives on", pid)
		}
		time.Sleep(time.Millisecond)
	}
}

// Those who are just being started have copies of all that is open here, and
// belong to nobody else.
func TestStartedTogether(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				p, err := Start(Command{Args: []string{"true"}, Output: NewOutput(ForReport, false)})
				if err != nil {
					t.Error(err)
					return
				}
				<-p.Ended()
				if status, _ := p.HasEnded(); status != (Status{}) {
					t.Error(status)
				}
				p.Stop(long)
			}
		})
	}
	wg.Wait()
}
