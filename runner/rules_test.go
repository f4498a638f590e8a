package runner_test

import (
	"strings"
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
  curt: {rules: [{when: a, ignore: true}], else: close}
clients:
  e: [{connect: curt}, {send: {lines: [a, b]}}, {expect: {eof}}]
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
	if diff := cmp.Diff(6, len(r.Actors)); diff != "" {
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

// A message that may come at any time is no end of a silence, nor a new beginning:
// here they come until it is over.
func TestAlwaysInSilence(t *testing.T) {
	passes(t, `
servers:
  s:
    steps:
      - send: {text: "PING a\r\n", slice: 1}
      - loop: {until: {line: done}, steps: [{expect: {line: PONG a}}, {wait: 10ms}, {send: {line: PING a}}]}
      - close: {discard}
clients:
  c:
    always: [{when: {like: "PING ${?t}"}, send: {line: "PONG ${t}"}}]
    steps: [{connect: s}, {expect: {silence: 200ms}}, {send: {line: done}}, {expect: {eof}}]
`)
}

// What does not become such a message is a failure of the silence.
func TestAlwaysInSilenceCutShort(t *testing.T) {
	r := run(t, `
servers: {s: {steps: [{send: "PIN"}, {expect: {line: done}}]}}
clients:
  c:
    always: [{when: {like: "PING ${?t}"}, send: {line: "PONG ${t}"}}]
    steps: [{connect: s}, {expect: {silence: 50ms}}]
`)
	if got := failures(r); len(got) == 0 || got[0] != "6:28 c: bytes came, where silence for 50ms was expected" {
		t.Error(got)
	}
}

// Messages come in pieces, between frames, in front of the end, and behind what
// nobody expects.
func TestAlwaysAnywhere(t *testing.T) {
	r := passes(t, `
servers:
  s:
    steps:
      - send: {text: "PING 1\r\nhello\r\nPING 2\r\nPING 3\r\n", slice: 3, every: 1ms}
      - send: "abcPING 4\r\n"
      - send: {text: "PING 5\r\n", slice: 1, every: 1ms}
      - close
clients:
  c:
    always: [{when: {prefix: "PING "}, ignore: true}]
    steps:
      - connect: s
      - expect: {line: hello}
      - expect: {bytes: 3, equals: abc}
      - close
  d:
    always: [{when: {prefix: "PING "}, ignore: true}]
    steps:
      - connect: s
      - loop: {until: {text: abc}, steps: [{expect: {line: hello}}]}
      - expect: {eof}
`)
	want := `c:
  connect s
  < "hello\r\nabc"
  < eof
  close
d:
  connect s
  < "hello\r\nabc"
  < eof
  close
`
	if got := transcripts(r); !strings.HasPrefix(got, want) {
		t.Error(got)
	}
}

// An answer does not break into what is sent beside it. Some of the answers may
// go out before that, and the others after it.
func TestAlwaysInParallel(t *testing.T) {
	passes(t, `
servers:
  s:
    steps:
      - send: {line: PING, times: 20}
      - send: {line: end}
      - expect: {any_order: [{fill: ab, size: 1MiB}`+strings.Repeat(", {line: PONG}", 20)+`]}
clients:
  c:
    always: [{when: PING, send: {line: PONG}}]
    steps:
      - connect: s
      - parallel: [{send: {fill: ab, size: 1MiB, slice: 60000}}, {expect: {line: end}}]
`)
}

func TestEchoOfWhatCameLast(t *testing.T) {
	passes(t, `
servers:
  s:
    steps:
      - send: {lines: [PING x, one, b, a, PING y]}
      - expect: {lines: [got PING x, one, a, b, got PING y, again]}
clients:
  c:
    always: [{when: {prefix: "PING"}, send: ["got ", {echo}]}]
    steps:
      - connect: s
      - expect: {line: one}
      - send: {echo}
      - expect: {any_order: [{line: a}, {line: b}]}
      - send: {echo}
      - expect: {silence: 50ms}
      - send: {line: again}
`)
	r := run(t, `
servers: {s: {steps: [{expect: {bytes: 20MiB}}, {send: {echo}}]}}
clients: {c: [{connect: s}, {send: {fill: x, size: 20MiB}}, {expect: x}]}
`)
	if got := failures(r); len(got) == 0 || got[0] != "2:50 s/c: more came than can be sent back, which is 16777216 bytes" {
		t.Error(got)
	}
}

// A stub is for any number of clients, and each has its own variables.
func TestStubForMany(t *testing.T) {
	passes(t, `
servers:
  chat:
    greeting: {line: hello}
    rules:
      - {when: {like: "NICK ${?nick}"}, send: {line: "you are ${nick}"}}
      - {when: {like: "SAY ${?what}"}, send: {line: "${nick}: ${what}"}}
      - {when: COUNT, steps: [{loop: {times: 3, as: n, steps: [{send: {line: "${nick} ${n}"}}]}}]}
      - {when: {regex: "^SUM (?P<a>[0-9]+)$"}, steps: [{expect: {line, capture: b}}, {send: {line: "${a}+${b}"}}]}
      - {when: BYE, send: {line: bye}, close}
clients:
  crowd:
    count: 100
    steps:
      - connect: chat
      - expect: {line: hello}
      - {send: {line: "NICK n${index}"}, expect: {line: "you are n${index}"}}
      - meet: all
      - loop: {times: 10, as: i, steps: [{send: {line: "SAY ${i}"}, expect: {line: "n${index}: ${i}"}}]}
      - {send: {line: COUNT}, expect: {lines: ["n${index} 1", "n${index} 2", "n${index} 3"]}}
      - {send: {lines: [SUM 1, "2"]}, expect: {line: "1+2"}}
      - {send: {line: BYE}, expect: {line: bye}}
      - expect: {eof}
`)
}

// A message that is cut short says so, in words of the stub.
func TestStubCutShort(t *testing.T) {
	r := run(t, `
servers: {s: {rules: [{when: x, send: y}]}}
clients: {c: [{connect: s}, {send: "xyz"}]}
`)
	if diff := cmp.Diff([]string{"2:15 s/c: eof after 3 bytes without CRLF"}, failures(r)); diff != "" {
		t.Error(diff)
	}
	for _, e := range r.Actors[1].Expected {
		if strings.Contains(e.String(), "capture") {
			t.Error(e)
		}
	}
}
