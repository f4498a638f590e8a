package record_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"banter/runner/capture"
	"banter/runner/record"
	"banter/runner/wire"
)

// patience is how long anything here may take before it has failed.
const patience = time.Minute

// proxied is a proxy that runs.
type proxied struct {
	tape *record.Tape
	at   string // where it listens
	stop context.CancelFunc
	done chan struct{}
}

func startProxy(t *testing.T, p *record.Proxy) *proxied {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ln, err := wire.Open(ctx, wire.Local{Host: "127.0.0.1", Backlog: -1}, true)
	if err != nil {
		t.Fatal(err)
	}
	if p.Tape == nil {
		p.Tape = record.NewTape(1 << 20)
	}
	x := &proxied{tape: p.Tape, at: ln.Addr().String(), stop: stop, done: make(chan struct{})}
	go func() {
		defer close(x.done)
		if err := p.Serve(ctx, ln); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { stop(); <-x.done })
	return x
}

// serve runs a proxy in front of a server that does f with each connection.
func serve(t *testing.T, f func(*net.TCPConn)) *proxied {
	t.Helper()
	ln := must(net.Listen("tcp", "127.0.0.1:0"))
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	t.Cleanup(func() { ln.Close() })
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(patience))
			wg.Go(func() { f(c.(*net.TCPConn)) })
		}
	})
	return startProxy(t, &record.Proxy{To: wire.TCP(netip.MustParseAddrPort(ln.Addr().String()))})
}

func (x *proxied) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	c := must(net.Dial("tcp", x.at)).(*net.TCPConn)
	c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { c.Close() })
	return c
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// settled waits until n connections have ended, and returns them as text.
func (x *proxied) settled(t *testing.T, n int) []string {
	t.Helper()
	for end := time.After(patience); ; {
		changed := x.tape.Changed()
		takes, _ := x.tape.Takes()
		if len(takes) >= n && x.tape.Open() == 0 {
			var all []string
			for _, take := range takes {
				all = append(all, text(take))
			}
			return all
		}
		select {
		case <-changed:
		case <-end:
			t.Fatalf("%d connections, %d open", len(takes), x.tape.Open())
		}
	}
}

// text is what happened on a connection: ">" by the client, "<" by the server.
func text(take record.Take) string {
	var parts []string
	side, data := capture.Client, ""
	flush := func() {
		if data != "" {
			parts = append(parts, fmt.Sprintf("%c%q", "><"[side], data))
		}
		data = ""
	}
	for _, e := range take.Events {
		if e.Kind == capture.Data {
			if e.From != side {
				flush()
			}
			side, data = e.From, data+string(e.Data)
			continue
		}
		flush()
		kind := map[capture.Kind]string{capture.EOF: "eof", capture.Reset: "reset", capture.Refused: "refused", capture.TLS: "tls"}[e.Kind]
		parts = append(parts, fmt.Sprintf("%c%s", "><"[e.From], kind))
	}
	flush()
	if take.Cut != "" {
		parts = append(parts, "cut: "+take.Cut)
	}
	return strings.Join(parts, " ")
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestProxyHalfClose(t *testing.T) {
	x := serve(t, func(c *net.TCPConn) {
		defer c.Close()
		all := must(io.ReadAll(c)) // up to the client's end
		must(c.Write([]byte("you said " + string(all))))
	})
	c := x.dial(t)
	must(c.Write([]byte("hello")))
	c.CloseWrite()
	if got := string(must(io.ReadAll(c))); got != "you said hello" {
		t.Errorf("the client got %q", got)
	}
	expect(t, x.settled(t, 1), `>"hello" >eof <"you said hello" <eof`)
}

func TestProxyServerHalfCloses(t *testing.T) {
	x := serve(t, func(c *net.TCPConn) {
		defer c.Close()
		must(c.Write([]byte("220 hello")))
		c.CloseWrite()
		if got := string(must(io.ReadAll(c))); got != "bye" {
			t.Errorf("the server got %q", got)
		}
	})
	c := x.dial(t)
	if got := string(must(io.ReadAll(c))); got != "220 hello" {
		t.Errorf("the client got %q", got)
	}
	must(c.Write([]byte("bye")))
	c.Close()
	expect(t, x.settled(t, 1), `<"220 hello" <eof >"bye" >eof`)
}

func TestProxyResetByServer(t *testing.T) {
	x := serve(t, func(c *net.TCPConn) {
		must(io.ReadFull(c, make([]byte, 5)))
		c.SetLinger(0)
		c.Close()
	})
	c := x.dial(t)
	must(c.Write([]byte("hello")))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client got %v", err)
	}
	expect(t, x.settled(t, 1), `>"hello" <reset`)
}

