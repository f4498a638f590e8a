package wire

import (
	"fmt"
	"net"
	"testing"
)

func TestFreePort(t *testing.T) {
	port, release, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprintf("127.0.0.1:%d", port)
	tcp, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	for range ports { // all there are
		if freePort() == port {
			t.Fatal("it is given again")
		}
	}
	if unused(port) == nil {
		t.Error("it is in use, and is said not to be")
	}
	tcp.Close()
	if unused(port) == nil {
		t.Error("it is in use by UDP, and is said not to be")
	}
	release()
	again := false
	for range ports {
		again = again || freePort() == port
	}
	if !again {
		t.Error("it is never given again")
	}
}
