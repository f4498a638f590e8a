//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// listening starts the command, and returns where it listens as well.
func listening(t *testing.T, args ...string) (p *peer, address string) {
	t.Helper()
	p = start(t, "", "banter", args...)
	return p, p.says(t, `^listening on ([^\s;,]+)`)[1]
}

// endsWith waits until a program has ended by itself, with this status.
func (p *peer) endsWith(t *testing.T, status int) {
	t.Helper()
	<-p.ended // or the test times out
	got := 0
	if p.err != nil {
		got = -1
		if e, ok := p.err.(interface{ ExitCode() int }); ok {
			got = e.ExitCode()
		}
	}
	if got != status {
		t.Fatalf("exit status %d, want %d\n%s", got, status, &p.out)
	}
}

// talks has a client say something, as a script.
func talks(t *testing.T, address, script string, flags ...string) *peer {
	t.Helper()
	p := start(t, script, "banter", append(append([]string{"talk"}, flags...), address)...)
	p.endsWith(t, 0)
	return p
}

// recorded is a scenario that was written, which must pass by itself.
func recorded(t *testing.T, file string, has ...string) string {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range has {
		if !strings.Contains(string(source), piece) {
			t.Errorf("it does not say %s:\n%s", piece, source)
		}
	}
	if status, stdout, stderr := banter(t, "run", file); status != 0 || stderr != "" {
		t.Errorf("exit status %d\n%s%s\n%s", status, stdout, stderr, source)
	}
	return string(source)
}

func TestRecordConnections(t *testing.T) {
	_, target := listening(t, "listen", "--reply", "hhhh", "--backlog", "128")
	file := filepath.Join(t.TempDir(), "greeting.yaml")
	proxy, at := listening(t, "record", "--to", target, "--connections", "2", "-o", file)
	for range 2 {
		talks(t, at, "/text hello\n/wait\n")
	}
	proxy.endsWith(t, 0)
	proxy.says(t, `^1 +\d+\.\d m?s  > "hello"$`)
	proxy.says(t, `^2 +\d+\.\d m?s  < "hhhh"$`)
	proxy.says(t, `^wrote .*greeting.yaml: 2 connections, \d+ lines$`)
	recorded(t, file, "name: greeting\n", "expect: hhhh")
	if status, stdout, stderr := banter(t, "run", "--connect", "server="+target, file); status != 0 {
		t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
	}
}

// Without -o the scenario goes to standard output.
func TestRecordToStandardOutput(t *testing.T) {
	_, target := listening(t, "listen", "--echo")
	status, stdout, stderr := banter(t, "record", "--to", target, "-q", "--", "banter", "talk", "{}", "--eol", "none")
	if status != 0 || !strings.HasPrefix(stdout, "name: recorded\n") {
		t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
	}
}

func TestRecordInterrupted(t *testing.T) {
	_, target := listening(t, "listen", "--echo")
	file := filepath.Join(t.TempDir(), "open.yaml")
	proxy, at := listening(t, "record", "--to", target, "-o", file)
	client := start(t, "hello\n/wait\n/hex ff\n/wait\n/close\n", "banter", "talk", at)
	client.endsWith(t, 0)
	proxy.says(t, `< \\xff|< "\\xff"`)
	proxy.signal(t, syscall.SIGINT)
	proxy.endsWith(t, 0)
	recorded(t, file, "hello")
}

func TestRecordCutByInterrupt(t *testing.T) {
	_, target := listening(t, "listen", "--echo")
	file := filepath.Join(t.TempDir(), "open.yaml")
	proxy, at := listening(t, "record", "--to", target, "-o", file)
	host, port, _ := strings.Cut(at, ":")
	client := start(t, "hello", installed(t, "nc"), host, port)
	client.says(t, `hello`)
	proxy.signal(t, syscall.SIGINT)
	proxy.endsWith(t, 0)
	client.ends(t)
	recorded(t, file, "# cut: connection 1: it was still open when the recording ended\n")
	proxy.says(t, `^banter record: cut: connection 1: it was still open when the recording ended$`)
}

func TestRecordRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nobody.yaml")
	target := "127.0.0.1:" + freePort()
	proxy, at := listening(t, "record", "--to", target, "--connections", "1", "-o", file)
	start(t, "hello\n", "banter", "talk", at)
	proxy.endsWith(t, 0)
	proxy.says(t, `^1 .* refused$`)
	recorded(t, file, "expect: {refused}")
}