// What was sent before a reset gets there.
func TestProxyResetByClient(t *testing.T) {
	big := strings.Repeat("x", 300<<10)
	got := make(chan int, 1)
	x := serve(t, func(c *net.TCPConn) {
		defer c.Close()
		n, err := io.Copy(io.Discard, c)
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the server got %v", err)
		}
		got <- int(n)
	})
	c := x.dial(t)
	must(c.Write([]byte(big)))
	for n := 0; n < len(big); { // until the proxy has it
		takes, _ := x.tape.Takes()
		n = 0
		for _, take := range takes {
			n += int(take.Sent[capture.Client])
		}
	}
	c.SetLinger(0)
	c.Close()
	if n := <-got; n != len(big) {
		t.Errorf("the server got %d bytes of %d", n, len(big))
	}
	if all := x.settled(t, 1); !strings.HasSuffix(all[0], `x" >reset`) {
		t.Errorf("recorded %s", all[0])
	}
}

func TestProxyRefused(t *testing.T) {
	ctx := t.Context()
	bound := must(wire.Open(ctx, wire.Local{Host: "127.0.0.1"}, false)) // and does not listen
	defer bound.Close()
	x := startProxy(t, &record.Proxy{To: bound.Addr()})
	c, err := net.Dial("tcp", x.at) // may be reset already
	if err == nil {
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client got %v", err)
	}
	expect(t, x.settled(t, 1), `<refused`)
}

func TestProxyManyAtOnce(t *testing.T) {
	const n = 50
	x := serve(t, func(c *net.TCPConn) {
		defer c.Close()
		io.Copy(c, c)
	})
	var wg sync.WaitGroup
	for i := range n {
		c := x.dial(t)
		wg.Go(func() {
			for round := range 20 {
				line := fmt.Sprintf("%d of %d\n", round, i)
				must(c.Write([]byte(line)))
				buf := make([]byte, len(line))
				must(io.ReadFull(c, buf))
				if string(buf) != line {
					t.Errorf("got %q for %q", buf, line)
				}
			}
			c.CloseWrite()
			if rest, err := io.ReadAll(c); len(rest) > 0 || err != nil {
				t.Errorf("%q, %v at the end", rest, err)
			}
		})
	}
	wg.Wait()
	for _, conn := range x.settled(t, n) {
		if !strings.HasSuffix(conn, "\" >eof <eof") || strings.Count(conn, "<\"") != 20 {
			t.Errorf("recorded %s", conn)
		}
	}
}

// Of more than fits on the tape the beginning is kept, and all passes.
func TestProxyTapeIsFull(t *testing.T) {
	const size = 4 << 20
	ln := must(net.Listen("tcp", "127.0.0.1:0"))
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.Write(make([]byte, size))
	}()
	x := startProxy(t, &record.Proxy{To: wire.TCP(netip.MustParseAddrPort(ln.Addr().String())), Tape: record.NewTape(1 << 20)})
	c := x.dial(t)
	if n := must(io.Copy(io.Discard, c)); n != size {
		t.Errorf("the client got %d bytes of %d", n, size)
	}
	c.Close()
	x.settled(t, 1)
	takes, full := x.tape.Takes()
	kept := 0
	for _, e := range takes[0].Events {
		kept += len(e.Data)
	}
	if !full || takes[0].Sent[capture.Server] != size || kept < 900<<10 || kept > 1<<20 {
		t.Errorf("full: %v, kept %d bytes of %d", full, kept, takes[0].Sent[capture.Server])
	}
}

// A connection that is open when the recording ends is broken off, and is there
// as far as it came.
func TestProxyStops(t *testing.T) {
	x := serve(t, func(c *net.TCPConn) {
		defer c.Close()
		io.Copy(c, c)
	})
	c := x.dial(t)
	must(c.Write([]byte("hello")))
	must(io.ReadFull(c, make([]byte, 5)))
	x.stop()
	<-x.done
	expect(t, x.settled(t, 1), `>"hello" <"hello" cut: it was still open when the recording ended`)
}

func TestProxyUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "echo.sock")
	ln := must(net.Listen("unix", path))
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	x := startProxy(t, &record.Proxy{To: wire.Unix(path)})
	c := x.dial(t)
	must(c.Write([]byte("hello")))
	must(io.ReadFull(c, make([]byte, 5)))
	c.CloseWrite()
	if rest, err := io.ReadAll(c); len(rest) > 0 || err != nil {
		t.Errorf("%q, %v at the end", rest, err)
	}
	expect(t, x.settled(t, 1), `>"hello" <"hello" >eof <eof`)
}

func TestProxyUDP(t *testing.T) {
	server := must(net.ListenPacket("udp", "127.0.0.1:0"))
	defer server.Close()
	go func() {
		buf := make([]byte, 1<<16)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			server.WriteTo(append([]byte("re: "), buf[:n]...), from)
		}
	}()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ln := must(wire.OpenPackets(ctx, wire.Local{Host: "127.0.0.1"}, true))
	tape := record.NewTape(1 << 20)
	p := &record.Proxy{To: wire.UDP(netip.MustParseAddrPort(server.LocalAddr().String())), Tape: tape}
	done := make(chan error)
	go func() { done <- p.Serve(ctx, ln) }()
	for range 2 {
		c := must(net.Dial("udp", ln.Addr().AddrPort.String()))
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		buf := make([]byte, 100)
		for _, word := range []string{"one", "", "two"} {
			must(c.Write([]byte(word)))
			if n := must(c.Read(buf)); string(buf[:n]) != "re: "+word {
				t.Errorf("got %q", buf[:n])
			}
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	takes, _ := tape.Takes()
	for _, take := range takes {
		if got, want := text(take), `>"one" <"re: one" <"re: " >"two" <"re: two"`; got != want || len(take.Events) != 6 || !take.Datagrams {
			t.Errorf("recorded %s in %d events", got, len(take.Events))
		}
	}
	if len(takes) != 2 {
		t.Errorf("%d clients", len(takes))
	}
}

func TestProxyTLS(t *testing.T) {
	authority := must(wire.NewAuthority())
	cert := must(authority.Issue("greeter", "localhost", "127.0.0.1"))
	ln := must(wire.Open(t.Context(), wire.Local{Host: "127.0.0.1", Backlog: -1}, true))
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			if _, err := c.Handshake(&wire.TLS{Server: true, Certificate: cert}, nil, nil); err != nil {
				c.Close()
				continue
			}
			io.ReadFull(c, make([]byte, 5))
			c.Write([]byte("hhhh"))
			c.Close()
		}
	}()
	own := must(wire.NewAuthority())
	config := &record.ProxyTLS{
		Client: &wire.TLS{Server: true, Certificate: must(own.Issue("proxy", "127.0.0.1"))},
		Target: &wire.TLS{Trust: &authority.Authorities, Name: "127.0.0.1"},
	}
	x := startProxy(t, &record.Proxy{To: ln.Addr(), TLS: config})
	c := must(wire.Dial(t.Context(), wire.TCP(netip.MustParseAddrPort(x.at)), wire.DialOptions{}))
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	must(c.Handshake(&wire.TLS{Trust: &own.Authorities, Name: "127.0.0.1"}, nil, nil))
	must(c.Write([]byte("hello")))
	if got := string(must(io.ReadAll(c))); got != "hhhh" {
		t.Errorf("got %q", got)
	}
	c.CloseWrite()
	expect(t, x.settled(t, 1), `>tls >"hello" <"hhhh" <eof >eof`)

	// A target that is not trusted.
	x = startProxy(t, &record.Proxy{To: ln.Addr(), TLS: &record.ProxyTLS{
		Client: config.Client, Target: &wire.TLS{Trust: &own.Authorities, Name: "127.0.0.1"},
	}})
	d := must(wire.Dial(t.Context(), wire.TCP(netip.MustParseAddrPort(x.at)), wire.DialOptions{}))
	d.SetDeadline(time.Now().Add(patience))
	must(d.Handshake(&wire.TLS{Trust: &own.Authorities, Name: "127.0.0.1"}, nil, nil))
	if _, err := d.Read(make([]byte, 1)); err == nil {
		t.Error("the client was served")
	}
	if got := x.settled(t, 1)[0]; !strings.HasPrefix(got, "cut: TLS with the target: ") {
		t.Errorf("recorded %s", got)
	}
}
