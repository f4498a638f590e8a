package scenario

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"banter/runner/pattern"
)

// parseOne parses a file that must be right and hold one scenario.
func parseOne(t testing.TB, src string) *Scenario {
	t.Helper()
	f := Parse("dir/greeting.yaml", []byte(src))
	if len(f.Problems) > 0 || len(f.Scenarios) != 1 {
		t.Fatalf("%d scenarios, problems:\n%s", len(f.Scenarios), problemLines(f))
	}
	return f.Scenarios[0]
}

const greeting = `# The greeting.
name: greeting
description: two say hello
tags: [tour]
timeout: 5s
servers:
  greeter:
    bind: 127.0.0.1:0
    backlog: 128
    reply: "hhhh"
clients:
  ann:
    - connect: greeter
    - send: "hello"
    - expect: "hhhh"
    - close
`

// withoutPlaces compares everything but positions and the file.
var withoutPlaces = cmp.Options{
	cmpopts.IgnoreTypes(Pos{}), cmpopts.IgnoreUnexported(Step{}),
	cmpopts.IgnoreFields(Scenario{}, "File"),
	cmp.Comparer(func(a, b *pattern.Pattern) bool { return a == b || a != nil && b != nil && a.String() == b.String() }),
}

func lit(s string) *Payload {
	return &Payload{Parts: []Part{{Text: Text{{Lit: []byte(s)}}}}}
}

func TestGreeting(t *testing.T) {
	got := parseOne(t, greeting)
	want := &Scenario{
		Name: "greeting", Description: "two say hello", Tags: []string{"tour"}, Timeout: 5 * time.Second, EOL: CRLF,
		Servers: []*Server{{
			Name: "greeter", Bind: &Address{Host: "127.0.0.1"}, Backlog: 128, Accept: Unlimited,
			Listen: true, Start: true, Reply: lit("hhhh"),
		}},
		Clients: []*Client{{Name: "ann", Steps: []*Step{
			{Action: Connect{Server: "greeter"}},
			{Action: Send{Payload: lit("hello")}},
			{Action: &Expect{Frame: Frame{Kind: FrameExact}, Match: Match{Equals: lit("hhhh"), Size: -1}}},
			{Action: Close{}},
		}}},
	}
	if diff := cmp.Diff(want, got, withoutPlaces); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	places := map[string]Pos{
		"2:1":   got.Pos,
		"7:3":   got.Servers[0].Pos,
		"8:11":  got.Servers[0].Bind.Pos,
		"10:12": got.Servers[0].Reply.Pos,
		"12:3":  got.Clients[0].Pos,
		"13:7":  got.Clients[0].Steps[0].Pos,
		"13:16": got.Clients[0].Steps[0].Action.(Connect).Pos,
		"15:15": got.Clients[0].Steps[2].Action.(*Expect).Pos,
		"16:7":  got.Clients[0].Steps[3].Pos,
	}
	for want, pos := range places {
		if pos.String() != "dir/greeting.yaml:"+want {
			t.Errorf("place %v, want %s", pos, want)
		}
	}
	if got.Server("greeter") == nil || got.Server("ann") != nil || got.Client("ann") == nil {
		t.Error("Server and Client find by name")
	}
}

