//go:build unix

package runner_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/scenario"
)

// programs is the one scenario of a text that may start programs. The test is
// skipped where one of those is not installed that the text requires.
func programs(t testing.TB, text string) *scenario.Scenario {
	t.Helper()
	var config scenario.Config
	config.Allow.Run.All = true
	config.Real = true
	file := config.Parse("test.yaml", []byte(text))
	if file.Problems.HaveErrors() {
		t.Fatal(file.Problems)
	}
	s := file.Scenarios[0]
	for _, name := range s.Requires {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("BANTER_REQUIRE_PEERS") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	return s
}

func passesWithPrograms(t *testing.T, text string) runner.Result {
	t.Helper()
	result := play(t, programs(t, text))
	for _, f := range result.Failures {
		t.Errorf("%s: %s: %s %q", f.Pos, f.Actor, f.Message, f.Notes)
	}
	if t.Failed() {
		for _, o := range result.Outputs {
			t.Logf("%s: %s%s", o.Name, o.Head, o.Tail)
		}
	}
	return result
}

// failsWithPrograms compares the failures, a line each.
func failsWithPrograms(t *testing.T, text string, want ...string) runner.Result {
	t.Helper()
	result := play(t, programs(t, text))
	if got, want := strings.Join(failures(result), "\n"), strings.Join(want, "\n"); got != want {
		t.Errorf("failures\n%s\nwant\n%s", got, want)
		for _, f := range result.Failures {
			t.Logf("%q", f.Notes)
		}
		for _, o := range result.Outputs {
			t.Logf("%s: %s%s", o.Name, o.Head, o.Tail)
		}
	}
	return result
}

const redis = `
name: redis
requires: [redis-server]
files:
  redis.conf: |
    port ${redis.port}
    bind 127.0.0.1
    dir ${tmp}
    save ""
processes:
  redis:
    run: [redis-server, "${tmp}/redis.conf"]
    port: free
`

func TestRedis(t *testing.T) {
	result := passesWithPrograms(t, redis+`
clients:
  ann:
    - await: {output: redis, regex: "Running mode=(?P<mode>[a-z]+), port=(?P<port>[0-9]+)"}
    - await: {output: redis, regex: "Ready to accept connections"}
    - connect: redis
    - send: {line: "ECHO ${mode}"}
    - expect: {lines: [$10, standalone]}
    - send: {line: "ECHO ${port}"}
    - expect: {lines: [$5, "${redis.port}"]}
    - send: {line: PING}
    - expect: {line: "+PONG"}
    - close
  ben:
    - connect: "${redis}"
    - send: {line: "CONFIG GET port"}
    - expect: {lines: ["*2", "$4", port, "$5", "${redis.port}"]}
    - close
`)
	if seen := result.Actors[1].Observed[0].String(); seen != "connect redis" {
		t.Errorf("ben: %s", seen)
	}
	if out := result.Outputs[0]; out.Name != "redis" || out.Status != "" || !strings.Contains(string(out.Head), "Ready to accept connections") {
		t.Errorf("%+v", out)
	}
}

func TestRedisCLI(t *testing.T) {
	passesWithPrograms(t, strings.Replace(redis, "[redis-server]", "[redis-server, redis-cli]", 1)+`
    ready: {steps: [connect: redis, send: {line: PING}, expect: {line: "+PONG"}, close]}
clients:
  ann:
    - run: [redis-cli, -p, "${redis.port}", set, key, value]
    - {run: [redis-cli, -p, "${redis.port}", get, key], stdout: "value\n"}
    - {run: [redis-cli, -p, "${redis.port}"], stdin: {lines: [get key, ping]}, stdout: {lines: [value, PONG]}}
    - connect: {run: [redis-cli, -p, "${redis.port}"]}
    - send: "ping\n"
    - expect: "PONG\n"
    - close
`)
}

func TestStopAndStart(t *testing.T) {
	passesWithPrograms(t, redis+`
clients:
  ann:
    - await: {output: redis, regex: "Ready to accept connections"}
    - stop: redis
    - await: {output: redis, regex: "bye bye"}
    - {connect: redis, expect: {refused}}
    - signal: stopped
    - start: redis
    - connect: redis
    - send: {line: PING}
    - expect: {line: "+PONG"}
    - close
  ben:
    - await: stopped
    - await: {output: redis, regex: "Ready to accept connections"}
    - await: {output: redis, regex: "Ready to accept connections"}
`)
}

// A real client plays against a declared server, and no client of the file.
func TestRealClient(t *testing.T) {
	result := passesWithPrograms(t, `
requires: [nc]
servers:
  greeter:
    steps:
      - expect: {line: hello}
      - send: {line: hhhh}
      - close
eol: lf
processes:
  nc:
    run: [sh, -c, "echo hello | nc -N 127.0.0.1 ${greeter.port}"]
    exit: 0
`)
	if got := string(result.Outputs[0].Head); got != "hhhh\n" {
		t.Errorf("%q", got)
	}
}

// One that stays has its conversation before it is ended.
func TestRealClientThatStays(t *testing.T) {
	passesWithPrograms(t, `
requires: [python3]
eol: lf
servers:
  hub:
    connections:
      - - expect: {line: first}
        - wait: 50ms
        - send: {line: ok}
        - close
      - - expect: {line: second}
        - close
processes:
  agent:
    run: [python3, "${tmp}/agent.py"]
    ready: {started}
files:
  agent.py: |
    import socket, time
    time.sleep(0.05)
    a = socket.create_connection(("127.0.0.1", ${hub.port}))
    a.sendall(b"first\n")
    a.recv(10)
    b = socket.create_connection(("127.0.0.1", ${hub.port}))
    b.sendall(b"second\n")
    time.sleep(1000)
`)
}

func TestFilesAndFolders(t *testing.T) {
	result := passesWithPrograms(t, `
vars: {greeting: hhhh}
let: {bytes: {hex: "00 ff"}}
files:
  a/b/c.txt: "${greeting} in ${tmp}\n"
  bytes: "${bytes}"
  lines: {lines: [one, two]}
  program.sh: |
    #!/bin/sh
    echo "$1 $TOLD $(pwd)"
processes:
  once:
    run: ["${tmp}/program.sh", argument]
    before: [[mkdir, "${tmp}/own"], [cp, "${tmp}/lines", "${tmp}/own"]]
    env: {TOLD: "${greeting}"}
    cwd: "${tmp}/a/b"
    exit: 0
clients:
  ann:
    - {run: [cat, a/b/c.txt], stdout: "hhhh in ${tmp}\n"}
    - {run: [od, -An, -tx1, bytes], stdout: " 00 ff\n"}
    - {run: [cat, own/lines], stdout: {lines: [one, two]}}
    - await: {output: once, regex: "^argument hhhh ${tmp}/a/b$"}
`)
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "banter-*", "program.sh")); len(left) > 0 && result.Passed() {
		t.Errorf("left behind: %q", left)
	}
}