// A target that is killed in the middle: the file has what had come by then, and
// the end that the system made of it.
func TestRecordTargetVanishes(t *testing.T) {
	server, target := listening(t, "listen", "--echo")
	file := filepath.Join(t.TempDir(), "vanished.yaml")
	proxy, at := listening(t, "record", "--to", target, "--connections", "1", "-o", file)
	host, port, _ := strings.Cut(at, ":")
	client := start(t, "hello", installed(t, "nc"), host, port)
	client.says(t, `hello`)
	server.signal(t, syscall.SIGKILL)
	proxy.endsWith(t, 0)
	recorded(t, file, "hello")
}

// A disk that is full: what there is room for is in the file, which says so.
func TestRecordDiskIsFull(t *testing.T) {
	_, target := listening(t, "listen", "--echo")
	file := filepath.Join(t.TempDir(), "full.yaml")
	var lines strings.Builder
	for i := range 200 {
		lines.WriteString("line " + strings.Repeat("x", i%7) + "\n/wait\n")
	}
	script := filepath.Join(t.TempDir(), "script")
	write(t, script, lines.String())
	p := start(t, "", "sh", "-c", `ulimit -f 4; exec banter record -q --to "$0" -o "$1" -- sh -c 'banter talk {} < "$0"' "$2"`, target, file, script)
	p.endsWith(t, 1)
	p.says(t, `^banter record: cut: there was no room for more: file too large$`)
	source := recorded(t, file, "# cut: there was no room for more: file too large\n")
	if len(source) > 4<<10 || !strings.Contains(source, "line x") {
		t.Errorf("%d bytes\n%s", len(source), source)
	}
	p = start(t, "", "banter", "record", "-q", "--to", target, "-o", "/dev/full", "--", "banter", "talk", "{}")
	p.endsWith(t, 2)
	p.says(t, `^banter record: /dev/full: not written: no space left on device$`)
}

// The files beside the scenario need room too: what they do not have is cut as well.
func TestRecordDiskIsFullBeside(t *testing.T) {
	if err := exec.Command(installed(t, "unshare"), "-rm", "true").Run(); err != nil {
		t.Skipf("no file system of our own: %v", err)
	}
	_, target := listening(t, "listen", "--echo")
	dir, big := t.TempDir(), filepath.Join(t.TempDir(), "big")
	write(t, big, strings.Repeat("\x00\x01\x02\x03and so on ", 1<<16))
	p := start(t, "", "unshare", "-rm", "sh", "-c", `mount -t tmpfs -o size=64k tmpfs "$1" && cd "$1" || exit 9
banter record -q --to "$0" -o full.yaml -- sh -c 'echo /file "$0" | banter talk -q {} >/dev/null' "$2"
echo status $?; cat full.yaml; banter run full.yaml`, target, dir, big)
	p.endsWith(t, 0)
	p.says(t, `^status 1$`)
	p.says(t, `^# cut: there was no room for more: no space left on device$`)
	p.says(t, `file: full-client-1.bin`)
	p.says(t, `1 scenario, 1 passed`)
}

func TestRecordMax(t *testing.T) {
	_, target := listening(t, "listen", "--echo")
	dir := t.TempDir()
	file := filepath.Join(dir, "big.yaml")
	big := filepath.Join(dir, "big")
	write(t, big, strings.Repeat("0123456789abcdefghij\n", 20_000))
	status, stdout, stderr := banter(t, "record", "-q", "--max", "64KiB", "--to", target, "-o", file, "--",
		"sh", "-c", "echo /file "+big+" | banter talk {} >/dev/null")
	if want := "banter record: cut: more went through than the 64 KiB that are kept (--max)\n"; status != 1 || !strings.HasSuffix(stderr, want) {
		t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
	}
	recorded(t, file, "# cut: more went through than the 64 KiB that are kept (--max)\n")
}

func TestRecordRedact(t *testing.T) {
	_, target := listening(t, "listen", "--echo")
	file := filepath.Join(t.TempDir(), "login.yaml")
	status, stdout, stderr := banter(t, "record", "-q", "--redact", `PASS (\S+)`, "--to", target, "-o", file, "--",
		"sh", "-c", `printf 'PASS hunter2\n/wait\nPASS swordfish\n/wait\nagain hunter2\n/wait\n' | banter talk {}`)
	if status != 0 {
		t.Fatalf("exit status %d\n%s%s", status, stdout, stderr)
	}
	source := recorded(t, file, "PASS xxxxxxx", "PASS xxxxxxxx2", "again xxxxxxx")
	if strings.Contains(source, "hunter2") || strings.Contains(source, "swordfish") {
		t.Errorf("a secret is in it:\n%s", source)
	}
}

