package wire

import (
	"net"
	"net/netip"
)

// The networks, by the names that package net has for them.
const (
	tcpNet  = "tcp"
	unixNet = "unix"
)

// Addr is where a socket is. Two of them are the same place if they are equal.
type Addr struct {
	Network        string // "tcp" or "unix"
	netip.AddrPort        // of TCP
	Path           string // of a Unix socket, absolute; one of a client may begin with "@"
}

// TCP is an address of TCP.
func TCP(at netip.AddrPort) Addr { return Addr{Network: tcpNet, AddrPort: at} }

// Unix is the address of a Unix socket. The path must be absolute.
func Unix(path string) Addr { return Addr{Network: unixNet, Path: path} }

// String is the address as a scenario connects to it: "127.0.0.1:25",
// "unix:/run/a.sock".
func (a Addr) String() string {
	if a.Network == unixNet {
		return "unix:" + a.Path
	}
	return a.AddrPort.String()
}

// addrOf is an address of package net, without the disguise that an IPv4
// address has on a socket for both families.
func addrOf(a net.Addr) Addr {
	switch a := a.(type) {
	case *net.TCPAddr:
		ap := a.AddrPort()
		return TCP(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
	case *net.UnixAddr:
		return Unix(a.Name)
	}
	return Addr{}
}
