package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"
)

// TLSError is that TLS could not be agreed on, or broke off.
type TLSError struct {
	Cause  TLSCause
	Reason string    // in a few words, the same on every machine
	At     time.Time // when this side has found it, before it has told the peer; zero: the peer has
}

// Error is the reason.
func (e *TLSError) Error() string { return e.Reason }

// TLSCause is the kind of a reason.
type TLSCause uint8

// The causes. Those before PeerEnded this side has found, and told the peer in an
// alert.
const (
	OtherCause    TLSCause = iota
	Untrusted              // nobody who is trusted has signed the certificate
	WrongName              // the certificate is for others
	NoProtocol             // none was agreed on
	NoCertificate          // the client has no certificate
	PeerEnded              // the connection, without a word of it
	PeerAlert              // the peer has found something wrong
	PeerRefused            // it does not take our certificate, or wants one
	NoTLS                  // the peer sent something else
)

// tlsMeaning reduces an error of crypto/tls to those of a Conn. A TLSError is
// remembered: there is no way on.
func (c *Conn) tlsMeaning(err error) error {
	switch {
	case err == nil, errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, net.ErrClosed):
		return err
	case c.handshaken && (err == io.EOF || IsReset(err)):
		return c.meaning(err)
	}
	reason := TLSReason(err)
	c.under.mu.Lock()
	defer c.under.mu.Unlock()
	if !c.handshaken {
		if first, ok := c.under.came.foreign(); ok && reason.Cause == PeerEnded {
			reason = noTLS(first)
		}
		if alert, ok := c.under.came.clearAlert(); ok {
			reason = peerAlert(tls.AlertError(alert))
		}
	}
	if reason.Cause < PeerEnded { // an alert was written
		reason.At = c.under.wrote
	}
	c.broken.CompareAndSwap(nil, reason)
	return c.broken.Load()
}

// TLSReason says in a few words what an error of a handshake means.
func TLSReason(err error) *TLSError {
	because := func(cause TLSCause, format string, args ...any) *TLSError {
		return &TLSError{Cause: cause, Reason: fmt.Sprintf(format, args...)}
	}
	if header, ok := errors.AsType[tls.RecordHeaderError](err); ok && strings.HasPrefix(header.Msg, "first record") {
		return noTLS(header.RecordHeader[:])
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return because(Untrusted, "the certificate is not trusted (unknown authority)")
	}
	if host, ok := errors.AsType[x509.HostnameError](err); ok {
		return because(WrongName, "%s", wrongName(host))
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		if time.Now().Before(invalid.Cert.NotBefore) {
			return because(OtherCause, "the certificate is not valid yet")
		}
		return because(OtherCause, "the certificate has expired")
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return peerAlert(op.Err)
	} else if ok && op.Op == "local error" {
		return because(OtherCause, "%s", plain(op.Err))
	}
	switch {
	case err == errNoProtocol:
		return because(NoProtocol, "%s", err)
	case err == io.EOF:
		return because(PeerEnded, "the peer ended the connection")
	case err == io.ErrUnexpectedEOF:
		return because(PeerEnded, "the peer ended the connection in the middle of a record")
	case IsReset(err):
		return because(PeerEnded, "the peer reset the connection")
	case strings.Contains(err.Error(), "client didn't provide a certificate"):
		return because(NoCertificate, "the client has no certificate")
	}
	return because(OtherCause, "%s", plain(err))
}

func peerAlert(err error) *TLSError {
	e := &TLSError{Cause: PeerAlert, Reason: "the peer's alert: " + plain(err)}
	if strings.Contains(e.Reason, "certificate") {
		e.Cause = PeerRefused
	}
	return e
}

func noTLS(first []byte) *TLSError {
	return &TLSError{Cause: NoTLS, Reason: fmt.Sprintf("the peer does not speak TLS: what it sends begins with %q", first)}
}

// plain is an error's text without the package it is of.
func plain(err error) string {
	text := strings.TrimPrefix(err.Error(), "tls: ")
	text = strings.TrimPrefix(text, "failed to verify certificate: ")
	return strings.TrimPrefix(text, "x509: ")
}

// wrongName says whom a certificate is for, and who it should be for.
func wrongName(err x509.HostnameError) string {
	names := slices.Clone(err.Certificate.DNSNames)
	for _, ip := range err.Certificate.IPAddresses {
		names = append(names, ip.String())
	}
	const most = 5
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("%d more", more))
	}
	if len(names) == 0 {
		names = []string{"no host (it has no subject alternative names)"}
	}
	return fmt.Sprintf("the certificate is for %s, and not for %s", strings.Join(names, ", "), err.Host)
}

// IsTLS reports whether an error is that TLS could not be agreed on, or broke
// off.
func IsTLS(err error) bool {
	_, ok := errors.AsType[*TLSError](err)
	return ok
}
