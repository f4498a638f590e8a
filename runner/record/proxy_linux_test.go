package record_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
)

// A client that has half-closed can still reset, and the server hears of it
// though it has read the end and only waits.
func TestProxyResetAfterHalfClose(t *testing.T) {
	read := make(chan struct{})
	x := serve(t, func(c *net.TCPConn) {
		defer c.Close()
		io.Copy(io.Discard, c)
		close(read)
		raw := must(c.SyscallConn())
		for {
			var soErr int
			raw.Control(func(fd uintptr) { soErr, _ = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR) })
			if soErr != 0 {
				return
			}
		}
	})
	c := x.dial(t)
	must(c.Write([]byte("hello")))
	c.CloseWrite()
	<-read
	c.SetLinger(0)
	c.Close()
	expect(t, x.settled(t, 1), `>"hello" >eof >reset`)
}

// A client that has closed takes nothing more: a server that goes on sending is
// reset, as it would be without a proxy.
func TestProxyClientClosed(t *testing.T) {
	met := make(chan error, 1)
	x := serve(t, func(c *net.TCPConn) {
		defer c.Close()
		io.Copy(io.Discard, c)
		for {
			if _, err := c.Write([]byte("more")); err != nil {
				met <- err
				return
			}
		}
	})
	c := x.dial(t)
	must(c.Write([]byte("hello")))
	c.Close()
	if err := <-met; !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("the server got %v", err)
	}
	x.settled(t, 1)
}
