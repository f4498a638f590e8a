package runner_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"banter/runner"
	"banter/runner/report"
	"banter/runner/scenario"
)

// configured are the scenarios of a text that is read with values from outside.
func configured(t testing.TB, c scenario.Config, text string) []*scenario.Scenario {
	t.Helper()
	file := c.Parse("test.yaml", []byte(text))
	if file.Problems.HaveErrors() {
		t.Fatal(file.Problems)
	}
	return file.Scenarios
}

func TestVariables(t *testing.T) {
	passes(t, `
vars: {user: ann, greeting: "hello ${user}", n: "3", wait: 1ms}
let:
  body: [{u8: 1}, "${greeting}", {fill: x, size: "${n}"}]
  sum: "${body.size} ${body.crc32} ${body.sum8} ${user.size} ${user.hex.base64}"
servers:
  s:
    steps:
      - expect: {line: hello ann}
      - expect: {length: u16be, equals: "\u0001hello annxxx"}
      - expect: {line: "13 3075212469 218 3 NjE2ZTZl"}
      - expect: {fill: y, size: 3}
      - send: {line: "id=42 len=5 key=\u0001"}
      - send: "hello3\r\nff\r\n"
      - send: ["abc", {u16be: 513}, {hex: "01 02 03"}]
  t:
    steps:
      - expect: {line: "42-255-01-3 513 a9993e364706816aba3e25717850c26c9cd0d89d 010203"}
      - expect: {bytes: 2}
      - send: {echo}
      - expect: {hex: "fe 02 fc"}
clients:
  c:
    - connect: "127.0.0.1:${s.port}"
    - send: {line: "${greeting}"}
    - wait: "${wait}"
    - send: {text: "${body}", length: u16be}
    - send: {line: "${sum}"}
    - send: {fill: y, size: "${n}"}
    - expect: {like: "id=${?id:int} len=${?len} key=${?key}"}
    - expect: {bytes: "${len}", equals: hello}
    - expect: {regex: '^(?P<digit>\d)$'}
    - expect: {line, capture: size, as: hex}
    - let: {all: "${id}-${size}-${key.hex}-${digit}"}
    - expect: {text: "abc", capture: abc}
    - expect: {bytes: 2, capture: two, as: u16be}
    - expect: {bytes: 3, capture: three}
    - let: {check: "${all} ${two} ${abc.sha1.hex} ${three.hex}"}
    - close
    - connect: t
    - send: {line: "${check}"}
    - send: {u16be: "${two}"}
    - send: {text: "${three}", xor: {hex: "ff 00"}}
    - expect: {hex: "02 01"}
`)
}

func TestVariablesFromOutside(t *testing.T) {
	c := scenario.Config{Vars: map[string]string{"user": "bob"}, Secrets: map[string]string{"password": "hunter2"}}
	all := configured(t, c, `
vars: {user: ann, password: none}
let: {auth: ["\0${user}\0", "${password}"]}
servers: {s: {steps: [{expect: {line, prefix: bob, size: 20}}, {expect: {line, size: 7}}, {expect: {line: other}}]}}
clients: {c: [{connect: s}, {send: {line: "${user} ${auth.base64}"}}, {send: {line: "${password}"}}, {send: {line: "${password}x"}}, close]}
`)
	r := play(t, all[0])
	if len(r.Failures) == 0 {
		t.Fatal("passed")
	}
	var b strings.Builder
	text := report.NewText(&b, report.TextOptions{Verbose: true})
	text.Add(runner.Play{Scenario: all[0], Round: 1, Result: r})
	shown := b.String() + fmt.Sprintf("%v %s", r.Failures, transcripts(r))
	for _, secret := range []string{"hunter2", "AGJvYgBodW50ZXIy"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%s is shown:\n%s", secret, shown)
		}
	}
	if !strings.Contains(shown, `"bob ***`) {
		t.Errorf("nothing is shown:\n%s", shown)
	}
}

