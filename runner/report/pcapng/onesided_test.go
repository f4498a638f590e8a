package pcapng_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"

	"banter/runner"
	"banter/runner/capture"
	"banter/runner/capture/pcap"
)

// Of a server outside of the run there is what its client saw.
func TestServerOutside(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := ln.Accept()
		if err == nil {
			defer conn.Close()
			if _, err = io.ReadFull(conn, make([]byte, 5)); err == nil {
				_, err = conn.Write([]byte("hhhh"))
			}
		}
		served <- err
	}()
	s := parse(t, "greeting.yaml", []byte(`
servers: {greeter: {reply: hhhh}}
clients: {ann: [connect: greeter, send: hello, expect: hhhh, expect: {eof}]}
`))
	result, err := runner.Run(context.Background(), s, runner.Options{Connect: map[string]string{"greeter": ln.Addr().String()}})
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	if err != nil || !result.Passed() {
		t.Fatal(err, result.Failures)
	}
	convs, err := pcap.Read(bytes.NewReader(captured(t, s, result)), pcap.ReadOptions{})
	if err != nil || len(convs) != 1 {
		t.Fatal(convs, err)
	}
	var got []capture.Event
	for _, e := range convs[0].Events {
		got = append(got, capture.Event{Kind: e.Kind, From: e.From, Data: e.Data})
	}
	want := []capture.Event{
		{Kind: capture.Data, From: capture.Client, Data: []byte("hello")}, {Kind: capture.Data, From: capture.Server, Data: []byte("hhhh")},
		{Kind: capture.EOF, From: capture.Server}, {Kind: capture.EOF, From: capture.Client},
	}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i].Kind != want[i].Kind || got[i].From != want[i].From || !bytes.Equal(got[i].Data, want[i].Data) {
			t.Errorf("event %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}
