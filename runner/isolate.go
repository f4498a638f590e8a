package runner

import (
	"fmt"

	"banter/runner/wire"
)

// isolate makes the network of its own that the scenario is played in, where it
// is to have one, and reports whether all is as it has to be.
func (p *play) isolate() bool {
	what, at := p.scenario.NeedsIsolation()
	if !p.opts.Isolate {
		if at.IsValid() {
			message := p.opts.unisolated(what)
			if p.serve != nil {
				message = what + ` needs an isolated network, which "banter serve" does not give`
			}
			p.fail(Failure{Kind: Environment, Pos: at, At: p.now(), Message: message})
		}
		return !at.IsValid()
	}
	o := wire.NamespaceOptions{Ethernet: p.harmsSegments()}
	for _, ip := range p.scenario.Addresses {
		o.Addresses = append(o.Addresses, ip.Addr)
	}
	var err error
	if p.network, err = wire.NewNamespace(o); err == nil {
		err = p.shuffle()
	}
	if err != nil {
		p.fail(Failure{Kind: Environment, Pos: p.scenario.Pos, At: p.now(), Message: "can't isolate it: " + err.Error()})
	}
	return err == nil
}

// unisolated is why something is not to be had.
func (o *Options) unisolated(what string) string {
	if o.NotIsolated != "" {
		return fmt.Sprintf("%s needs an isolated network, and there is none: %s", what, o.NotIsolated)
	}
	return what + " needs an isolated network; --isolate gives each scenario one"
}
