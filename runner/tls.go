package runner

import (
	"errors"
	"net"
	"os"
	"slices"
	"time"

	"banter/runner/match"
	"banter/runner/scenario"
	"banter/runner/transcript"
	"banter/runner/wire"
)

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
// start. That this fails may be what the script expects first, or what the
// client expects: then it is over.
func (a *actor) acceptTLS() (over bool, f *Failure) {
	side, err := a.server.side(a.server.decl.TLS)
	if err != nil {
		return true, a.failure(Environment, "%s", err)
	}
	a.deadline = time.Now().Add(a.p.timeout(0))
	done, err := a.handshake(side)
	if len(a.place.steps) > 0 && wire.IsTLS(err) {
		if first, ok := a.place.steps[0].Action.(*scenario.Expect); ok && first.Outcome == scenario.TLSError {
			return false, nil
		}
	}
	if wire.IsTLS(err) && a.clientForesees() {
		a.sawTLSError(err)
		a.meant(transcript.TLSError, "")
		a.over, a.loose = true, true
		return true, a.close(scenario.CloseNow)
	}
	if f = a.secured(side, done, err, nil); f != nil {
		f.Pos = a.server.decl.Pos
	}
	return f != nil, f
}

// clientForesees reports whether the client, one of the file, has a connect to
// this server whose handshake is to fail.
func (a *actor) clientForesees() bool {
	a.p.mu.Lock()
	peer := a.peer
	a.p.mu.Unlock()
	for _, c := range a.p.clients {
		if c.place.name != peer {
			continue
		}
		return slices.ContainsFunc(c.place.steps, func(s *scenario.Step) bool {
			found := false
			scenario.Walk([]*scenario.Step{s}, func(s *scenario.Step) {
				connect, ok := s.Action.(scenario.Connect)
				found = found || ok && s.Expect != nil && s.Expect.Outcome == scenario.TLSError && a.server.isCalledBy(connect)
			})
			return found
		})
	}
	return false
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
		return a.outcome(ride, a.deadline)
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