func TestRunSteps(t *testing.T) {
	passesWithPrograms(t, `
clients:
  ann:
    - run: ["true"]
    - {run: ["false"], exit: 1}
    - {run: [sh, -c, "exit 42"], exit: 42}
    - {run: [cat], stdin: "hello", stdout: "hello"}
    - {run: [cat], stdin: {fill: "0123456789", size: 1MiB}, stdout: {fill: "0123456789", size: 1MiB}}
    - {run: ["true"], stdin: {fill: random, size: 1MiB}}
    - {run: [echo, hello world], stdout: {regex: "hello (?P<whom>[a-z]+)"}}
    - {run: [echo, "${whom}"], stdout: "world\n"}
    - {run: [echo, "${whom}"], stdout: {line: world, size: 6}}
    - {run: [echo, '{"id": 7, "more": 1}'], stdout: {json: {id: 7}}}
    - {run: [printf, 'id=\001'], stdout: {hex: "69 64 3d .."}}
    - {run: [sh, -c, "echo error >&2"], stdout: ""}
`)
}

func TestRunFails(t *testing.T) {
	for _, test := range []struct{ step, want, out string }{
		{`run: [no-such-program]`, `can't start "no-such-program": it is not installed: there is no such program on the PATH`, ""},
		{`run: ["false"]`, "false ended with exit status 1, where exit status 0 was expected", ""},
		{`{run: [sh, -c, "echo out; echo err >&2; exit 3"], exit: 2}`, "sh ended with exit status 3, where exit status 2 was expected", "out\nerr\n"},
		{`run: [sh, -c, "kill -KILL $$"]`, "sh ended with killed by SIGKILL, where exit status 0 was expected", ""},
		{`{run: [echo, hello], stdout: "hallo\n"}`, "the output: the bytes differ at offset 1", "hello\n"},
		{`{run: [echo, hello], stdout: {contains: x}}`, `the output: the frame does not contain "x"`, "hello\n"},
		{`{run: [sleep, "1000"], within: 20ms}`, "timeout after 20ms: sleep had not ended", ""},
		{`{run: [cat, /dev/zero]}`, "cat printed more than 16777216 bytes", strings.Repeat("\x00", 24<<10)},
	} {
		s := programs(t, "clients: {ann: [{connect: srv}, close, "+test.step+"]}\nservers: {srv: {}}")
		result := play(t, s)
		var got, out string
		for _, f := range result.Failures {
			got += f.Message
		}
		for _, o := range result.Outputs {
			out += string(o.Head) + string(o.Tail)
		}
		if got != test.want || out != test.out {
			t.Errorf("%s: %s, %.50q\nwant %s, %.50q", test.step, got, out, test.want, test.out)
		}
	}
}