func TestCases(t *testing.T) {
	all := configured(t, scenario.Config{}, `
name: login
cases:
  - {user: ann, n: "1"}
  - {user: bob, n: "2"}
servers: {s: {steps: [{loop: {times: "${n}", steps: [{expect: {line: "${user}"}}]}}]}}
clients: {c: [{connect: s}, {send: {line: "${user}", times: "${n}"}}]}
`)
	var names []string
	for _, s := range all {
		names = append(names, s.Name+" "+s.Case)
		if r := play(t, s); !r.Passed() {
			t.Error(failures(r))
		}
	}
	if diff := cmp.Diff([]string{"login[1] user=ann, n=1", "login[2] user=bob, n=2"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestLoops(t *testing.T) {
	r := passes(t, `
define:
  hello: [{send: {line: "hello ${who}"}, expect: {line: "ok ${who}"}}]
servers:
  s:
    steps:
      - loop: [{expect: {like: "hello ${?who}"}, answer: {line: "ok ${who}"}}]
  counted:
    steps:
      - loop:
          times: 3
          steps: [{send: {line: more}}]
      - send: {line: .}
clients:
  c:
    - connect: s
    - {do: hello, with: {who: ann}}
    - let: {name: bob}
    - {do: hello, with: {who: "${name}"}}
    - close
    - connect: counted
    - loop: {until: {line: .}, steps: [{expect: {line: more}}]}
    - close
`)
	want := `
c:
  connect s
  > "hello ann\r\n"
  < "ok ann\r\n"
  > "hello bob\r\n"
  < "ok bob\r\n"
  < eof
  close
  connect counted
  < "more\r\nmore\r\nmore\r\n.\r\n"
  < eof
  close
counted/c:
  accept
  > "more\r\nmore\r\nmore\r\n.\r\n"
  < eof
  close
s/c:
  accept
  < "hello ann\r\n"
  > "ok ann\r\n"
  < "hello bob\r\n"
  > "ok bob\r\n"
  < eof
  close
`
	got := transcripts(r)
	if diff := cmp.Diff(len(strings.Split(want, "\n"))-1, len(strings.Split(got, "\n"))); diff != "" {
		t.Errorf("%s\n%s", diff, got)
	}
}

func TestRetry(t *testing.T) {
	r := passes(t, `
servers:
  late: {start: false, steps: [{expect: {line: hi}, answer: {line: "yes"}}]}
clients:
  c:
    - retry:
        within: 5s
        every: 1ms
        steps:
          - connect: late
          - {send: {line: hi}, expect: {line: "yes"}}
    - close
  d: [{wait: 30ms}, {start: late}]
`)
	want := `c:
  connect late
  > "hi\r\n"
  < "yes\r\n"
  < eof
  close
`
	if got := transcripts(r); !strings.HasPrefix(got, want) {
		t.Error(got)
	}
}

func TestRetryInVain(t *testing.T) {
	r := run(t, `
servers: {never: {listen: false}}
clients:
  c:
    - retry:
        within: 300ms
        every: 1ms
        steps:
          - connect: never
`)
	if diff := cmp.Diff([]string{"9:13 c: the connection to never was refused"}, failures(r)); diff != "" {
		t.Error(diff)
	}
}

func TestCount(t *testing.T) {
	r := passes(t, `
servers:
  s:
    connections:
      crowd: [{expect: {line: "I am ${index}"}, answer: {line: "hello ${index}"}}]
clients:
  crowd:
    count: 1000
    steps:
      - connect: s
      - meet: everybody
      - {send: {line: "I am ${index}"}, expect: {line: "hello ${index}"}}
`)
	if len(r.Actors) != 2000 || r.Actors[1999].Name != "s/crowd/1000" {
		t.Errorf("%d actors, the last %s", len(r.Actors), r.Actors[len(r.Actors)-1].Name)
	}
}

func TestForeignVariable(t *testing.T) {
	passes(t, `
servers: {s: {connections: {ann: [{send: {line: "id 7"}}], bob: [{expect: {line: "7"}}]}}}
clients:
  ann: [{connect: s}, {expect: {like: "id ${?id}"}}, {signal: known}]
  bob: [{await: known}, {connect: s}, {send: {line: "${ann.id}"}}]
`)
}

func TestOver(t *testing.T) {
	r := passes(t, `
servers:
  control: {steps: [{send: {line: "data at ${data.port}"}}, {expect: {line: done}}]}
  data: {reply: {after: {line: give}, send: "payload"}}
clients:
  c:
    - connect: control
    - expect: {like: "data at ${?port:int}"}
    - connect: {to: "127.0.0.1:${port}", as: second}
    - {over: second, send: {line: give}}
    - {over: second, expect: "payload"}
    - {over: second, close}
    - connect: {to: data, as: second}
    - {over: second, send: {line: give}, expect: {rest, equals: "payload"}}
    - send: {line: done}
`)
	got := strings.ReplaceAll(transcripts(r), fmt.Sprint(port(t, r)), "PORT")
	want := `c:
  connect control
  < "data at PORT\r\n"
  [second] connect data
  [second] > "give\r\n"
  [second] < "payload"
  [second] < eof
  [second] close
  [second] connect data
  [second] > "give\r\n"
  [second] < "payload"
  [second] < eof
  > "done\r\n"
  [second] close
  < eof
  close
`
	if diff := cmp.Diff(want, got[:min(len(got), len(want))]); diff != "" {
		t.Error(diff)
	}
}

// port is the number in the first bytes that the first actor has received.
func port(t *testing.T, r runner.Result) (n int) {
	t.Helper()
	if _, err := fmt.Sscanf(string(r.Actors[0].Observed[1].Data), "data at %d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOverFails(t *testing.T) {
	r := run(t, `
servers: {s: {steps: [{expect: {line: hello}}]}, t: {steps: [{send: "x"}]}}
clients:
  c:
    - connect: s
    - connect: {to: t, as: other}
    - {over: other, expect: "y"}
    - send: {line: hello}
`)
	if diff := cmp.Diff([]string{`7:21 c: the bytes differ at offset 0`, "2:24 s/c: eof after 0 of 7 bytes"}, failures(r)); diff != "" {
		t.Error(diff)
	}
}

func TestAnyOrderCounted(t *testing.T) {
	passes(t, `
servers:
  s:
    steps:
      - loop: {times: 100, as: n, steps: [{expect: {line: "${n}"}}]}
      - loop: {times: 100, as: n, steps: [{send: {line: "b${n}"}}, {send: {line: "a${n}"}}]}
      - expect: {rest, equals: "bye"}
clients:
  c:
    - connect: s
    - loop: {times: 100, as: n, steps: [{send: {line: "${n}"}}]}
    - expect:
        any_order: {count: 200, like: "${?letter}${?n:int}"}
    - send: bye
  d:
    - connect: s
    - loop: {times: 100, as: n, steps: [{send: {line: "${n}"}}]}
    - expect: {any_order: {count: 100, line: "a${index}"}, skip: {prefix: b}}
    - send: bye
`)
}

// A server that only a declared server tells of is not missed where a real one
// takes that one's place; else it is.
func TestServerAside(t *testing.T) {
	s := parse(t, `
servers:
  control: {steps: [{expect: {line: where}}, {send: {line: "at ${data.port}"}}]}
  data: {reply: "hhhh"}
clients:
  c: [{connect: control}, {send: {line: where}}, {expect: {like: "at ${?port:int}"}}]
`)
	if len(s.File.Problems) > 0 {
		t.Error(s.File.Problems)
	}
	if diff := cmp.Diff([]string{"4:3 data: nobody called this server"}, failures(play(t, s))); diff != "" {
		t.Error(diff)
	}
	real, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer real.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := real.Accept()
		if err == nil {
			conn.Write([]byte("at 7\r\n"))
			conn.(*net.TCPConn).CloseWrite()
			_, err = io.Copy(io.Discard, conn)
			conn.Close()
		}
		served <- err
	}()
	result, err := runner.Run(t.Context(), s, runner.Options{Connect: map[string]string{"control": real.Addr().String()}})
	if err != nil || !result.Passed() {
		t.Error(err, failures(result))
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// A variable of many bytes is for any number of actors at a time.
func TestLongVariable(t *testing.T) {
	passes(t, `
let: {body: {fill: random, size: 300KiB}, all: {fill: random, size: 17MiB}}
servers: {s: {steps: [{expect: {line: "${body.sha1.hex}"}}, {expect: "${body}"}, {expect: {line: "${all.size} ${all.crc32}"}}, {send: "${body}"}]}}
clients:
  crowd:
    count: 4
    steps:
      - connect: s
      - send: {line: "${body.sha1.hex}"}
      - send: "${body}"
      - send: {line: "${all.size} ${all.crc32}"}
      - expect: "${body}"
`)
}

// What variables make can be more, or other, than there is room for.
func TestVariablesThatDoNotFit(t *testing.T) {
	for _, test := range []struct{ steps, want string }{
		{`[{send: "${all}"}]`, `a variable of 17825792 bytes can't be put into a text, 16 MiB at most can`},
		{`[{send: "${all.hex}"}]`, `a variable of 17825792 bytes can't be put into a text, 16 MiB at most can`},
		{`[{send: "${huge.sha256}"}]`, `the sha256 of a variable of 1099511627776 bytes can't be computed, of 1 GiB at most it can`},
		{`[{send: {u64be: "${num}"}}]`, `${num} is "12345678901234567890123", and u64be holds whole numbers from 0 to 18446744073709551615`},
		{`[{send: {u8: "${word}"}}]`, `${word} is "abc", and u8 holds whole numbers from 0 to 255`},
		{`[{send: {u8: "${big}"}}]`, `${big} is "300", and u8 holds whole numbers from 0 to 255`},
		{`[{expect: {bytes: "${num}"}}]`, `"${num}" is "12345678901234567890123", where a whole number, 0 or more, was wanted`},
		{`[{expect: {bytes: "${big}${big}${big}"}}]`, `"${big}${big}${big}" is 300300300, more than max, which is 16777216`},
		{`[{loop: {times: "${big}${big}${big}", steps: [{send: x}]}}]`, `"${big}${big}${big}" is 300300300, and a loop has 100000000 rounds at most`},
		{`[{send: {parts: [{text: "${num}", times: 2147483647}], times: 2147483647}}]`, `the payload has more than 1 TiB`},
		{`[{send: {text: "${num}${num}${num}${num}${num}${num}${num}${num}${num}${num}${num}${num}", length: u8}}]`, `a length of 276 does not fit into u8`},
		{`[{let: {none: ""}}, {send: {text: a, xor: "${none}"}}]`, `xor with no bytes`},
		{`[{let: {none: ""}}, {send: {fill: "${none}", size: 3}}]`, `no bytes to fill with`},
		{`[{let: {none: ""}}, {expect: "${none}"}]`, `nothing is expected: all of its variables are empty`},
		{`[{let: {none: ""}}, {expect: {until: "${none}"}}]`, `"until" has no delimiter: all of its variables are empty`},
		{`[{close: {discard}}, {connect: "127.0.0.1:${word}"}]`, `can't connect to 127.0.0.1:abc: an address to connect to must be host:port: a port is a number from 0 to 65535, not "abc"`},
		{`[{expect: {line: x, optional: true, capture: never}}, {send: "${never}"}]`, `${never} has no value: nothing has been captured for it yet`},
		{`[{expect: {bytes: 3, capture: x, as: hex}}]`, `x: "-1x" are no hexadecimal digits`},
		{`[{expect: {bytes: 3, capture: x, as: int}}]`, `x: "-1x" are no decimal digits`},
		{`[{expect: {bytes: 2, capture: x, as: int}}]`, `x: "-1" are no decimal digits`},
		{`[{expect: {bytes: 3, capture: x, as: u16be}}]`, `x: "-1x" is no u16be`},
	} {
		r := run(t, `
let: {all: {fill: random, size: 17MiB}, huge: {fill: x, size: 1TiB}}
servers: {s: {steps: [{send: {line: "12345678901234567890123 abc 300"}}, {send: "-1x"}, {close: {discard}}]}}
clients:
  c:
    steps:
      - connect: s
      - expect: {like: "${?num} ${?word} ${?big}"}
      - do: test
define:
  test: `+test.steps+`
`)
		if len(r.Failures) == 0 || r.Failures[0].Message != test.want {
			t.Errorf("%s:\n%v, want %s", test.steps, failures(r), test.want)
		}
	}
}
