package runner_test

import (
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"banter/runner/scenario"
)

// TestCutsChangeNothing plays scenarios as they are, and with all that is sent
// cut into pieces of random sizes: everybody must see the same.
func TestCutsChangeNothing(t *testing.T) {
	texts := map[string]string{}
	for _, c := range conversations {
		texts[c.name] = c.text
	}
	for name, text := range languages {
		texts[name] = text
	}
	all := map[string]*scenario.Scenario{}
	for name, text := range texts {
		all[name] = parse(t, text)
	}
	for _, folder := range []string{"tour", "protocols"} {
		files, err := filepath.Glob("../scenarios/" + folder + "/*.yaml")
		if err != nil || len(files) == 0 {
			t.Fatal(folder, err)
		}
		for _, path := range files {
			f, err := scenario.Read(path, nil)
			if err != nil || f.Problems.HaveErrors() && f.Scenarios == nil {
				t.Fatal(err, f.Problems)
			}
			for _, s := range f.Scenarios {
				if !f.Problems.HaveErrors() && s.Processes == nil {
					all[path+" "+s.Name] = s
				}
			}
		}
	}
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(1, 2))
			var want string
			for round := range 12 {
				if round > 0 {
					cut(s, rnd)
				}
				r := play(t, s)
				if !r.Passed() {
					t.Fatalf("round %d: %s", round, failures(r))
				}
				got := port5.ReplaceAllString(transcripts(r), "PORT") // some tell their own
				if round == 0 {
					want = got
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("round %d:\n%s", round, diff)
				}
			}
		})
	}
}

// port5 are the ports that servers are given.
var port5 = regexp.MustCompile(`\b[1-3][0-9]{4}\b`)

// cut has all that is sent over streams go out in pieces.
func cut(s *scenario.Scenario, rnd *rand.Rand) {
	pieces := func(payload *scenario.Payload) {
		if payload == nil || payload.Echo() { // that is sent as it comes
			return
		}
		for i := range payload.Parts {
			part := &payload.Parts[i]
			part.Slice = 1 + rnd.IntN(9)
			if part.Fill != nil || part.File != "" || part.Times > 100 {
				part.Slice = 4000 + rnd.IntN(9000)
			}
		}
	}
	each := func(steps []*scenario.Step) {
		scenario.Walk(steps, func(step *scenario.Step) {
			if send, ok := step.Action.(scenario.Send); ok {
				pieces(send.Payload)
			}
		})
	}
	udp := false
	for _, srv := range s.Servers {
		if srv.Transport() == scenario.UDP {
			udp = true
			continue
		}
		pieces(srv.Reply)
		each(srv.Steps)
		each(srv.Always.Steps())
		for _, c := range srv.Connections {
			each(c.Steps)
		}
	}
	for _, c := range s.Clients {
		if !udp { // a datagram is one piece
			each(c.Steps)
			each(c.Always.Steps())
		}
	}
}

