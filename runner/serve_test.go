package runner_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"banter/runner"
	"banter/runner/scenario"
)

// serving is a scenario whose servers are played.
type serving struct {
	t      *testing.T
	stop   context.CancelFunc
	at     map[string]string // addresses, by server
	listen []runner.Listening

	mu     sync.Mutex
	served []string // what connections saw, in the order in which they ended
	result chan runner.Result
}

// serve plays a scenario's servers, and returns as soon as they listen.
func serve(t *testing.T, s *scenario.Scenario, once bool) *serving {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	v := &serving{t: t, stop: stop, at: map[string]string{}, result: make(chan runner.Result, 1)}
	t.Cleanup(func() {
		stop()
		<-v.result
	})
	ready := make(chan []runner.Listening, 1)
	go func() {
		v.result <- runner.Serve(ctx, s, runner.ServeOptions{
			Once:  once,
			Ready: func(list []runner.Listening) { ready <- list },
			Served: func(a runner.Actor, failures []runner.Failure) {
				text := transcripts(runner.Result{Actors: []runner.Actor{a}})
				for _, f := range failures {
					text += fmt.Sprintf("  ✗ %s\n", f.Message)
				}
				v.mu.Lock()
				defer v.mu.Unlock()
				v.served = append(v.served, text)
			},
		})
		close(v.result)
		close(ready)
	}()
	v.listen = <-ready
	for _, l := range v.listen {
		v.at[l.Server] = strings.TrimPrefix(strings.TrimPrefix(l.Address, "udp:"), "unix:")
	}
	return v
}

// call connects to a server, sends, half-closes, and returns what comes.
func (v *serving) call(server, text string) string {
	v.t.Helper()
	c, err := net.Dial("tcp", v.at[server])
	if err != nil {
		v.t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		v.t.Fatal(err)
	}
	c.(*net.TCPConn).CloseWrite()
	got, err := io.ReadAll(c)
	if err != nil {
		v.t.Fatal(err)
	}
	return string(got)
}

// ends waits for the end, and returns what failed.
func (v *serving) ends() (runner.Result, []string) {
	v.t.Helper()
	select {
	case r := <-v.result:
		return r, failures(r)
	case <-time.After(patience):
		v.t.Fatal("does not end")
		return runner.Result{}, nil
	}
}

// saw compares what connections saw, in the order in which they ended.
func (v *serving) saw(want ...string) {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range want {
		want[i] = strings.TrimPrefix(want[i], "\n")
	}
	if diff := cmp.Diff(want, v.served); diff != "" {
		v.t.Error(diff)
	}
}

// Once each declared connection has been served, it is over: one of a plain
// reply or of steps, all of connections. The scenario's clients are not played.
func TestServeOnce(t *testing.T) {
	v := serve(t, parse(t, `
servers:
  plain: {reply: "hhhh"}
  script: {steps: [{expect: {rest}}, {send: "${plain.port}"}, {await: second}, close]}
  listed: {connections: [[{expect: a}, {send: "1"}], [{expect: b}, {send: "2"}, {signal: second}]]}
  never: {accept: 0}
  deaf: {listen: false}
  later: {start: false}
clients:
  ann: [{connect: plain}, {send: x}, {expect: y}]
  ben: [{connect: script}, {send: x}, {expect: y}]
  cat: [{connect: listed}, close, {connect: later, expect: {refused}}, {connect: deaf, expect: {refused}}]
`), true)
	if len(v.listen) != 4 {
		t.Errorf("listening: %v", v.listen)
	}
	_, port, _ := net.SplitHostPort(v.at["plain"])
	if got := v.call("plain", "hello"); got != "hhhh" {
		t.Errorf("plain: %q", got)
	}
	got := make(chan string)
	go func() { got <- v.call("script", "x") }()
	if got := v.call("listed", "a") + v.call("listed", "b"); got != "12" {
		t.Errorf("listed: %q", got)
	}
	if got := <-got; got != port {
		t.Errorf("script: %q", got)
	}
	r, failures := v.ends()
	if failures != nil {
		t.Errorf("%q", failures)
	}
	var names []string
	for _, a := range r.Actors {
		names = append(names, a.Name)
	}
	if diff := cmp.Diff([]string{"plain/1", "script/1", "listed/1", "listed/2"}, names); diff != "" {
		t.Error(diff)
	}
	v.mu.Lock()
	slices.Sort(v.served)
	v.mu.Unlock()
	v.saw(`
listed/1:
  accept
  < "a"
  > "1"
  < eof
  close
`, `
listed/2:
  accept
  < "b"
  > "2"
  < eof
  close
`, `
plain/1:
  accept
  < "hello"
  > "hhhh"
  < eof
  close
`, `
script/1:
  accept
  < "x"
  < eof
  > "`+port+`"
  close
`)
}

