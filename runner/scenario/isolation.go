package scenario

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// What a scenario can require beside programs: it is skipped where that can't be
// had.
const (
	RequiresIsolation = "isolation" // a network of its own
	RequiresLoss      = "loss"      // links with "loss"
	RequiresReorder   = "reorder"   // links with "reorder"
)

// IP is an address that the scenario's own network has.
type IP struct {
	Pos Pos
	netip.Addr
}

// maxAddresses bounds those of a scenario's network.
const maxAddresses = 100

// NeedsIsolation says what of the scenario can't be played but in a network of
// its own, and where that stands. The place is not valid if all can.
func (s *Scenario) NeedsIsolation() (what string, at Pos) {
	if len(s.Addresses) > 0 {
		return `"addresses"`, s.Addresses[0].Pos
	}
	for _, l := range s.Links {
		for _, f := range []*Faults{&l.Out, &l.Back} {
			if key := f.OfSegments(); key != "" {
				return quote(key), l.Pos
			}
		}
	}
	return "", Pos{}
}

// isolated reports whether the scenario is played in a network of its own, or
// not at all: what is in there is nobody else's.
func (s *Scenario) isolated() bool {
	_, at := s.NeedsIsolation()
	return at.IsValid() || s.read().Allow.Isolated || slices.ContainsFunc(s.Requires, func(what string) bool {
		return what == RequiresIsolation || what == RequiresLoss || what == RequiresReorder
	})
}

// documentAddresses reads the addresses that the scenario's own network has.
func (p *parser) documentAddresses(d *document, e entry) {
	const want = `a list of IP addresses, such as [192.0.2.1, "2001:db8::1"]`
	if e.value.isNull() {
		p.blank(e, want)
		return
	}
	if !p.list(e.value, `"addresses" must be `+want) {
		return
	}
	if len(e.value.items) == 0 {
		p.errorf(e.value.pos, `"addresses" is empty; it must be %s`, want)
	}
	if len(e.value.items) > maxAddresses {
		p.errorf(e.value.pos, "%d addresses; a scenario's network has at most %d", len(e.value.items), maxAddresses)
		return
	}
	for _, item := range e.value.items {
		s, ok := p.fixed(entry{key: e.key, pos: item.pos, value: item}, "an IP address")
		if !ok {
			continue
		}
		ip, err := netip.ParseAddr(s)
		switch {
		case err != nil && addressAndPort(s):
			p.errorf(item.pos, "%s has a port; an address of the scenario's network has all of them", shorten(s))
		case err != nil && strings.Contains(s, "/"):
			p.errorf(item.pos, "%s is a network; each of its addresses that is used must be in the list", shorten(s))
		case err != nil:
			p.errorf(item.pos, "%s is no IP address, such as 192.0.2.1", quote(s))
		case ip.Zone() != "":
			p.errorf(item.pos, "%s has a zone, and the scenario's network has one device", shorten(s))
		case ip.Is4In6():
			p.errorf(item.pos, "%s is an IPv4 address in disguise; write %s", s, ip.Unmap())
		case ip.IsLoopback():
			p.errorf(item.pos, "%s is a loopback address, which is there in any case", s)
		case ip.IsUnspecified() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
			p.errorf(item.pos, "%s is not the address of one machine", s)
		case slices.ContainsFunc(d.addresses, func(o IP) bool { return o.Addr == ip }):
			p.errorf(item.pos, "%s is in the list already", s)
		default:
			d.addresses = append(d.addresses, IP{item.pos, ip})
		}
	}
}

func addressAndPort(s string) bool {
	host, _, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = netip.ParseAddr(host)
	return err == nil
}
