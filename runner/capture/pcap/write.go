package pcap

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"banter/runner/capture"
)

// Writer writes conversations as a pcapng file, with headers that somebody who
// had listened could have seen: a handshake, sequence numbers that fit,
// acknowledgements, checksums. Packets have the times of the events. Close it,
// for what is buffered.
type Writer struct {
	ng    *pcapgo.NgWriter
	made  int // addresses that were made up
	ipIDs uint16

	// Those of the packet that is being written.
	buf gopacket.SerializeBuffer
	v4  layers.IPv4
	v6  layers.IPv6
	tcp layers.TCP
	udp layers.UDP
}

// NewWriter begins a pcapng file. The program's name stands in it.
func NewWriter(w io.Writer, program string) (*Writer, error) {
	ng, err := pcapgo.NewNgWriterInterface(w,
		pcapgo.NgInterface{Name: program, Description: "made from transcripts: addresses and headers are made up", LinkType: layers.LinkTypeRaw},
		pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: program}})
	if err != nil {
		return nil, err
	}
	return &Writer{ng: ng, buf: gopacket.NewSerializeBuffer()}, nil
}

// Close writes what is buffered. It does not close what is written to.
func (w *Writer) Close() error { return w.ng.Flush() }

// Write adds conversations, their packets in the order of their times. Addresses
// that are not known are made up; conversations with the same name of a server
// have the same one for it. The comment stands with the first packet of each.
func (w *Writer) Write(convs []capture.Conversation, comment string) error {
	type moment struct {
		at   time.Time
		flow *flow
		e    *capture.Event
	}
	var all []moment
	servers := map[string]netip.AddrPort{}
	for i := range convs {
		c := &convs[i]
		f := w.flow(c, servers, comment)
		all = append(all, moment{at: c.Began, flow: f})
		last := c.Began
		for j := range c.Events {
			// Time may not go back within a conversation.
			if at := c.Began.Add(c.Events[j].At); at.After(last) {
				last = at
			}
			all = append(all, moment{last, f, &c.Events[j]})
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return a.at.Compare(b.at) })
	for _, m := range all {
		m.flow.at = m.at
		if m.e == nil {
			m.flow.begin()
		} else {
			m.flow.event(m.e)
		}
		if m.flow.err != nil {
			return m.flow.err
		}
	}
	return nil
}

// The sizes of packets: what fits into an Ethernet frame.
const (
	mtu       = 1500
	ackEvery  = 16 // segments
	window    = 65535
	firstPort = 20000 // that is made up
	lastPort  = 59999
	madePort  = 7890
)

// flow is a conversation that is being written.
type flow struct {
	w        *Writer
	c        *capture.Conversation
	addr     [2]netip.AddrPort
	ips      [2]net.IP
	at       time.Time
	next     [2]uint32 // the sequence numbers of the sides' next bytes
	finished [2]bool
	reset    bool
	comments []string // of the next packet
	err      error
}

func (w *Writer) flow(c *capture.Conversation, servers map[string]netip.AddrPort, comment string) *flow {
	f := &flow{w: w, c: c, addr: [2]netip.AddrPort{c.Client, c.Server}}
	if !c.Client.IsValid() || !c.Server.IsValid() || c.Client.Addr().Unmap().Is4() != c.Server.Addr().Unmap().Is4() {
		server, known := servers[c.Names[capture.Server]]
		host := netip.AddrFrom4([4]byte{127, 0, byte(w.made / (lastPort - firstPort)), 1})
		if !known {
			server = netip.AddrPortFrom(host, uint16(madePort+len(servers)%10000))
			servers[c.Names[capture.Server]] = server
		}
		f.addr = [2]netip.AddrPort{netip.AddrPortFrom(host, uint16(firstPort+w.made%(lastPort-firstPort))), server}
		w.made++
	}
	for side, addr := range f.addr {
		f.ips[side] = addr.Addr().Unmap().AsSlice()
	}
	who := ""
	if c.Names != [2]string{} {
		who = fmt.Sprintf("%s to %s", cmp.Or(c.Names[capture.Client], "?"), cmp.Or(c.Names[capture.Server], "?"))
	}
	for _, text := range []string{comment, who} {
		if text != "" {
			f.comments = append(f.comments, text)
		}
	}
	return f
}

// begin is the handshake.
func (f *flow) begin() {
	if f.c.Datagrams {
		return
	}
	f.segment(capture.Client, syn, nil, 0)
	if len(f.c.Events) == 1 && f.c.Events[0].Kind == capture.Refused {
		return
	}
	f.segment(capture.Server, syn|ack, nil, 0)
	f.segment(capture.Client, ack, nil, 0)
}

// mss is how many bytes of TCP fit into a packet.
func (f *flow) mss() int {
	if f.addr[capture.Client].Addr().Unmap().Is4() {
		return mtu - 20 - 20
	}
	return mtu - 40 - 20
}

