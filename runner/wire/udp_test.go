package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

func openPackets(t *testing.T, at Local, listen bool) *PacketListener {
	t.Helper()
	l, err := OpenPackets(t.Context(), at, listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func read(t *testing.T, c *Conn) string {
	t.Helper()
	buf := make([]byte, maxDatagram)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

// write sends datagrams.
func write(t *testing.T, c *Conn, datagrams ...string) {
	t.Helper()
	for _, d := range datagrams {
		if n, err := io.WriteString(c, d); n != len(d) || err != nil {
			t.Fatal(n, err)
		}
	}
}

func TestPacketsAreSortedByPeer(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost", ""} {
		l := openPackets(t, Local{Host: host}, true)
		var clients, servers [2]*Conn
		for i := range clients {
			client, err := dialTo(t, l.Addr())
			if err != nil {
				t.Fatal(err)
			}
			write(t, client, "first", "")
			server, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			server.SetDeadline(time.Now().Add(time.Minute))
			if server.Remote != client.Local {
				t.Fatalf("the server sees %v, the client is %v", server.Remote, client.Local)
			}
			clients[i], servers[i] = client, server
		}
		done := make(chan error, 1)
		go func() {
			_, err := l.Accept()
			l.Deliver()
			done <- err
		}()
		write(t, clients[1], "third")
		for i, server := range servers {
			if a, b := read(t, server), read(t, server); a != "first" || b != "" {
				t.Errorf("client %d: %q %q", i, a, b)
			}
			write(t, server, "back")
			if got := read(t, clients[i]); got != "back" {
				t.Errorf("client %d: %q", i, got)
			}
		}
		if got := read(t, servers[1]); got != "third" {
			t.Errorf("%q", got)
		}

		// After a Stop nobody new gets in, the others go on; and what has come
		// when it is shut is there.
		l.Stop()
		stranger, err := dialTo(t, l.Addr())
		if err != nil {
			t.Fatal(err)
		}
		write(t, stranger, "too late")
		write(t, clients[0], "last")
		l.Shut()
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		buf := make([]byte, 10)
		if n, err := servers[0].Late(buf, false); string(buf[:n]) != "last" || err != nil {
			t.Error(string(buf[:n]), err)
		}
		if n, err := servers[0].Late(buf, false); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(n, err)
		}
		if len(l.peers) != 2 {
			t.Errorf("%d peers", len(l.peers))
		}
	}
}

func TestPacketsDeadline(t *testing.T) {
	l := openPackets(t, Local{Host: "127.0.0.1"}, true)
	client, err := dialTo(t, l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	write(t, client, "x")
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, server); got != "x" {
		t.Fatal(got)
	}
	server.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := server.Read(make([]byte, 1)); err != os.ErrDeadlineExceeded {
		t.Fatal(err)
	}
	// Also of a read that waits already.
	server.SetReadDeadline(time.Time{})
	done := make(chan error, 1)
	go func() {
		_, err := server.Read(make([]byte, 1))
		done <- err
	}()
	server.SetDeadline(time.Unix(1, 0))
	if err := <-done; err != os.ErrDeadlineExceeded {
		t.Fatal(err)
	}
}

// A datagram that is refused is told with the next read, also where a write
// heard of it; and no datagram is lost by that.
func TestPacketsAreRefused(t *testing.T) {
	onLinux(t)
	l := openPackets(t, Local{Host: "127.0.0.1"}, false)
	client, err := dialTo(t, l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	write(t, client, "1", "2")
	if _, err := client.Read(make([]byte, 1)); err != ErrRefused {
		t.Fatal(err)
	}
	if _, err := client.Late(make([]byte, 1), false); err != ErrRefused { // the second
		t.Fatal(err)
	}
	if _, err := OpenPackets(t.Context(), Local{Host: "127.0.0.1", Port: int(l.Addr().Port())}, true); err == nil {
		t.Fatal("the port is not kept")
	}
	write(t, client, "3")
	if err := l.Listen(); err != nil {
		t.Fatal(err)
	}
	write(t, client, "4")
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, server); got != "4" {
		t.Fatal(got)
	}
}
