package runner_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"banter/runner"
)

// realServer is server that is none of banter's: it answers each line with what it
// is told.
func realServer(t *testing.T, network, address, answer string) net.Addr {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 100)
			n, _ := c.Read(buf)
			io.WriteString(c, strings.ReplaceAll(answer, "%s", string(buf[:n])))
			c.Close()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-ended
	})
	return ln.Addr()
}

// against plays a scenario against real servers.
func against(t *testing.T, text string, servers map[string]string) runner.Result {
	t.Helper()
	result, err := runner.Run(t.Context(), parse(t, text), runner.Options{Connect: servers})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// The name, the address and the port of a server are the real one's. Nothing of
// the declared one is played or missed: not its script, its connections, nor
// what they should have seen.
func TestConnectReal(t *testing.T) {
	at := realServer(t, "tcp", "127.0.0.1:0", "real %s").(*net.TCPAddr)
	r := against(t, fmt.Sprintf(`
servers:
  s: {connections: {ann: [{expect: a}, {signal: never}], zoe: [{expect: never}]}}
  # Its port is the real one's: nobody can bind it again.
  fixed: {bind: "127.0.0.1:%d", steps: [{expect: never}]}
  # It is not stopped, and so was not started.
  later: {start: false, reply: never}
clients:
  ann: [{connect: s}, {send: a}, {expect: "real a"}, {expect: {eof}}]
  ben: [{connect: "${s}"}, {send: b}, {expect: "real b"}]
  cat: [{connect: "127.0.0.1:${fixed.port}"}, {send: "${s}"}, {expect: "real ${s}"}]
  dan: [{start: later}, {connect: later}, {send: d}, {expect: "real d"}]
  zoe: [wait: 1ms]
transcript:
  s/ann: "accept"
  dan: |
    start later
    connect later
    > "d"
    < "real d"
    < eof
    close
`, at.Port), map[string]string{"s": at.String(), "fixed": at.String(), "later": at.String(), "other": "127.0.0.1:1"})
	if !r.Passed() {
		t.Errorf("%q", failures(r))
	}
	if len(r.Actors) != 5 {
		t.Errorf("%d actors", len(r.Actors))
	}
	if got, want := transcripts(r), "ann:\n  connect s\n  > \"a\"\n  < \"real a\"\n  < eof\n  close\n"; !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A real server may have a name. The variable says it as it was given.
func TestConnectRealByName(t *testing.T) {
	at := realServer(t, "tcp", "127.0.0.1:0", "real %s").(*net.TCPAddr)
	name := fmt.Sprintf("localhost:%d", at.Port)
	r := against(t, `
servers: {s: {reply: never}}
clients: {ann: [{connect: "${s}"}, {send: "Host: ${s}"}, {expect: "real Host: `+name+`"}]}
`, map[string]string{"s": name})
	if !r.Passed() {
		t.Errorf("%q", failures(r))
	}
}

func TestConnectRealUDP(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() {
		buf := make([]byte, 100)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			c.WriteTo(append([]byte("real "), buf[:n]...), from)
		}
	}()
	r := against(t, `
servers: {s: {bind: "udp:127.0.0.1:0", reply: never}}
clients:
  ann: [{connect: s}, {send: a}, {expect: "real a"}]
  ben: [{connect: "${s}"}, {send: b}, {expect: "real b"}]
`, map[string]string{"s": "udp:" + c.LocalAddr().String()})
	if !r.Passed() {
		t.Errorf("%q", failures(r))
	}
}

// What can't be done with a real server, or is in a script that is not played.
func TestConnectRealFails(t *testing.T) {
	at := realServer(t, "tcp", "127.0.0.1:0", "real %s").String()
	text := `
timeout: 1h
servers:
  s: {steps: [{expect: a}, {signal: served}, {meet: {name: m, parties: 2}}]}
clients:
  ann: [{connect: s}, {send: a}, {expect: "real a"}, {await: served}]
  ben: [{meet: {name: m, parties: 2}}]
  cat: [{stop: s}]
  dan: [{connect: s}, {send: a}, {expect: a}]
`
	r := against(t, text, map[string]string{"s": at})
	got := map[string]string{}
	for _, f := range r.Failures {
		got[f.Actor] = strings.ReplaceAll(strings.Join(append([]string{f.Message}, f.Notes...), "; "), at, "AT")
	}
	want := map[string]string{
		"ann": `signal "served" will not come; given 0 of 1 times; nobody who still plays can give it; it is in a script that this run does not play: s`,
		"ben": `meeting "m" can't come about; 1 of 2 are there: ben; too few of those who still play come to it; it is in a script that this run does not play: s`,
		"cat": `stop: s is a real server at AT, which no step can stop`,
		"dan": `the bytes differ at offset 0`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	for address, want := range map[string]string{
		"here":        `4:3 s: an address to connect to must be host:port: "here" has no port`,
		"udp:" + at:   `4:3 s: udp:AT is UDP, and server "s" is not`,
		"127.0.0.1:0": `4:3 s: port 0 can't be connected to; it is for bind`,
	} {
		got := strings.ReplaceAll(strings.Join(failures(against(t, text, map[string]string{"s": address})), "\n"), at, "AT")
		if got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
