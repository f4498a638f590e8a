//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests in this file talk to programs that are not ours. A program that is
// not installed skips its tests, or fails them where BANTER_REQUIRE_PEERS is
// set.

// patience is how long anything in these tests may take before it has failed.
const patience = time.Minute

// Our client calls a server in the tutorial's manner.
func TestPeerPythonServer(t *testing.T) {
	server := start(t, "", installed(t, "python3"), "testdata/peers/server.py", "0")
	port := server.says(t, `port (\d+)`)[1]
	play(t, `
clients:
  ann:
    - connect: 127.0.0.1:`+port+`
    - send: "hello"
    - expect: "hhhh"
    - expect: {eof}
    - close
`).passes(t)
	server.ends(t)
	server.says(t, `^b'hello'$`)
}

// The server takes 1024 bytes and closes, with the rest unread. That is a
// reset, and it comes after the reply.
func TestPeerPythonServerLeavesBytesUnread(t *testing.T) {
	server := start(t, "", installed(t, "python3"), "testdata/peers/server.py", "0")
	port := server.says(t, `port (\d+)`)[1]
	play(t, `
clients:
  ann:
    - connect: 127.0.0.1:`+port+`
    - send: "`+strings.Repeat("x", 3000)+`"
    - expect: "hhhh"
    - expect: {reset}
    - close
`).passes(t)
	server.ends(t)
	server.says(t, `^b'`+strings.Repeat("x", 1024)+`'$`)
}

// A client in the tutorial's manner calls our server.
func TestPeerPythonClient(t *testing.T) {
	python := installed(t, "python3")
	port := freePort()
	run := play(t, `
servers:
  greeter:
    bind: ":`+port+`"
    backlog: 128
    steps:
      - expect: "hello"
      - expect: {eof}
      - signal: served
      - close
clients:
  driver:
    - await: served
`)
	run.listens(t, port)
	start(t, "127.0.0.1\n"+port+"\nhello\n", python, "testdata/peers/client.py").ends(t)
	run.passes(t)
}

// The client closes without reading, so the reply meets a closed socket.
// Whether the server sees the end or a reset is a matter of timing.
func TestPeerPythonClientClosesEarly(t *testing.T) {
	python := installed(t, "python3")
	port := freePort()
	run := play(t, `
servers:
  greeter:
    bind: 127.0.0.1:`+port+`
    steps:
      - expect: "你好"
      - send: "hhhh"
      - expect: {end}
      - signal: served
      - close
clients:
  driver:
    - await: served
`)
	run.listens(t, port)
	start(t, "127.0.0.1\n"+port+"\n你好\n", python, "testdata/peers/client.py").ends(t)
	run.passes(t)
}

// Netcat half-closes after what it sends (-N), and still takes what comes.
func TestPeerNetcatServerHalfCloses(t *testing.T) {
	port := freePort()
	server := start(t, "hhhh", installed(t, "nc"), "-N", "-l", "127.0.0.1", port)
	server.listens(t, port)
	play(t, `
clients:
  ann:
    - connect: 127.0.0.1:`+port+`
    - expect: "hhhh"
    - expect: {eof}
    - send: "still here"
    - close
`).passes(t)
	server.ends(t)
	server.says(t, `^still here$`)
}

// Our client sends and is gone, without a look at what may come.
func TestPeerNetcatServerIsLeft(t *testing.T) {
	port := freePort()
	server := start(t, "", installed(t, "nc"), "-d", "-l", "127.0.0.1", port)
	server.listens(t, port)
	play(t, `
clients:
  ann:
    - connect: 127.0.0.1:`+port+`
    - send: {line: "good bye"}
    - close: {now}
`).passes(t)
	server.ends(t)
	server.says(t, `^good bye\r$`)
}