func TestConnectToProgram(t *testing.T) {
	result := passesWithPrograms(t, `
requires: [bc]
eol: lf
clients:
  bc:
    - connect: {run: [bc, -q]}
    - send: {line: "6*7"}
    - expect: {line: "42"}
    - close
  eof:
    - connect: {run: [sh, -c, "echo hello; exit 3"], exit: 3}
    - expect: {line: hello}
    - expect: {eof}
    - close
  half-close:
    - connect: {run: [sort]}
    - send: {lines: [b, a]}
    - shutdown
    - expect: {rest, equals: {lines: [a, b]}}
    - close
  unread:
    - connect: {run: ["true"]}
    - send: {fill: random, size: 1MiB}
    - close
  discard:
    - connect: {run: [sh, -c, "echo unread; exit 1"]}
    - close: {discard}
  now:
    - connect: {run: [sh, -c, "echo unread; sleep 1000"]}
    - close: {now}
  long:
    - connect: {run: [cat]}
    - parallel:
        - send: {fill: random, size: 4MiB}
        - expect: {fill: random, size: 4MiB}
  two:
    - connect: {run: [cat]}
    - connect: {run: [tr, a-z, A-Z], as: upper}
    - {over: upper, send: "hello"}
    - send: "hello"
    - expect: "hello"
    - shutdown
    - {over: upper, shutdown: }
    - {over: upper, expect: "HELLO"}
  tried:
    - retry:
        within: 10s
        every: 1ms
        steps:
          - connect: {run: [sh, -c, "echo x >> tries; wc -l < tries | tr -d ' '"]}
          - expect: "3\n"
          - close
  without-close:
    - connect: {run: [cat]}
    - send: "hello"
    - expect: "hello"
`)
	if got := result.Actors[0].Observed[0].String(); got != "connect bc" {
		t.Error(got)
	}
}