// TestSteps reads a step and looks at it in full.
func TestSteps(t *testing.T) {
	line := Frame{Kind: FrameLine, EOL: CRLF, Max: DefaultMax}
	none := Match{Size: -1}
	hash := "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	tests := []struct {
		src, text string
		want      *Step
	}{
		{"connect: s", "connect s", &Step{Action: Connect{Server: "s"}}},
		{"connect: 127.0.0.1:25", "connect 127.0.0.1:25", &Step{Action: Connect{Address: Text{{Lit: []byte("127.0.0.1:25")}}}}},
		{`connect: "${s}"`, "connect ${s}", &Step{Action: Connect{Address: Text{{Var: "s", Ref: &Ref{Name: "s"}}}}}},
		{`connect: "127.0.0.1:${s.port}"`, "connect 127.0.0.1:${s.port}",
			&Step{Action: Connect{Address: Text{{Lit: []byte("127.0.0.1:")}, {Var: "s.port", Ref: &Ref{Name: "s", Props: []Property{Port}}}}}}},
		{"connect: {to: s, bind: 127.0.0.2:0}", "connect s",
			&Step{Action: Connect{Server: "s", Bind: &Address{Host: "127.0.0.2"}}}},
		{"{connect: s, expect: {reset}, within: 1s}", "connect s, expect reset",
			&Step{Action: Connect{Server: "s"}, Expect: &Expect{Outcome: PeerReset, Match: none}, Within: time.Second}},

		{"send: 010", `send "010"`, &Step{Action: Send{Payload: lit("010")}}},
		{"send: no", `send "no"`, &Step{Action: Send{Payload: lit("no")}}},
		{"send: 1.50", `send "1.50"`, &Step{Action: Send{Payload: lit("1.50")}}},
		{`send: "null"`, `send "null"`, &Step{Action: Send{Payload: lit("null")}}},
		{`send: ""`, `send ""`, &Step{Action: Send{Payload: &Payload{Parts: []Part{{}}}}}},
		{`send: "a $ ${$}{s} ${s}"`, `send "a $ ${s} ${s}"`,
			&Step{Action: Send{Payload: &Payload{Parts: []Part{{Text: Text{{Lit: []byte("a $ ${s} ")}, {Var: "s", Ref: &Ref{Name: "s"}}}}}}}}},
		{"send: {text: hello}", `send "hello"`, &Step{Action: Send{Payload: lit("hello")}}},
		{"send: {line: PING}", `send "PING\r\n"`, &Step{Action: Send{Payload: lit("PING\r\n")}}},
		{`send: {line: ""}`, `send "\r\n"`, &Step{Action: Send{Payload: lit("\r\n")}}},
		{`send: {line: "${s}"}`, `send "${s}\r\n"`,
			&Step{Action: Send{Payload: &Payload{Parts: []Part{{Text: Text{{Var: "s", Ref: &Ref{Name: "s"}}, {Lit: []byte("\r\n")}}}}}}}},
		{`send: {lines: "a\n\nb\n"}`, `send "a\r\n\r\nb\r\n"`,
			&Step{Action: Send{Payload: &Payload{Parts: []Part{{Text: Text{{Lit: []byte("a\r\n")}, {Lit: []byte("\r\n")}, {Lit: []byte("b\r\n")}}}}}}}},
		{"send: {lines: [a, 010]}", `send "a\r\n010\r\n"`,
			&Step{Action: Send{Payload: &Payload{Parts: []Part{{Text: Text{{Lit: []byte("a\r\n")}, {Lit: []byte("010\r\n")}}}}}}}},
		{`send: {hex: "de AD\n be # comment"}`, `send hex "de ad be"`, &Step{Action: Send{Payload: lit("\xde\xad\xbe")}}},
		{"send: {hex: 00}", `send hex "00"`, &Step{Action: Send{Payload: lit("\x00")}}},
		{"send: {base64: aGVs bG8=}", `send "hello"`, &Step{Action: Send{Payload: lit("hello")}}},
		{"send: {file: data/x.bin}", `send file "x.bin"`,
			&Step{Action: Send{Payload: &Payload{Parts: []Part{{File: filepath.Join("dir", "data", "x.bin")}}}}}},
		{"send: [a, [{hex: 0a}, b]]", `send "a\nb"`,
			&Step{Action: Send{Payload: &Payload{Parts: []Part{lit("a").Parts[0], lit("\n").Parts[0], lit("b").Parts[0]}}}}},
		{"send: {text: hello, slice: 1, every: 10ms}", `send "hello"`,
			&Step{Action: Send{Payload: &Payload{Parts: []Part{{Text: lit("hello").Parts[0].Text, Slice: 1, Every: 10 * time.Millisecond}}}}}},
		{"send: {head: [GET / HTTP/1.1, 'Host: ${s}']}", `send "GET / HTTP/1.1\r\nHost: ${s}\r\n\r\n"`,
			&Step{Action: Send{Payload: &Payload{Parts: []Part{{Text: Text{
				{Lit: []byte("GET / HTTP/1.1\r\n")}, {Lit: []byte("Host: ")}, {Var: "s", Ref: &Ref{Name: "s"}}, {Lit: []byte("\r\n\r\n")}}}}}}}},
		{`send: {head: "a: b\nc: d\n"}`, `send "a: b\r\nc: d\r\n\r\n"`,
			&Step{Action: Send{Payload: &Payload{Parts: []Part{{Text: Text{{Lit: []byte("a: b\r\n")}, {Lit: []byte("c: d\r\n\r\n")}}}}}}}},
		{"send: {u8: 255}", `send hex "ff"`, &Step{Action: Send{Payload: lit("\xff")}}},
		{"send: [{u16be: 0x102}, {u24le: 1}, {varint: 300}]", `send hex "01 02 01 00 00 ac 02"`,
			&Step{Action: Send{Payload: &Payload{Parts: []Part{lit("\x01\x02").Parts[0], lit("\x01\x00\x00").Parts[0], lit("\xac\x02").Parts[0]}}}}},
		{"send: {fill: random, size: 1GiB, seed: 7}", "send fill random (1073741824 bytes, seed 7)",
			&Step{Action: Send{Payload: &Payload{Parts: []Part{{Fill: &Fill{Random: true, Seed: 7, Size: 1 << 30}}}}}}},
		{"send: {size: 10, fill: abc}", `send fill "abc" (10 bytes)`,
			&Step{Action: Send{Payload: &Payload{Parts: []Part{{Text: lit("abc").Parts[0].Text, Fill: &Fill{Seed: 1, Size: 10}}}}}}},
		{"send: {text: abc, times: 3}", `send 3 × "abc"`,
			&Step{Action: Send{Payload: &Payload{Parts: []Part{{Text: lit("abc").Parts[0].Text, Times: 3}}}}}},
		{"send: {text: abc, times: 1}", `send "abc"`, &Step{Action: Send{Payload: lit("abc")}}},
		{"send: {length: u16be, plus: 2, parts: [a, {hex: 00}], times: 2, slice: 1}", `send 2 × (length u16be (+2) + "a\x00")`,
			&Step{Action: Send{Payload: &Payload{Parts: []Part{{
				Length: &Length{Form: U16BE, Plus: 2}, Parts: []Part{lit("a").Parts[0], lit("\x00").Parts[0]}, Times: 2, Slice: 1}}}}}},
		{"expect: {fill: random, size: 5}", "expect fill random (5 bytes, seed 1)",
			&Step{Action: &Expect{Match: Match{Size: -1, Equals: &Payload{Parts: []Part{{Fill: &Fill{Random: true, Seed: 1, Size: 5}}}}}}}},
		{`expect: {hex: "0a ..", times: 2}`, `expect 2 × hex "0a .."`,
			&Step{Action: &Expect{Match: Match{Size: -1, Equals: &Payload{Parts: []Part{{
				Text: Text{{Lit: []byte("\n\x00")}}, Any: []bool{false, true}, Times: 2}}}}}}},
		{"expect: {u32be: 7, size: 4}", `expect hex "00 00 00 07" with size 4`,
			&Step{Action: &Expect{Match: Match{Size: 4, Equals: lit("\x00\x00\x00\a")}}}},
		{"{send: a, expect: {line: b}}", `send "a", expect line "b"`,
			&Step{Action: Send{Payload: lit("a")}, Expect: &Expect{Frame: line, Match: Match{Equals: lit("b"), Size: -1}}}},

		{"expect: hello", `expect "hello"`, &Step{Action: &Expect{Match: Match{Equals: lit("hello"), Size: -1}}}},
		{"{expect: hello, within: 200ms}", `expect "hello"`,
			&Step{Action: &Expect{Match: Match{Equals: lit("hello"), Size: -1}}, Within: 200 * time.Millisecond}},
		{"expect: {equals: hello, size: 5}", `expect "hello" with size 5`, &Step{Action: &Expect{Match: Match{Equals: lit("hello"), Size: 5}}}},
		{`expect: {hex: "de .. ef"}`, `expect hex "de .. ef"`,
			&Step{Action: &Expect{Match: Match{Size: -1, Equals: &Payload{Parts: []Part{{
				Text: Text{{Lit: []byte("\xde\x00\xef")}}, Any: []bool{false, true, false}}}}}}}},
		{"expect: {line}", "expect a line", &Step{Action: &Expect{Frame: line, Match: none}}},
		{"expect: {line: PING}", `expect line "PING"`, &Step{Action: &Expect{Frame: line, Match: Match{Equals: lit("PING"), Size: -1}}}},
		{`expect: {line: ""}`, `expect line ""`, &Step{Action: &Expect{Frame: line, Match: Match{Equals: &Payload{Parts: []Part{{}}}, Size: -1}}}},
		{"expect: {prefix: 250}", `expect a line with prefix "250"`, &Step{Action: &Expect{Frame: line, Match: Match{Prefix: lit("250"), Size: -1}}}},
		{"expect: {line, prefix: a, suffix: b, contains: c, max: 4KiB}", `expect a line with prefix "a", suffix "b", contains "c"`,
			&Step{Action: &Expect{Frame: Frame{Kind: FrameLine, EOL: CRLF, Max: 4096},
				Match: Match{Prefix: lit("a"), Suffix: lit("b"), Contains: []*Payload{lit("c")}, Size: -1}}}},
		{"expect: {regex: ^a$}", `expect a line with regex "^a$"`,
			&Step{Action: &Expect{Frame: line, Match: Match{Size: -1, Regex: &Regex{
				Source: Text{{Lit: []byte("^a$")}}, Compiled: pattern.MustCompile("^a$")}}}}},
		{`expect: {regex: "^${s}$"}`, `expect a line with regex "^${s}$"`,
			&Step{Action: &Expect{Frame: line, Match: Match{Size: -1, Regex: &Regex{
				Source: Text{{Lit: []byte("^")}, {Var: "s", Ref: &Ref{Name: "s"}}, {Lit: []byte("$")}}}}}}},
		{`expect: {like: "id=${?id:int} ${?}"}`, `expect a line like "id=${?id:int} ${?}"`,
			&Step{Action: &Expect{Frame: line, Match: Match{Size: -1, Like: &Like{
				Text:     Text{{Lit: []byte("id=")}, {Var: "?id:int"}, {Lit: []byte(" ")}, {Var: "?"}},
				Compiled: pattern.MustCompile(`\Aid=([0-9]+) [^\r\n]*\z`),
				Parts: []LikePart{{Text: []byte("id=")}, {Hole: Hole{Name: "id", Digits: true, Puts: "0"}},
					{Text: []byte(" ")}, {Hole: Hole{Puts: "x"}}}},
				Captures: []Capture{{Name: "id", From: FromHole}}}}}},
		{`expect: {line, not: {prefix: 5}}`, `expect a line with not (prefix "5")`,
			&Step{Action: &Expect{Frame: line, Match: Match{Size: -1, Not: &Match{Prefix: lit("5"), Size: -1}}}}},
		{`expect: {json: {a: [1, true, "1", "x${s}", null]}}`, `expect a line with json {"a":[1,true,"1","x${s}",null]}`,
			&Step{Action: &Expect{Frame: line, Match: Match{Size: -1, JSON: &JSON{Kind: JSONObject, Members: []Member{{"a", &JSON{Kind: JSONArray, Items: []*JSON{
				{Literal: "1"}, {Literal: "true"}, {Kind: JSONString, Text: Text{{Lit: []byte("1")}}},
				{Kind: JSONString, Text: Text{{Lit: []byte("x")}, {Var: "s", Ref: &Ref{Name: "s"}}}}, {Literal: "null"}}}}}}}}}},
		{`expect: {until: "\r\n\r\n"}`, `expect bytes until "\r\n\r\n"`,
			&Step{Action: &Expect{Frame: Frame{Kind: FrameUntil, Delim: lit("\r\n\r\n"), Max: DefaultMax}, Match: none}}},
		{"expect: {lines: {through: '^250 '}, max: 4KiB}", `expect lines through "^250 "`,
			&Step{Action: &Expect{Frame: Frame{Kind: FrameLines, EOL: CRLF, Max: 4096, Through: &Regex{
				Source: Text{{Lit: []byte("^250 ")}}, Compiled: pattern.MustCompile("^250 ")}}, Match: none}}},
		{"expect: {length: u32be}", "expect a frame with a length u32be",
			&Step{Action: &Expect{Frame: Frame{Kind: FrameLength, Form: U32BE, Max: DefaultMax}, Match: none}}},
		{"expect: {at: 1, length: varint, header: {hex: 30}, plus: -4, prefix: a}", `expect a frame with a length varint at 1 (-4) and a header with equals "0" with prefix "a"`,
			&Step{Action: &Expect{Frame: Frame{Kind: FrameLength, Form: Varint, At: 1, Plus: -4, Max: DefaultMax,
				Header: &Match{Equals: lit("0"), Size: -1}}, Match: Match{Prefix: lit("a"), Size: -1}}}},
		{"expect: {line: a, optional: true}", `expect optional line "a"`,
			&Step{Action: &Expect{Frame: line, Match: Match{Equals: lit("a"), Size: -1}, Optional: true}}},
		{"expect: {any_order: [a, {line}], skip: {line: b}}", `expect in any order: "a" | a line, skipping line "b"`,
			&Step{Action: &Expect{Frame: Frame{Kind: FrameAnyOrder}, Match: none,
				AnyOrder: []*Expect{{Match: Match{Equals: lit("a"), Size: -1}}, {Frame: line, Match: none}},
				Skip:     &Expect{Frame: line, Match: Match{Equals: lit("b"), Size: -1}}}}},
		{"expect: {bytes: 8}", "expect 8 bytes", &Step{Action: &Expect{Frame: Frame{Kind: FrameBytes, N: 8}, Match: none}}},
		{"expect: {bytes: 1, equals: a}", `expect 1 byte with equals "a"`,
			&Step{Action: &Expect{Frame: Frame{Kind: FrameBytes, N: 1}, Match: Match{Equals: lit("a"), Size: -1}}}},
		{"expect: {rest}", "expect the rest", &Step{Action: &Expect{Frame: Frame{Kind: FrameRest, Max: DefaultMax}, Match: none}}},
		{"expect: {rest, size: 5, sha256: " + hash + "}", "expect the rest with size 5, sha256 2cf24dba…",
			&Step{Action: &Expect{Frame: Frame{Kind: FrameRest, Max: DefaultMax}, Match: Match{Size: 5, SHA256: unhexAll(hash)}}}},
		{"expect: {eof}", "expect eof", &Step{Action: &Expect{Outcome: EOF, Match: none}}},
		{"expect: {end}", "expect end", &Step{Action: &Expect{Outcome: End, Match: none}}},
		{"expect: {silence: 200ms}", "expect silence for 200ms",
			&Step{Action: &Expect{Outcome: Silence, Silence: 200 * time.Millisecond, Match: none}}},

		{"shutdown", "shutdown", &Step{Action: Shutdown{}}},
		{"{shutdown}", "shutdown", &Step{Action: Shutdown{}}},
		{"shutdown: read", "shutdown read", &Step{Action: Shutdown{How: ShutRead}}},
		{"shutdown: both", "shutdown both", &Step{Action: Shutdown{How: ShutBoth}}},
		{"close", "close", &Step{Action: Close{}}},
		{"close: {discard}", "close {discard}", &Step{Action: Close{Mode: CloseDiscard}}},
		{"close: {now}", "close {now}", &Step{Action: Close{Mode: CloseNow}}},
		{"reset", "reset", &Step{Action: Reset{}}},
		{"wait: 2m", "wait 2m", &Step{Action: Wait{For: 2 * time.Minute}}},
		{"wait: 90m", "wait 1h30m", &Step{Action: Wait{For: 90 * time.Minute}}},
		{"signal: go", `signal "go"`, &Step{Action: Signal{"go"}}},
		{"await: served", `await "served"`, &Step{Action: Await{"served", 1}}},
		{"await: {signal: served, times: 2}", `await "served" twice`, &Step{Action: Await{"served", 2}}},
		{"meet: here", `meet "here"`, &Step{Action: Meet{Name: "here"}}},
		{"meet: {name: there, parties: 3}", `meet "there"`, &Step{Action: Meet{"there", 3}}},
		{"stop: s", "stop s", &Step{Action: Stop{Server: "s"}}},
		{"start: s", "start s", &Step{Action: Start{Server: "s"}}},
	}
	for _, test := range tests {
		t.Run(test.src, func(t *testing.T) {
			// What the step needs around it is in the file too.
			src := "servers:\n  s: {steps: [{signal: served}, {meet: {name: there, parties: 3}}, {meet: {name: here, parties: 2}}, {signal: go}, {expect: x}, close]}\n" +
				"clients:\n  other: [{connect: s}, {stop: s}, {start: s}, close]\n  ann:\n    - connect: s\n    - " + test.src + "\n"
			if strings.Contains(test.src, "connect:") {
				src = strings.Replace(src, "    - connect: s\n    -", "    -", 1)
			}
			s := parseOne(t, src)
			steps := s.Client("ann").Steps
			got := steps[len(steps)-1]
			if diff := cmp.Diff(test.want, got, withoutPlaces); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.String() != test.text {
				t.Errorf("shown as %s, want %s", got, test.text)
			}
			if word := got.Action.Word(); !strings.Contains(test.src, word) || !strings.HasPrefix(got.String(), word) {
				t.Errorf("the word is %q", word)
			}
		})
	}
}

