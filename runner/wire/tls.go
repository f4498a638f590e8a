package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"time"
)

// TLS is how one side of a connection speaks TLS.
type TLS struct {
	Server      bool
	Certificate *Certificate // its own; nil: none
	Trust       *Authorities // who must have signed the peer's; nil: a server asks for none
	System      bool         // a client trusts the system's authorities as well
	Name        string       // that the certificate of a client's peer must have, and that it asks for
	Unverified  bool         // a client takes any certificate
	ALPN        []string     // protocols, the first is liked best
}

// Handshaken is what a handshake has brought.
type Handshaken struct {
	ALPN string // the protocol that was agreed on; "" if none was
	// Undecided says that the server may still refuse the client's
	// certificate: in TLS 1.3 the client's handshake is over before that.
	Undecided bool
}

// Handshake begins TLS: from here on Read, Write and all the others are of what
// goes through it. Ahead is what was read of it already. The connection's
// deadlines bound it; when they have passed, late says whether what has come by
// then may still be read. The error is a *TLSError, or
// os.ErrDeadlineExceeded.
func (c *Conn) Handshake(t *TLS, ahead []byte, late func() bool) (Handshaken, error) {
	under := &tlsSocket{conn: c, ahead: ahead, late: late}
	asked := false
	config := &tls.Config{
		NextProtos:                  t.ALPN,
		SessionTicketsDisabled:      true, // nothing is sent that no script has said
		DynamicRecordSizingDisabled: true,
	}
	own := tls.Certificate{}
	if t.Certificate != nil {
		own = t.Certificate.tls
	}
	var secure *tls.Conn
	if t.Server {
		config.Certificates = []tls.Certificate{own}
		if t.Trust != nil {
			config.ClientCAs, config.ClientAuth = t.Trust.pool, tls.RequireAndVerifyClientCert
		}
		secure = tls.Server(under, config)
	} else {
		config.ServerName = t.Name
		config.InsecureSkipVerify = true // t.verify does it
		config.VerifyConnection = t.verify
		// Whoever the server would like: that it refuses a certificate can be
		// the test.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = true
			return &own, nil
		}
		secure = tls.Client(under, config)
	}
	c.under, c.tls = under, secure
	err := secure.Handshake()
	under.late = nil
	if err != nil {
		return Handshaken{}, c.tlsMeaning(err)
	}
	c.handshaken = true
	state := secure.ConnectionState()
	return Handshaken{
		ALPN:      state.NegotiatedProtocol,
		Undecided: asked && state.Version == tls.VersionTLS13,
	}, nil
}

// verify is what a client demands of its server.
func (t *TLS) verify(state tls.ConnectionState) error {
	if len(t.ALPN) > 0 && state.NegotiatedProtocol == "" {
		return errNoProtocol
	}
	if t.Unverified {
		return nil
	}
	cert := state.PeerCertificates[0]
	options := x509.VerifyOptions{Roots: t.Trust.pool, Intermediates: x509.NewCertPool()}
	for _, more := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(more)
	}
	_, err := cert.Verify(options)
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown && t.System {
		options.Roots = nil
		_, err = cert.Verify(options)
	}
	if err != nil {
		return err
	}
	return cert.VerifyHostname(t.Name)
}

var errNoProtocol = errors.New("no protocol was agreed on (ALPN)")

// readTLS reads what was sent through TLS.
func (c *Conn) readTLS(p []byte) (int, error) {
	if len(c.shown) > 0 {
		n := copy(p, c.shown)
		c.shown = c.shown[n:]
		return n, nil
	}
	if broken := c.broken.Load(); broken != nil {
		return 0, broken
	}
	n, err := c.tls.Read(p)
	if n > 0 {
		return n, nil // an error comes again
	}
	return 0, c.tlsMeaning(err)
}

