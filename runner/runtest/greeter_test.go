package runtest_test

import (
	"io"
	"net"
	"testing"

	"banter/runner/runtest"
)

// greet is the server under test: it answers five bytes with four.
func greet(conn net.Conn) {
	defer conn.Close()
	hello := make([]byte, 5)
	if _, err := io.ReadFull(conn, hello); err != nil {
		return
	}
	io.WriteString(conn, "hhhh")
}

func TestGreeter(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go greet(conn)
		}
	}()

	runtest.Dir(t, "testdata/scenarios", runtest.Connect("greeter", ln.Addr()))
}
