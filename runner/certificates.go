package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"banter/runner/scenario"
	"banter/runner/wire"
)

// security is what a run has for TLS: an authority of its own, and what was made
// by it or read from files.
type security struct {
	mu        sync.Mutex
	authority *wire.Authority // nil: nobody has needed one
	sides     map[*scenario.TLS]*wire.TLS
	folder    string // of those that programs read; "": there is none
}

// signer is the run's authority. It is made when it is first needed. The caller
// has the lock.
func (s *security) signer() (_ *wire.Authority, err error) {
	if s.authority == nil {
		s.authority, err = wire.NewAuthority()
	}
	return s.authority, err
}

// side is how one side speaks TLS, as a scenario says it. A certificate that is
// made for it is for these names.
func (p *play) side(t *scenario.TLS, server bool, names ...string) (*wire.TLS, error) {
	s := &p.security
	s.mu.Lock()
	defer s.mu.Unlock()
	if side := s.sides[t]; side != nil {
		return side, nil
	}
	side := &wire.TLS{Server: server, Unverified: t.Unverified, ALPN: t.ALPN, Name: t.Name}
	var err error
	switch {
	case t.Cert != "":
		side.Certificate, err = p.certificate(t)
	case t.MadeCert:
		var signer *wire.Authority
		if signer, err = s.signer(); err == nil {
			side.Certificate, err = signer.Issue(names[0], names...)
		}
	}
	if err != nil {
		return nil, err
	}
	switch {
	case t.CA != "":
		side.Trust, err = p.authorities(t.CA)
	case t.MadeCA:
		var signer *wire.Authority
		if signer, err = s.signer(); err == nil {
			side.Trust = &signer.Authorities
		}
	}
	if err != nil {
		return nil, err
	}
	if s.sides == nil {
		s.sides = map[*scenario.TLS]*wire.TLS{}
	}
	s.sides[t] = side
	return side, nil
}

// certificate is one that a scenario has in files.
func (p *play) certificate(t *scenario.TLS) (*wire.Certificate, error) {
	cert, err := p.file(t.Cert)
	if err != nil {
		return nil, err
	}
	key, err := p.file(t.Key)
	if err != nil {
		return nil, err
	}
	c, err := wire.LoadCertificate(cert, key)
	if err != nil {
		return nil, fmt.Errorf("can't use the certificate %s with the key %s: %w", filepath.Base(t.Cert), filepath.Base(t.Key), err)
	}
	return c, nil
}

// authorities are those that a scenario has in a file.
func (p *play) authorities(path string) (*wire.Authorities, error) {
	certs, err := p.file(path)
	if err != nil {
		return nil, err
	}
	a, err := wire.LoadAuthorities(certs)
	if err != nil {
		return nil, fmt.Errorf("can't use the certificates of %s: %w", filepath.Base(path), err)
	}
	return a, nil
}

// loopback are the names that every certificate of the run is for.
var loopback = []string{"localhost", "127.0.0.1", "::1"}

// side is how the server speaks TLS. What is made for it is for its name, and
// for wherever it is bound.
func (s *server) side(t *scenario.TLS) (*wire.TLS, error) {
	names := append([]string{s.decl.Name}, loopback...)
	for _, name := range []string{s.local().Host, s.addr.Addr().String()} {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return s.p.side(t, true, names...)
}

// shows reports whether the server shows a certificate of the run, from the start
// or at some step.
func (s *server) shows() bool {
	shows := s.decl.TLS != nil && s.decl.TLS.MadeCert
	for _, script := range s.scripts() {
		scenario.Walk(script, func(step *scenario.Step) {
			t, ok := step.Action.(scenario.StartTLS)
			shows = shows || ok && t.TLS.MadeCert
		})
	}
	return shows
}

// side is how the client speaks TLS with whom it is connected to.
func (a *actor) side(t *scenario.TLS) (*wire.TLS, error) {
	if a.server != nil {
		return a.server.side(t)
	}
	made, err := a.p.side(t, false, a.client.Name)
	if err != nil {
		return nil, err
	}
	side := *made
	if side.Name == "" {
		side.Name = a.host
	}
	if a.conn != nil {
		to := a.conn.Remote.Addr() // of TCP
		side.System = to.IsValid() && !to.IsLoopback()
	}
	return &side, nil
}

// tlsFile is the path of a file for programs that speak TLS with the run:
// its authority, and a certificate of it for this machine and the servers' names,
// with its key. They are made when the first of them is asked for.
func (p *play) tlsFile(name string) (string, error) {
	s := &p.security
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.folder == "" {
		signer, err := s.signer()
		if err != nil {
			return "", err
		}
		names := slices.Clone(loopback)
		for _, srv := range p.servers {
			names = append(names, srv.decl.Name)
		}
		own, err := signer.Issue("localhost", names...)
		if err != nil {
			return "", err
		}
		cert, key, err := own.PEM()
		if err != nil {
			return "", err
		}
		run, err := p.folder()
		if err != nil {
			return "", err
		}
		folder, err := os.MkdirTemp(run, "tls-") // a name that no file of the scenario has
		if err != nil {
			return "", err
		}
		for name, data := range map[string][]byte{"ca.pem": signer.PEM(), "cert.pem": cert, "key.pem": key} {
			if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
				return "", err
			}
		}
		s.folder = folder
	}
	return filepath.Join(s.folder, name), nil
}
