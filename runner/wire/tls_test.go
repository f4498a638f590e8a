package wire

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"syscall"
	"testing"
	"time"
)

// However records are cut, the last one tells whether it is an alert in the
// clear, and the first how a stream begins that is no TLS.
func TestRecords(t *testing.T) {
	hello := append([]byte{22, 3, 1, 0, 4}, "abcd"...)
	alert := []byte{21, 3, 3, 0, 2, 2, 48}
	for _, test := range []struct {
		name, stream, foreign string
		alert                 uint8
	}{
		{"an alert", string(hello) + string(alert), "", 48},
		{"an alert at once", string(alert), "", 48},
		{"an encrypted alert", string(hello) + "\x15\x03\x03\x00\x1a" + string(make([]byte, 26)), "", 0},
		{"more behind the alert", string(alert) + string(hello), "", 0},
		{"empty records", "\x16\x03\x01\x00\x00\x16\x03\x01\x00\x00" + string(alert), "", 48},
		{"half an alert", string(alert[:6]), "", 0},
		{"nothing", "", "", 0},
		{"text", "hi", "hi", 0},
		{"text as long as a header", "hello", "hello", 0},
	} {
		for size := 1; size <= len(test.stream)+1; size++ {
			var r records
			for left := []byte(test.stream); len(left) > 0; {
				n := min(size, len(left))
				r.follow(left[:n])
				left = left[n:]
			}
			alert, isAlert := r.clearAlert()
			foreign, isForeign := r.foreign()
			if alert != test.alert || isAlert != (test.alert > 0) || string(foreign) != test.foreign || isForeign != (test.foreign != "") {
				t.Errorf("%s, %d bytes at a time: alert %d, %v; begins with %q, %v", test.name, size, alert, isAlert, foreign, isForeign)
			}
		}
	}
}

func TestTLSReason(t *testing.T) {
	now := time.Now()
	cert := func(before, after time.Duration) *x509.Certificate {
		return &x509.Certificate{NotBefore: now.Add(before), NotAfter: now.Add(after)}
	}
	for _, test := range []struct {
		err  error
		want string
	}{
		{x509.CertificateInvalidError{Cert: cert(-time.Hour, -time.Minute), Reason: x509.Expired}, "the certificate has expired"},
		{x509.CertificateInvalidError{Cert: cert(time.Minute, time.Hour), Reason: x509.Expired}, "the certificate is not valid yet"},
		{x509.CertificateInvalidError{Cert: cert(-time.Hour, time.Hour), Reason: x509.IncompatibleUsage}, "certificate specifies an incompatible key usage"},
		{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "a.test"}, "the certificate is for no host (it has no subject alternative names), and not for a.test"},
		{x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"1", "2", "3", "4", "5", "6", "7"}}, Host: "a.test"}, "the certificate is for 1, 2, 3, 4, 5, 2 more, and not for a.test"},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, "the certificate is not trusted (unknown authority)"},
		{io.EOF, "the peer ended the connection"},
		{syscall.ECONNRESET, "the peer reset the connection"},
		{errors.New("tls: client offered only unsupported versions: [302 301]"), "client offered only unsupported versions: [302 301]"},
	} {
		if got := TLSReason(test.err).Error(); got != test.want {
			t.Errorf("%v: %q, want %q", test.err, got, test.want)
		}
	}
}

// What an authority makes is for the names that a certificate can have, and what
// is made stays the same.
func TestAuthority(t *testing.T) {
	ca, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	made, err := ca.Issue("a name of more characters than a certificate can have, which is 64", "s", "10.0.0.1", "no host", "", "Größe", "::1")
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := made.PEM()
	if err != nil {
		t.Fatal(err)
	}
	if _, again, _ := made.PEM(); !bytes.Equal(key, again) {
		t.Error("another key")
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	if got := pair.Leaf.DNSNames; len(got) != 1 || got[0] != "s" {
		t.Errorf("for the hosts %q", got)
	}
	if got := pair.Leaf.IPAddresses; len(got) != 2 {
		t.Errorf("for the addresses %q", got)
	}
	trust, err := LoadAuthorities(ca.PEM())
	if err != nil {
		t.Fatal(err)
	}
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		options := x509.VerifyOptions{Roots: trust.pool, DNSName: "s", KeyUsages: []x509.ExtKeyUsage{usage}}
		if _, err := pair.Leaf.Verify(options); err != nil {
			t.Error(err)
		}
	}
	other, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: other.pool}); err == nil {
		t.Error("another authority has signed it as well")
	}
}
