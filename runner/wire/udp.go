package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	maxDatagram = 64 << 10 // bytes; none is longer
	queueMost   = 16 << 20 // bytes of datagrams that wait to be read; what is more is lost, as in life
	roomyBuffer = 1 << 20  // bytes, where nothing else is said: a burst is not to be lost
)

// PacketListener is a UDP socket that sorts what comes by where it comes from:
// the first datagram of a peer makes a connection.
//
// While it does not listen it keeps its port and refuses: the socket is
// connected to itself then, so that nobody else's datagrams are for it.
type PacketListener struct {
	at    Local
	ip    netip.Addr // invalid: every address
	bound netip.AddrPort

	mu      sync.Mutex // of all that follows
	conn    *net.UDPConn
	listens bool
	stopped bool // Accept has to end
	shut    bool // Deliver has to end
	full    bool // nobody new gets in
	peers   map[netip.AddrPort]*peer
}

// OpenPackets binds a UDP socket and, if listen is set, makes it take what
// comes.
func OpenPackets(ctx context.Context, at Local, listen bool) (*PacketListener, error) {
	l := &PacketListener{peers: map[netip.AddrPort]*peer{}}
	var err error
	if l.ip, err = at.resolve(ctx); err != nil {
		return nil, err
	}
	l.at = at
	err = onPort(at.Port, func(port int) error {
		l.bound = netip.AddrPortFrom(l.ip, uint16(port))
		if listen {
			return l.Listen()
		}
		return l.reserve()
	})
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Addr is where a client of this machine reaches the server.
func (l *PacketListener) Addr() Addr {
	ip := l.ip
	switch {
	case !ip.IsValid() || ip.IsUnspecified() && ip.Is4():
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case ip.IsUnspecified():
		ip = netip.IPv6Loopback()
	}
	return UDP(netip.AddrPortFrom(ip, l.bound.Port()))
}

// reserve takes the port and lets it refuse.
func (l *PacketListener) reserve() error {
	self := l.Addr().AddrPort
	d := net.Dialer{
		LocalAddr:      net.UDPAddrFromAddrPort(self),
		ControlContext: func(_ context.Context, _, _ string, raw syscall.RawConn) error { return l.at.Net.take(raw) },
	}
	c, err := d.Dial("udp", self.String())
	if err == nil {
		l.conn = c.(*net.UDPConn)
	}
	return err
}

// Listen has a socket that is bound take what comes.
func (l *PacketListener) Listen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil { // for an instant in between, somebody else could take the port
		l.conn.Close()
		l.conn = nil
	}
	network, address := "udp", fmt.Sprintf(":%d", l.bound.Port())
	if l.ip.IsValid() {
		address = l.bound.String()
		if l.ip.Is4() {
			network = "udp4"
		}
	}
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		if err := l.at.Net.take(raw); err != nil {
			return err
		}
		var err error
		cerr := raw.Control(func(fd uintptr) {
			if l.at.Loopback {
				err = narrow(int(fd))
			}
		})
		return errors.Join(cerr, err)
	}}
	c, err := lc.ListenPacket(context.Background(), network, address)
	if err != nil {
		return err
	}
	l.conn = c.(*net.UDPConn)
	l.listens = true
	return packetBuffers(l.conn, l.at.RcvBuf, l.at.SndBuf)
}

func packetBuffers(c *net.UDPConn, rcv, snd int) error {
	var err error
	if rcv > 0 {
		err = c.SetReadBuffer(rcv)
	} else {
		c.SetReadBuffer(roomyBuffer) // as far as the system allows
	}
	if snd > 0 {
		err = errors.Join(err, c.SetWriteBuffer(snd))
	}
	return err
}

// Accept waits for the first datagram of a peer that is new, and hands the
// others' to their connections. It ends with net.ErrClosed after a Stop.
func (l *PacketListener) Accept() (*Conn, error) {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := l.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			l.mu.Lock()
			over := l.stopped
			l.mu.Unlock()
			switch {
			case over:
				return nil, net.ErrClosed
			case IsReset(err): // Windows tells of peers that are gone
				continue
			}
			return nil, err
		}
		if c := l.sort(buf[:n], from, true); c != nil {
			return c, nil
		}
	}
}

// Full lets nobody new in. Accept goes on to hand their datagrams to the others.
func (l *PacketListener) Full() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.full = true
}

// Stop lets nobody new in. What peers send who are known still comes, as long
// as Deliver runs.
func (l *PacketListener) Stop() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	if l.conn == nil {
		return nil
	}
	return l.conn.SetReadDeadline(time.Unix(1, 0))
}

// Deliver hands datagrams to the connections that there are, after a Stop,
// until Shut is called, and then what has come by that time.
func (l *PacketListener) Deliver() {
	l.mu.Lock()
	if !l.shut {
		l.conn.SetReadDeadline(time.Time{})
	}
	l.mu.Unlock()
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := l.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			break
		}
		if err == nil {
			l.sort(buf[:n], from, false)
		}
	}
	for {
		n, from, err := lateFrom(l.conn, buf)
		if err != nil {
			return
		}
		l.sort(buf[:n], from, false)
	}
}

// Shut ends Deliver.
func (l *PacketListener) Shut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shut = true
	if l.conn != nil {
		l.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// sort gives a datagram to whom it is for. It returns a connection that it
// begins.
func (l *PacketListener) sort(data []byte, from netip.AddrPort, newcomers bool) *Conn {
	l.mu.Lock()
	p, known := l.peers[from]
	if !known && newcomers && !l.full {
		p = &peer{conn: l.conn, addr: from}
		p.changed = sync.NewCond(&p.mu)
		l.peers[from] = p
	}
	l.mu.Unlock()
	if p == nil {
		return nil
	}
	p.put(data)
	if known {
		return nil
	}
	return &Conn{sock: p, Packets: true, Remote: UDP(unmapped(from))}
}

// Close gives up the port.
func (l *PacketListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return nil
	}
	return l.conn.Close()
}

// Queue has nothing to tell: nobody waits for an accept.
func (l *PacketListener) Queue() (length, limit int, err error) {
	return 0, 0, errors.ErrUnsupported
}

// dialUDP makes a socket for one peer: what others send does not come, and that
// a datagram was refused is told.
func dialUDP(ctx context.Context, to Addr, o DialOptions) (*Conn, error) {
	d := net.Dialer{ControlContext: func(_ context.Context, _, _ string, raw syscall.RawConn) error {
		if err := o.Net.take(raw); err != nil {
			return err
		}
		o.began(raw)
		return nil
	}}
	if o.Local.IsValid() {
		d.LocalAddr = net.UDPAddrFromAddrPort(o.Local)
	}
	c, err := d.DialContext(ctx, "udp", to.AddrPort.String())
	if err != nil {
		return nil, err
	}
	udp := c.(*net.UDPConn)
	if err := packetBuffers(udp, o.RcvBuf, o.SndBuf); err != nil {
		udp.Close()
		return nil, err
	}
	conn, err := newConn(udp)
	if err == nil {
		conn.Packets = true
	}
	return conn, err
}