func TestConnectToProgramFails(t *testing.T) {
	for _, test := range []struct{ steps, want, out string }{
		{`{connect: {run: [no-such-program]}}, close`, `can't start "no-such-program": it is not installed: there is no such program on the PATH`, ""},
		{`{connect: {run: [sh, -c, "echo error >&2; exit 3"]}}, close`, "sh ended with exit status 3, where exit status 0 was expected", "error\n"},
		{`{connect: {run: [echo, hello]}}, close`, `unread: 6 bytes came that no step took: "hello\n"`, ""},
		{`{connect: {run: [echo, hello]}}, {expect: "hallo"}, close`, "the bytes differ at offset 1", ""},
		{`{connect: {run: [sh, -c, "exec >&-; sleep 1000"]}}, {close, within: 50ms}`, "timeout after 50ms: sh had not ended, and its input had", ""},
		{`{connect: {run: [sleep, "1000"]}}, {close, within: 50ms}`, "timeout after 50ms: the peer did not close", ""},
		{`{connect: {run: [sleep, "1000"]}}, {expect: "x", within: 50ms}`, "timeout after 50ms: 0 of 1 byte had come", ""},
	} {
		result := play(t, programs(t, "clients: {ann: ["+strings.Replace(test.steps, "{close, ", "{close: , ", 1)+"]}"))
		var got, out string
		for _, f := range result.Failures {
			got += f.Message
		}
		for _, o := range result.Outputs {
			out += string(o.Head) + string(o.Tail)
		}
		if got != test.want || out != test.out {
			t.Errorf("%s: %s, %.50q\nwant %s, %.50q", test.steps, got, out, test.want, test.out)
		}
	}
}

func TestProcessFails(t *testing.T) {
	const client = "\nclients: {ann: [wait: 1ms]}"
	for _, test := range []struct{ name, process, want string }{
		{"not installed", `{run: [no-such-program]}`,
			`can't start "no-such-program": it is not installed: there is no such program on the PATH`},
		{"no folder", `{run: ["true"], cwd: no-folder}`, "can't start \"true\": there is no folder " + cwd(t, "no-folder") + " to start it in"},
		{"ends", `{run: ["true"]}`, "ended before it was ready: exit status 0"},
		{"ends badly", `{run: [sh, -c, "echo why; exit 3"]}`, "ended before it was ready: exit status 3"},
		{"ends before output", `{run: [echo, hello], ready: {output: ready}}`, "ended before it was ready: exit status 0"},
		{"ends before steps", `{run: ["true"], port: free, ready: {steps: [connect: p, close]}}`, "ended before it was ready: exit status 0"},
		{"never listens", `{run: [sleep, "1000"], ready: {listening, within: 50ms}}`, "timeout after 50ms: it is not ready"},
		{"never prints", `{run: [sleep, "1000"], ready: {output: x, within: 50ms}}`, "timeout after 50ms: it is not ready"},
		{"never passes", `{run: [sleep, "1000"], port: free, ready: {steps: [connect: p, close], within: 120ms}}`, "timeout after 120ms: it is not ready"},
		{"wrong status", `{run: [sh, -c, "exit 3"], exit: 2}`, "ended with exit status 3, where exit status 2 was expected"},
		{"before fails", `{run: ["true"], before: [["false"]], exit: 0}`, `"false", which comes before it, ended with exit status 1`},
		{"before is missing", `{run: ["true"], before: [[no-such-program]], exit: 0}`,
			`can't start "no-such-program": it is not installed: there is no such program on the PATH`},
	} {
		t.Run(test.name, func(t *testing.T) {
			failsWithPrograms(t, "processes:\n  p: "+test.process+client, fmt.Sprintf("2:%s p: %s", column(test.process), test.want))
		})
	}
}