func TestRecordTLS(t *testing.T) {
	server, target := listening(t, "listen", "--tls", "--reply", "hhhh")
	ca := server.says(t, `trusted with (\S+);`)[1]
	file := filepath.Join(t.TempDir(), "secret.yaml")
	status, stdout, stderr := banter(t, "record", "--tls", "--ca", ca, "--to", target, "-o", file, "--",
		"sh", "-c", "printf 'hello\n/wait\n' | banter talk --tls --ca {ca} {}")
	if status != 0 {
		t.Fatalf("exit status %d\n%s%s", status, stdout, stderr)
	}
	recorded(t, file, "tls: true", "line: hello")

	// Without --tls it passes unread, which is said.
	status, stdout, stderr = banter(t, "record", "-q", "--to", target, "-o", file, "--",
		"sh", "-c", "printf 'hello\n/wait\n' | banter talk --tls --ca "+ca+" {}")
	if status != 0 || !strings.Contains(stderr, "--tls records what is in it") {
		t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
	}

	// Whom nobody trusts is not recorded.
	status, stdout, stderr = banter(t, "record", "--tls", "--to", target, "-o", file, "--", "sh", "-c", "banter talk --tls --insecure {} </dev/null")
	if want := "TLS with the target: "; status == 0 || !strings.Contains(stderr, want) {
		t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
	}
}

func TestRecordCommandFails(t *testing.T) {
	_, target := listening(t, "listen", "--echo")
	file := filepath.Join(t.TempDir(), "failed.yaml")
	status, _, stderr := banter(t, "record", "-q", "--to", target, "-o", file, "--", "sh", "-c", "banter talk {} </dev/null >/dev/null; exit 3")
	if status != 1 || !strings.HasSuffix(stderr, "banter record: sh: exit status 3\n") {
		t.Errorf("exit status %d\n%s", status, stderr)
	}
	recorded(t, file, "close")
	status, _, stderr = banter(t, "record", "-q", "--to", target, "-o", file, "--", "true")
	if status != 2 || !strings.HasSuffix(stderr, "banter record: nobody has connected, so there is nothing to write\n") {
		t.Errorf("exit status %d\n%s", status, stderr)
	}
	status, _, stderr = banter(t, "record", "-q", "--to", target, "-o", file, "--", "no-such-program")
	if status != 2 || !strings.Contains(stderr, "no-such-program: executable file not found in $PATH") {
		t.Errorf("exit status %d\n%s", status, stderr)
	}
}

// UDP and Unix sockets pass through as well.
func TestRecordTransports(t *testing.T) {
	dir := t.TempDir()
	for name, test := range map[string]struct{ target, listen string }{
		"udp":  {"udp:127.0.0.1:0", "udp:127.0.0.1:0"},
		"unix": {"unix:" + dir + "/echo.sock", "unix:" + dir + "/proxy.sock"},
	} {
		t.Run(name, func(t *testing.T) {
			_, target := listening(t, "listen", "--echo", test.target)
			file := filepath.Join(dir, name+".yaml")
			proxy, at := listening(t, "record", "--to", target, "--listen", test.listen, "-o", file)
			talks(t, at, "hello\n/wait\n/close\n")
			proxy.says(t, `< "hello`)
			proxy.signal(t, syscall.SIGTERM)
			proxy.endsWith(t, 0)
			recorded(t, file, "hello")
		})
	}
}

// signal sends a signal to the program.
func (p *peer) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(p.pid, sig); err != nil {
		t.Fatal(err)
	}
}

// A server in one line: who connects, and what is said, is shown as it happens and
// kept.
func TestListen(t *testing.T) {
	for _, test := range []struct {
		flags []string
		hears string
		says  string
		has   string
	}{
		{[]string{"--reply", "hhhh"}, `hello\r\n`, "hhhh", "answer: hhhh"},
		{[]string{"--reply", "hhhh", "--eol", "crlf"}, `hello\r\n`, `hhhh\r\n`, "answer: {line: hhhh}"},
		{[]string{"--echo"}, `hello\r\n`, `hello\r\n`, "answer: {line: hello}"},
		{nil, `hello\r\n`, "", "expect: {line: hello}"},
	} {
		t.Run(strings.Join(test.flags, " "), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "listen.yaml")
			server, at := listening(t, append([]string{"listen", "--once", "--backlog", "1", "-o", file}, test.flags...)...)
			wait := "/wait\n"
			if test.says == "" {
				wait = ""
			}
			talks(t, at, "hello\n"+wait)
			server.endsWith(t, 0)
			server.says(t, `^1 +connection from 127`)
			server.says(t, `^1 +\d.* m?s  < "`+regexp.QuoteMeta(test.hears)+`"$`)
			if test.says != "" {
				server.says(t, `^1 +\d.* m?s  > "`+regexp.QuoteMeta(test.says)+`"$`)
			}
			recorded(t, file, test.has)
		})
	}
}
