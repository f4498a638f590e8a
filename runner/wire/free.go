package wire

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// reserved are the ports that FreePort has given away.
var reserved sync.Map

// FreePort finds a port that a program can bind, of TCP and of UDP, at every
// address. Nobody gets it from this package until it is released; what other
// programs do is not known.
func FreePort() (port int, release func(), err error) {
	err = onPort(0, func(n int) error {
		port = n
		return unused(n)
	})
	if err != nil {
		return 0, nil, fmt.Errorf("no port is free: %w", err)
	}
	reserved.Store(port, true)
	return port, func() { reserved.Delete(port) }, nil
}

// unused binds a port for an instant, without SO_REUSEADDR, which the program
// may not know of: then not even an old connection may be left there.
func unused(port int) error {
	at := fmt.Sprintf(":%d", port)
	l := net.ListenConfig{Control: withoutReuse}
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
