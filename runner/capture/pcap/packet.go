package pcap

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"github.com/gopacket/gopacket/layers"
)

// Packets from the wire up to TCP and UDP. What is no packet of these, or is
// nonsense, is passed over: if it was a part of a conversation, that has a gap.

// The protocols above IP.
const (
	protocolTCP = 6
	protocolUDP = 17
)

// The link types that gopacket has no names for.
const (
	linkRaw12 layers.LinkType = 12  // raw IP on most systems, in older files
	linkRaw14 layers.LinkType = 14  // and on OpenBSD
	linkIPv4  layers.LinkType = 228 // LINKTYPE_IPV4
	linkIPv6  layers.LinkType = 229 // LINKTYPE_IPV6
	linkSLL2  layers.LinkType = 276 // LINKTYPE_LINUX_SLL2
)

// network is the IP packet within a packet, nil if there is none; missing is how
// many bytes at its end were not captured.
func network(link layers.LinkType, data []byte, missing int) (ip []byte, _ int, err error) {
	var protocol uint16 // EtherType
	switch link {
	case layers.LinkTypeEthernet:
		protocol, ip = ethernet(data)
	case layers.LinkTypeLinuxSLL:
		if len(data) >= 16 {
			protocol, ip = tagged(binary.BigEndian.Uint16(data[14:]), data[16:])
		}
	case linkSLL2:
		if len(data) >= 20 {
			protocol, ip = tagged(binary.BigEndian.Uint16(data), data[20:])
		}
	case layers.LinkTypeNull, layers.LinkTypeLoop:
		if len(data) >= 4 {
			ip = data[4:] // the family's number differs between systems, and IP says what it is
		}
	case layers.LinkTypeRaw, layers.LinkTypeIPv4, layers.LinkTypeIPv6, linkRaw12, linkRaw14:
		ip = data
	default:
		name := fmt.Sprintf(" (%s)", link)
		if strings.Contains(name, "Unknown") {
			name = ""
		}
		return nil, 0, fmt.Errorf("is of link type %d%s, which can't be read; Ethernet, Linux cooked, loopback and raw IP can", int(link), name)
	}
	if protocol != 0 && protocol != 0x0800 && protocol != 0x86dd {
		return nil, 0, nil
	}
	return ip, missing, nil
}

// ethernet is what an Ethernet frame carries.
func ethernet(data []byte) (uint16, []byte) {
	if len(data) < 14 {
		return 1, nil
	}
	return tagged(binary.BigEndian.Uint16(data[12:]), data[14:])
}

// tagged takes VLAN tags off.
func tagged(protocol uint16, data []byte) (uint16, []byte) {
	for protocol == 0x8100 || protocol == 0x88a8 || protocol == 0x9100 {
		if len(data) < 4 {
			return 1, nil
		}
		protocol, data = binary.BigEndian.Uint16(data[2:]), data[4:]
	}
	return protocol, data
}

// segment is a segment of TCP, or a datagram.
type segment struct {
	src, dst           end
	protocol           uint8
	seq, acked         uint32
	syn, ack, fin, rst bool
	payload            []byte
	missing            int  // bytes of the payload that were not captured
	fragment           bool // of an IP packet: the payload is not what it seems
}

// transport finds TCP or UDP in an IP packet.
func transport(ip []byte, missing int) (seg segment, ok bool) {
	if len(ip) == 0 {
		return seg, false
	}
	var rest []byte
	switch ip[0] >> 4 {
	case 4:
		rest, missing, ok = seg.ipv4(ip, missing)
	case 6:
		rest, missing, ok = seg.ipv6(ip, missing)
	}
	if !ok || seg.protocol != protocolTCP && seg.protocol != protocolUDP || len(rest) < 8 {
		return seg, false
	}
	seg.src.port, seg.dst.port = binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:])
	if seg.protocol == protocolUDP {
		// A length of 0 stands for more than fits.
		if n := int(binary.BigEndian.Uint16(rest[4:])); n >= 8 && n < len(rest) {
			rest, missing = rest[:n], 0
		}
		seg.payload, seg.missing = rest[8:], missing
		return seg, true
	}
	if len(rest) < 20 {
		return seg, false
	}
	header := int(rest[12]>>4) * 4
	if header < 20 || header > len(rest)+missing {
		return seg, false
	}
	seg.seq, seg.acked = binary.BigEndian.Uint32(rest[4:]), binary.BigEndian.Uint32(rest[8:])
	flags := rest[13]
	seg.fin, seg.syn, seg.rst, seg.ack = flags&1 != 0, flags&2 != 0, flags&4 != 0, flags&16 != 0
	if header > len(rest) {
		missing -= header - len(rest)
		header = len(rest)
	}
	seg.payload, seg.missing = rest[header:], missing
	return seg, true
}

// ipv4 is what an IPv4 packet carries, and how much of it is missing.
func (seg *segment) ipv4(ip []byte, missing int) ([]byte, int, bool) {
	if len(ip) < 20 {
		return nil, 0, false
	}
	header, total := int(ip[0]&15)*4, int(binary.BigEndian.Uint16(ip[2:]))
	if header < 20 || header > len(ip) {
		return nil, 0, false
	}
	// Before the card has cut it, a large packet may have no length.
	if total > 0 {
		ip, missing = clip(ip, total, missing)
	}
	if header > len(ip) {
		return nil, 0, false
	}
	seg.src.addr, seg.dst.addr = netip.AddrFrom4([4]byte(ip[12:16])).As16(), netip.AddrFrom4([4]byte(ip[16:20])).As16()
	seg.protocol = ip[9]
	fragment := binary.BigEndian.Uint16(ip[6:])
	seg.fragment = fragment&0x3fff != 0
	return ip[header:], missing, fragment&0x1fff == 0
}

// ipv6 is the same of an IPv6 packet.
func (seg *segment) ipv6(ip []byte, missing int) ([]byte, int, bool) {
	if len(ip) < 40 {
		return nil, 0, false
	}
	if n := int(binary.BigEndian.Uint16(ip[4:])); n > 0 {
		ip, missing = clip(ip, 40+n, missing)
	}
	seg.src.addr, seg.dst.addr = [16]byte(ip[8:24]), [16]byte(ip[24:40])
	seg.protocol = ip[6]
	rest := ip[40:]
	for {
		size := 0
		switch seg.protocol {
		case 0, 43, 60: // hop by hop, routing, for the destination
			if len(rest) < 8 {
				return nil, 0, false
			}
			size = int(rest[1])*8 + 8
		case 51: // authentication
			if len(rest) < 8 {
				return nil, 0, false
			}
			size = int(rest[1])*4 + 8
		case 44: // fragment
			if len(rest) < 8 {
				return nil, 0, false
			}
			size = 8
			where := binary.BigEndian.Uint16(rest[2:])
			if seg.fragment = where&0xfff9 != 0; where&0xfff8 != 0 {
				return nil, 0, false
			}
		default:
			return rest, missing, true
		}
		if size > len(rest) {
			return nil, 0, false
		}
		seg.protocol, rest = rest[0], rest[size:]
	}
}

// clip is a packet as long as its header says: what stands behind it fills a
// frame up.
func clip(ip []byte, total, missing int) ([]byte, int) {
	if total <= len(ip) {
		return ip[:total], 0
	}
	return ip, min(missing, total-len(ip))
}

// addrPort is the end as others know it.
func (e end) addrPort() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(e.addr).Unmap(), e.port)
}