// Netcat sends, half-closes, and prints what the server says then.
func TestPeerNetcatClientHalfCloses(t *testing.T) {
	nc := installed(t, "nc")
	port := freePort()
	run := play(t, `
servers:
  greeter:
    bind: 127.0.0.1:`+port+`
    steps:
      - expect: {rest, equals: "hello"}
      - expect: {eof}
      - send: "hhhh"
      - signal: served
      - close
clients:
  driver:
    - await: served
`)
	run.listens(t, port)
	client := start(t, "hello", nc, "-N", "127.0.0.1", port)
	client.ends(t)
	client.says(t, `^hhhh$`)
	run.passes(t)
}

// Netcat only knocks (-z): it connects, and closes without a byte.
func TestPeerNetcatClientKnocks(t *testing.T) {
	nc := installed(t, "nc")
	port := freePort()
	run := play(t, `
servers:
  greeter:
    bind: 127.0.0.1:`+port+`
    steps:
      - expect: {eof}
      - signal: served
      - close
clients:
  driver:
    - await: served
`)
	run.listens(t, port)
	start(t, "", nc, "-z", "127.0.0.1", port).ends(t)
	run.passes(t)
}

// A reply, to two clients one after the other. A server with a reply gives no
// signal, so the test rings a bell when the clients have ended.
func TestPeerNetcatClientGetsReply(t *testing.T) {
	nc := installed(t, "nc")
	port, bell := freePort(), freePort()
	run := play(t, `
servers:
  greeter:
    bind: 127.0.0.1:`+port+`
    reply: "hhhh"
  bell:
    bind: 127.0.0.1:`+bell+`
    steps: [signal: rung, close]
clients:
  driver:
    - await: rung
`)
	run.listens(t, port)
	run.listens(t, bell)
	for _, text := range []string{"hello", "hello again"} {
		client := start(t, text, nc, "-N", "127.0.0.1", port)
		client.ends(t)
		client.says(t, `^hhhh$`)
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+bell)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	run.passes(t)
}

// Redis: commands, an error, a pipeline, binary data cut into single bytes,
// messages from one client to another, a half-close, and its own close.
func TestPeerRedisServer(t *testing.T) {
	port := startRedis(t)
	play(t, `
clients:
  ann:
    - connect: 127.0.0.1:`+port+`
    - {send: {line: PING}, expect: {line: "+PONG"}}
    - {send: {line: "SET greeting hhhh"}, expect: {line: "+OK"}}
    - {send: {line: "INCR greeting"}, expect: {line, prefix: "-ERR "}}
    - send: {lines: ["GET greeting", "STRLEN greeting", "ECHO 010"]}
    - expect: {lines: ["$4", "hhhh", ":4", "$3", "010"]}
    - send:
        - {text: "*3\r\n$3\r\nSET\r\n$3\r\nbin\r\n$5\r\n", slice: 1}
        - {hex: "00 0d 0a ff 24", slice: 1}
        - "\r\n"
    - expect: {line: "+OK"}
    - send: {line: "GET bin"}
    - expect: {line: "$5"}
    - expect: {bytes: 7, equals: {hex: "00 0d 0a ff 24 0d 0a"}}
    - {send: {line: QUIT}, expect: {line: "+OK"}}
    - expect: {eof}
    - close
  subscriber:
    - connect: 127.0.0.1:`+port+`
    - send: {line: "SUBSCRIBE news"}
    - expect: {lines: ["*3", "$9", "subscribe", "$4", "news", ":1"]}
    - signal: subscribed
    - expect: {lines: ["*3", "$7", "message", "$4", "news", "$6"]}
    - expect: {line: "你好"}
    - close
  publisher:
    - await: subscribed
    - connect: 127.0.0.1:`+port+`
    - send: {line: "PUBLISH news 你好"}
    - expect: {line: ":1"}
    - shutdown
    - expect: {eof}
    - close
`).passes(t)
}

