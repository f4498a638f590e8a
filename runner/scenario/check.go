package scenario

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// check looks at a document as a whole: what can be said about its parts
// together without opening a socket. What an error elsewhere would make up is
// left out.
func (p *parser) check(d *document) {
	p.ports(d)
	p.processPorts(d)
	p.circles(d)
	for _, c := range d.Clients {
		p.carried(c)
		p.flow(c.Steps, nil)
		p.followAlways(c.Always, nil, p.via(c.Steps))
	}
	for _, s := range d.Servers {
		p.flow(s.Steps, s)
		p.followAlways(s.Always, s, s.Transport())
		if s.ReplyAfter != nil {
			p.flow([]*Step{{Pos: s.ReplyAfter.Pos, Action: s.ReplyAfter}}, s)
		}
		for _, c := range s.Connections {
			p.flow(c.Steps, s)
		}
	}
	for _, c := range d.Processes {
		p.flow(c.Ready.Steps, nil)
	}
	// These ask whether something is nowhere in the file: only a file that
	// is understood to its end can tell.
	if len(d.broken) > 0 || d.badTarget || d.serverNames.unknown || d.clientNames.unknown || d.processNames.unknown {
		return
	}
	p.servedSteps(d)
	p.processSteps(d)
	p.unusedFragments(d)
	o := p.order(d)
	p.foreignOrder(d)
	before := len(p.file.Problems.Errors())
	o.awaits()
	o.meetings()
	if len(p.file.Problems.Errors()) == before {
		o.deadlocks()
	}
	o.listeners()
	o.uncalled()
}

// ports complains about two servers on one port, or one path.
func (p *parser) ports(d *document) {
	type port struct {
		udp bool
		n   int
	}
	byPort := map[port][]*Server{}
	byPath := map[string]*Server{}
	for _, s := range d.Servers {
		if s.Transport() == Unix && s.Start {
			path := d.Path(s.Bind.Path)
			if s.Bind.Tmp {
				path = s.Bind.String()
			}
			if other := byPath[path]; other != nil {
				p.errorf(s.Bind.Pos, "%s is bound by server %s already, in line %d; only one of two can have it",
					shorten(s.Bind.String()), quote(other.Name), other.Bind.Pos.Line)
			}
			byPath[path] = s
		}
		if s.Bind == nil || s.Bind.Port == 0 || !s.Start {
			continue
		}
		at := port{s.Transport() == UDP, s.Bind.Port}
		for _, other := range byPort[at] {
			if overlap(s.Bind.Host, other.Bind.Host) {
				p.errorf(s.Bind.Pos, "port %d is bound by server %s already, in line %d; only one of two can have it",
					s.Bind.Port, quote(other.Name), other.Bind.Pos.Line)
				break
			}
		}
		if same := byPort[at]; len(same) < 256 { // each with each, within bounds
			byPort[at] = append(same, s)
		}
	}
}

// overlap reports whether two hosts have an address in common.
func overlap(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if a == b || a == "" || b == "" {
		return true
	}
	if a == "localhost" {
		a = "127.0.0.1"
	}
	if b == "localhost" {
		b = "127.0.0.1"
	}
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	if errX != nil || errY != nil {
		return a == b
	}
	x, y = x.Unmap(), y.Unmap()
	// [::] takes the IPv4 addresses too, 0.0.0.0 only those.
	all := func(wide, other netip.Addr) bool {
		return wide.IsUnspecified() && (wide.Is6() || other.Is4())
	}
	return x == y || all(x, y) || all(y, x)
}

// localAddresses are this machine's.
type localAddresses struct {
	addrs []netip.Addr
	err   error
}

// checkLocal complains about an address to bind that is not this machine's,
// where that is certain: names are looked up when the scenario runs.
func (p *parser) checkLocal(a *Address) bool {
	ip, err := netip.ParseAddr(a.Host)
	if err != nil {
		return true
	}
	ip = ip.Unmap().WithZone("")
	if ip.IsUnspecified() || ip.IsLoopback() {
		return true
	}
	if p.doc.isolated() {
		own := slices.ContainsFunc(p.doc.Addresses, func(o IP) bool { return o.Addr == ip })
		if !own {
			p.errorf(a.Pos, `%s is not an address of the scenario's network; put it into "addresses"`, a.Host)
		}
		return own
	}
	if p.local == nil {
		p.local = findLocalAddresses()
	}
	if p.local.err == nil && !slices.Contains(p.local.addrs, ip) {
		p.errorf(a.Pos, "%s is not an address of this machine, so nothing can be bound to it", a.Host)
		return false
	}
	return true
}

func findLocalAddresses() *localAddresses {
	found, err := net.InterfaceAddrs()
	local := &localAddresses{err: err}
	for _, a := range found {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			local.addrs = append(local.addrs, prefix.Addr().Unmap().WithZone(""))
		}
	}
	return local
}

// circles complains about clients that wait for each other to end.
func (p *parser) circles(d *document) {
	clients := make(map[string]*Client, len(d.Clients))
	for _, c := range d.Clients {
		clients[c.Name] = c
	}
	const visiting, visited = 1, 2
	state := map[string]int{}
	var path []string
	var visit func(c *Client)
	visit = func(c *Client) {
		state[c.Name] = visiting
		path = append(path, c.Name)
		for _, after := range c.After {
			switch state[after.Name] {
			case visiting:
				circle := append(slices.Clone(path[slices.Index(path, after.Name):]), after.Name)
				p.errorf(after.Pos, "the clients wait for each other in a circle: %s", shorten(strings.Join(circle, " after ")))
			case visited:
			default:
				visit(clients[after.Name])
			}
		}
		path = path[:len(path)-1]
		state[c.Name] = visited
	}
	for _, c := range d.Clients {
		if state[c.Name] == 0 {
			visit(c)
		}
	}
}