func unhexAll(s string) []byte {
	var out []byte
	for i := 0; i+1 < len(s); i += 2 {
		out = append(out, unhex(s[i])<<4|unhex(s[i+1]))
	}
	return out
}

func TestServers(t *testing.T) {
	s := parseOne(t, `
eol: lf
servers:
  a: {bind: ":7890", backlog: 0, accept: 0, at_once: 1, rcvbuf: 4KiB, sndbuf: 16 KiB, listen: false, start: false}
  b: {reply: {after: {line: PING}, send: {line: PONG}}}
  c: {connections: [[close], [{expect: {eof}}, close]]}
  d: {connections: {ann: [{expect: {line}}, close]}}
  e: {steps: [{meet: {name: x, parties: 2}}]}
clients:
  ann: [{connect: b}, close, {connect: c}, close, {connect: c}, close, {connect: d}, close, {connect: e}, close]
  ben: {after: ann, bind: "127.0.0.1:0", rcvbuf: 1, sndbuf: 2, steps: [{meet: {name: x, parties: 2}}]}
  cat: {after: [ann, ben], steps: [{wait: 1ms}]}
`)
	if got, want := s.Server("a"), (&Server{
		Name: "a", Bind: &Address{Port: 7890}, Backlog: 0, AtOnce: 1, RcvBuf: 4096, SndBuf: 16384,
	}); !cmp.Equal(got, want, withoutPlaces) {
		t.Errorf("a:\n%s", cmp.Diff(want, got, withoutPlaces))
	}
	if got := s.Server("b"); got.Reply.String() != `"PONG\n"` || got.ReplyAfter.String() != `line "PING"` || got.ReplyAfter.Frame.EOL != LF {
		t.Errorf("b replies %s after %s", got.Reply, got.ReplyAfter)
	}
	if got := s.Server("c"); len(got.Connections) != 2 || got.ByClient || len(got.Connections[1].Steps) != 2 {
		t.Errorf("c: %+v", got)
	}
	if got := s.Server("d"); len(got.Connections) != 1 || !got.ByClient || got.Connections[0].Client != "ann" {
		t.Errorf("d: %+v", got)
	}
	ben := s.Client("ben")
	if ben.RcvBuf != 1 || ben.SndBuf != 2 || ben.Bind.String() != "127.0.0.1:0" || len(ben.After) != 1 {
		t.Errorf("ben: %+v", ben)
	}
	if got := s.Client("cat").After; len(got) != 2 || got[1].Name != "ben" || !got[1].Pos.IsValid() {
		t.Errorf("cat after %v", got)
	}
}

