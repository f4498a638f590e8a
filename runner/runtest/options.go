package runtest

import (
	"fmt"
	"net"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/scenario"
	"banter/runner/wire"
)

// Option says how scenarios are played. What is wrong with one ends the test.
type Option func(*options) error

type options struct {
	config   scenario.Config
	run      runner.Options
	parallel bool
	update   bool
}

func optionsOf(t *testing.T, opts []Option) *options {
	t.Helper()
	o := &options{}
	for _, opt := range opts {
		if err := opt(o); err != nil {
			t.Fatal(err)
		}
	}
	if len(o.run.Connect) > 0 && o.run.Isolate {
		t.Fatal("runtest.Connect and runtest.Isolate exclude each other: the server is not inside a network of the scenario's own")
	}
	return o
}

// Connect has the server under test play the part of a declared server: the
// clients connect to it. The address is a net.Addr, as a net.Listener's Addr, or a
// string: "host:port", "udp:host:port" or "unix:PATH".
func Connect(server string, address any) Option {
	return func(o *options) error {
		text, err := addressOf(address)
		if err == nil {
			_, err = scenario.ParseAddress(text)
		}
		if err != nil {
			return fmt.Errorf("runtest.Connect(%q, %v): %w", server, address, err)
		}
		if o.run.Connect == nil {
			o.run.Connect = map[string]string{}
		}
		o.run.Connect[server] = text
		return nil
	}
}

// addressOf is an address as scenario.ParseAddress takes it.
func addressOf(address any) (string, error) {
	switch a := address.(type) {
	case string:
		return a, nil
	case *net.TCPAddr:
		return a.String(), nil
	case *net.UDPAddr:
		return "udp:" + a.String(), nil
	case *net.UnixAddr:
		if a.Net != "unix" {
			return "", fmt.Errorf("is a socket of the kind %s, and scenarios have unix alone", a.Net)
		}
		return "unix:" + a.Name, nil
	case net.Addr:
		return a.String(), nil
	}
	return "", fmt.Errorf("a %T is no address; give a net.Addr or a string", address)
}

// Var gives a variable a value, in place of the files' own.
func Var(name, value string) Option {
	return func(o *options) error { return set(&o.config.Vars, o.config.Secrets, name, value) }
}

// Secret is Var for a value that is shown as *** wherever it would be seen.
func Secret(name, value string) Option {
	return func(o *options) error { return set(&o.config.Secrets, o.config.Vars, name, value) }
}

func set(to *map[string]string, other map[string]string, name, value string) error {
	if _, twice := other[name]; twice {
		return fmt.Errorf("runtest.Var and runtest.Secret are two values of one variable, %s", name)
	}
	if *to == nil {
		*to = map[string]string{}
	}
	(*to)[name] = value
	return nil
}

// Timeout is how long a step may take that has no "within", in place of the
// scenarios' own timeout. It must be more than 0.
func Timeout(d time.Duration) Option {
	return func(o *options) error {
		if d <= 0 {
			return fmt.Errorf("runtest.Timeout(%s): must be more than 0", d)
		}
		o.run.Timeout = d
		return nil
	}
}

// Slow stretches every timeout by a factor over 0, for a slow machine.
func Slow(factor float64) Option {
	return func(o *options) error {
		if !(factor > 0) {
			return fmt.Errorf("runtest.Slow(%v): must be a number over 0", factor)
		}
		o.run.Slow = factor
		return nil
	}
}

// AllowNet lets scenarios use addresses that are not loopback: all, or, where some
// are given, these: "host:port", "host", ":port" to bind, or "unix:PATH".
func AllowNet(addresses ...string) Option {
	return func(o *options) error {
		for _, a := range addresses {
			if err := scenario.CheckNet(a); err != nil {
				return fmt.Errorf("runtest.AllowNet(%q): %w", a, err)
			}
		}
		grant(&o.config.Allow.Net, addresses)
		return nil
	}
}

// AllowRun lets scenarios start programs: all, or, where some are given, these.
func AllowRun(programs ...string) Option {
	return func(o *options) error {
		grant(&o.config.Allow.Run, programs)
		return nil
	}
}

// AllowRead lets scenarios read files below these folders too, not below their own
// alone.
func AllowRead(dirs ...string) Option {
	return func(o *options) error {
		o.config.Allow.Read = append(o.config.Allow.Read, dirs...)
		return nil
	}
}

func grant(to *scenario.Grant, only []string) {
	to.All = to.All || len(only) == 0
	to.Only = append(to.Only, only...)
}

// Real plays against the processes that "serve" declared servers, in place of
// those (runner.RealOnly) or against both (runner.RealBoth).
func Real(real runner.Real) Option {
	return func(o *options) error {
		o.run.Real, o.config.Real = real, real != runner.RealNever
		return nil
	}
}

// Isolate has each scenario be played in a network of its own, where the system lets
// this process have one (Linux, as root): any number of them can bind the same port,
// and "addresses" and lossy links are to be had. A server of the test's own is not in
// there, so it excludes Connect.
func Isolate() Option {
	return func(o *options) error {
		if err := wire.CanIsolate(); err != nil {
			o.run.NotIsolated = err.Error()
			return nil
		}
		o.run.Isolate, o.config.Allow.Isolated = true, true
		return nil
	}
}

// Parallel plays the scenarios at the same time, as t.Parallel does: they begin
// when the test function has returned, so a server that they need must be stopped
// by t.Cleanup and not by a defer. Scenarios that bind the same fixed port get in
// each other's way without Isolate.
func Parallel() Option {
	return func(o *options) error {
		o.parallel = true
		return nil
	}
}

// Update, if true, first has the files say what comes, as "banter run --update"
// does: expects that fail take it, and transcripts that are written out say it.
// All files are played and written, whatever -run says. It is meant for a flag of
// the test's own:
//
//	var update = flag.Bool("update", false, "take what comes for what is expected")
func Update(now bool) Option {
	return func(o *options) error {
		o.update, o.config.Update = now, now
		return nil
	}
}