// Redis calls us: it becomes the replica of our server, which plays a master
// as far as the full copy.
func TestPeerRedisReplica(t *testing.T) {
	port := startRedis(t)
	play(t, `
servers:
  master:
    bind: 127.0.0.1:0
    accept: 1
    steps:
      - expect: {lines: ["*1", "$4", PING]}
      - send: {line: "+PONG"}
      - expect: {lines: ["*3", "$8", REPLCONF, "$14", listening-port]}
      - expect: {line: "$5"}
      - expect: {line: "`+port+`"}
      - expect: {lines: ["*5", "$8", REPLCONF, "$4", capa, "$3", eof, "$4", capa, "$6", psync2]}
      - send: {lines: ["+OK", "+OK"]}
      - expect: {lines: ["*3", "$5", PSYNC, "$40"]}
      - expect: {regex: "^[0-9a-f]{40}$"}
      - expect: {lines: ["$1", "1"]}
      - signal: asked-for-all
      - expect: {end}
clients:
  admin:
    - connect: 127.0.0.1:`+port+`
    - send: {line: "REPLICAOF 127.0.0.1 ${master.port}"}
    - expect: {line: "+OK"}
    - await: asked-for-all
    - send: {line: "REPLICAOF NO ONE"}
    - expect: {line: "+OK"}
    - close
`).passes(t)
}

// Redis' own client calls a server that answers as Redis would.
func TestPeerRedisClient(t *testing.T) {
	cli := installed(t, "redis-cli")
	port := freePort()
	run := play(t, `
servers:
  stub:
    bind: 127.0.0.1:`+port+`
    steps:
      - expect: {lines: ["*2", "$3", GET, "$8", greeting]}
      - send: {lines: ["$4", hhhh]}
      - expect: {eof}
      - signal: served
      - close
clients:
  driver:
    - await: served
`)
	run.listens(t, port)
	client := start(t, "", cli, "-h", "127.0.0.1", "-p", port, "GET", "greeting")
	client.ends(t)
	client.says(t, `^hhhh$`)
	run.passes(t)
}

// The same scenario is played against the stub that it declares, and against
// the real thing.
func TestPeerInPlaceOfStub(t *testing.T) {
	port := startRedis(t)
	stub := `
servers:
  redis:
    steps:
      - expect: {line: PING}
      - send: {line: "+PONG"}
      - expect: {line: QUIT}
      - send: {line: "+OK"}
      - close
clients:
  ann:
    - connect: redis
    - {send: {line: PING}, expect: {line: "+PONG"}}
    - {send: {line: QUIT}, expect: {line: "+OK"}}
    - expect: {eof}
    - close
`
	play(t, stub).passes(t)
	real := play(t, stub, "--connect", "redis=127.0.0.1:"+port)
	real.passes(t)
	if strings.Contains(real.out.String(), "redis/ann") {
		t.Errorf("the stub was played:\n%s", &real.out)
	}
}

// startRedis starts a redis-server of its own and returns its port.
func startRedis(t *testing.T) string {
	t.Helper()
	port := freePort()
	redis := start(t, "", installed(t, "redis-server"), "--port", port, "--bind", "127.0.0.1",
		"--dir", t.TempDir(), "--save", "", "--appendonly", "no")
	redis.says(t, `Ready to accept connections`)
	return port
}