// One connection is one: who comes besides is not served, whoever is quicker.
func TestServeOnceIsOnce(t *testing.T) {
	v := serve(t, parse(t, `
servers: {s: {steps: [{expect: {eof}}, {send: "${s.port}"}]}}
clients: {ann: [{connect: s}]}
`), true)
	var all []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", v.at["s"])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		all = append(all, c)
	}
	for _, c := range all {
		c.(*net.TCPConn).CloseWrite()
	}
	answered := 0
	for _, c := range all {
		if b, _ := io.ReadAll(c); len(b) > 0 {
			answered++
		}
	}
	if r, failures := v.ends(); failures != nil || answered != 1 || len(r.Actors) != 1 {
		t.Errorf("%d answered, %d actors, %q", answered, len(r.Actors), failures)
	}
}

// With scripts by client, the n-th that comes is taken for the n-th client.
func TestServeByClient(t *testing.T) {
	text := `
servers:
  s:
    connections:
      ben: [{expect: b}, {send: "hello ben"}]
      crowd: [{expect: c}, {send: "hello ${index}"}]
clients:
  crowd: {count: 2, steps: [{connect: s}, {send: c}, {expect: "hello ${index}"}]}
  ben: [{connect: s}, {send: b}, {expect: "hello ben"}]
transcript:
  s/ben: |
    accept
    < "b"
    > "hello ben"
    < eof
    close
`
	v := serve(t, parse(t, text), true)
	if got := v.call("s", "b") + v.call("s", "c") + v.call("s", "c"); got != "hello benhello 1hello 2" {
		t.Errorf("got %q", got)
	}
	r, failed := v.ends()
	if failed != nil || r.Actors[0].Name != "s/ben" || r.Actors[1].Name != "s/crowd/1" || r.Actors[2].Name != "s/crowd/2" {
		t.Errorf("%q, %v", failed, r.Actors)
	}

	v = serve(t, parse(t, text), false)
	v.call("s", "b")
	v.stop()
	want := []string{"6:7 s: the connection of crowd/1 did not come", "6:7 s: the connection of crowd/2 did not come"}
	if _, failed := v.ends(); !cmp.Equal(want, failed) {
		t.Errorf("%q", failed)
	}

	v = serve(t, parse(t, text), false)
	for range 3 {
		v.call("s", "c")
	}
	v.call("s", "")
	v.stop()
	_, failed = v.ends()
	if last := failed[len(failed)-1]; last != "3:3 s/4: connection 4 came; connections lists 3" {
		t.Errorf("%q", failed)
	}
}

