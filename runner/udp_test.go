package runner_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"banter/runner"
)

func TestUDPTranscripts(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a reply to the first of each client", `
servers: {s: {bind: "udp:127.0.0.1:0", reply: "hhhh"}}
clients:
  ann: [{connect: s}, {send: "hello"}, {expect: "hhhh"}, close]
  ben: [{connect: "${s}"}, {send: "hello", expect: {datagram, prefix: "hh"}}]
`, `
ann:
  connect s
  > "hello"
  < "hhhh"
  close
ben:
  connect s
  > "hello"
  < "hhhh"
  close
s/ann:
  accept
  < "hello"
  > "hhhh"
  close
s/ben:
  accept
  < "hello"
  > "hhhh"
  close
`}, {"boundaries are kept, of nothing too", `
servers:
  s:
    bind: "udp:localhost:0"
    steps: [{expect: "ab"}, {expect: {datagram, equals: "c"}}, {expect: {datagram, size: 0}}, {send: "d"}, {send: ""}, {send: ["e", "f"]}]
clients:
  c: [{connect: s}, {send: "ab"}, {send: "c"}, {send: ""}, {expect: "d"}, {expect: {datagram}}, {expect: {datagram, regex: "^ef$"}}]
`, `
c:
  connect s
  > "ab"
  > "c"
  > ""
  < "d"
  < ""
  < "ef"
  close
s/c:
  accept
  < "ab"
  < "c"
  < ""
  > "d"
  > ""
  > "ef"
  close
`}, {"refused: the next one sees it", `
servers: {s: {bind: "udp:127.0.0.1:0", listen: false, steps: [{expect: "3"}, {send: "4"}]}}
clients:
  c:
    - connect: s
    - {send: "1", expect: {refused}}
    - send: "2"
    - expect: {refused}
    - start: s
    - send: "3"
    - expect: "4"
`, `
c:
  connect s
  > "1"
  refused
  > "2"
  refused
  start s
  > "3"
  < "4"
  close
s/c:
  accept
  < "3"
  > "4"
  close
`}, {"a client that comes twice", `
servers: {s: {bind: "udp::0", reply: {after: "a", send: "b"}}}
clients:
  c: [{connect: s}, {send: "a", expect: "b"}, close, {connect: s}, {send: "a", expect: "b"}, {expect: {silence: 5ms}}]
`, `
c:
  connect s
  > "a"
  < "b"
  close
  connect s
  > "a"
  < "b"
  close
s/c:
  accept
  < "a"
  > "b"
  close
s/c#2:
  accept
  < "a"
  > "b"
  close
`}, {"both directions at once, in parallel", `
servers: {s: {bind: "udp:[::1]:0", steps: [{expect: "0"}, {parallel: [{send: "1"}, {expect: "2"}]}, {send: "3"}]}}
clients: {c: [{connect: s}, {send: "0"}, {parallel: [{send: "2"}, {expect: "1"}]}, {expect: "3"}]}
`, `
c:
  connect s
  > "0"
  > "2"
  < "1"
  < "3"
  close
s/c:
  accept
  < "0"
  > "1"
  < "2"
  > "3"
  close
`}, {"what is left is nobody's business where the script says so", `
servers: {s: {bind: "udp:127.0.0.1:0", steps: [{expect: "a"}, {send: "b"}, {send: "c"}, close: {discard}]}}
clients: {c: [{connect: s}, {send: "a"}, {send: "more"}, {expect: "b"}, close: {discard}]}
`, `
c:
  connect s
  > "a"
  > "more"
  < "b"
  close
s/c:
  accept
  < "a"
  > "b"
  > "c"
  close
`}} {
		t.Run(test.name, func(t *testing.T) {
			if strings.Contains(test.text, "::1") {
				c, err := net.ListenPacket("udp", "[::1]:0")
				if err != nil {
					t.Skip("no IPv6")
				}
				c.Close()
			}
			got := transcripts(passes(t, test.text))
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), got); diff != "" {
				t.Errorf("transcripts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUDPFailures(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a datagram is compared whole", `
servers: {s: {bind: "udp:127.0.0.1:0", steps: [{expect: "ab"}]}}
clients: {c: [{connect: s}, {send: "abc"}]}
`, `2:49 s/c: 3 bytes came, 2 were expected`},
		{"two are not one", `
servers: {s: {bind: "udp:127.0.0.1:0", steps: [{expect: "ab"}]}}
clients: {c: [{connect: s}, {send: "a"}, {send: "b"}]}
`, `2:49 s/c: 1 byte came, 2 were expected`},
		{"unread by a server", `
servers: {s: {bind: "udp:127.0.0.1:0", steps: [{expect: "a"}]}}
clients: {c: [{connect: s}, {send: "a"}, {send: "b"}, {send: "c"}]}
`, `2:49 s/c: unread: 2 datagrams came that no step took, first "b"`},
		{"unread by a client", `
servers: {s: {bind: "udp:127.0.0.1:0", steps: [{expect: "a"}, {send: "b"}]}}
clients: {c: [{connect: s}, {send: "a"}, close]}
`, `3:42 c: unread: a datagram came that no step took: "b"`},
		{"a second one, where a reply takes the first", `
servers: {s: {bind: "udp:127.0.0.1:0", reply: "b"}}
clients: {c: [{connect: s}, {send: "a"}, {expect: "b"}, {send: "again"}]}
`, `2:47 s/c: unread: a datagram came that no step took: "again"`},
		{"refused, and nobody looked", `
servers: {s: {bind: "udp:127.0.0.1:0", listen: false}}
clients: {c: [{connect: s}, {send: "a"}, {send: "b"}, close]}
`, `3:55 c: a datagram was refused, and no step expects {refused}`},
		{"refused, where an answer was expected", `
servers: {s: {bind: "udp:127.0.0.1:0", listen: false}}
clients: {c: [{connect: s}, {send: "a"}, {expect: "b"}]}
`, `3:43 c: refused: nobody takes datagrams there`},
		{"not refused", `
servers: {s: {bind: "udp:127.0.0.1:0", reply: "b"}}
clients: {c: [{connect: s}, {send: "a", expect: {refused}}]}
`, `3:49 c: a datagram came, where refused was expected`},
		{"nobody called", `
servers: {s: {bind: "udp:127.0.0.1:0", reply: "b"}}
clients: {c: [{connect: s}, close]}
`, `2:11 s: nobody called this server`},
		{"too many", `
servers: {s: {bind: "udp:127.0.0.1:0", connections: [[expect: "a"]]}}
clients: {c: [{connect: s}, {send: "a"}, close, {connect: s}, {send: "a"}, close]}
`, `2:11 s/c#2: connection 2 came; connections lists 1`},
		{"too long to be sent, and so never on its way", `
servers: {s: {bind: "udp:127.0.0.1:0", reply: "b"}}
clients: {c: [{connect: s}, {send: ["BIG"]}]}
`, `3:30 c: can't send a datagram of 65520 bytes: message too long`},
		{"no answer", `
timeout: 30ms
servers: {s: {bind: "udp:127.0.0.1:0", steps: [{expect: "a"}]}}
clients: {c: [{connect: s}, {send: "a"}, {expect: {datagram}}]}
`, `4:43 c: timeout after 30ms: nothing had come`},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := run(t, strings.ReplaceAll(test.text, "BIG", strings.Repeat("x", 65520)))
			if got := strings.Join(failures(r), "\n"); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// Two hundred clients of one socket, each of which is told from the others.
func TestUDPManyClients(t *testing.T) {
	const n = 200
	var connections, clients strings.Builder
	for i := range n {
		fmt.Fprintf(&connections, "      c%d: [{expect: \"%[1]d\"}, {send: \"hello %[1]d\"}]\n", i)
		fmt.Fprintf(&clients, "  c%d: [{connect: s}, {send: \"%[1]d\"}, {expect: \"hello %[1]d\"}]\n", i)
	}
	passes(t, "servers:\n  s:\n    bind: udp:127.0.0.1:0\n    connections:\n"+connections.String()+"clients:\n"+clients.String())
}

// A peer from outside the run has a number, and can still talk when the clients
// of the file have ended.
func TestUDPFromOutside(t *testing.T) {
	s := parse(t, `
servers: {s: {bind: "udp:127.0.0.1:15353", steps: [{expect: "1"}, {send: "2"}, {signal: in}, {wait: 20ms}, {send: "3"}, {expect: "4"}]}}
clients: {c: [await: in]}
`)
	ln, err := net.ListenPacket("udp", "127.0.0.1:0") // a port that is free
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	s.Servers[0].Bind.Port = ln.LocalAddr().(*net.UDPAddr).Port
	done := make(chan error, 1)
	go func() {
		c, err := net.Dial("udp", ln.LocalAddr().String())
		if err != nil {
			done <- err
			return
		}
		defer c.Close()
		buf := make([]byte, 10)
		for { // until the server is there
			c.SetDeadline(time.Now().Add(patience))
			if _, err = c.Write([]byte("1")); err != nil {
				continue
			}
			if _, err = c.Read(buf); err == nil {
				break
			}
		}
		c.Read(buf)
		_, err = c.Write([]byte("4"))
		done <- err
	}()
	result := play(t, s)
	if err := <-done; err != nil {
		t.Error(err)
	}
	want := "c:\ns/1:\n  accept\n  < \"1\"\n  > \"2\"\n  > \"3\"\n  < \"4\"\n  close\n"
	if diff := cmp.Diff(want, transcripts(result)); diff != "" || !result.Passed() {
		t.Errorf("%v (-want +got):\n%s", failures(result), diff)
	}
}

// An await fails at once where nobody is left who could give the signal, and
// not before the last client that might send has ended.
func TestUDPOrder(t *testing.T) {
	passes(t, `
servers: {s: {bind: "udp:127.0.0.1:0", steps: [{expect: "a"}, signal: heard]}}
clients:
  ann: [{await: heard}]
  ben: [{connect: s}, {wait: 5ms}, {send: "a"}]
`)
	r := run(t, `
servers: {s: {bind: "udp:127.0.0.1:0", steps: [{expect: "a"}, signal: heard]}}
clients:
  ann: [{await: heard}]
  ben: [{connect: s}]
`)
	if len(r.Failures) == 0 || r.Failures[0].Kind != runner.Order {
		t.Errorf("%q", failures(r))
	}
}

// A server's address says by itself that it is of UDP.
func TestUDPAddressTwice(t *testing.T) {
	passes(t, `
servers: {s: {bind: "udp:127.0.0.1:0", reply: pong}}
clients: {a: [{connect: "udp:${s}"}, {send: ping, expect: pong}], b: [{connect: "${s}"}, {send: ping, expect: pong}]}
`)
}
