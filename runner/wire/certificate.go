package wire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/netip"
	"regexp"
	"time"
)

// Certificate is a certificate and its key, as one side of TLS shows it.
type Certificate struct {
	tls  tls.Certificate
	pem  []byte // the certificate
	key  []byte // its key, in PEM; made when it is asked for
	made *ecdsa.PrivateKey
}

// LoadCertificate is a certificate, perhaps with those of its authorities, and
// its key, each in PEM.
func LoadCertificate(cert, key []byte) (*Certificate, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, TLSReason(err)
	}
	return &Certificate{tls: pair, pem: cert, key: key}, nil
}

// PEM is the certificate and its key as a program reads them from files.
func (c *Certificate) PEM() (cert, key []byte, err error) {
	if c.key == nil {
		der, err := x509.MarshalPKCS8PrivateKey(c.made)
		if err != nil {
			return nil, nil, err
		}
		c.key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	return c.pem, c.key, nil
}

// Authorities are those whose certificates are trusted.
type Authorities struct{ pool *x509.CertPool }

// LoadAuthorities are certificates of authorities in PEM.
func LoadAuthorities(certs []byte) (*Authorities, error) {
	a := &Authorities{x509.NewCertPool()}
	if !a.pool.AppendCertsFromPEM(certs) {
		return nil, errors.New("there is no certificate in PEM in it")
	}
	return a, nil
}

// Authority makes certificates that nobody but its own clients and servers
// trusts.
type Authority struct {
	Authorities
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// What is made is used at once and not for long. Some take a certificate of
// more than 398 days for a mistake.
const (
	madeBefore = 24 * time.Hour
	madeFor    = 90 * 24 * time.Hour
)

// NewAuthority makes an authority: a key on P-256, which is quick, and a
// certificate that it has signed itself.
func NewAuthority() (*Authority, error) {
	template := template("banter's authority of this run")
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	template.ExtKeyUsage = nil
	key, der, err := sign(template, template, nil)
	if err != nil {
		return nil, err
	}
	a := &Authority{Authorities: Authorities{x509.NewCertPool()}, key: key, pem: certPEM(der)}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	a.pool.AddCert(a.cert)
	return a, nil
}

// PEM is the authority's certificate as a program reads it from a file.
func (a *Authority) PEM() []byte { return a.pem }

// Issue makes a certificate for a server or a client. Names are those of hosts
// and IP addresses; others are left out.
func (a *Authority) Issue(subject string, names ...string) (*Certificate, error) {
	template := template(subject)
	for _, name := range names {
		if ip, err := netip.ParseAddr(name); err == nil {
			template.IPAddresses = append(template.IPAddresses, ip.AsSlice())
		} else if IsHostName(name) {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	key, der, err := sign(template, a.cert, a.key)
	if err != nil {
		return nil, err
	}
	return &Certificate{
		tls: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem: certPEM(der), made: key,
	}, nil
}

func template(subject string) *x509.Certificate {
	now := time.Now()
	const most = 64 // characters, see RFC 5280, appendix A.1
	if chars := []rune(subject); len(chars) > most {
		subject = string(chars[:most])
	}
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: subject},
		NotBefore:   now.Add(-madeBefore),
		NotAfter:    now.Add(madeFor),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

// sign makes a key and a certificate for it, signed by its parent's key, or by
// its own.
func sign(template, parent *x509.Certificate, by *ecdsa.PrivateKey) (key *ecdsa.PrivateKey, der []byte, err error) {
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, nil, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, nil, err
	}
	template.SerialNumber.SetBit(template.SerialNumber, 120, 1) // it must not be 0
	if by == nil {
		by = key
	}
	der, err = x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	return key, der, err
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

var hostName = regexp.MustCompile(`^([0-9A-Za-z_]([0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?(\.|$))+$`)

// IsHostName reports whether a certificate can be for a name: an IP address or
// the name of a host.
func IsHostName(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return len(name) < 254 && hostName.MatchString(name)
}