// It goes on until it is told to end. A timeout is the end of one connection
// alone; those that still play at the end are broken off.
func TestServeUntilStopped(t *testing.T) {
	v := serve(t, parse(t, `
timeout: 50ms
servers:
  s: {steps: [{expect: {line: a}}, {send: "1"}]}
  patient: {steps: [{send: "yes?"}, {expect: {line: a}, within: 1h}]}
  uncalled: {reply: x}
clients: {ann: [{connect: s}, close, {connect: uncalled}, close, {connect: patient}, close]}
`), false)
	slow, err := net.Dial("tcp", v.at["s"])
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if _, err := io.ReadAll(slow); err != nil { // its timeout closes it
		t.Fatal(err)
	}
	if got := v.call("s", "a\r\n"); got != "1" {
		t.Errorf("got %q", got)
	}
	waits, err := net.Dial("tcp", v.at["patient"])
	if err != nil {
		t.Fatal(err)
	}
	defer waits.Close()
	if _, err := io.ReadFull(waits, make([]byte, len("yes?"))); err != nil {
		t.Fatal(err)
	}
	v.stop()
	_, failed := v.ends()
	want := []string{
		"4:16 s/1: timeout after 50ms: 0 of 3 bytes had come",
		"5:38 patient/1: was waiting: expect line \"a\"; 0 of 3 bytes had come",
		"6:3 uncalled: nobody called this server",
	}
	if !cmp.Equal(want, failed) {
		t.Errorf("%q", failed)
	}
}

// Who had connected, and ended, before it was told to end is served, however
// far the servers had got, also where one waits for others.
func TestServeServesThoseWhoCame(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells who waits in the backlog")
	}
	for range 20 {
		v := serve(t, parse(t, `
servers:
  s: {steps: [{expect: {rest, equals: "a"}}, {await: {signal: all, times: 20}}]}
  t: {steps: [{loop: {until: {line: ""}, steps: [{expect: {line}}]}}, {expect: {eof}}, {signal: all}]}
clients: {ann: [{connect: s}, close, {connect: t}, close]}
`), false)
		for range 20 {
			for server, text := range map[string]string{"s": "a", "t": "1\r\n2\r\n3\r\n\r\n"} {
				c, err := net.Dial("tcp", v.at[server])
				if err != nil {
					t.Fatal(err)
				}
				io.WriteString(c, text)
				c.Close()
			}
		}
		v.stop()
		if r, failed := v.ends(); failed != nil || len(r.Actors) != 40 {
			t.Fatalf("%d connections, %q", len(r.Actors), failed)
		}
	}
}

// Who lets time pass when it is to end is broken off, as who waits for what
// nobody does.
func TestServeBreaksOffWaits(t *testing.T) {
	v := serve(t, parse(t, `
servers:
  s: {steps: [{send: "now"}, {wait: 1h}]}
  t: {steps: [{send: "now"}, {await: rung}]}
  bell: {steps: [{expect: "r"}, {signal: rung}]}
clients: {ann: [{connect: s}, close, {connect: t}, close, {connect: bell}, close]}
`), false)
	for _, server := range []string{"s", "t", "bell"} {
		c, err := net.Dial("tcp", v.at[server])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if server != "bell" {
			if _, err := io.ReadFull(c, make([]byte, len("now"))); err != nil {
				t.Fatal(err)
			}
		}
	}
	v.stop()
	_, failed := v.ends()
	slices.Sort(failed)
	want := []string{
		`3:31 s/1: was to wait for 1h0m0s`,
		`4:31 t/1: signal "rung" will not come`,
		`5:19 bell/1: was waiting: expect "r"; 0 of 1 byte had come`,
	}
	if diff := cmp.Diff(want, failed); diff != "" {
		t.Error(diff)
	}
}

// A stub waits as long as its peer stays, and longer than any timeout.
func TestServeStub(t *testing.T) {
	v := serve(t, parse(t, `
timeout: 250ms
servers:
  s: {greeting: {line: hello}, message: line, rules: [{when: {equals: PING}, send: {line: PONG}}]}
clients: {ann: [{connect: s}, {expect: {line: hello}}]}
`), true)
	c, err := net.Dial("tcp", v.at["s"])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 100)
	for _, want := range []string{"hello\r\n", "PONG\r\n", "PONG\r\n"} {
		n, err := io.ReadFull(c, buf[:len(want)])
		if err != nil || string(buf[:n]) != want {
			t.Fatalf("%q, %v", buf[:n], err)
		}
		if want == "hello\r\n" {
			time.Sleep(500 * time.Millisecond) // two timeouts
			io.WriteString(c, "PING\r\nPING\r\n")
		}
	}
	c.Close()
	if _, failed := v.ends(); failed != nil {
		t.Errorf("%q", failed)
	}
}