func TestDocuments(t *testing.T) {
	f := Parse("dir/suite.x.yaml", []byte(`timeout: 3s
eol: "\x01"
tags: [slow]
---
clients: {ann: [{wait: 1ms}]}
---
---
# nothing
---
name: third
tags: [net, slow]
timeout: 4s
clients: {ann: [{wait: 1ms}, {connect: 127.0.0.1:1}, {send: {line: a}}, {expect: {line: "a\nb"}}]}
---
clients: {ann: [{wait: 1ms}]}
`))
	if len(f.Problems) > 0 {
		t.Fatal(f.Problems)
	}
	type facts struct {
		Name, Tags string
		Timeout    time.Duration
		Line       int
	}
	var got []facts
	for _, s := range f.Scenarios {
		got = append(got, facts{s.Name, strings.Join(s.Tags, " "), s.Timeout, s.Pos.Line})
		if s.File != f {
			t.Errorf("%s belongs to another file", s.Name)
		}
	}
	want := []facts{
		{"suite.x", "slow", 3 * time.Second, 5},
		{"third", "slow net", 4 * time.Second, 10},
		{"suite.x#3", "slow", 3 * time.Second, 15},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	third := f.Scenarios[1].Clients[0].Steps
	if text := third[2].String(); text != `send "a\x01"` {
		t.Errorf("eol is not inherited: %s", text)
	}
}

func TestEOL(t *testing.T) {
	for src, want := range map[string]EOL{
		"crlf": CRLF, "lf": LF, "any": AnyEOL, `"\x01"`: "\x01", `"\r\n"`: CRLF, `"||"`: "||",
	} {
		s := parseOne(t, "eol: "+src+"\nclients: {ann: [{connect: 127.0.0.1:1}, {send: {line: a}}, {expect: {line}}, close]}\n")
		if got := s.Clients[0].Steps[2].Action.(*Expect).Frame.EOL; got != want {
			t.Errorf("eol %s: %q", src, got)
		}
		if got := s.Clients[0].Steps[1].Action.(Send).Payload.Parts[0].Text[0].Lit; string(got) != "a"+want.Bytes() {
			t.Errorf("eol %s sends %q", src, got)
		}
	}
}

func TestAliases(t *testing.T) {
	s := parseOne(t, `
servers: {greeter: {reply: &hello hhhh}}
clients:
  ann: &script
    - connect: greeter
    - send: hello
    - expect: *hello
    - close
  ben: *script
`)
	if diff := cmp.Diff(s.Clients[0].Steps, s.Clients[1].Steps, cmpopts.IgnoreUnexported(Step{})); diff != "" {
		t.Error(diff)
	}
}

func TestVariablePlaces(t *testing.T) {
	s := parseOne(t, `
servers: {s: {}}
clients:
  ann:
    - connect: s
    - send: "你 ${s} and ${s.port}"
    - send:
        lines: |
          a ${$} ${s}
          ${s}
    - close
`)
	var got []string
	for _, step := range s.Clients[0].Steps[1:3] {
		for _, seg := range step.Action.(Send).Payload.Parts[0].Text {
			if seg.Var != "" {
				got = append(got, strings.TrimPrefix(seg.Pos.String(), "dir/greeting.yaml:"))
			}
		}
	}
	if want := []string{"6:16", "6:25", "9:18", "10:11"}; !reflect.DeepEqual(got, want) {
		t.Errorf("places %v, want %v", got, want)
	}
}

func TestLongPayloads(t *testing.T) {
	long := strings.Repeat("0123456789", 100_000)
	tests := []struct{ payload, want string }{
		{strings.Repeat("a", 48), `"` + strings.Repeat("a", 48) + `"`},
		{long, `"012345678901234567890123…" (1000000 bytes)`},
		{strings.Repeat("你", 30), `"你你你你你你你你…" (90 bytes)`},
		{strings.Repeat("a", 23) + strings.Repeat("你", 30), `"aaaaaaaaaaaaaaaaaaaaaaa…" (113 bytes)`},
		{"\x00\"\\\x7f\u00a0\xff你\x1b is text", `"\x00\"\\\x7f\xc2\xa0\xff\xe4\xbd\xa0\x1b is text"`},
		{"\x00\"\\\x7f\u00a0\xff", `hex "00 22 5c 7f c2 a0 ff"`},
		{"你\u00a0", `"你\xc2\xa0"`},
	}
	for _, test := range tests {
		if got := lit(test.payload).String(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
	withVar := &Payload{Parts: []Part{{Text: Text{{Lit: []byte("at ")}, {Var: "s", Ref: &Ref{Name: "s"}}, {Lit: []byte(long)}}}}}
	if got, want := withVar.String(), `"at ${s}012345678901234567890…" (more than 1000003 bytes)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	parts := &Payload{Parts: []Part{{File: filepath.Join("a", "b")}, lit("x").Parts[0]}}
	if got, want := parts.String(), `file "b" + "x"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "files.yaml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("there.bin", "x")
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	write("files.yaml", `clients:
  ann:
    - connect: 127.0.0.1:1
    - send: {file: there.bin}
    - send: {file: missing.bin}
    - send: [a, {file: folder}]
    - send: {file: there.bin/below}
    - tls: {ca: missing.pem, cert: there.bin, key: folder}
    - close
`)
	f, err := Read(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range f.Problems {
		lines = append(lines, strings.ReplaceAll(strings.TrimPrefix(p.String(), path), filepath.ToSlash(dir), ""))
	}
	if len(lines) != 5 ||
		!strings.Contains(lines[0], `:5:20: the payload file `) || !strings.HasSuffix(lines[0], "does not exist") ||
		!strings.Contains(lines[1], `:6:24: the payload file `) || !strings.HasSuffix(lines[1], "is a folder") ||
		!strings.HasPrefix(lines[2], `:7:20: the payload file `) ||
		!strings.HasPrefix(lines[3], `:8:17: the certificate file `) || !strings.HasSuffix(lines[3], "does not exist") ||
		!strings.HasPrefix(lines[4], `:8:52: the key file `) || !strings.HasSuffix(lines[4], "is a folder") {
		t.Errorf("problems:\n%s", strings.Join(lines, "\n"))
	}

	if _, err := Read(filepath.Join(dir, "nothing.yaml"), nil); !os.IsNotExist(err) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := Read(dir, nil); err == nil {
		t.Error("a folder can be read")
	}

	f, err = Read(Stdin, strings.NewReader(strings.Replace(greeting, "name: greeting\n", "", 1)))
	if err != nil || len(f.Problems) > 0 || f.Path != StdinName || f.Scenarios[0].Name != "stdin" {
		t.Errorf("standard input: %+v, %v", f, err)
	}
	f, err = Read(Stdin, strings.NewReader(strings.Repeat("#", 2*MaxFileSize)))
	if err != nil || len(f.Problems) != 1 || !strings.Contains(f.Problems[0].Message, "larger than 1 MiB") {
		t.Errorf("too large: %v, %v", f.Problems, err)
	}
}

// TestTour: the scenarios that people read first have nothing wrong.
func TestTour(t *testing.T) {
	paths, err := filepath.Glob("../../scenarios/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Real: true, Allow: Allow{Run: Grant{All: true}}}
	for _, path := range paths {
		f, err := config.Read(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range f.Problems {
			t.Error(p)
		}
	}
}

func TestProblemLists(t *testing.T) {
	f := Parse("x.yaml", []byte("servers: {a: {}}\nclients: {ann: [{wiat: 1ms}, {expect: eof}]}\n"))
	if !f.Problems.HaveErrors() || len(f.Problems.Errors()) != 1 || len(f.Problems.Warnings()) != 1 {
		t.Errorf("%v", f.Problems)
	}
	if f.Problems.Warnings().HaveErrors() {
		t.Error("warnings are no errors")
	}
}

func BenchmarkParse(b *testing.B) {
	src := []byte(greeting)
	b.ReportAllocs()
	for b.Loop() {
		if f := Parse("greeting.yaml", src); len(f.Problems) > 0 {
			b.Fatal(f.Problems)
		}
	}
}
