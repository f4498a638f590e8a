package wire

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"
)

// programPorts are the ports for programs. They are others than our own: those
// of servers that have closed first stay in TIME_WAIT, and a program that does
// not set SO_REUSEADDR can't bind one.
var programPorts = newPortRange(10000, 15000)

// reserved are the ports that FreePort has given away.
var reserved sync.Map

// FreePort finds a port that a program can bind, of TCP and of UDP, at every
// address. FreePort gives it to nobody else until it is released; what other
// programs do is not known; in a Namespace there are none yet.
func FreePort(network *Namespace) (port int, release func(), err error) {
	err = programPorts.try(int(programPorts.n), func(n int) error {
		if _, given := reserved.LoadOrStore(n, true); given {
			return syscall.EADDRINUSE
		}
		err := unused(network, n)
		if port = n; err != nil {
			reserved.Delete(n)
		}
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("no port is free for a program: %w", err)
	}
	return port, func() { reserved.Delete(port) }, nil
}

// unused binds a port for an instant, without SO_REUSEADDR, which the program
// may not know of: then not even an old connection may be left there.
func unused(network *Namespace, port int) error {
	at := fmt.Sprintf(":%d", port)
	l := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		if err := network.take(raw); err != nil {
			return err
		}
		return withoutReuse(raw)
	}}
	l.SetMultipathTCP(false)
	tcp, err := l.Listen(context.Background(), "tcp", at)
	if err != nil {
		return err
	}
	tcp.Close()
	udp, err := l.ListenPacket(context.Background(), "udp", at)
	if err != nil {
		return err
	}
	return udp.Close()
}
