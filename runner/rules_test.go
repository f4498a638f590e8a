package runner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStub(t *testing.T) {
	r := passes(t, `
servers:
  mail:
    greeting: {line: "220 mx"}
    message: line
    rules:
      - {when: {like: "HELO ${?host}"}, send: {line: "250 hello ${host}"}}
      - {when: {like: "MAIL ${?from}"}, send: {line: "250 ok"}}
      - when: DATA
        steps:
          - send: {line: "354 go on"}
          - expect: {until: "\r\n.\r\n"}
          - send: {line: "250 kept for ${host} from ${from}"}
      - {when: NOOP, ignore: true}
      - {when: QUIT, send: {line: "221 bye"}, close}
    else: {send: {line: "500 what?"}}
clients:
  c:
    - connect: mail
    - expect: {line: "220 mx"}
    - {send: {line: HELO a.test}, expect: {line: "250 hello a.test"}}
    - send: {line: NOOP}
    - {send: {line: MAIL ann}, expect: {line: "250 ok"}}
    - {send: {line: DATA}, expect: {prefix: "354"}}
    - {send: {lines: [hello, .]}, expect: {line: "250 kept for a.test from ann"}}
    - {send: {line: JUMP}, expect: {line: "500 what?"}}
    - {send: {line: QUIT}, expect: {line: "221 bye"}}
    - expect: {eof}
  d: [{connect: mail}, {expect: {line: "220 mx"}}, close]
`)
	if diff := cmp.Diff(4, len(r.Actors)); diff != "" {
		t.Error(diff)
	}
	passes(t, `
servers:
  binary: {message: {length: u16be}, rules: [{when: {prefix: {hex: "01"}}, send: {echo}}]}
  datagrams: {bind: "udp:127.0.0.1:0", message: datagram, rules: [{when: ping, send: pong}]}
clients:
  c: [{connect: binary}, {send: {hex: "00 02 01 61"}}, {expect: {hex: "00 02 01 61"}}, {send: {hex: "00 01 02"}}, {expect: {eof}}]
  d: [{connect: datagrams}, {send: ping}, {expect: pong}, {send: ping}, {expect: pong}]
`)
}

func TestAlways(t *testing.T) {
	r := passes(t, `
servers:
  irc:
    steps:
      - send: {lines: ["PING a", "NOTICE hi"]}
      - expect: {line: NICK ann}
      - send: {lines: ["PING b"]}
      - expect: {any_order: [{line: PONG b}, {line: PONG a}]}
      - send: {lines: ["001 welcome", "NOTICE late", "PING c", "002 there", "NOTICE bye"]}
      - expect: {line: PONG c}
      - send: {line: "NOTICE the last"}
clients:
  ann:
    always:
      - {when: {like: "PING ${?token}"}, send: {line: "PONG ${token}"}}
      - {when: {prefix: NOTICE}, ignore: true}
    steps:
      - connect: irc
      - send: {line: NICK ann}
      - expect: {line: "001 welcome"}
      - expect: {line: "002 there"}
      - close
`)
	want := `ann:
  connect irc
  > "NICK ann\r\n"
  < "001 welcome\r\n002 there\r\n"
  < eof
  close
`
	if got := transcripts(r); got[:min(len(got), len(want))] != want {
		t.Error(got)
	}
}

func TestEcho(t *testing.T) {
	r := passes(t, `
servers:
  echo: {reply: {echo}}
  lines: {steps: [{expect: {line}}, {send: ["you said ", {echo}]}]}
  after: {reply: {after: {until: "."}, send: {echo}}}
  datagrams: {bind: "udp:127.0.0.1:0", reply: {echo}}
clients:
  a: [{connect: echo}, {send: {fill: random, size: 100KiB}}, {expect: {fill: random, size: 100KiB}}, {send: hello}, {expect: hello}, close]
  b: [{connect: lines}, {send: {line: hi}}, {expect: {line: you said hi}}, close]
  c: [{connect: after}, {send: "a."}, {expect: "a."}, close]
  d: [{connect: datagrams}, {send: "ping"}, {expect: "ping"}, close]
`)
	if diff := cmp.Diff(8, len(r.Actors)); diff != "" {
		t.Error(diff)
	}
}
