package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"

	"banter/runner/record"
	"banter/runner/scenario"
	"banter/runner/wire"

	"github.com/spf13/pflag"
)

// addressTo is a flag with an address to connect to.
func addressTo(to *scenario.Address, kind string) pflag.Value {
	return &value[scenario.Address]{to: to, kind: kind, parse: func(s string) (scenario.Address, error) {
		at, err := scenario.ParseAddress(s)
		if err != nil {
			err = fmt.Errorf("is no address: %w", err)
		}
		return at, err
	}}
}

// addressAt is a flag with an address to bind.
func addressAt(to *scenario.Address, kind string) pflag.Value {
	return &value[scenario.Address]{to: to, kind: kind, parse: func(s string) (scenario.Address, error) {
		at, err := scenario.ParseBind(s)
		if err != nil {
			err = fmt.Errorf("is no address: %w", err)
		}
		return at, err
	}}
}

// resolve is where an address is that somebody has named at the command line.
func resolve(ctx context.Context, at scenario.Address) (wire.Addr, error) {
	if at.Transport == scenario.Unix {
		path, err := filepath.Abs(at.Path)
		return wire.Unix(path), err
	}
	ip, err := wire.Resolve(ctx, at.Host)
	if err != nil {
		return wire.Addr{}, fmt.Errorf("%s: %s", at.Host, wire.Reason(err))
	}
	to := netip.AddrPortFrom(wire.Reachable(ip), uint16(at.Port))
	if at.Transport == scenario.UDP {
		return wire.UDP(to), nil
	}
	return wire.TCP(to), nil
}

// open listens at an address. Of every address it is the loopback ones alone,
// unless others are let in too.
func open(ctx context.Context, at scenario.Address, backlog int, others bool) (record.Acceptor, error) {
	local := wire.Local{Host: at.Host, Port: at.Port, Backlog: backlog, Loopback: !others}
	if at.Transport == scenario.Unix {
		path, err := filepath.Abs(at.Path)
		if err != nil {
			return nil, err
		}
		local.Path = path
	}
	if local.Host == "::" { // of both families, as the system has it
		local.Host = ""
	}
	var ln record.Acceptor
	var err error
	if at.Transport == scenario.UDP {
		ln, err = wire.OpenPackets(ctx, local, true)
	} else {
		ln, err = wire.Open(ctx, local, true)
	}
	if err != nil {
		return nil, fmt.Errorf("can't listen on %s: %s", &at, wire.Reason(err))
	}
	return ln, nil
}

// every reports whether an address is all those of the machine.
func every(at scenario.Address) bool {
	return at.Transport != scenario.Unix && (at.Host == "" || at.Host == "0.0.0.0" || at.Host == "::")
}

// reach says who reaches an address, where that is not clear from it.
func reach(at scenario.Address, others bool) string {
	switch {
	case !every(at):
		return ""
	case others:
		return ", and every other address of this machine"
	}
	return ", for this machine alone (--allow-net opens it to others)"
}

// clientTLS is how we speak TLS to a server: it must be known to the
// authorities of a file or, without one, to those of the system.
func clientTLS(at scenario.Address, ca string, insecure bool) (*wire.TLS, error) {
	host := at.Host
	if at.Transport == scenario.Unix {
		host = "localhost"
	}
	t := &wire.TLS{Name: host, Unverified: insecure, System: ca == "", Trust: &wire.Authorities{}}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("--ca %s: %w", ca, reason(err))
		}
		if t.Trust, err = wire.LoadAuthorities(pem); err != nil {
			return nil, fmt.Errorf("--ca %s: %w", ca, err)
		}
	}
	return t, nil
}

// ownTLS is how we speak TLS as a server, and a folder with the file of the
// authority that has made its certificate. The folder is the caller's to remove.
func ownTLS(hosts ...string) (t *wire.TLS, dir, ca string, err error) {
	authority, err := wire.NewAuthority()
	if err != nil {
		return nil, "", "", err
	}
	cert, err := authority.Issue(hosts[0], append(hosts, "localhost", "127.0.0.1", "::1")...)
	if err != nil {
		return nil, "", "", err
	}
	if dir, err = os.MkdirTemp("", "banter-"); err != nil {
		return nil, "", "", err
	}
	ca = filepath.Join(dir, "ca.pem")
	if err = os.WriteFile(ca, authority.PEM(), 0o600); err != nil {
		os.RemoveAll(dir)
		return nil, "", "", err
	}
	return &wire.TLS{Server: true, Certificate: cert}, dir, ca, nil
}

// hostPort is the two halves of a listener's address, where it has some.
func hostPort(at wire.Addr) (host, port string) {
	if at.Path != "" {
		return "", ""
	}
	host, port, _ = net.SplitHostPort(at.AddrPort.String())
	if n, err := strconv.Atoi(port); err != nil || n == 0 {
		return "", ""
	}
	return host, port
}