// cwd is a path as one of the scenario's folder.
func cwd(t *testing.T, path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// column is where a failure of a process points to.
func column(process string) string {
	switch {
	case strings.Contains(process, "before:"):
		return fmt.Sprint(6 + strings.Index(process, "before: [[") + len("before: [["))
	case strings.Contains(process, "no-such-program"), strings.Contains(process, "no-folder"):
		return "13"
	case strings.Contains(process, "ready: {") && !strings.Contains(process, "started"):
		return fmt.Sprint(6 + strings.Index(process, "ready:"))
	}
	return "3"
}

func TestIgnoresSIGTERM(t *testing.T) {
	result := failsWithPrograms(t, `
timeout: 100ms
processes:
  stubborn:
    run: [sh, -c, "trap '' TERM; echo ready; while :; do :; done"]
    ready: {output: ready, within: 10s}
clients: {ann: [wait: 1ms]}
`, "4:3 stubborn: SIGTERM did not end it in 100ms, and it was killed (sh)")
	if out := string(result.Outputs[0].Head); out != "ready\n" {
		t.Errorf("%q", out)
	}
}

// A program that dies is on top of what follows from that.
func TestEndsEarly(t *testing.T) {
	failsWithPrograms(t, `
requires: [python3]
files:
  server.py: |
    import os, socket
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", ${p.port})); s.listen()
    c, _ = s.accept()
    c.recv(5)
    os._exit(7)
processes:
  p: {run: [python3, "${tmp}/server.py"], port: free}
clients:
  ann:
    - connect: p
    - send: "hello"
    - expect: "hhhh"
`, "13:3 p: ended by itself: exit status 7", "18:7 ann: eof after 0 of 4 bytes")
}

func TestAwaitOutputFails(t *testing.T) {
	for _, test := range []struct{ process, step, want string }{
		{`{run: [echo, hello], exit: 0}`, `{output: p, regex: x}`, `p has ended, and printed no line that matches "x"`},
		{`{run: [sleep, "1000"], ready: {started}}`, `{output: p, regex: x}, within: 20ms`, `timeout after 20ms: p had printed no line that matches "x"`},
		{`{run: [sh, -c, "head -c 40000000 /dev/zero; echo"], exit: 0}`, `{output: p, regex: x}`,
			"p has printed more than 16777216 bytes that this actor had not looked at"},
	} {
		steps := "{await: " + test.step + "}"
		if strings.Contains(test.process, "head") { // all of it
			steps = "wait: 1ms, {run: [sh, -c, 'while [ ! -e done ]; do sleep 0.01; done']}, " + steps
			test.process = strings.Replace(test.process, "echo", "echo; sleep 0.2; touch done", 1)
		}
		result := play(t, programs(t, "processes:\n  p: "+test.process+"\nclients:\n  ann: ["+steps+"]"))
		if len(result.Failures) != 1 || result.Failures[0].Message != test.want {
			t.Errorf("%s: %v", test.process, failures(result))
		}
	}
}

func TestRequiresAndSkip(t *testing.T) {
	for text, want := range map[string]string{
		"requires: [sh, no-such-program]\nclients: {ann: [connect: nobody, close]}\nservers: {nobody: {}}": "no-such-program is not installed",
		"skip: waits for issue 7\nclients: {ann: [wait: 1h]}":                                              "waits for issue 7",
		"requires: [sh]\nclients: {ann: [wait: 1ms]}":                                                      "",
	} {
		result := play(t, parse(t, text))
		if result.Skipped != want || !result.Passed() {
			t.Errorf("%q: skipped: %q, %v", text, result.Skipped, failures(result))
		}
	}
}

// When a run is interrupted, its programs end.
func TestInterruptedPrograms(t *testing.T) {
	s := programs(t, `
processes:
  p: {run: [sh, -c, "trap '' TERM; echo $$; sleep 1000"], ready: {output: "[0-9]+"}}
clients:
  ann: [{connect: {run: [sleep, "1000"]}}, expect: "never"]
  ben: [{run: [sleep, "1000"]}]
  cat: [{await: {output: p, regex: never}}]
`)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	result, err := runner.Run(ctx, s, runner.Options{})
	if err == nil {
		t.Fatal("it was not interrupted")
	}
	pid := strings.TrimSpace(string(result.Outputs[0].Head))
	if out, err := exec.Command("ps", "-p", pid).Output(); err == nil {
		t.Errorf("it lives on: %s", out)
	}
	for _, f := range result.Failures {
		if f.Kind != runner.Unfinished {
			t.Errorf("%s: %s", f.Actor, f.Message)
		}
	}
}

const both = `
requires: [python3]
eol: lf
servers:
  web:
    steps: [expect: {line: hello}, send: {line: hhhh}, close]
processes:
  real:
    run: [python3, -c, "${script}", "${real.port}"]
    serves: web
clients:
  ann:
    - connect: web
    - send: {line: hello}
    - expect: {line: %s}
    - close
vars:
  script: |
    import socket, sys
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen()
    while True:
        c, _ = s.accept()
        c.recv(100)
        c.sendall(b"%s\n")
        c.close()
`

func TestReal(t *testing.T) {
	for _, test := range []struct {
		expected, real string
		how            runner.Real
		against        bool
		want           string
	}{
		{"hhhh", "xxxx", runner.RealNever, false, ""},
		{"hhhh", "hhhh", runner.RealOnly, true, ""},
		{"hhhh", "xxxx", runner.RealOnly, true, "the bytes differ at offset 0"},
		{"hhhh", "hhhh", runner.RealBoth, true, ""},
		{"hhhh", "xxxx", runner.RealBoth, true, "the bytes differ at offset 0; against the declared server it passes: the real one differs here"},
		{"xxxx", "xxxx", runner.RealBoth, false, "the bytes differ at offset 0; against the real server it passes: the declared one differs here"},
		{"yyyy", "xxxx", runner.RealBoth, true, "the bytes differ at offset 0; against the declared server it fails in the same way"},
	} {
		s := programs(t, fmt.Sprintf(both, test.expected, test.real))
		result, err := runner.Run(t.Context(), s, runner.Options{Real: test.how})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, f := range result.Failures {
			got += strings.Join(append([]string{f.Message}, f.Notes...), "; ")
		}
		if got != test.want || result.Real != test.against {
			t.Errorf("%+v: %q, against the real one: %v", test, got, result.Real)
		}
	}
}

// A server that is said to be elsewhere needs no process.
func TestRealElsewhere(t *testing.T) {
	s := programs(t, `
servers: {web: {reply: "hhhh"}}
processes: {real: {run: [no-such-program], serves: web}}
clients: {ann: [{connect: web, expect: {refused}}]}
`)
	opts := runner.Options{Real: runner.RealOnly, Connect: map[string]string{"web": "127.0.0.1:1"}}
	result, err := runner.Run(t.Context(), s, opts)
	if err != nil || !result.Passed() {
		t.Errorf("%v %v", failures(result), err)
	}
}

// Programs that say something and are gone are heard all the same.
func TestProgramsThatAreGone(t *testing.T) {
	for _, bind := range []string{"127.0.0.1:0", "udp:127.0.0.1:0", "unix:gone.sock"} {
		t.Run(bind, func(t *testing.T) {
			steps := "[expect: hello, close]"
			passesWithPrograms(t, strings.NewReplacer("BIND", bind, "STEPS", steps).Replace(`
requires: [python3]
servers: {log: {bind: "BIND", steps: STEPS}}
files:
  log.py: |
    import socket, sys
    at = sys.argv[1]
    udp = at.startswith("udp:")
    unix = at.startswith("unix:")
    s = socket.socket(socket.AF_UNIX if unix else socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
    host, _, port = at.removeprefix("udp:").removeprefix("unix:").partition(":")
    s.connect(host if unix else (host, int(port)))
    s.send(b"hello")
clients:
  ann: [run: [python3, "${tmp}/log.py", "${log}"]]
`))
		})
	}
}
