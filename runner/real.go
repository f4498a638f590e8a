package runner

import (
	"fmt"
	"path/filepath"
	"slices"

	"banter/runner/scenario"
	"banter/runner/wire"
)

// replace has a real server take the place of the declared one.
func (s *server) replace(address string) error {
	at, err := s.decl.StandIn(address)
	if err != nil {
		return err
	}
	s.real = address
	if at.Transport == scenario.Unix {
		path, err := filepath.Abs(filepath.FromSlash(at.Path))
		s.addr = wire.Unix(path)
		s.real = s.addr.String() // a connect to it must not look in the scenario's folder
		return err
	}
	if s.addr, err = s.p.resolve(s.p.ctx, at); err != nil {
		return fmt.Errorf("%s can't be found: %s", address, wire.Reason(err))
	}
	return nil
}

// address is the server's as a variable has it. Of a real one that has a name,
// the name is part of it.
func (s *server) address() string {
	if s.real != "" {
		return s.real
	}
	return s.addr.String()
}

// elsewhere reports whether a real server takes the place of a declared one.
func (p *play) elsewhere(name string) bool {
	s := p.server(name)
	return s != nil && s.real != ""
}

// unplayed are those who would help, and are not played: servers that real ones
// take the place of, and the clients where strangers do.
func (p *play) unplayed(helps func([]*scenario.Step) bool) (names []string) {
	for _, s := range p.servers {
		if s.real != "" && slices.ContainsFunc(s.scripts(), helps) {
			names = append(names, s.decl.Name)
		}
	}
	if p.serve != nil {
		for _, c := range p.scenario.Clients {
			if helps(c.Steps) {
				names = append(names, c.Name)
			}
		}
	}
	return names
}
