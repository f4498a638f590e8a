package runner

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"banter/runner/match"
	"banter/runner/scenario"
	"banter/runner/transcript"
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
	side.System = a.conn != nil && a.conn.Remote.Path == "" && !a.conn.Remote.Addr().IsLoopback()
	return &side, nil
}

// hostOf is whom a connect calls, as a certificate names it: a server of the
// file by its name, others by their host.
func hostOf(c scenario.Connect, address string) string {
	host := c.Server
	if host == "" {
		host, _, _ = net.SplitHostPort(address)
	}
	if !wire.IsHostName(host) { // of a Unix socket, or of letters that no host has
		host = "localhost"
	}
	return host
}

// startTLS begins TLS, as a step says.
func (a *actor) startTLS(t *scenario.TLS, ride *scenario.Expect) *Failure {
	side, err := a.side(t)
	if err != nil {
		return a.failure(Environment, "%s", err)
	}
	done, err := a.handshake(side)
	f := a.secured(side, done, err, ride)
	if ride != nil && (ride.Outcome == scenario.TLSError || ride.Outcome == scenario.Timeout) {
		return f
	}
	return a.ridden(f, ride)
}

// acceptTLS begins TLS on a connection of a server that speaks it from the
// start. That this fails may be what the script expects first.
func (a *actor) acceptTLS() *Failure {
	side, err := a.server.side(a.server.decl.TLS)
	if err != nil {
		return a.failure(Environment, "%s", err)
	}
	a.deadline = time.Now().Add(a.p.timeout(0))
	done, err := a.handshake(side)
	if len(a.place.steps) > 0 && wire.IsTLS(err) {
		if first, ok := a.place.steps[0].Action.(*scenario.Expect); ok && first.Outcome == scenario.TLSError {
			return nil
		}
	}
	return a.secured(side, done, err, nil)
}

// handshake agrees with the peer on TLS.
func (a *actor) handshake(side *wire.TLS) (wire.Handshaken, error) {
	if a.conn == nil { // it was reset before it was there
		err := wire.TLSReason(wire.ErrReset)
		a.stream = match.NewStream(broken{err}, nil)
		return wire.Handshaken{}, err
	}
	a.listen(a.deadline)
	a.arm(a.conn.SetWriteDeadline, a.deadline)
	return a.conn.Handshake(side, a.stream.Ahead(), func() bool { return a.gracious() && !a.stopped() })
}

// secured says what came of a handshake, or meets the outcome that is expected
// of it.
//
// In TLS 1.3 a client's handshake is over before the server has looked at the
// client's certificate. Where it is expected to fail, what comes next decides.
func (a *actor) secured(side *wire.TLS, done wire.Handshaken, err error, ride *scenario.Expect) *Failure {
	outcome := scenario.NoOutcome
	if ride != nil {
		outcome = ride.Outcome
	}
	late := errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case outcome == scenario.TLSError && (wire.IsTLS(err) || err == nil && done.Undecided):
		a.riding = true
		return a.outcome(ride)
	case outcome == scenario.Timeout && late && !a.ending():
		a.saw(transcript.Timeout, "")
		a.drop(false)
		return nil
	}
	a.meant(transcript.TLS, done.ALPN)
	switch {
	case late && a.ending() && time.Now().Before(a.deadline):
		return a.failure(Unfinished, "was waiting: the TLS handshake")
	case late:
		f := a.failure(TimedOut, "timeout after %s: the TLS handshake was not done", a.allowed())
		f.Notes = append(f.Notes, "what came is too little for a handshake: does the peer speak TLS?")
		return f
	case wire.IsTLS(err):
		a.sawTLSError(err)
		f := a.failure(Ended, "TLS handshake failed: %s", err)
		f.At, f.Notes = a.found(err), hints(err, side.Server)
		return f
	case err != nil:
		return a.failure(Environment, "TLS handshake: %s", wire.Reason(err))
	}
	a.saw(transcript.TLS, done.ALPN)
	if outcome == scenario.TLSError || outcome == scenario.Timeout {
		a.riding = true
		return a.failure(Ended, "the TLS handshake was done, where %s was expected", ride)
	}
	return nil
}

// brokeOff is the failure of TLS that ended without its end.
func (a *actor) brokeOff(err error) *Failure {
	f := a.failure(Ended, "TLS broke off: %s", err)
	f.At, f.Notes = a.found(err), hints(err, a.server != nil)
	return f
}

// found is when an error was found: that is before the peer was told of it, who
// may be quicker to say so.
func (a *actor) found(err error) time.Duration {
	if e, ok := errors.AsType[*wire.TLSError](err); ok && !e.At.IsZero() {
		return e.At.Sub(a.p.began)
	}
	return a.p.now()
}

func (a *actor) sawTLSError(err error) {
	a.log.Seen.Add(transcript.TLSError, "", a.found(err), a.step)
}

// foreseeTLS says what a handshake would have brought.
func (a *actor) foreseeTLS(step *scenario.Step) {
	if step.Expect == nil || step.Expect.Outcome != scenario.TLSError {
		a.meant(transcript.TLS, "")
	}
}

// tlsHints are what may help with a handshake that has failed: a client's, a
// server's.
var tlsHints = map[wire.TLSCause][2]string{
	wire.Untrusted: {
		`"ca: FILE" says whose certificates are trusted, and "verify: false" takes any`,
		`"client_ca" says whose certificates are trusted; "cert: true" in a client's tls is one of the run`,
	},
	wire.WrongName: {0: `"name: HOST" says whom the certificate must be for`},
	wire.NoTLS: {
		`does it begin in the clear? then a step "tls" in the middle begins TLS (STARTTLS)`,
		`the client's connect needs "tls: true"`,
	},
	wire.NoCertificate: {1: `"cert: true" in the client's tls is a certificate of the run`},
	wire.PeerRefused: {
		`the server does not take the client's certificate; "cert: true" is one of the run`,
		"the client does not take the server's certificate; ${tls.ca} is a file of the run's authority",
	},
}

// hints are those for a handshake that has failed.
func hints(err error, server bool) []string {
	e, ok := errors.AsType[*wire.TLSError](err)
	if !ok {
		return nil
	}
	of := 0
	if server {
		of = 1
	}
	if hint := tlsHints[e.Cause][of]; hint != "" {
		return []string{hint}
	}
	return nil
}

// tlsFile is the path of a file for programs that speak TLS with the run:
// its authority, and a certificate of it for this machine with its key. They are
// made when the first of them is asked for, and removed when the run ends.
func (p *play) tlsFile(name string) (string, error) {
	s := &p.security
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.folder == "" {
		signer, err := s.signer()
		if err != nil {
			return "", err
		}
		own, err := signer.Issue("localhost", loopback...)
		if err != nil {
			return "", err
		}
		cert, key, err := own.PEM()
		if err != nil {
			return "", err
		}
		folder, err := os.MkdirTemp("", "banter-tls-")
		if err != nil {
			return "", err
		}
		s.folder = folder
		for name, data := range map[string][]byte{"ca.pem": signer.PEM(), "cert.pem": cert, "key.pem": key} {
			if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
				return "", err
			}
		}
	}
	return filepath.Join(s.folder, name), nil
}

// remove removes what was written.
func (s *security) remove() {
	if s.folder != "" {
		os.RemoveAll(s.folder)
	}
}