// peekTLS shows what was sent through TLS. The socket has lost it by then, and
// so it is kept here.
func (c *Conn) peekTLS(p []byte) (int, error) {
	if len(c.shown) == 0 {
		if c.room == nil {
			c.room = make([]byte, 4<<10)
		}
		n, err := c.readTLS(c.room)
		if c.shown = c.room[:n]; n == 0 {
			return 0, err
		}
	}
	return copy(p, c.shown), nil
}

// lateMost is how much is read from the socket, in bytes, for something that
// was sent through TLS to come of it without waiting. TLS also has what nobody
// sees, and somebody might send that without end.
const lateMost = 4 * record

// lateTLS reads, or peeks at, what is there already.
func (c *Conn) lateTLS(p []byte, peek bool) (int, error) {
	c.under.noWait, c.under.most = true, lateMost
	defer func() { c.under.noWait = false }()
	if peek {
		return c.peekTLS(p)
	}
	return c.readTLS(p)
}

// record is the most that a record of TLS holds, in bytes.
const record = 16 << 10

// writeTLS sends p through TLS, record by record. What of a record the system
// does not take in time goes out later: the record counts as not sent, and
// lateWriteTLS knows of it.
func (c *Conn) writeTLS(p []byte) (sent int, err error) {
	c.begun = 0
	for {
		if err := c.under.flushed(); err != nil {
			return sent, err
		}
		sent += c.begun
		c.begun = 0
		if sent == len(p) {
			return sent, nil
		}
		n := min(record, len(p)-sent)
		if _, err := c.tls.Write(p[sent : sent+n]); err != nil {
			return sent, c.tlsMeaning(err)
		}
		c.begun = n
	}
}

// lateWriteTLS goes on with a write that ran out of time: p begins with what
// that had not sent.
func (c *Conn) lateWriteTLS(p []byte) (sent int, err error) {
	c.under.hurry(true)
	defer c.under.hurry(false)
	if err := c.under.flushed(); err != nil {
		return 0, err
	}
	begun := min(c.begun, len(p))
	n, err := c.writeTLS(p[begun:])
	return begun + n, err
}

// endTLS says that no more will be sent, and half-closes. Where the system has
// no room for that, it goes out as soon as there is, as an end without TLS
// does.
func (c *Conn) endTLS(s stream) error {
	c.under.hurry(true)
	c.under.ending = true
	err := c.tls.CloseWrite()
	c.under.hurry(false)
	if IsReset(err) {
		return err
	}
	if c.under.left.Load() == 0 {
		s.CloseWrite() // what we have just sent may have met a closed socket; a read says how it ended
		return nil
	}
	c.sock.SetWriteDeadline(time.Time{})
	c.ending.Go(func() {
		if c.under.flushed() == nil {
			s.CloseWrite()
		}
	})
	return nil
}

// closeTLS closes. As without TLS, bytes that were not read make a reset of it:
// else that would depend on which of them were read from the socket already.
// After a failure, what the peer sends is read first, so that nothing destroys
// the alert on its way there.
func (c *Conn) closeTLS() error {
	switch s, _ := c.sock.(stream); {
	case c.broken.Load() != nil:
		s.CloseWrite()
		io.Copy(io.Discard, c.sock)
	case c.unreadTLS():
		return c.Reset()
	case c.handshaken:
		c.sweepTLS(s)
	}
	return c.sock.Close()
}

// sweepTLS ends what is sent before the socket is closed: the peer's own end of
// TLS, which nobody reads any more, may come at that moment, and make a reset of
// the close. Of a Unix socket it can be kept out.
func (c *Conn) sweepTLS(s stream) {
	if !c.shut {
		s.CloseWrite()
	}
	if _, unix := s.(*net.UnixConn); unix {
		s.CloseRead()
		buf := make([]byte, 64)
		for n := 1; n > 0; {
			n, _ = c.lateRead(buf, false)
		}
	}
}

// unreadTLS reports whether something has come and was not read.
func (c *Conn) unreadTLS() bool {
	if c.reset.Load() {
		return false
	}
	n, _ := c.lateTLS(make([]byte, 1), false)
	return n > 0
}
