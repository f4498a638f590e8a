package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func open(t *testing.T, at Local, listen bool) *Listener {
	t.Helper()
	if at.Host == "" && at.Path == "" {
		at.Host = "127.0.0.1"
	}
	l, err := Open(t.Context(), at, listen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func dialTo(t *testing.T, to Addr) (*Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := Dial(ctx, to, DialOptions{})
	if err == nil {
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(time.Minute))
	}
	return c, err
}

// connected are the two ends of a connection.
func connected(t *testing.T, l *Listener) (client, server *Conn) {
	t.Helper()
	client, err := dialTo(t, l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	server.SetDeadline(time.Now().Add(time.Minute))
	if server.Remote != client.Local || server.Local != client.Remote {
		t.Fatalf("the ends don't agree: %v-%v and %v-%v", client.Local, client.Remote, server.Remote, server.Local)
	}
	return client, server
}

func onLinux(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
}

func TestBacklogIsTheKernels(t *testing.T) {
	onLinux(t)
	for _, backlog := range []int{0, 1, 128} {
		l := open(t, Local{Backlog: backlog}, true)
		length, limit, err := l.Queue()
		if err != nil || length != 0 || limit != backlog {
			t.Errorf("backlog %d: queue %d of %d, %v", backlog, length, limit, err)
		}
	}
	l := open(t, Local{Backlog: 1}, true)
	for range 2 {
		if _, err := dialTo(t, l.Addr()); err != nil {
			t.Fatal(err)
		}
	}
	if length, _, err := l.Queue(); length != 2 || err != nil {
		t.Errorf("%d wait, want 2 (%v)", length, err)
	}
}

func TestBoundAndNotListeningRefuses(t *testing.T) {
	l := open(t, Local{}, false)
	if _, err := dialTo(t, l.Addr()); !IsRefused(err) {
		t.Fatalf("got %v, want a refusal", err)
	}
	alone(t, l)
	if err := l.Listen(); err != nil {
		t.Fatal(err)
	}
	connected(t, l)
}

// alone checks that nobody else can listen on the port of a socket that is only
// bound, not even somebody who sets SO_REUSEADDR as well.
func alone(t *testing.T, l *Listener) {
	t.Helper()
	if other, err := net.Listen("tcp", l.Addr().String()); err == nil {
		other.Close()
		t.Error("somebody else could listen on the port")
	}
}

func TestStopKeepsThePortAndStartsAgain(t *testing.T) {
	onLinux(t)
	l := open(t, Local{}, true)
	client, server := connected(t, l)
	for range 3 {
		if err := l.Stop(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("accept while stopped: %v", err)
		}
		if _, err := dialTo(t, l.Addr()); !IsRefused(err) {
			t.Fatalf("got %v, want a refusal", err)
		}
		alone(t, l)
		if err := l.Listen(); err != nil {
			t.Fatal(err)
		}
		connected(t, l)
	}
	if _, err := server.Write([]byte("still")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 8)
	if n, err := client.Read(buf); string(buf[:n]) != "still" || err != nil {
		t.Fatalf("read %q, %v: the accepted connection does not live on", buf[:n], err)
	}
}

func TestStopWakesAccept(t *testing.T) {
	l := open(t, Local{}, true)
	done := make(chan error)
	go func() {
		_, err := l.Accept()
		done <- err
	}()
	if err := l.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Fatalf("got %v", err)
	}
}

func TestResetIsRememberedAndComesAfterTheBytes(t *testing.T) {
	l := open(t, Local{}, true)
	client, server := connected(t, l)
	if _, err := server.Write([]byte("last")); err != nil {
		t.Fatal(err)
	}
	if err := server.Reset(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 8)
	if n, err := io.ReadFull(client, buf[:4]); err != nil {
		t.Fatalf("read %q, %v", buf[:n], err)
	}
	for range 3 {
		if _, err := client.Read(buf); err != ErrReset {
			t.Fatalf("got %v, want a reset", err)
		}
	}
}

func TestWriteToResetPeer(t *testing.T) {
	l := open(t, Local{}, true)
	client, server := connected(t, l)
	server.Reset()
	for {
		if _, err := client.Write([]byte("x")); err != nil {
			if err != ErrReset {
				t.Fatalf("got %v", err)
			}
			break
		}
	}
	if _, err := client.Read(make([]byte, 1)); err != ErrReset {
		t.Fatalf("after a write was told of the reset, read says %v", err)
	}
}

func TestHalfClose(t *testing.T) {
	l := open(t, Local{}, true)
	client, server := connected(t, l)
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("got %v, want eof", err)
	}
	if _, err := server.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
}

func TestPeekLeavesTheBytes(t *testing.T) {
	l := open(t, Local{}, true)
	client, server := connected(t, l)
	peeker, ok := any(client).(interface{ Peek([]byte) (int, error) })
	if !ok {
		t.Skip("sockets of this system can't be peeked at")
	}
	server.Write([]byte("hello"))
	buf := make([]byte, 8)
	for range 2 {
		if n, err := peeker.Peek(buf[:1]); n != 1 || err != nil || buf[0] != 'h' {
			t.Fatal(n, err, buf)
		}
	}
	if n, err := io.ReadFull(client, buf[:5]); string(buf[:n]) != "hello" || err != nil {
		t.Fatal(string(buf[:n]), err)
	}
	client.SetDeadline(time.Unix(1, 0))
	if _, err := peeker.Peek(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("peek after the deadline: %v", err)
	}
	client.SetDeadline(time.Time{})
	server.CloseWrite()
	if _, err := peeker.Peek(buf); err != io.EOF {
		t.Fatalf("peek at the end: %v", err)
	}
}

func TestFreePortsAreUnlike(t *testing.T) {
	seen := map[Addr]bool{}
	for range 200 {
		l := open(t, Local{}, false)
		if seen[l.Addr()] {
			t.Fatalf("%v comes twice", l.Addr())
		}
		seen[l.Addr()] = true
	}
}

func TestPortInUse(t *testing.T) {
	l := open(t, Local{}, true)
	_, err := Open(t.Context(), Local{Host: "127.0.0.1", Port: int(l.Addr().Port())}, true)
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("got %v", err)
	}
}

func TestEveryAddress(t *testing.T) {
	l, err := Open(t.Context(), Local{}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	connected(t, l)
	if l.dual {
		if _, err := dialTo(t, TCP(netip.AddrPortFrom(netip.IPv6Loopback(), l.Addr().Port()))); err != nil {
			t.Errorf("over IPv6: %v", err)
		}
	}
}

func TestIPv6(t *testing.T) {
	l, err := Open(t.Context(), Local{Host: "::1"}, true)
	if errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) {
		t.Skip("no IPv6 here")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	connected(t, l)
}

// The server may accept before the client's Dial has returned.
func TestLocalAddressIsKnownBeforeAccept(t *testing.T) {
	l := open(t, Local{}, true)
	for range 50 {
		var local func() Addr
		c, err := Dial(t.Context(), l.Addr(), DialOptions{Began: func(f func() Addr) { local = f }})
		if err != nil {
			t.Fatal(err)
		}
		s, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got := local(); got != c.Local || got != s.Remote {
			t.Fatalf("%v, %v and %v", got, c.Local, s.Remote)
		}
		s.Close()
		c.Close()
		if got := local(); got.IsValid() {
			t.Fatalf("a closed socket has the address %v", got)
		}
	}
}
