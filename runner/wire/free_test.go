package wire

import (
	"fmt"
	"net"
	"testing"
)

func TestFreePort(t *testing.T) {
	port, release, err := FreePort(nil)
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
	if unused(nil, port) == nil {
		t.Error("it is in use, and is said not to be")
	}
	tcp.Close()
	if unused(nil, port) == nil {
		t.Error("it is in use by UDP, and is said not to be")
	}
	udp.Close()
	if unused(nil, port) != nil {
		t.Error("it is free, and is said not to be")
	}

	// It is given to nobody else until it is released.
	begin := func() { programPorts.last.Store(uint32(port) - 1 - programPorts.first) }
	begin()
	other, releaseOther, err := FreePort(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer releaseOther()
	if other == port {
		t.Error("it is given again")
	}
	release()
	begin()
	again, releaseAgain, err := FreePort(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer releaseAgain()
	if again != port {
		t.Errorf("it is released, and %d is given", again)
	}
}
