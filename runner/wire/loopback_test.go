package wire

import (
	"testing"
)

// Where the system can't hold a socket to the loopback addresses, one of them
// takes the place of every address.
func TestLoopbackAlone(t *testing.T) {
	system := canNarrow
	canNarrow = func() bool { return false }
	defer func() { canNarrow = system }()
	for host, want := range map[string]string{"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1", "127.0.0.2": "127.0.0.2"} {
		at := Local{Host: host, Backlog: -1, Loopback: true}
		l, err := Open(t.Context(), at, true)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		packets, err := OpenPackets(t.Context(), at, true)
		if err != nil {
			t.Fatal(err)
		}
		defer packets.Close()
		if got := l.bound.Addr().String(); got != want || l.dual {
			t.Errorf("%q is bound to %s", host, got)
		}
		if got := packets.bound.Addr().String(); got != want {
			t.Errorf("%q of UDP is bound to %s", host, got)
		}
	}
}
