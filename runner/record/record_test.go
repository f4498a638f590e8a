package record_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/capture"
	"banter/runner/record"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

var (
	client = netip.MustParseAddrPort("127.0.0.1:40000")
	server = netip.MustParseAddrPort("127.0.0.1:7890")
	began  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// talk is a conversation of what its sides say in turn: "C: " and "S: " before
// bytes, or EOF, RST, REFUSED behind it.
func talk(says ...string) capture.Conversation {
	c := capture.Conversation{Client: client, Server: server, Began: began}
	for i, say := range says {
		e := capture.Event{Kind: capture.Data, At: time.Duration(i) * 100 * time.Microsecond}
		if say[0] == 'S' {
			e.From = capture.Server
		}
		switch what := say[3:]; what {
		case "EOF":
			e.Kind = capture.EOF
		case "RST":
			e.Kind = capture.Reset
		case "REFUSED":
			e.Kind = capture.Refused
		default:
			e.Data = []byte(what)
		}
		c.Events = append(c.Events, e)
	}
	return c
}

// said is what both sides of a conversation sent.
func said(c capture.Conversation) (all [2][]byte) {
	for _, e := range c.Events {
		all[e.From] = append(all[e.From], e.Data...)
	}
	return all
}

// play plays a scenario, which must be without fault, and returns what came of it.
func play(t *testing.T, dir string, source []byte) runner.Result {
	t.Helper()
	path := filepath.Join(dir, "recorded.yaml")
	if err := os.WriteFile(path, source, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := scenario.Read(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Problems) > 0 {
		t.Fatalf("%v in\n%s", file.Problems, source)
	}
	result, err := runner.Run(context.Background(), file.Scenarios[0], runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !result.Passed() {
		t.Fatalf("%v: %s\n%q\n%s", result.Failures[0].Pos, result.Failures[0].Message, result.Failures[0].Notes, source)
	}
	return result
}

// seen is what an actor has sent and received.
func seen(a runner.Actor) (sent, received []byte) {
	for _, e := range a.Observed {
		switch e.Kind {
		case transcript.Send:
			sent = append(sent, e.Data...)
		case transcript.Recv:
			received = append(received, e.Data...)
		}
	}
	return sent, received
}

// replays makes a scenario of conversations, plays it, and checks that the same
// bytes went both ways.
func replays(t *testing.T, convs ...capture.Conversation) string {
	t.Helper()
	dir := t.TempDir()
	source, err := record.Scenario(convs, record.Options{Save: func(name string, data []byte) (string, error) {
		return name, os.WriteFile(filepath.Join(dir, name), data, 0o600)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if formatted, _, err := scenario.Format("recorded.yaml", source); err != nil || !bytes.Equal(formatted, source) {
		t.Errorf("%v: banter fmt makes\n%s\nof\n%s", err, formatted, source)
	}
	result := play(t, dir, source)
	byName := map[string]runner.Actor{}
	for _, a := range result.Actors {
		byName[a.Name] = a
	}
	for i, c := range convs {
		name := "client"
		switch {
		case c.Names[capture.Client] != "":
			name = c.Names[capture.Client]
		case i > 0 && byName["client-2"].Name != "":
			name = fmt.Sprintf("client-%d", i+1)
		}
		want := said(c)
		sent, received := seen(byName[name])
		if !bytes.Equal(sent, want[capture.Client]) || !bytes.Equal(received, want[capture.Server]) {
			t.Fatalf("%s sent %q and received %q, want %q and %q, in\n%s", name, sent, received, want[0], want[1], source)
		}
	}
	return string(source)
}

func TestEndings(t *testing.T) {
	for _, c := range []capture.Conversation{
		talk("C: EOF", "S: EOF"),
		talk("S: EOF", "C: EOF"),
		talk("C: hello", "S: hhhh", "C: EOF", "S: EOF"),
		talk("C: hello", "S: hhhh", "S: EOF", "C: EOF"),
		talk("C: hello", "C: EOF", "S: hhhh", "S: EOF"),
		talk("S: hello", "S: EOF", "C: hhhh", "C: EOF"),
		talk("C: hello", "S: RST"),
		talk("C: hello", "S: hhhh", "C: RST"),
		talk("C: hello", "C: EOF", "S: RST"),
		talk("C: hello", "S: EOF", "C: RST"),
		talk("C: hello", "C: EOF", "C: RST"),
		talk("C: REFUSED"),
		talk("C: hello", "S: hhhh"),
		talk("C: hello", "S: hhhh", "S: EOF"),
	} {
		t.Log("\n" + replays(t, c))
	}
}

// Who closes while the other still speaks does not read that.
func TestClosedTooEarly(t *testing.T) {
	source, err := record.Scenario([]capture.Conversation{talk("C: hello", "C: EOF", "S: hhhh", "C: RST")}, record.Options{})
	if err != nil {
		t.Fatal(err)
	}
	result := play(t, t.TempDir(), source)
	if sent, received := seen(result.Actors[0]); string(sent) != "hello" || len(received) > 0 {
		t.Fatalf("the client sent %q and received %q in\n%s", sent, received, source)
	}
}

// texts are such that somebody may read otherwise than they are.
var texts = []string{
	"- a: b #c", "${x}", "${", "$", "$${?}", "a$", "{b", "trailing  ", "  leading", "\ttab\t", "a\r\nb\r\n", "a\nb\n", "a\n\n\nb", "\r\n", "\n", "\r",
	"\r\n\r\n", "a\x00b", "\x00", "héllo 你好 \U0001f600", "\u200b\ufeff", "\u2028", "null", "~", "eof", "{eof}", "line", "true", "010", "1e3", ">3", "|", "|-\n", "@here",
	"%d", "*bold*", "!ping me", "&more", "login:", "Host: a", "'", "\"", "\\n", "\\r\\n", `\x80`, "“hello”", "a\u00a0b", "-", "--- ", "...", "---\n", "? a", "[", "]", "{", "}",
	",", "#", " #", "a #b", "\xff\xfe", "\x80", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nbody", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
	"\x00\x05hello", "\x05hello", "\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02ab", "\x00\x00\x00\x0e\x00\x03\x00\x00user\x00ann\x00\x00", "\x1b[31mred", "a \n b \n", "a\n b", "\x7f", "\ufffd", "\ufffe",
	"x\\n\r\n", "say \"x\"\r\nand 'y'\r\n", " \r\n", "a\r\n\r\n", "first\n\tsecond\n", "#!\n", "<< : x", "key: [1, 2]\n", "\u0085", "$$", "$${$}",
}

func TestBytesAreTheSame(t *testing.T) {
	for _, text := range texts {
		replays(t, talk("C: "+text, "S: "+text, "C: EOF", "S: EOF"))
	}
}

// someBytes makes up what a side may say.
func someBytes(r *rand.Rand) []byte {
	var b []byte
	switch r.IntN(8) {
	case 0:
		b = make([]byte, 1+r.IntN(600))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
	case 1:
		b = bytes.Repeat([]byte(texts[r.IntN(len(texts))]), 1+r.IntN(300))
	case 2:
		for range 1 + r.IntN(20) {
			b = append(b, texts[r.IntN(len(texts))]+"\r\n"...)
		}
	case 3:
		for range 1 + r.IntN(20) {
			b = append(b, texts[r.IntN(len(texts))]+"\n"...)
		}
	case 4:
		for range 1 + r.IntN(3) {
			body := texts[r.IntN(len(texts))]
			b = append(scenario.U16BE.Append(b, uint64(len(body))), body...)
		}
	case 5:
		for range 1 + r.IntN(40) {
			b = append(b, byte(r.IntN(3)))
		}
	default:
		for range 1 + r.IntN(3) {
			b = append(b, texts[r.IntN(len(texts))]...)
		}
	}
	return b
}

func someTalk(r *rand.Rand) capture.Conversation {
	c := capture.Conversation{Client: client, Server: server, Began: began.Add(time.Duration(r.IntN(30)) * time.Millisecond)}
	at := time.Duration(0)
	add := func(e capture.Event) {
		at += time.Duration(r.IntN(4000)) * time.Microsecond
		e.At = at
		c.Events = append(c.Events, e)
	}
	for range r.IntN(8) {
		from := capture.Side(r.IntN(2))
		b := someBytes(r)
		for len(b) > 0 {
			n := len(b)
			if r.IntN(3) == 0 {
				n = 1 + r.IntN(n)
			}
			add(capture.Event{Kind: capture.Data, From: from, Data: b[:n]})
			b = b[n:]
		}
	}
	first := capture.Side(r.IntN(2))
	switch r.IntN(5) {
	case 0:
		add(capture.Event{Kind: capture.Reset, From: first})
	case 1:
		add(capture.Event{Kind: capture.EOF, From: first})
		add(capture.Event{Kind: capture.Data, From: first.Other(), Data: someBytes(r)})
		add(capture.Event{Kind: capture.EOF, From: first.Other()})
	default:
		add(capture.Event{Kind: capture.EOF, From: first})
		add(capture.Event{Kind: capture.EOF, From: first.Other()})
	}
	return c
}

func TestConversationsReplay(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 5))
		var convs []capture.Conversation
		for range 1 + r.IntN(3) {
			convs = append(convs, someTalk(r))
		}
		convs = sorted(convs)
		if t.Run(fmt.Sprint(seed), func(t *testing.T) { replays(t, convs...) }); t.Failed() {
			break
		}
	}
}

func sorted(convs []capture.Conversation) []capture.Conversation {
	slices.SortStableFunc(convs, func(a, b capture.Conversation) int { return a.Began.Compare(b.Began) })
	return convs
}
