package scenario

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Transport is what carries a connection.
type Transport uint8

// The transports.
const (
	TCP   Transport = iota
	Unix            // a stream between sockets of one machine, named by a path
	UDP             // datagrams
	Stdio           // the standard input and output of a program
)

// MaxDatagram is the most that a datagram holds, in bytes: over IPv6; over IPv4
// it is 20 less.
const MaxDatagram = 65527

// prefixes are what an address of a transport begins with.
var prefixes = map[Transport]string{Unix: "unix:", UDP: "udp:"}

// cutTransport cuts off the prefix that says an address's transport.
func cutTransport(s string) (Transport, string) {
	for t, prefix := range prefixes {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return t, rest
		}
	}
	return TCP, s
}

// Transport is what carries the server's connections.
func (s *Server) Transport() Transport {
	if s.Bind == nil {
		return TCP
	}
	return s.Bind.Transport
}

// StandIn reads the address of a real server that is to take this one's place.
func (s *Server) StandIn(address string) (Address, error) {
	at, err := ParseAddress(address)
	switch {
	case err != nil:
		return at, err
	case s.Transport() == UDP && at.Transport != UDP:
		return at, fmt.Errorf("server %s is UDP, and %s is not: such an address begins with %s", quote(s.Name), address, prefixes[UDP])
	case s.Transport() != UDP && at.Transport == UDP:
		return at, fmt.Errorf("%s is UDP, and server %s is not", address, quote(s.Name))
	}
	return at, nil
}

// transports looks ahead at what carries the connections of each server.
func transports(n *node) map[string]Transport {
	all := map[string]Transport{}
	if n == nil {
		return all
	}
	for _, e := range n.entries {
		if bind := e.value.entry("bind"); bind != nil {
			all[e.key], _ = cutTransport(bind.value)
		}
	}
	return all
}

// transport is what carries the connection that a connect makes. Every address
// tells it before its variables are known.
func (d *document) transport(c *Connect) Transport {
	if c.Server != "" {
		return d.carriers[c.Server]
	}
	if len(c.Address) == 0 {
		return TCP
	}
	if first := c.Address[0]; first.Open() {
		return d.carriers[first.Var]
	}
	t, _ := cutTransport(string(c.Address[0].Lit))
	return t
}

// maxUnixPath is the most that the address of a Unix socket holds on Linux;
// other systems hold a little less.
const maxUnixPath = 107

// unixProblem says what is wrong with the path of a Unix socket, "" if nothing
// is.
func unixProblem(path string) string {
	switch {
	case path == "":
		return `"unix:" needs a path, such as unix:greeter.sock`
	case strings.HasPrefix(path, "@"):
		return quote(path) + " would be an abstract name, which is no file; write ./" + shorten(path) + " for a file of that name"
	case strings.Contains(path, "\x00"):
		return "a path has no zero byte"
	case len(path) > maxUnixPath:
		return "the path has " + count(len(path), "byte") + ", and the address of a Unix socket holds " + count(maxUnixPath, "byte")
	}
	return ""
}

// ParseAddress reads an address to connect to: "host:port", "udp:host:port" or
// "unix:PATH".
func ParseAddress(s string) (Address, error) {
	t, rest := cutTransport(s)
	if again, twice := cutTransport(rest); again == t && t != TCP { // a variable had it already
		rest = twice
	}
	if t == Unix {
		if problem := unixProblem(rest); problem != "" {
			return Address{}, errors.New(problem)
		}
		return Address{Transport: t, Path: rest}, nil
	}
	switch host, port, problem := splitAddress(rest); {
	case problem != "":
		return Address{}, fmt.Errorf("an address to connect to must be host:port: %s", problem)
	case port == 0:
		return Address{}, errors.New("port 0 can't be connected to; it is for bind")
	case host == "":
		return Address{}, fmt.Errorf("an address to connect to needs a host, such as %s127.0.0.1%s", prefixes[t], rest)
	default:
		return Address{Transport: t, Host: host, Port: port}, nil
	}
}

// ParseBind reads an address to bind, as that of a server: "host:port",
// ":port" for every address, "udp:host:port" or "unix:PATH". Port 0 is a free
// one.
func ParseBind(s string) (Address, error) {
	t, rest := cutTransport(s)
	if t == Unix {
		if problem := unixProblem(rest); problem != "" {
			return Address{}, errors.New(problem)
		}
		return Address{Transport: t, Path: rest}, nil
	}
	host, port, problem := splitAddress(rest)
	if problem != "" {
		return Address{}, fmt.Errorf("an address to bind must be %shost:port, such as %[1]s127.0.0.1:0: %s",
			prefixes[t], strings.Replace(problem, "write ", "write "+prefixes[t], 1))
	}
	return Address{Transport: t, Host: host, Port: port}, nil
}

// Path is a path that a scenario names: relative to the scenario's folder, and
// absolute here.
func (s *Scenario) Path(name string) string {
	path := s.seen(name)
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

// seen is a path that a scenario names, as the working folder sees it.
func (s *Scenario) seen(name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	dir := "."
	if s.File != nil {
		dir = filepath.Dir(s.File.Path)
	}
	return filepath.Join(dir, name)
}

// carried complains about a client that picks an address to connect from,
// where the connection has none.
func (p *parser) carried(c *Client) {
	Walk(c.Steps, func(s *Step) {
		connect, ok := s.Action.(Connect)
		if !ok || connect.Transport != Unix {
			return
		}
		if connect.Bind != nil {
			p.errorf(connect.Bind.Pos, "a client of a Unix socket has no address of its own to bind")
		} else if c.Bind != nil {
			p.errorf(s.Pos, `client %s connects to a Unix socket, and "bind" in line %d gives it an address, which those don't have`,
				quote(c.Name), c.Bind.Pos.Line)
		}
	})
}