func (f *flow) event(e *capture.Event) {
	if f.c.Datagrams {
		if e.Kind == capture.Data {
			f.datagram(e)
		}
		return
	}
	from := e.From
	switch {
	case f.reset:
	case e.Kind == capture.Refused:
		f.segment(capture.Server, rst|ack, nil, 0)
		f.reset = true
	case e.Kind == capture.Reset:
		f.segment(from, rst|ack, nil, 0)
		f.reset = true
	case e.Kind == capture.TLS:
		f.comments = append(f.comments, "TLS from here on: what follows is what it carried")
	case f.finished[from]: // nothing can come after a FIN
	case e.Kind == capture.EOF:
		f.segment(from, fin|ack, nil, 0)
		f.segment(from.Other(), ack, nil, 0)
		f.finished[from] = true
	case e.Kind == capture.Data:
		f.data(from, e.Data, 0)
	case e.Kind == capture.Gap:
		f.data(from, nil, max(e.Missing, 0))
	}
}

// gapMax is how many missing bytes are written as packets without them. More are
// a hole in the sequence numbers, as where a capture has lost packets.
const gapMax = 64 << 20

// data sends bytes and, behind them, some that are not known: packets of which
// only the headers were kept.
func (f *flow) data(from capture.Side, data []byte, missing int64) {
	if missing > gapMax {
		f.next[from] += uint32(missing)
		missing = 0
	}
	for sent := 0; (len(data) > 0 || missing > 0) && f.err == nil; {
		n := min(len(data), f.mss())
		cut := min(missing, int64(f.mss()-n))
		if n > 0 {
			cut = 0
		}
		last := len(data) == n && missing == cut
		flags := ack
		if last {
			flags |= psh
		}
		f.segment(from, flags, data[:n], int(cut))
		data, missing = data[n:], missing-cut
		if sent++; last || sent%ackEvery == 0 {
			f.segment(from.Other(), ack, nil, 0)
		}
	}
}

// tcpFlags are those of a segment.
type tcpFlags uint8

const (
	syn tcpFlags = 1 << iota
	ack
	fin
	rst
	psh
)

// segment writes a packet of TCP.
func (f *flow) segment(from capture.Side, flags tcpFlags, data []byte, cut int) {
	tcp := &f.w.tcp
	*tcp = layers.TCP{
		SrcPort: layers.TCPPort(f.addr[from].Port()), DstPort: layers.TCPPort(f.addr[from.Other()].Port()),
		Seq: f.next[from], Window: window,
		SYN: flags&syn != 0, ACK: flags&ack != 0, FIN: flags&fin != 0, RST: flags&rst != 0, PSH: flags&psh != 0,
	}
	if tcp.ACK {
		tcp.Ack = f.next[from.Other()]
	}
	if tcp.SYN {
		mss := []byte{byte(f.mss() >> 8), byte(f.mss())}
		tcp.Options = []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: mss}}
	}
	f.next[from] += uint32(len(data) + cut)
	if tcp.SYN || tcp.FIN {
		f.next[from]++
	}
	f.packet(from, layers.IPProtocolTCP, tcp, data, cut)
}

func (f *flow) datagram(e *capture.Event) {
	f.w.udp = layers.UDP{SrcPort: layers.UDPPort(f.addr[e.From].Port()), DstPort: layers.UDPPort(f.addr[e.From.Other()].Port())}
	f.packet(e.From, layers.IPProtocolUDP, &f.w.udp, e.Data, 0)
}

// packet writes a packet, of which cut bytes at its end were not kept.
func (f *flow) packet(from capture.Side, protocol layers.IPProtocol, transport gopacket.SerializableLayer, data []byte, cut int) {
	if f.err != nil {
		return
	}
	src, dst := f.ips[from], f.ips[from.Other()]
	var ip gopacket.SerializableLayer = &f.w.v6
	var network gopacket.NetworkLayer = &f.w.v6
	if len(src) == net.IPv4len {
		f.w.ipIDs++
		f.w.v4 = layers.IPv4{Version: 4, TTL: 64, Id: f.w.ipIDs, Flags: layers.IPv4DontFragment, Protocol: protocol, SrcIP: src, DstIP: dst}
		ip, network = &f.w.v4, &f.w.v4
	} else {
		f.w.v6 = layers.IPv6{Version: 6, HopLimit: 64, NextHeader: protocol, SrcIP: src, DstIP: dst}
	}
	switch t := transport.(type) {
	case *layers.TCP:
		f.err = t.SetNetworkLayerForChecksum(network)
	case *layers.UDP:
		f.err = t.SetNetworkLayerForChecksum(network)
	}
	if f.err != nil {
		return
	}
	if cut > 0 {
		data = append(slices.Clone(data), make([]byte, cut)...)
	}
	f.err = gopacket.SerializeLayers(f.w.buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip, transport, gopacket.Payload(data))
	if f.err != nil {
		return
	}
	packet := f.w.buf.Bytes()
	ci := gopacket.CaptureInfo{Timestamp: f.at, Length: len(packet), CaptureLength: len(packet) - cut}
	f.err = f.w.ng.WritePacketWithOptions(ci, packet[:ci.CaptureLength], pcapgo.NgPacketOptions{Comments: f.comments})
	f.comments = nil
}
