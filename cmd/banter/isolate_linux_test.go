package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is an ordinary user.
const nobody = 65534

// ordinary is the command as an ordinary user calls it, in a folder of theirs.
// As such a user the test calls it itself.
func ordinary(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		cmd := exec.Command("banter", args...)
		cmd.Dir = t.TempDir()
		return cmd
	}
	dir, err := os.MkdirTemp("/tmp", "banter-test-") // t.TempDir is for nobody else
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	exe, err := exec.LookPath("banter")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(exe)
	if err == nil {
		err = os.WriteFile(dir+"/banter", program, 0o755)
	}
	if err == nil {
		err = os.Chown(dir, nobody, nobody)
	}
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(dir+"/banter", args...)
	cmd.Args[0] = "banter"
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return cmd
}

// isolates skips a test where the command can't have isolated networks.
func isolates(t *testing.T, cmd func(*testing.T, ...string) *exec.Cmd) {
	t.Helper()
	out, err := cmd(t, "run", "--isolate=always", "-").CombinedOutput()
	if bytes.Contains(out, []byte("there is no isolated network")) {
		if os.Getenv("BANTER_REQUIRE_PEERS") == "1" {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Skipf("%s", out)
	}
}

func asRoot(t *testing.T, args ...string) *exec.Cmd {
	cmd := exec.Command("banter", args...)
	cmd.Dir = t.TempDir()
	return cmd
}

// Ten scenarios that all bind port 25, and every address, are played at the same
// time: each waits in the middle until all ten are there. The gate that they
// wait at is a Unix socket, which is not isolated.
func TestTenAtPort25(t *testing.T) {
	for name, call := range map[string]func(*testing.T, ...string) *exec.Cmd{"root": asRoot, "ordinary user": ordinary} {
		t.Run(name, func(t *testing.T) {
			isolates(t, call)
			var b strings.Builder
			for i := range 10 {
				fmt.Fprintf(&b, `---
name: mail-%d
addresses: [192.0.2.1, "2001:db8::1"]
servers:
  mx: {bind: ":25", reply: "220"}
  six: {bind: "[2001:db8::1]:7890", reply: "six"}
  every: {bind: "0.0.0.0:7890", reply: "every"}
  dns: {bind: "udp:0.0.0.0:53", reply: "answer"}
clients:
  ann: [connect: "192.0.2.1:25", send: HELO, connect: {to: "unix:gate", as: gate}, over: gate, expect: "go", expect: "220"]
  ben: [connect: "[2001:db8::1]:25", send: HELO, expect: "220"]
  cid: [connect: six, send: HELO, expect: "six"]
  dan: [connect: dns, send: HELO, expect: {datagram, equals: "answer"}]
  eve: [connect: "192.0.2.1:7890", send: HELO, expect: "every"]
  fay: [{connect: "192.0.2.9:25", expect: {unreachable}}]
  gil: [{connect: "192.0.2.1:26", expect: {refused}}]
`, i)
			}
			text := strings.ReplaceAll(b.String(), `connect: {to: "unix:gate", as: gate}, over: gate, expect: "go"`,
				`{connect: {to: "unix:gate", as: gate}}, {over: gate, expect: "go"}`)
			cmd := call(t, "run", "-j", "10", "--isolate=always", "ten.yaml")
			if err := os.WriteFile(filepath.Join(cmd.Dir, "ten.yaml"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			gate, err := net.Listen("unix", filepath.Join(cmd.Dir, "gate"))
			if err == nil {
				err = os.Chmod(filepath.Join(cmd.Dir, "gate"), 0o777)
			}
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				for waiting := []net.Conn{}; ; {
					conn, err := gate.Accept()
					if err != nil {
						return
					}
					if waiting = append(waiting, conn); len(waiting) == 10 {
						for _, c := range waiting {
							io.WriteString(c, "go")
							c.Close()
						}
					}
				}
			}()
			defer gate.Close()
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "10 scenarios, 10 passed") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// In the user namespace programs run as who they would be without, without the
// rights that banter needs there, and in the scenario's network.
func TestProgramsAreIsolated(t *testing.T) {
	for name, call := range map[string]func(*testing.T, ...string) *exec.Cmd{"root": asRoot, "ordinary user": ordinary} {
		t.Run(name, func(t *testing.T) {
			isolates(t, call)
			cmd := call(t, "run", "--isolate=always", "--allow-run", "-")
			uid := os.Geteuid()
			if cmd.SysProcAttr != nil {
				uid = nobody
			}
			outside, err := os.Readlink("/proc/self/ns/net")
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stdin = strings.NewReader(fmt.Sprintf(`
servers: {mx: {bind: "127.0.0.1:25", reply: "hhhh"}}
clients:
  ann:
    - {run: [id, -u], stdout: "%d\n"}
    - {run: [grep, CapAmb, /proc/self/status], stdout: {suffix: "\t0000000000000000\n"}}
    - {run: [readlink, /proc/self/ns/net], stdout: {not: {equals: "%s\n"}}}
    - {run: [printenv, BANTER_WITHIN], exit: 1}
    - {connect: {run: [bash, -c, "exec 3<>/dev/tcp/127.0.0.1/25; echo hello >&3; cat <&3"]}, expect: "hhhh"}
    - close
`, uid, outside))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// A signal ends a run in order also where two processes play it; and who kills
// the first kills the other.
func TestSignalsToIsolated(t *testing.T) {
	isolates(t, ordinary)
	for _, sent := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sent.String(), func(t *testing.T) {
			cmd := ordinary(t, "run", "--isolate=always", "-j", "1", "-")
			cmd.Stdin = strings.NewReader(waiting)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			cmd.Stdout = w
			err = cmd.Start()
			w.Close()
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(r)
			first, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(sent); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(lines) // to the end of all that write there
			if err != nil {
				t.Error(err)
			}
			cmd.Wait()
			if sent == syscall.SIGKILL {
				return
			}
			if got := cmd.ProcessState.ExitCode(); got != 130 {
				t.Errorf("exit status %d", got)
			}
			checkInterrupted(t, "<stdin>", first+string(rest), stderr.String())
		})
	}
}

// Where there can be no network, auto plays without and says so, and always says
// why not. The limit is that of a user namespace of the test's own.
func TestNoNetworkToBeHad(t *testing.T) {
	unshare := installed(t, "unshare")
	run := func(mode string) (stdout, stderr string, code int) {
		script := "echo 0 > /proc/sys/user/max_net_namespaces && exec banter run --isolate=" + mode + " -"
		cmd := exec.Command(unshare, "--user", "--map-root-user", "bash", "-c", script)
		cmd.Stdin = strings.NewReader(`
servers: {greeter: {reply: hhhh}}
clients: {ann: [connect: greeter, send: hello, expect: hhhh]}
`)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		cmd.Run()
		return out.String(), errs.String(), cmd.ProcessState.ExitCode()
	}
	const why = "there are as many network namespaces as this system allows (user.max_net_namespaces)\n"
	stdout, stderr, code := run("auto")
	if strings.Contains(stderr, "unshare") {
		t.Skip(stderr)
	}
	if code != 0 || !strings.Contains(stdout, "1 passed") || stderr != "banter run: --isolate: played without, as there is no isolated network: "+why {
		t.Errorf("auto: exit status %d\n%s%s", code, stdout, stderr)
	}
	if _, stderr, code = run("always"); code != 2 || stderr != "banter run: --isolate=always: there is no isolated network: "+why {
		t.Errorf("always: exit status %d, %s", code, stderr)
	}
}
