package record_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"banter/runner/capture"
	"banter/runner/scenario"
)

var update = flag.Bool("update", false, "write the scenarios in testdata anew")

// Scenarios are what a person would have written. Read them after an update.
func TestScenarios(t *testing.T) {
	after := func(c capture.Conversation, d time.Duration) capture.Conversation {
		c.Began = c.Began.Add(d)
		return c
	}
	at := func(c capture.Conversation, from int, d time.Duration) capture.Conversation {
		for i := from; i < len(c.Events); i++ {
			c.Events[i].At += d
		}
		return c
	}
	redis := talk("C: *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\nhhhh\r\n", "S: +OK\r\n", "C: *2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "S: $4\r\nhhhh\r\n", "C: EOF", "S: EOF")
	datagrams := talk("C: ask localhost", "S: 127.0.0.1", "C: ", "S: \x12\x34\x81\x80\x00\x01\x02mx\x04test\x00")
	datagrams.Datagrams = true
	named := talk("C: hello", "S: hhhh", "C: EOF", "S: EOF")
	named.Names = [2]string{"ann", "greeter"}
	gap := talk("C: hello", "S: hhhh", "C: EOF", "S: EOF")
	gap.Events[1] = capture.Event{Kind: capture.Gap, From: capture.Server, Missing: 1448}
	blob := ""
	for b := range 256 {
		blob += string([]byte{byte(b)})
	}
	for name, convs := range map[string][]capture.Conversation{
		"smtp": {talk("S: 220 mx.test ESMTP\r\n", "C: EHLO client.test\r\n", "S: 250-mx.test\r\n250-PIPELINING\r\n250 HELP\r\n",
			"C: MAIL FROM:<ann@test>\r\n", "S: 250 OK\r\n", "C: DATA\r\n", "S: 354 go on\r\n",
			"C: Subject: greeting\r\n\r\nhhhh\r\n.\r\n", "S: 250 OK id=1\r\n", "C: QUIT\r\n", "S: 221 bye\r\n", "S: EOF", "C: EOF")},
		"http": {talk("C: GET /greeting HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/8.14\r\nAccept: */*\r\n\r\n",
			"S: HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\nHello, world!", "C: EOF", "S: EOF")},
		"mqtt": {talk("C: \x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03ann", "S: \x20\x02\x00\x00",
			"C: \x82\x0d\x00\x01\x00\x08greeting\x00", "S: \x90\x03\x00\x01\x00", "C: \x30\x0e\x00\x08greetinghhhh", "C: \xe0\x00", "C: EOF", "S: EOF")},
		"postgresql": {talk("C: \x00\x00\x00\x08\x04\xd2\x16\x2f", "S: N", "C: \x00\x00\x00\x12\x00\x03\x00\x00user\x00ann\x00\x00",
			"S: R\x00\x00\x00\x08\x00\x00\x00\x00S\x00\x00\x00\x16server_version\x0015\x00Z\x00\x00\x00\x05I",
			"C: Q\x00\x00\x00\x0dselect 1\x00", "S: C\x00\x00\x00\x0dSELECT 1\x00Z\x00\x00\x00\x05I", "C: X\x00\x00\x00\x04", "C: EOF", "S: EOF")},
		"dns-tcp": {talk("C: \x00\x19\x12\x67\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02mx\x04test\x00\x00\x01\x00\x01",
			"S: \x00\x0c\x12\x67\x81\x83\x00\x00\x00\x00\x00\x00\x00\x00", "C: \x00\x02hi", "S: \x00\x02ho", "C: EOF", "S: EOF")},
		"pubsub": {
			at(talk("C: *2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nnews\r\n", "S: *3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n",
				"S: *3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$4\r\nhhhh\r\n", "C: EOF", "S: EOF"), 2, 50*time.Millisecond),
			after(talk("C: *3\r\n$7\r\nPUBLISH\r\n$4\r\nnews\r\n$4\r\nhhhh\r\n", "S: :1\r\n", "C: EOF", "S: EOF"), 49*time.Millisecond),
		},
		"one-after-the-other": {redis, after(redis, time.Second), after(redis, 2*time.Second)},
		"cut":                 {talk("S: log", "S: in: ", "C: a", "C: nn\n", "S: hello ", "S: ann\n", "S: RST")},
		"pipelining": {talk("C: set a 1\nset b 2\nset c 3\n\r\n*2\r\n$4\r\nECHO\r\n$8\r\n\x6a\x6b\xac\xc5\x42\x0c\x65\xec\r\n",
			"S: +OK\r\n+OK\r\n+OK\r\n$8\r\n\x6a\x6b\xac\xc5\x42\x0c\x65\xec\r\n", "C: EOF", "S: EOF")},
		"blob":      {talk("C: GET blob\r\n", "S: $512\r\n"+blob+blob+"\r\n", "C: EOF", "S: EOF")},
		"datagrams": {datagrams},
		"names":     {named, after(talk("C: REFUSED"), time.Second)},
		"gap":       {gap},
		"long":      {talk("C: "+string(make([]byte, 100)), "S: "+long("ab", 5000), "C: "+long("hello\r\n", 200)+long("$5\r\nhello\r\n", 40), "S: "+long("0123456789abcdefghi\n", 300), "C: EOF", "S: EOF")},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".yaml")
			got := replays(t, convs...)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if formatted, _, err := scenario.Format(path, want); err != nil || string(formatted) != got {
				t.Errorf("banter fmt makes of it\n%s%v", formatted, err)
			}
		})
	}
}

// long is a text again and again.
func long(text string, times int) string {
	out := ""
	for range times {
		out += text
	}
	return out
}
