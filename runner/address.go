package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"banter/runner/scenario"
	"banter/runner/wire"
)

// target is where a connect goes, and the name of that in transcripts.
func (s *scope) target(c scenario.Connect) (wire.Addr, string, error) {
	p := s.p
	switch srv := p.server(c.Server); {
	case srv != nil:
		return srv.addr, c.Server, nil
	case c.Process != "":
		return p.process(c.Process).addr, c.Process, nil
	case c.Run != nil:
		return wire.Addr{}, c.Run.Name(), nil
	}
	text, err := s.text(c.Address)
	name := string(text)
	if err != nil {
		return wire.Addr{}, strings.TrimPrefix(c.String(), "connect "), err
	}
	for _, s := range p.servers { // as a variable says it
		if s.address() == name {
			return s.addr, s.decl.Name, nil
		}
	}
	at, err := scenario.ParseAddress(name)
	if err == nil {
		err = p.mayUse(&at)
	}
	if err != nil {
		return wire.Addr{}, name, err
	}
	to, err := p.resolve(p.ctx, at)
	if s := p.serverAt(to); s != nil {
		name = s.decl.Name
	} else if c := p.processAt(to); c != nil {
		name = c.decl.Name
	}
	return to, name, err
}

// mayUse says why the run may not connect to an address, or bind it, nil if it
// may: what the scenario may, and the sockets in the run's own folder.
func (p *play) mayUse(at *scenario.Address) error {
	err := p.scenario.MayUse(at)
	if err != nil && at.Transport == scenario.Unix {
		if dir, tmpErr := p.folder(); tmpErr == nil && scenario.Below(p.scenario.Path(at.Path), dir) {
			return nil
		}
	}
	return err
}

// resolve is where an address is.
func (p *play) resolve(ctx context.Context, at scenario.Address) (wire.Addr, error) {
	if at.Transport == scenario.Unix {
		return wire.Unix(p.scenario.Path(at.Path)), nil
	}
	ip, err := wire.Resolve(ctx, at.Host)
	to := netip.AddrPortFrom(wire.Reachable(ip), uint16(at.Port))
	if at.Transport == scenario.UDP {
		return wire.UDP(to), err
	}
	return wire.TCP(to), err
}

// kindOf is the kind of a failure that an error is.
func kindOf(err error) Kind {
	if _, refused := errors.AsType[*scenario.Refusal](err); refused {
		return Forbidden
	}
	return Environment
}

// serverAt is the declared server that has an address, or nil.
func (p *play) serverAt(to wire.Addr) *server {
	for _, s := range p.servers {
		if s.addr == to || s.everywhere(to.Addr()) && s.addr.Network == to.Network && s.addr.Path == "" && s.addr.Port() == to.Port() {
			return s
		}
	}
	return nil
}

// everywhere reports whether the server is bound to every address, and reached
// at this one.
func (s *server) everywhere(ip netip.Addr) bool {
	b := s.decl.Bind
	every := s.real == "" && b != nil && (b.Host == "" || b.Host == "0.0.0.0" || b.Host == "::")
	return every && (ip.IsLoopback() || s.p.scenario.MayServeOthers(b.Port))
}

// isCalledBy reports whether a connect goes to the server, by its name or by
// its address.
func (s *server) isCalledBy(c scenario.Connect) bool {
	if c.Server != "" {
		return c.Server == s.decl.Name
	}
	address, err := (&scope{p: s.p}).text(c.Address)
	if err != nil { // it has a variable that an actor will have
		return true
	}
	if path, unix := strings.CutPrefix(string(address), "unix:"); unix || s.addr.Path != "" {
		return unix && s.p.scenario.Path(path) == s.addr.Path
	}
	text, udp := strings.CutPrefix(string(address), "udp:")
	_, port, err := net.SplitHostPort(text)
	return err == nil && udp == s.packets() && port == strconv.Itoa(int(s.addr.Port()))
}

// local is where the server is bound, as it is declared.
func (s *server) local() wire.Local {
	at := wire.Local{Net: s.p.network, Host: "127.0.0.1", Backlog: s.decl.Backlog, RcvBuf: s.decl.RcvBuf, SndBuf: s.decl.SndBuf, Congestion: s.decl.Congestion}
	if b := s.decl.Bind; b != nil {
		at.Host, at.Port = b.Host, b.Port
		if at.Host == "::" { // of both families, as the system has it
			at.Host = ""
		}
		at.Loopback = !s.p.scenario.MayServeOthers(b.Port)
		if b.Transport == scenario.Unix {
			at.Path = s.p.scenario.Path(b.Path)
			if dir, err := s.p.folder(); err == nil && b.Tmp {
				at.Path = filepath.Join(dir, b.Path)
			}
		}
	}
	return at
}

// refusal is why the system does not let the server bind, in a sentence.
func refusal(at wire.Local, err error) error {
	if at.Path == "" {
		return bindError(net.JoinHostPort(at.Host, fmt.Sprint(at.Port)), err)
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("can't bind unix:%s: the path is in use", at.Path)
	case errors.Is(err, syscall.ENOENT):
		return fmt.Errorf("can't bind unix:%s: there is no such folder", at.Path)
	}
	return fmt.Errorf("can't bind unix:%s: %s", at.Path, wire.Reason(err))
}

func bindError(address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("can't bind %s: the port is in use", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("can't bind %s: the address is not this machine's", address)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("can't bind %s: ports below 1024 need the right to (%s)", address, wire.Reason(err))
	}
	return fmt.Errorf("can't bind %s: %s", address, wire.Reason(err))
}