// Of UDP a client is a connection. A second one is not heard with Once.
func TestServeUDP(t *testing.T) {
	for _, text := range []string{
		`{bind: "udp:127.0.0.1:0", steps: [{expect: a}, {send: "1"}, {expect: b}, {send: "2"}]}`,
		`{bind: "udp:127.0.0.1:0", message: datagram, rules: [{when: {equals: a}, send: "1"}, {when: {equals: b}, send: "2"}]}`,
	} {
		v := serve(t, parse(t, `
timeout: 500ms
servers: {s: `+text+`}
clients: {ann: [{connect: s}, {send: a}]}
`), true)
		first, err := net.Dial("udp", v.at["s"])
		if err != nil {
			t.Fatal(err)
		}
		defer first.Close()
		buf := make([]byte, 100)
		ask := func(text, want string) {
			io.WriteString(first, text)
			first.SetReadDeadline(time.Now().Add(patience))
			if n, err := first.Read(buf); err != nil || string(buf[:n]) != want {
				t.Fatalf("%q, %v", buf[:n], err)
			}
		}
		ask("a", "1")
		second, err := net.Dial("udp", v.at["s"])
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		io.WriteString(second, "a")
		ask("b", "2")
		if r, failed := v.ends(); failed != nil || len(r.Actors) != 1 {
			t.Errorf("%q, %d actors", failed, len(r.Actors))
		}
	}
}

// What only a client could do is said to be in a script that is not played.
func TestServeWithoutClients(t *testing.T) {
	v := serve(t, parse(t, `
servers: {s: {steps: [{await: go}, {send: "1"}]}}
clients: {ann: [{connect: s}, {signal: go}, {expect: "1"}]}
`), true)
	if got := v.call("s", ""); got != "" {
		t.Errorf("got %q", got)
	}
	r, failed := v.ends()
	want := []string{"given 0 of 1 times", "nobody who still plays can give it", "it is in a script that this run does not play: ann"}
	if len(failed) != 1 || !cmp.Equal(want, r.Failures[0].Notes) {
		t.Errorf("%q, %q", failed, r.Failures[0].Notes)
	}
}

// Where it can't listen, nothing is served.
func TestServeCantBind(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	s := parse(t, `servers: {s: {bind: "`+ln.Addr().String()+`", reply: x}}`)
	r := runner.Serve(t.Context(), s, runner.ServeOptions{Ready: func([]runner.Listening) { t.Error("ready") }})
	if got := failures(r); len(got) != 1 || !strings.HasSuffix(got[0], "the port is in use") {
		t.Errorf("%q", got)
	}
}

// What is secret is not shown, and what is judged is what came.
func TestServeHidesSecrets(t *testing.T) {
	file := scenario.Config{Secrets: map[string]string{"key": "swordfish"}}.Parse("test.yaml", []byte(`
vars: {key: none}
servers: {s: {steps: [{expect: "${key}"}, {send: "no ${key}"}]}}
clients: {ann: [{connect: s}]}
`))
	if file.Problems.HaveErrors() {
		t.Fatal(file.Problems)
	}
	v := serve(t, file.Scenarios[0], true)
	if got := v.call("s", "swordfish"); got != "no swordfish" {
		t.Errorf("got %q", got)
	}
	if _, failed := v.ends(); failed != nil {
		t.Errorf("%q", failed)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.served) != 1 || strings.Contains(v.served[0], "sword") || !strings.Contains(v.served[0], "***") {
		t.Errorf("%q", v.served)
	}
}
