//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// serving is the command while it serves, as a process of its own.
type serving struct {
	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr bytes.Buffer
}

// serve starts the command. It is killed if it outlives the test.
func serve(t *testing.T, scenario string, flags ...string) *serving {
	t.Helper()
	file := filepath.Join(t.TempDir(), "served.yaml")
	write(t, file, scenario)
	return serveFile(t, file, flags...)
}

func serveFile(t *testing.T, file string, flags ...string) *serving {
	t.Helper()
	s := &serving{cmd: exec.Command("banter", append(append([]string{"serve"}, flags...), file)...)}
	s.cmd.Stderr = &s.stderr
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.stdout = bufio.NewReader(out)
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		s.cmd.Wait()
	})
	return s
}

// line is the next line of its output.
func (s *serving) line(t *testing.T) string {
	t.Helper()
	line, err := s.stdout.ReadString('\n')
	if err != nil {
		t.Fatalf("%v\n%s", err, &s.stderr)
	}
	return strings.TrimSuffix(line, "\n")
}

// ends waits for its end, and returns the rest of its output.
func (s *serving) ends(t *testing.T, status int) string {
	t.Helper()
	var rest bytes.Buffer
	if _, err := rest.ReadFrom(s.stdout); err != nil {
		t.Fatal(err)
	}
	s.cmd.Wait()
	if got := s.cmd.ProcessState.ExitCode(); got != status {
		t.Fatalf("exit status %d, want %d\n%s%s", got, status, &rest, &s.stderr)
	}
	return rest.String()
}

const greeting = `name: greeting
servers:
  greeter: {reply: "hhhh"}
clients:
  ann: [connect: greeter, send: "hello", expect: "hhhh", close]
`

// Netcat calls the tutorial's server until Ctrl-C.
func TestServeNetcat(t *testing.T) {
	nc := installed(t, "nc")
	s := serve(t, greeting)
	listening := regexp.MustCompile(`^greeter   127\.0\.0\.1:(\d+)$`).FindStringSubmatch(s.line(t))
	if listening == nil {
		t.Fatal("does not say where it listens")
	}
	for range 2 {
		client := start(t, "hello", nc, "-N", "127.0.0.1", listening[1])
		client.ends(t)
		client.says(t, `^hhhh$`)
	}
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	saw := `  accept
  < "hello"
  > "hhhh"
  < eof
  close
`
	got := times.ReplaceAllString(s.ends(t, 0), " TIME")
	// Which of the two the servers got to first is a matter of timing.
	got = strings.NewReplacer("greeter/1:", "greeter/N:", "greeter/2:", "greeter/N:").Replace(got)
	got = regexp.MustCompile(`(ok .* TIME) .*\n$`).ReplaceAllString(got, "$1\n")
	if diff := cmp.Diff("greeter/N:\n"+saw+"greeter/N:\n"+saw+"ok    greeting TIME\n", got); diff != "" {
		t.Error(diff)
	}
	if !regexp.MustCompile(`(?m)^greeter/2: a connection from 127\.0\.0\.1:\d+$`).MatchString(s.stderr.String()) {
		t.Errorf("standard error is %q", &s.stderr)
	}
}

// What happens is shown while the connection is open, and whose it is where there
// are several. A secret that comes in pieces is hidden in both.
func TestServeShowsWhatHappens(t *testing.T) {
	const two = `name: two
vars: {word: open}
servers:
  s:
    steps: [{expect: {line: one}}, send: {line: two}, {expect: {text: "${word}"}}, {expect: {line: ""}}, {expect: {eof}}]
    accept: 2
clients:
  ann: [connect: s, send: {line: one}, {expect: {line: two}}, send: {line: "${word}"}, close]
`
	s := serve(t, two)
	address := strings.Fields(s.line(t))[1]
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	say := func(conn net.Conn, text string, shows ...string) {
		t.Helper()
		if text == "" {
			conn.(*net.TCPConn).CloseWrite()
		} else if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		for _, want := range shows {
			if got := s.line(t); got != want {
				t.Fatalf("%q, want %q", got, want)
			}
		}
	}
	first := dial()
	say(first, "one\r\n", "s/1:", "  accept", `  < "one\r\n"`, `  > "two\r\n"`)
	second := dial()
	say(second, "one\r\n", "s/2:", "  accept", `  < "one\r\n"`, `  > "two\r\n"`)
	say(first, "open\r\n", "s/1:", `  < "open"`, `  < "\r\n"`)
	say(second, "open\r\n", "s/2:", `  < "open"`, `  < "\r\n"`)
	say(second, "", "  < eof", "  close")
	say(first, "", "s/1:", "  < eof", "  close")
	s.cmd.Process.Signal(os.Interrupt)
	s.ends(t, 0)

	s = serve(t, two, "--secret", "word=open", "--once")
	address = strings.Fields(s.line(t))[1]
	first = dial()
	say(first, "one\r\n")
	say(first, "op")
	say(first, "en\r\n")
	say(first, "", "s/1:", "  accept", `  < "one\r\n"`, `  > "two\r\n"`, `  < "***\r\n"`, "  < eof", "  close")
	s.ends(t, 0)
}

