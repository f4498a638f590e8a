package runner_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/scenario"
)

// byHandTLS are the two sides of TLS as a test has them that is written by hand:
// with one certificate for everything.
func byHandTLS() (server, client *tls.Config) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	pool := x509.NewCertPool()
	pool.AddCert(must(x509.ParseCertificate(der)))
	server = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return server, &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

// A thousand greetings over TLS, each a run with an authority of its own.
func BenchmarkTLSGreetings(b *testing.B) {
	const greetings, jobs = 1000, 8
	s := parse(b, `
servers: {greeter: {tls: true, reply: "hhhh"}}
clients: {ann: [{connect: {to: greeter, tls: true}}, {send: "hello"}, {expect: "hhhh"}, close]}
`)
	server, client := byHandTLS()
	ratio(b, func() {
		runner.PlayAll(b.Context(), slices.Repeat([]*scenario.Scenario{s}, greetings), runner.SuiteOptions{Jobs: jobs}, func(p runner.Play) {
			if p.Err != nil || !p.Result.Passed() {
				b.Error(p.Err, failures(p.Result))
			}
		})
	}, func() {
		var wg sync.WaitGroup
		for range jobs {
			wg.Go(func() {
				for range greetings / jobs {
					withTLS(server, client, func(c net.Conn) {
						must(c.Read(make([]byte, 1024)))
						must(c.Write([]byte("hhhh")))
					}, func(c net.Conn) {
						must(c.Write([]byte("hello")))
						must(io.ReadFull(c, make([]byte, 4)))
					})
				}
			})
		}
		wg.Wait()
	})
}

// withTLS has a server and a client talk, and ends them in order.
func withTLS(server, client *tls.Config, serve, call func(net.Conn)) {
	ln := must(tls.Listen("tcp", "127.0.0.1:0", server))
	defer ln.Close()
	end := func(c net.Conn) {
		c.(*tls.Conn).CloseWrite()
		io.Copy(io.Discard, c)
		c.Close()
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		c := must(ln.Accept())
		serve(c)
		end(c)
	})
	c := must(tls.Dial("tcp", ln.Addr().String(), client))
	call(c)
	end(c)
	serving.Wait()
}

// Fifty thousand exchanges of lines on one connection with TLS.
func BenchmarkTLSExchanges(b *testing.B) {
	const n = 50_000
	s := parse(b, `
servers: {s: {tls: true, steps: [{expect: {line: PING}}, {send: {line: "+PONG"}}]}}
clients: {c: [{connect: {to: s, tls: true}}, {send: {line: PING}}, {expect: {line: "+PONG"}}]}
`)
	s.Servers[0].Steps = slices.Repeat(s.Servers[0].Steps, n)
	s.Clients[0].Steps = append(s.Clients[0].Steps[:1], slices.Repeat(s.Clients[0].Steps[1:], n)...)
	server, client := byHandTLS()
	ratio(b, func() { played(b, s) }, func() {
		withTLS(server, client, func(c net.Conn) {
			for r := bufio.NewReader(c); ; {
				line, err := r.ReadString('\n')
				if err == io.EOF {
					return
				}
				if must(line, err) != "PING\r\n" {
					panic("no PING")
				}
				must(c.Write([]byte("+PONG\r\n")))
			}
		}, func(c net.Conn) {
			r := bufio.NewReader(c)
			for range n {
				must(c.Write([]byte("PING\r\n")))
				if must(r.ReadString('\n')) != "+PONG\r\n" {
					panic("no PONG")
				}
			}
		})
	})
}

// One gigabyte in one direction, through TLS.
func BenchmarkTLSGigabyte(b *testing.B) {
	s := parse(b, `
servers: {s: {tls: true, steps: [{expect: {bytes: 1GiB}}]}}
clients: {c: [{connect: {to: s, tls: true}}, {send: {fill: "0123456789abcdef", size: 1GiB}}]}
`)
	server, client := byHandTLS()
	data := make([]byte, 1<<20)
	ratio(b, func() { played(b, s) }, func() {
		withTLS(server, client, func(c net.Conn) { io.CopyBuffer(io.Discard, struct{ io.Reader }{c}, make([]byte, 256<<10)) }, func(c net.Conn) {
			for range 1 << 10 {
				must(c.Write(data))
			}
		})
	})
}
