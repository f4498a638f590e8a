package scenario

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Allow is what a scenario may touch beside loopback addresses and what is
// below its own folder.
type Allow struct {
	Net  Grant    // addresses to connect to and to bind; see CheckNet
	Run  Grant    // programs to start, by name
	Read []string // folders whose files may be read

	// Isolated says that each scenario is played in a network of its own, in
	// which it may use every address.
	Isolated bool
}

// Grant allows nothing, all, or what is listed.
type Grant struct {
	All  bool
	Only []string
}

// Refusal is why a scenario may not touch something, with the flag that would
// allow it.
type Refusal struct{ Message string }

// Error is the message.
func (r *Refusal) Error() string { return r.Message }

func refuse(format string, args ...any) error {
	return &Refusal{Message: fmt.Sprintf(format, args...)}
}

// CheckNet says what is wrong with an entry of Allow.Net. An entry is
// "host:port"; "host", which is all of its ports; ":port", to bind that port
// on every address; or "unix:PATH", which is a socket, or all those below a
// folder. A name of a host allows what a scenario names so, whatever addresses
// it has.
func CheckNet(entry string) error {
	if path, unix := strings.CutPrefix(entry, prefixes[Unix]); unix {
		if path == "" {
			return fmt.Errorf("needs a path, such as %s", quote(entry+"/run/greeter.sock"))
		}
		return nil
	}
	if _, _, problem := splitGranted(entry); problem != "" {
		return fmt.Errorf("must be host:port, or a host for all of its ports: %s", problem)
	}
	return nil
}

// anyPort stands for a port that an entry of Allow.Net leaves out.
const anyPort = -1

// splitGranted splits an entry of Allow.Net into its host and its port.
func splitGranted(entry string) (host string, port int, problem string) {
	_, entry = cutTransport(entry)
	bare := strings.TrimSuffix(strings.TrimPrefix(entry, "["), "]")
	if net.ParseIP(bare) != nil || !isDigits(entry) && entry != "" && isHost(entry) {
		return bare, anyPort, ""
	}
	return splitAddress(entry)
}

// MayUse says why the scenario may not connect to an address or bind it, nil if
// it may: the error is a *Refusal. Every address at once (":7890") it may bind
// in any case, and reaches only loopback addresses then: see MayServeOthers. In a
// network of its own it may use all that have no name.
func (s *Scenario) MayUse(a *Address) error {
	allow := &s.read().Allow
	if a.Tmp || allow.Net.All && (a.Transport == Unix || !s.isolated()) {
		return nil
	}
	if a.Transport == Unix {
		path := s.seen(a.Path)
		if s.owns(path) || slices.ContainsFunc(allow.Net.Only, func(entry string) bool {
			dir, unix := strings.CutPrefix(entry, prefixes[Unix])
			return unix && Below(path, dir)
		}) {
			return nil
		}
		where, path := s.outside(path)
		return refuse("unix:%s %s; --allow-net=unix:%s allows it", a.Path, where, flagged(path))
	}
	if isLoopback(a.Host) {
		return nil
	}
	at := net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
	_, err := netip.ParseAddr(a.Host)
	switch {
	case s.isolated() && err != nil:
		return refuse("%s is a name, and none is looked up in a network of the scenario's own; write an address", at)
	case s.isolated(), allow.Net.holds(a.Host, a.Port):
		return nil
	case err != nil:
		return refuse("%s may be on another machine; --allow-net=%[1]s allows it", at)
	}
	return refuse("%s is not a loopback address; --allow-net=%[1]s allows it", at)
}

// MayServeOthers reports whether a server that is bound to every address may
// be reached by other machines, or at the other addresses of its own network.
func (s *Scenario) MayServeOthers(port int) bool {
	allow := &s.read().Allow
	return s.isolated() || allow.Net.All || allow.Net.holds("", port)
}

// MayRead says why the scenario may not read a file, nil if it may: the error
// is a *Refusal. Symbolic links count for what they lead to.
func (s *Scenario) MayRead(path string) error {
	if s.owns(path) || slices.ContainsFunc(s.read().Allow.Read, func(dir string) bool { return Below(path, dir) }) {
		return nil
	}
	name := quote(path)
	where, path := s.outside(path)
	return refuse("the file %s %s; --allow-read=%s allows it", name, where, flagged(filepath.Dir(path)))
}

// owns reports whether a path is below the scenario's folder.
func (s *Scenario) owns(path string) bool { return Below(path, s.seen(".")) }

// outside says where a path is that the scenario does not own, and returns the
// one to allow: where it only seems to be inside, that is the one that its
// links lead to.
func (s *Scenario) outside(path string) (where, allow string) {
	absolute, _ := filepath.Abs(path)
	if rel, err := filepath.Rel(s.Path("."), absolute); err == nil && filepath.IsLocal(rel) {
		to := resolved(path)
		return "leads to " + flagged(to) + ", outside of the scenario's folder", to
	}
	return "is outside of the scenario's folder", path
}

// flagged is a path in a message, whole, so that it can be copied, unless it is
// longer than any that is meant.
func flagged(path string) string {
	if len(path) > 4096 {
		return shorten(path)
	}
	return path
}

// read is the file that the scenario was read from.
func (s *Scenario) read() *File { return cmp.Or(s.File, &File{}) }

// holds reports whether a host, or with "" every address, is listed.
func (g Grant) holds(host string, port int) bool {
	return slices.ContainsFunc(g.Only, func(entry string) bool {
		if t, _ := cutTransport(entry); t == Unix {
			return false
		}
		granted, only, problem := splitGranted(entry)
		return problem == "" && sameHost(granted) == sameHost(host) && (only == anyPort || only == port)
	})
}

// sameHost is a host in the one spelling that it is compared in. All ways to
// say "every address" are "".
func sameHost(host string) string {
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return strings.TrimSuffix(strings.ToLower(host), ".")
	case ip.IsUnspecified():
		return ""
	}
	return ip.Unmap().String()
}

// isLoopback reports whether a host is certain to be a loopback address, or is
// every address: a connect to that goes to the loopback one.
func isLoopback(host string) bool {
	host = sameHost(host)
	ip, err := netip.ParseAddr(host)
	return host == "" || host == "localhost" || err == nil && ip.WithZone("").IsLoopback()
}

// Below reports whether a path is a folder or leads to somewhere below it.
func Below(path, dir string) bool {
	rel, err := filepath.Rel(resolved(dir), resolved(path))
	return err == nil && filepath.IsLocal(rel)
}

// resolved is an absolute path without symbolic links, as far as its parts are
// there.
func resolved(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	const sep = string(filepath.Separator)
	at := filepath.VolumeName(path) + sep
	parts := strings.Split(strings.TrimPrefix(path, at), sep)
	for i, name := range parts {
		next, err := filepath.EvalSymlinks(filepath.Join(at, name))
		if err != nil {
			return filepath.Join(at, filepath.Join(parts[i:]...))
		}
		at = next
	}
	return at
}

// mayUse complains about an address that the scenario may not use.
func (p *parser) mayUse(a *Address) {
	if err := p.doc.MayUse(a); err != nil {
		p.errorf(a.Pos, "%s", err)
	}
}