// Curl calls a server of HTTPS with the authority that it is told of.
func TestServeCurlOverTLS(t *testing.T) {
	curl := installed(t, "curl")
	s := serve(t, `name: web
servers:
  web:
    tls: true
    steps:
      - expect: {until: "\r\n\r\n", prefix: "GET /hello HTTP/1.1\r\n"}
      - send: [{head: "HTTP/1.1 200 OK\nContent-Length: 4"}, "hhhh"]
      - close
clients: {ann: [connect: {to: web, tls: true}, close]}
`, "--once")
	line := regexp.MustCompile(`^web   (\S+)   TLS, trusted with (\S+)$`).FindStringSubmatch(strings.TrimSpace(s.line(t)))
	if line == nil {
		t.Fatal("no address, or no authority")
	}
	client := start(t, "", curl, "-sS", "--noproxy", "*", "--cacert", line[2], "https://"+line[1]+"/hello")
	client.ends(t)
	client.says(t, `^hhhh$`)
	s.ends(t, 0)
	if _, err := os.Stat(line[2]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there: %v", line[2], err)
	}
}

// Curl calls a server of HTTP, and a script learns from lines of JSON where it
// is and what came of it.
func TestServeCurl(t *testing.T) {
	curl := installed(t, "curl")
	s := serve(t, `name: web
servers:
  web:
    connections:
      - - expect: {until: "\r\n\r\n", prefix: "GET /hello HTTP/1.1\r\n"}
        - send: [{head: "HTTP/1.1 200 OK\nContent-Length: 4"}, "hhhh"]
        - close
      - - expect: {until: "\r\n\r\n", prefix: "GET /missing "}
        - send: {head: "HTTP/1.1 404 Not Found\nContent-Length: 0"}
        - close
clients: {ann: [connect: web, close]}
`, "--once", "--json")
	var ready struct {
		Listening []struct{ Server, Address string }
	}
	if err := json.Unmarshal([]byte(s.line(t)), &ready); err != nil || len(ready.Listening) != 1 || ready.Listening[0].Server != "web" {
		t.Fatalf("%+v, %v", ready, err)
	}
	url := "http://" + ready.Listening[0].Address
	client := start(t, "", curl, "-sS", "--noproxy", "*", url+"/hello")
	client.ends(t)
	client.says(t, `^hhhh$`)
	client = start(t, "", curl, "-sS", "--noproxy", "*", url+"/nowhere")
	client.says(t, `Empty reply from server`) // it asked for another thing

	var first struct {
		Connection string
		Transcript []string
		Failures   []any
	}
	if err := json.Unmarshal([]byte(s.line(t)), &first); err != nil || first.Connection != "web/1" ||
		first.Transcript[0] != "accept" || len(first.Failures) != 0 {
		t.Errorf("%+v, %v", first, err)
	}
	var second, verdict struct {
		Connection, Scenario string
		Passed               *bool
		Failures             []struct{ Actor, At, Message string }
	}
	lines := strings.Split(strings.TrimSuffix(s.ends(t, 1), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%q", lines)
	}
	for i, to := range []any{&second, &verdict} {
		if err := json.Unmarshal([]byte(lines[i]), to); err != nil {
			t.Fatal(err)
		}
	}
	if second.Connection != "web/2" || len(second.Failures) != 1 || verdict.Passed == nil || *verdict.Passed || verdict.Scenario != "web" {
		t.Errorf("%+v, %+v", second, verdict)
	}
	if f := verdict.Failures[0]; f.Actor != "web/2" || !strings.HasSuffix(f.At, "served.yaml:8:11") || !strings.Contains(f.Message, "differ") {
		t.Errorf("%+v", f)
	}
}

// The tutorial's own client, in Python, calls a server of every address.
func TestServePython(t *testing.T) {
	python := installed(t, "python3")
	port := freePort()
	s := serve(t, strings.Replace(greeting, "{reply", `{bind: ":`+port+`", reply`, 1), "--once")
	if got, want := s.line(t), "greeter   127.0.0.1:"+port+"   for this machine alone; --allow-net opens it to others"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	start(t, "127.0.0.1\n"+port+"\nhello\n", python, "testdata/peers/client.py").ends(t)
	s.ends(t, 0)
}

// Both signals end it, whatever it waits for, and what was missing is a failure.
func TestServeSignals(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		for _, flags := range [][]string{nil, {"--once"}} {
			s := serve(t, greeting, flags...)
			s.line(t)
			if err := s.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if got := s.ends(t, 1); !strings.Contains(got, "greeter: nobody called this server") ||
				!strings.Contains(got, "again: banter serve --filter '^greeting$' ") {
				t.Errorf("%s, %q: %s", signal, flags, got)
			}
		}
	}
}

// With the flag, every address is every address.
func TestServeOthers(t *testing.T) {
	s := serve(t, strings.Replace(greeting, "{reply", `{bind: ":0", reply`, 1), "--allow-net=:0")
	if got := s.line(t); !strings.HasSuffix(got, "   and every other address of this machine") {
		t.Errorf("got %q", got)
	}
}
