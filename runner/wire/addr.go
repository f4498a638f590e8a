package wire

import (
	"net"
	"net/netip"
)

// The networks, by the names that package net has for them.
const (
	tcpNet  = "tcp"
	unixNet = "unix"
	udpNet  = "udp"
)

// Addr is where a socket is. Two of them are the same place if they are equal.
type Addr struct {
	Network        string // "tcp", "unix" or "udp"
	netip.AddrPort        // of TCP and UDP
	Path           string // of a Unix socket, absolute; one of a client may begin with "@"
}

// TCP is an address of TCP.
func TCP(at netip.AddrPort) Addr { return Addr{Network: tcpNet, AddrPort: at} }

// UDP is an address of UDP.
func UDP(at netip.AddrPort) Addr { return Addr{Network: udpNet, AddrPort: at} }

// Unix is the address of a Unix socket. The path must be absolute.
func Unix(path string) Addr { return Addr{Network: unixNet, Path: path} }

// String is the address as a scenario connects to it: "127.0.0.1:25",
// "unix:/run/a.sock", "udp:127.0.0.1:53".
func (a Addr) String() string {
	switch a.Network {
	case unixNet:
		return "unix:" + a.Path
	case udpNet:
		return "udp:" + a.AddrPort.String()
	}
	return a.AddrPort.String()
}

// unmapped takes off the disguise that an IPv4 address has on a socket for both
// families.
func unmapped(ap netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// addrOf is an address of package net.
func addrOf(a net.Addr) Addr {
	switch a := a.(type) {
	case *net.TCPAddr:
		return TCP(unmapped(a.AddrPort()))
	case *net.UDPAddr:
		return UDP(unmapped(a.AddrPort()))
	case *net.UnixAddr:
		return Unix(a.Name)
	}
	return Addr{}
}