// languages are scenarios with what is built of variables and of steps that
// hold steps.
var languages = map[string]string{
	"captures": `
servers:
  s:
    steps:
      - send: {lines: ["id=42 key=\u0001\u0002", "n 7", "bye"]}
      - send: [{hex: "01 02 03"}, {text: "a body", length: u16be}, {u32le: 258}, "\u00ff\n"]
      - expect: {line: "42 0102 7 bye 010203 a body 258 0303 c3bf"}
clients:
  c:
    - connect: s
    - expect: {like: "id=${?id:int} key=${?key}"}
    - expect: {any_order: [{regex: "^n (?P<n>[0-9])$"}, {line: bye, capture: last}]}
    - expect: {length: u16be, at: 3, header: {capture: head}, capture: body}
    - expect: {line: welcome, optional: true}
    - expect: {bytes: 4, capture: num, as: u32le}
    - expect: {until: "\n", regex: "(?P<high>[\\x80-\\xff]+)", capture: end}
    - send: {line: "${id} ${key.hex} ${n} ${last} ${head.hex} ${body} ${num} 0303 ${high.hex}"}
`,
	"loops": `
define: {talk: [{send: {line: "${who} ${n}"}, expect: {line: "hello ${who}"}}]}
servers:
  s:
    steps:
      - loop: [{expect: {like: "${?who} ${?n:int}"}, answer: {line: "hello ${who}"}}]
  t:
    steps:
      - loop: {until: {line: end}, steps: [{expect: {line, capture: x}}, {send: {line: "${x}"}}]}
      - loop: {times: 20, as: i, steps: [{loop: {times: 2, as: j, steps: [{send: {line: "${i}.${j}"}}]}}]}
      - send: {line: done}
clients:
  c:
    - connect: s
    - loop: {times: 10, as: n, steps: [{do: talk, with: {who: ann}}, {let: {me: "bob${n}"}}, {do: talk, with: {who: "${me}"}}]}
    - close
    - connect: t
    - loop: {times: 5, as: k, steps: [{send: {line: "${k}"}, expect: {line: "${k}"}}]}
    - send: {line: end}
    - loop: {until: {line: done}, steps: [{expect: {regex: "^[0-9]+[.][12]$"}}]}
`,
	"retry": `
servers:
  shy: {connections: [[{send: no}, {close: {discard}}], [{send: "n"}, {close: {discard}}], [{expect: {line: hi}}, {send: "yes"}]]}
clients:
  c:
    - retry:
        every: 1ms
        steps:
          - connect: shy
          - {send: {line: hi}, expect: "yes"}
`,
	"stub": `
servers:
  mail:
    greeting: {line: "220 mx"}
    rules:
      - {when: {like: "HELO ${?host}"}, send: {line: "250 hello ${host}"}}
      - when: DATA
        steps: [{send: {line: "354 go on"}}, {expect: {until: "\r\n.\r\n", capture: letter}}, {send: {line: "250 ${letter.size} bytes of ${host}"}}]
      - {when: QUIT, send: {line: "221 bye"}, close}
    else: {send: ["500 ", {echo}]}
clients:
  crowd:
    count: 5
    steps:
      - connect: mail
      - expect: {line: 220 mx}
      - {send: {line: "HELO c${index}"}, expect: {line: "250 hello c${index}"}}
      - {send: {line: DATA}, expect: {prefix: "354"}}
      - {send: {lines: [hello, .]}, expect: {like: "250 ${?} bytes of c${index}"}}
      - {send: {line: what}, expect: {line: 500 what}}
      - {send: {line: QUIT}, expect: {line: 221 bye}}
      - expect: {eof}
`,
	"always": `
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
    steps: [{connect: irc}, {send: {line: NICK ann}}, {expect: {line: "001 welcome"}}, {expect: {line: "002 there"}}]
`,
	"two connections": `
servers:
  control: {steps: [{expect: {line: PORT}}, {send: {line: "go"}}, {expect: {line: done}}]}
  data: {reply: {after: {line: give}, send: "payload"}}
clients:
  c:
    - connect: control
    - {send: {line: PORT}, expect: {line: go}}
    - connect: {to: data, as: second}
    - {over: second, send: {line: give}, expect: {rest, equals: "payload"}}
    - send: {line: done}
`,
	"a dialogue": `
dialogue: |
  S: 220 ${?host=mx.test} ESMTP
  C: HELO client.test
  S: 250 ${?host=mx.test}
  C: VRFY ${host}
  S: 252 ${?n:int}
  C: QUIT
  S: 221 ${?}
`,
	"parallel in a loop": `
servers: {s: {steps: [{loop: {times: 5, as: n, steps: [{parallel: [{send: {line: "${n}", times: 100}}, {expect: {fill: "x", size: 3000}}]}]}}]}}
clients: {c: [{connect: s}, {loop: {times: 5, as: n, steps: [{parallel: [{expect: {line: "${n}"}}, {send: {fill: "x", size: 3000}}]}, {loop: {times: 99, steps: [{expect: {line: "${n}"}}]}}]}}]}
`,
	"a crowd": `
servers:
  s: {connections: {crowd: [{expect: {line: "I am ${index}"}, answer: {line: "hello ${index}"}}]}}
clients:
  crowd: {count: 20, steps: [{connect: s}, {meet: all}, {send: {line: "I am ${index}"}, expect: {line: "hello ${index}"}}, {meet: all}]}
`,
}