// installed returns the program's path, or ends the test. Netcat is OpenBSD's:
// others have other flags.
func installed(t *testing.T, name string) string {
	t.Helper()
	names := []string{name}
	if name == "nc" {
		names = []string{"nc.openbsd", "nc"}
	}
	for _, n := range names {
		path, err := exec.LookPath(n)
		if err != nil {
			continue
		}
		if name == "nc" {
			usage, _ := exec.Command(path, "-h").CombinedOutput()
			if !bytes.Contains(usage, []byte("OpenBSD")) {
				continue
			}
		}
		return path
	}
	if os.Getenv("BANTER_REQUIRE_PEERS") != "" {
		t.Fatalf("%s is not installed, and BANTER_REQUIRE_PEERS is set", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// freePort returns a port that nobody has bound. It is below those that the
// system gives out by itself, so that nobody gets it by chance.
func freePort() string {
	for {
		port := strconv.Itoa(10000 + rand.IntN(20000))
		if ln, err := net.Listen("tcp", ":"+port); err == nil {
			ln.Close()
			return port
		}
	}
}

// awaitListener returns once somebody listens on the port, or with an error
// when ended is closed before that. It looks into the system's socket table:
// a connection made to find out would be one too many.
func awaitListener(port string, ended <-chan struct{}) error {
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	listener := regexp.MustCompile(fmt.Sprintf(`(?m)^ *\d+: [0-9A-F]+:%04X [0-9A-F:]+ 0A `, n))
	deadline := time.After(patience)
	for {
		for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
			if b, err := os.ReadFile(table); err == nil && listener.Match(b) {
				return nil
			}
		}
		select {
		case <-ended:
			return fmt.Errorf("ended before it listened on port %s", port)
		case <-deadline:
			return fmt.Errorf("does not listen on port %s", port)
		case <-time.After(time.Millisecond):
		}
	}
}

// output is what a program has printed so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// peer is a program that is not ours.
type peer struct {
	name  string
	out   output
	ended chan struct{} // closed when it has; err is set then
	err   error
	pid   int
}

// start starts a program, in a process group that does not outlive the test.
func start(t *testing.T, stdin, program string, args ...string) *peer {
	t.Helper()
	p := &peer{name: filepath.Base(program), ended: make(chan struct{})}
	cmd := exec.Command(program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.pid = cmd.Process.Pid
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the group may be gone already
		<-p.ended
	})
	return p
}

// listens waits until the program listens on the port.
func (p *peer) listens(t *testing.T, port string) {
	t.Helper()
	if err := awaitListener(port, p.ended); err != nil {
		t.Fatalf("%s: %v\n%s", p.name, err, &p.out)
	}
}

// says waits until the program has printed something that the expression
// matches, and returns the submatches.
func (p *peer) says(t *testing.T, expr string) []string {
	t.Helper()
	re := regexp.MustCompile(`(?m)` + expr)
	deadline := time.After(patience)
	for ended := false; ; {
		if m := re.FindStringSubmatch(p.out.String()); m != nil {
			return m
		}
		if ended {
			t.Fatalf("%s ended and did not say %s:\n%s", p.name, expr, &p.out)
		}
		select {
		case <-p.ended:
			ended = true
		case <-deadline:
			t.Fatalf("%s does not say %s:\n%s", p.name, expr, &p.out)
		case <-time.After(time.Millisecond):
		}
	}
}

// ends waits until the program has ended by itself, with success.
func (p *peer) ends(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
		if p.err != nil {
			t.Fatalf("%s: %v\n%s", p.name, p.err, &p.out)
		}
	case <-time.After(patience):
		t.Fatalf("%s does not end:\n%s", p.name, &p.out)
	}
}

// playing is a scenario being run.
type playing struct {
	out    output
	ended  chan struct{} // closed when it has; status is set then
	status int
}

// play starts to run a scenario.
func play(t *testing.T, scenario string, flags ...string) *playing {
	t.Helper()
	return playIn(t, t.TempDir(), scenario, flags...)
}

// playIn starts to run a scenario in a folder, where its files are.
func playIn(t *testing.T, dir, scenario string, flags ...string) *playing {
	t.Helper()
	path := filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(path, []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &playing{ended: make(chan struct{})}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	go func() {
		p.status = run(ctx, slices.Concat([]string{"run", "-v"}, flags, []string{path}), strings.NewReader(""), &p.out, &p.out)
		close(p.ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-p.ended
	})
	return p
}

// listens waits until the scenario's server listens on the port.
func (p *playing) listens(t *testing.T, port string) {
	t.Helper()
	if err := awaitListener(port, p.ended); err != nil {
		t.Fatalf("banter: %v\n%s", err, &p.out)
	}
}

// passes waits until the scenario has been played, and passed.
func (p *playing) passes(t *testing.T) {
	t.Helper()
	<-p.ended // within patience, or run does not heed its context
	if p.status != 0 {
		t.Fatalf("exit status %d\n%s", p.status, &p.out)
	}
}
