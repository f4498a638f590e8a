package runner_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"banter/runner"
	"banter/runner/scenario"
	"banter/runner/wire"
)

// secure has a scenario speak TLS wherever it can.
func secure(s *scenario.Scenario) *scenario.Scenario {
	for _, srv := range s.Servers {
		if srv.Transport() != scenario.UDP {
			srv.TLS = &scenario.TLS{Pos: srv.Pos, MadeCert: true}
		}
	}
	var each func(steps []*scenario.Step)
	each = func(steps []*scenario.Step) {
		for _, step := range steps {
			if a, ok := step.Action.(scenario.Connect); ok && a.Transport != scenario.UDP {
				a.TLS = &scenario.TLS{Pos: a.Pos, MadeCA: true}
				step.Action = a
			}
			each(scenario.Inner(step.Action))
		}
	}
	for _, c := range s.Clients {
		each(c.Steps)
	}
	return s
}

// overTLS plays a scenario over TLS, and returns what its actors saw beside
// that.
func overTLS(t *testing.T, text string) string {
	t.Helper()
	result := play(t, secure(parse(t, text)))
	for _, f := range result.Failures {
		t.Errorf("%s: %s: %s %q", f.Pos, f.Actor, f.Message, f.Notes)
	}
	return strings.ReplaceAll(transcripts(result), "  tls\n", "")
}

// What is true without TLS is true with it: the same scenarios pass, with the
// same transcripts.
func TestTLSIsTheSame(t *testing.T) {
	for _, test := range conversations {
		t.Run(test.name, func(t *testing.T) {
			for range 3 {
				if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), overTLS(t, test.text)); diff != "" {
					t.Fatal(diff)
				}
			}
		})
	}
	for i, text := range ends {
		t.Run(fmt.Sprint("ends ", i), func(t *testing.T) {
			want := transcripts(passes(t, text))
			for range 5 {
				if diff := cmp.Diff(want, overTLS(t, text)); diff != "" || t.Failed() {
					t.Fatal(diff, text)
				}
			}
		})
	}
}

// The end that TLS sends may meet a socket that is being closed.
func TestTLSEndsAtTheSameTime(t *testing.T) {
	want := transcripts(passes(t, lonely))
	for range 100 {
		if diff := cmp.Diff(want, overTLS(t, lonely)); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestTLSIsTheSameInAnyScenario(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	for i := range uint64(8) {
		text := func(sliced bool) string {
			w := &writer{rand.New(rand.NewPCG(seed, i)), sliced, rand.New(rand.NewPCG(seed, i+1))}
			return w.scenario()
		}
		if a, b := transcripts(passes(t, text(false))), overTLS(t, text(true)); a != b || t.Failed() {
			t.Fatalf("seed %d, scenario %d:\n%s\nis\n%s\nand over TLS, in slices\n%s", seed, i, text(true), a, b)
		}
	}
}

// certificates writes the files of an authority that nobody knows into the
// test's folder: ca.pem, and cert.pem with key.pem, for the names.
func certificates(t *testing.T, names ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	ca := must(wire.NewAuthority())
	own := must(ca.Issue("own", names...))
	cert, key, err := own.PEM()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"ca.pem": ca.PEM(), "cert.pem": cert, "key.pem": key, "empty.pem": nil} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTLS(t *testing.T) {
	certificates(t, "mx.test", "10.0.0.1")
	for _, test := range []struct{ name, text, want string }{
		{"a greeting", `
servers: {greeter: {tls: true, reply: "hhhh"}}
clients: {ann: [{connect: {to: greeter, tls: true}}, {send: "hello"}, {expect: "hhhh"}, close]}
`, `
ann:
  connect greeter
  tls
  > "hello"
  < "hhhh"
  < eof
  close
greeter/ann:
  accept
  tls
  < "hello"
  > "hhhh"
  < eof
  close
`}, {"in the middle, on both sides", `
servers:
  mx:
    steps:
      - send: {line: 220 ready}
      - expect: {line: STARTTLS}
      - send: {line: 220 go}
      - tls
      - expect: {line: EHLO}
      - send: {line: 250 ok}
      - close
clients:
  ann:
    - connect: mx
    - expect: {line: 220 ready}
    - {send: {line: STARTTLS}, expect: {line: 220 go}}
    - tls
    - {send: {line: EHLO}, expect: {line: 250 ok}}
    - close
`, `
ann:
  connect mx
  < "220 ready\r\n"
  > "STARTTLS\r\n"
  < "220 go\r\n"
  tls
  > "EHLO\r\n"
  < "250 ok\r\n"
  < eof
  close
mx/ann:
  accept
  > "220 ready\r\n"
  < "STARTTLS\r\n"
  > "220 go\r\n"
  tls
  < "EHLO\r\n"
  > "250 ok\r\n"
  < eof
  close
`}, {"in the middle, by somebody who does not wait for the answer", `
servers: {s: {steps: [{expect: {line}}, {expect: {until: ";"}}, tls, {expect: "x"}]}}
clients: {c: [{connect: s}, {send: [{line: a}, "b;"]}, tls, {send: x}]}
`, ``}, {"protocols", `
servers: {s: {tls: {alpn: [h2, http/1.1]}, reply: "x"}}
clients:
  a: [{connect: {to: s, tls: {alpn: [http/1.1]}}}, {send: "a"}, {expect: "x"}]
  b: {after: a, steps: [{connect: {to: s, tls: {alpn: [http/1.1, h2]}}}, {send: "b"}, {expect: "x"}]}
  c: {after: b, steps: [{connect: {to: s, tls: true}}, {send: "c"}, {expect: "x"}]}
`, `
a:
  connect s
  tls http/1.1
  > "a"
  < "x"
  < eof
  close
b:
  connect s
  tls h2
  > "b"
  < "x"
  < eof
  close
c:
  connect s
  tls
  > "c"
  < "x"
  < eof
  close
s/a:
  accept
  tls http/1.1
  < "a"
  > "x"
  < eof
  close
s/b:
  accept
  tls h2
  < "b"
  > "x"
  < eof
  close
s/c:
  accept
  tls
  < "c"
  > "x"
  < eof
  close
`}, {"a client's certificate of the run", `
servers: {s: {tls: {client_ca: true}, reply: "x"}}
clients: {c: [{connect: {to: s, tls: {cert: true}}}, {send: "a"}, {expect: "x"}]}
`, ``}, {"certificates in files, on both sides", `
servers: {s: {tls: {cert: cert.pem, key: key.pem, client_ca: ca.pem}, reply: "x"}}
clients: {c: [{connect: {to: s, tls: {ca: ca.pem, cert: cert.pem, key: key.pem, name: mx.test}}}, {send: "a"}, {expect: "x"}]}
`, ``}, {"a name that is an address", `
servers: {s: {tls: {cert: cert.pem, key: key.pem}, reply: "x"}}
clients: {c: [{connect: {to: s, tls: {ca: ca.pem, name: 10.0.0.1}}}, {send: "a"}, {expect: "x"}]}
`, ``}, {"the run's authority by its file, and one protocol", `
servers: {s: {tls: {alpn: h2}, reply: "x"}}
clients: {c: [{connect: {to: s, tls: {ca: "${tls.ca}", alpn: h2}}}, {send: "a"}, {expect: "x"}]}
`, ``}, {"any certificate", `
servers: {s: {tls: {cert: cert.pem, key: key.pem}, reply: "x"}}
clients: {c: [{connect: {to: s, tls: {verify: false}}}, {send: "a"}, {expect: "x"}]}
`, ``}, {"by address, by reference, by the names of the certificate", `
servers: {s: {tls: true, reply: "x"}, Größe: {tls: true, reply: "y"}}
clients:
  a: [{connect: {to: "127.0.0.1:${s.port}", tls: true}}, {send: "a"}, {expect: "x"}]
  b: [{connect: {to: "localhost:${s.port}", tls: true}}, {send: "a"}, {expect: "x"}]
  c: [{connect: {to: "${s}", tls: {name: s}}}, {send: "a"}, {expect: "x"}]
  d: [{connect: {to: s, tls: {name: "::1"}}}, {send: "a"}, {expect: "x"}]
  e: [{connect: {to: Größe, tls: true}}, {send: "a"}, {expect: "y"}]
`, ``}, {"a server's certificate is not trusted", `
servers: {s: {tls: {cert: cert.pem, key: key.pem}, steps: [{expect: {tls_error: "alert: bad certificate"}}]}}
clients: {c: [{connect: {to: s, tls: {name: mx.test}}, expect: {tls_error: unknown authority}}, close]}
`, `
c:
  connect s
  tls_error
  close
s/c:
  accept
  tls_error
  close
`}, {"the client alone expects that it fails", `
servers: {s: {tls: true, reply: "x"}}
clients: {c: [{connect: {to: s, tls: {name: example.org}}, expect: {tls_error: not for example.org}}, close]}
`, `
c:
  connect s
  tls_error
  close
s/c:
  accept
  tls_error
  close
`}, {"a server's certificate is for others", `
servers: {s: {tls: true, steps: [{expect: {tls_error}}, close]}}
clients: {c: [{connect: {to: s, tls: {name: example.org}}, expect: {tls_error: not for example.org}}]}
`, ``}, {"a client has no certificate", `
servers: {s: {tls: {client_ca: true}, steps: [{expect: {tls_error: no certificate}}]}}
clients: {c: [{connect: {to: s, tls: true}, expect: {tls_error: certificate required}}, close, {connect: {to: s, tls: true}, expect: {tls_error}}]}
`, ``}, {"a client's certificate is not trusted", `
servers: {s: {tls: {client_ca: true}, steps: [{expect: {tls_error: not trusted}}]}}
clients: {c: [{connect: {to: s, tls: {cert: cert.pem, key: key.pem}}, expect: {tls_error: unknown certificate authority}}]}
`, ``}, {"a client sees later that its certificate was refused", `
servers: {s: {tls: {client_ca: true}, steps: [{expect: {tls_error: no certificate}}]}}
clients:
  a: [{connect: {to: s, tls: true}}, {send: "hello", expect: {tls_error: certificate required}}, close]
  b: {after: a, steps: [{connect: {to: s, tls: true}}, {expect: {tls_error}}]}
`, `
a:
  connect s
  tls
  > "hello"
  tls_error
  close
b:
  connect s
  tls
  tls_error
  close
s/a:
  accept
  tls_error
  close
s/b:
  accept
  tls_error
  close
`}, {"no protocol in common", `
servers: {s: {tls: {alpn: [h2]}, steps: [{expect: {tls_error: unsupported application protocols}}]}}
clients: {c: [{connect: {to: s, tls: {alpn: [imap]}}, expect: {tls_error: no application protocol}}]}
`, ``}, {"a server without protocols", `
servers: {s: {tls: true, steps: [{expect: {tls_error}}]}}
clients: {c: [{connect: {to: s, tls: {alpn: [imap]}}, expect: {tls_error: no protocol was agreed on}}]}
`, ``}, {"in the middle, in vain", `
servers: {s: {steps: [{expect: {line: STARTTLS}}, {tls: {client_ca: true}, expect: {tls_error}}, close]}}
clients: {c: [{connect: s}, {send: {line: STARTTLS}}, {tls: true, expect: {tls_error}}]}
`, `
c:
  connect s
  > "STARTTLS\r\n"
  tls_error
  close
s/c:
  accept
  < "STARTTLS\r\n"
  tls_error
  close
`}, {"a client without TLS", `
servers: {s: {tls: true, steps: [{expect: {tls_error: 'begins with "GET /"'}}]}}
clients: {c: [{connect: s}, {send: "GET / HTTP/1.1"}, {expect: {eof}}]}
`, ``}, {"a client without TLS who sends a lot", `
servers: {s: {tls: true, steps: [{expect: {tls_error: 'begins with "xxxxx"'}}]}}
clients: {c: [{connect: s}, {send: {fill: "x", size: 1MiB}}, {expect: {eof}}]}
`, ``}, {"a server without TLS", `
servers: {s: {steps: [{send: "220 hello"}, {close: {discard}}]}}
clients: {c: [{connect: {to: s, tls: true}, expect: {tls_error: 'begins with "220 h"'}}]}
`, ``}, {"a few bytes that are not TLS", `
servers: {s: {tls: true, steps: [{expect: {tls_error: 'begins with "x"'}}]}}
clients: {c: [{connect: s}, {send: "x"}, shutdown, {expect: {eof}}]}
`, ``}, {"a reset in the handshake", `
servers: {s: {steps: [{expect: {bytes: 5}}, reset]}, t: {tls: true, steps: [{expect: {tls_error: reset}}]}}
clients: {c: [{connect: {to: s, tls: true}, expect: {tls_error: reset}}, close, {connect: t}, {send: {hex: "16 03 01"}}, reset]}
`, ``}, {"an end in the handshake", `
servers: {s: {steps: [{expect: {bytes: 5}}, {close: {discard}}]}, t: {tls: true, steps: [{expect: {tls_error: ended}}]}}
clients: {c: [{connect: {to: s, tls: true}, expect: {tls_error: ended}}, close, {connect: t}, close]}
`, ``}, {"nobody answers the handshake", `
servers: {s: {accept: 0}}
clients: {c: [{connect: {to: s, tls: true}, within: 50ms, expect: {timeout}}]}
`, `
c:
  connect s
  timeout
`}, {"bytes that are not read make a reset", `
servers: {s: {tls: true, steps: [{expect: "a"}, {close: {now}}]}}
clients: {c: [{connect: {to: s, tls: true}}, {send: "ab", expect: {reset}}]}
`, ``}, {"nobody hears the end", `
servers: {s: {tls: true, steps: [{expect: "a"}, {await: gone}, close]}}
clients: {c: [{connect: {to: s, tls: true}}, {send: "a"}, {close: {now}}, signal: gone]}
`, `
c:
  connect s
  tls
  > "a"
  close
s/c:
  accept
  tls
  < "a"
  < eof
  close
`}, {"what was sent to nobody is a reset", `
servers: {s: {tls: true, steps: [{expect: "a"}, {await: gone}, {send: "b"}, {close: {discard}}]}}
clients: {c: [{connect: {to: s, tls: true}}, {send: "a"}, {close: {now}}, signal: gone]}
`, ``}, {"nobody is there", `
servers: {s: {start: false, tls: true}}
clients: {c: [{connect: {to: s, tls: true}, expect: {refused}}]}
`, `
c:
  connect s
  refused
`}, {"on a further connection, in a loop", `
servers: {s: {tls: true, reply: "hhhh"}, t: {reply: "x"}}
clients:
  c:
    - connect: t
    - loop:
        times: 2
        steps:
          - connect: {to: s, tls: true, as: other}
          - {over: other, send: "hello", expect: "hhhh"}
          - {over: other, close}
    - {send: "y", expect: "x"}
`, ``}, {"where a case says so", `
vars: {secure: true}
servers: {s: {tls: "${secure}", reply: "hhhh"}}
clients: {c: [{connect: {to: s, tls: "${secure}"}}, {send: "hello"}, {expect: "hhhh"}]}
`, ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			var first string
			for range 4 {
				got := transcripts(passes(t, test.text))
				if first == "" {
					first = got
				}
				if test.want != "" {
					first = strings.TrimPrefix(test.want, "\n")
				}
				if diff := cmp.Diff(first, got); diff != "" || t.Failed() {
					t.Fatal(diff)
				}
			}
		})
	}
}

// Each failure is said once, at its place, and with what helps.
func TestTLSFailures(t *testing.T) {
	certificates(t, "mx.test")
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"not trusted", `
servers: {s: {tls: {cert: cert.pem, key: key.pem}, reply: "x"}}
clients: {c: [{connect: {to: s, tls: true}}, {send: "x"}]}
`, []string{
			`3:16 c: TLS handshake failed: the certificate is not trusted (unknown authority)`,
			`"ca: FILE" says whose certificates are trusted, and "verify: false" takes any`,
			`2:11 s/c: TLS handshake failed: the peer's alert: bad certificate`,
			`the client does not take the server's certificate; ${tls.ca} is a file of the run's authority`,
		}},
		{"for others", `
servers: {s: {tls: {cert: cert.pem, key: key.pem}, steps: [{expect: {tls_error}}]}}
clients: {c: [{connect: {to: s, tls: {ca: ca.pem}}}]}
`, []string{
			`3:16 c: TLS handshake failed: the certificate is for mx.test, and not for s`,
			`"name: HOST" says whom the certificate must be for`,
		}},
		{"no certificate", `
servers: {s: {tls: {client_ca: ca.pem}, reply: "x"}}
clients: {c: [{connect: {to: s, tls: true}}, {send: "hello"}, {expect: "x"}]}
`, []string{
			`2:11 s/c: TLS handshake failed: the client has no certificate`,
			`"cert: true" in the client's tls is a certificate of the run`,
			`3:64 c: TLS broke off: the peer's alert: certificate required`,
			`the server does not take the client's certificate; "cert: true" is one of the run`,
		}},
		{"a refused certificate shows in the close", `
servers: {s: {tls: {client_ca: ca.pem}, steps: [{expect: {tls_error: not trusted}}]}}
clients: {c: [{connect: {to: s, tls: {cert: true}}}, {send: "hello"}]}
`, []string{
			`3:55 c: at the end: TLS broke off: the peer's alert: unknown certificate authority`,
			`the server does not take the client's certificate; "cert: true" is one of the run`,
		}},
		{"another reason", `
servers: {s: {tls: {client_ca: true}, steps: [{expect: {tls_error: expired}}]}}
clients: {c: [{connect: {to: s, tls: {cert: true, name: x}}, expect: {tls_error: expired}}]}
`, []string{
			`3:70 c: tls_error "the certificate is for s, localhost, 127.0.0.1, ::1, and not for x" came, where tls_error "expired" was expected`,
			`2:48 s/c: tls_error "the peer's alert: bad certificate" came, where tls_error "expired" was expected`,
		}},
		{"no reason at all", `
servers: {s: {tls: true, steps: [{expect: {tls_error}}]}}
clients: {c: [{connect: {to: s, tls: true}, expect: {tls_error}}, close]}
`, []string{
			`3:53 c: the TLS handshake was done, where tls_error was expected`,
			`2:35 s/c: eof came, where tls_error was expected`,
		}},
		{"a certificate that was taken", `
servers: {s: {tls: {client_ca: true}, steps: [{send: "hello"}, {close: {discard}}]}}
clients: {c: [{connect: {to: s, tls: {cert: true}}, expect: {tls_error}}]}
`, []string{`3:61 c: bytes came, where tls_error was expected`}},
		{"a client without TLS", `
servers: {s: {tls: true, reply: "x"}}
clients: {c: [{connect: s}, {send: "hello"}, {expect: "x"}]}
`, []string{
			`2:11 s/c: TLS handshake failed: the peer does not speak TLS: what it sends begins with "hello"`,
			`the client's connect needs "tls: true"`,
			`3:47 c: eof after 0 of 1 byte`,
		}},
		{"a server without TLS", `
servers: {s: {steps: [{send: "220 hello"}, {close: {discard}}]}}
clients: {c: [{connect: {to: s, tls: true}}, {send: "x"}]}
`, []string{
			`3:16 c: TLS handshake failed: the peer does not speak TLS: what it sends begins with "220 h"`,
			`does it begin in the clear? then a step "tls" in the middle begins TLS (STARTTLS)`,
		}},
		{"nobody answers", `
servers: {s: {accept: 0}}
clients: {c: [{connect: {to: s, tls: true}, within: 50ms}]}
`, []string{
			`3:16 c: timeout after 50ms: the TLS handshake was not done`,
			`what came is too little for a handshake: does the peer speak TLS?`,
		}},
		{"nobody begins", `
timeout: 50ms
servers: {s: {tls: true, reply: "x"}}
clients: {c: [{connect: s}, {expect: "x", within: 1h}]}
`, []string{
			`3:11 s/c: timeout after 50ms: the TLS handshake was not done`,
			`what came is too little for a handshake: does the peer speak TLS?`,
		}},
		{"no certificate in the file", `
servers: {s: {tls: {cert: empty.pem, key: key.pem}, reply: "x"}}
clients: {c: [{connect: {to: s, tls: {ca: empty.pem}}}]}
`, []string{
			`2:11 s: can't use the certificate empty.pem with the key key.pem: failed to find any PEM data in certificate input`,
		}},
		{"no authority in the file", `
servers: {s: {tls: true, steps: [{expect: {tls_error}}]}}
clients: {c: [{connect: {to: s, tls: {ca: empty.pem}}}]}
`, []string{
			`3:16 c: can't use the certificates of empty.pem: there is no certificate in PEM in it`,
		}},
		{"the key of another certificate", `
servers: {s: {tls: {cert: ca.pem, key: key.pem}, reply: "x"}}
clients: {c: [{connect: {to: s, tls: true}}]}
`, []string{
			`2:11 s: can't use the certificate ca.pem with the key key.pem: private key does not match public key`,
		}},
		{"a file that is gone", `
servers: {s: {tls: {client_ca: gone.pem}, reply: "x"}}
clients: {c: [{connect: {to: s, tls: true}}]}
`, []string{`2:11 s: open gone.pem: no such file or directory`}},
		{"bytes unread, as without TLS", `
servers: {s: {tls: true, steps: [{expect: "a"}, close]}}
clients: {c: [{connect: {to: s, tls: true}}, {send: "ab"}, close]}
`, []string{`2:49 s/c: unread: 1 byte came that no step took: "b"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			r := run(t, test.text)
			for i, line := range failures(r) {
				got = append(append(got, line), r.Failures[i].Notes...)
			}
			if r.Failures[0].Kind == runner.TimedOut { // who is woken by it, and how, is nobody's doing
				got = got[:len(test.want)]
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// toTLS is what somebody from outside has who calls a server with TLS and trusts
// anybody.
func toTLS(t *testing.T, address string, config *tls.Config) (*tls.Conn, *net.TCPConn) {
	tcp := dialTo(t, address)
	config.InsecureSkipVerify = true
	conn := tls.Client(tcp, config)
	if err := conn.Handshake(); err != nil {
		t.Error(err)
	}
	return conn, tcp
}

// Peers end TLS in ways of their own.
func TestTLSFromOutside(t *testing.T) {
	for _, test := range []struct {
		name, steps string
		outsider    func(conn *tls.Conn, tcp *net.TCPConn)
	}{
		{"an end without a word", `[{expect: "x"}, {expect: {eof}}]`, func(conn *tls.Conn, tcp *net.TCPConn) {
			conn.Write([]byte("x"))
			tcp.CloseWrite()
			io.Copy(io.Discard, tcp)
		}},
		{"an end that is said, and a connection that goes on", `[{expect: "x"}, {expect: {eof}}, {send: "y"}]`, func(conn *tls.Conn, tcp *net.TCPConn) {
			conn.Write([]byte("x"))
			conn.CloseWrite()
			if got, err := io.ReadAll(conn); string(got) != "y" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		}},
		{"a reset", `[{expect: "x"}, {expect: {reset}}]`, func(conn *tls.Conn, tcp *net.TCPConn) {
			conn.Write([]byte("x"))
			tcp.SetLinger(0)
		}},
		{"an end in the middle of a record", `[{expect: "x"}, {expect: {tls_error: in the middle of a record}}]`, func(conn *tls.Conn, tcp *net.TCPConn) {
			conn.Write([]byte("x"))
			tcp.Write([]byte{23, 3, 3, 0, 99, 1, 2, 3})
		}},
		{"nonsense", `[{expect: "x"}, {expect: {tls_error: bad record MAC}}]`, func(conn *tls.Conn, tcp *net.TCPConn) {
			conn.Write([]byte("x"))
			tcp.Write(append([]byte{23, 3, 3, 0, 32}, make([]byte, 32)...))
			_, err := conn.Read(make([]byte, 1))
			if err == nil || !strings.Contains(err.Error(), "bad record MAC") {
				t.Errorf("the peer sees %v", err)
			}
		}},
		{"many records", `[{expect: {lines: [one, two]}}, {expect: "rest"}, {send: {fill: random, size: 100KiB}}, {expect: {eof}}]`, func(conn *tls.Conn, tcp *net.TCPConn) {
			for _, c := range "one\r\ntwo\r\nrest" {
				fmt.Fprintf(conn, "%c", c)
			}
			if n, err := io.CopyN(io.Discard, conn, 100<<10); err != nil {
				t.Error(n, err)
			}
		}},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprint(test.name, ", ", tls.VersionName(version)), func(t *testing.T) {
				r := outside(t, `
servers: {s: {bind: "127.0.0.1:PORT", tls: true, accept: 1, steps: `+test.steps+`}}
clients: {driver: [{connect: HELPER}, {expect: {eof}}]}
`, func(address string) {
					conn, tcp := toTLS(t, address, &tls.Config{MaxVersion: version})
					defer tcp.Close()
					test.outsider(conn, tcp)
				})
				for _, f := range r.Failures {
					t.Errorf("%s %q\n%s", f.Message, f.Notes, transcripts(r))
				}
			})
		}
	}
}

// An end that the system has no room for goes out when there is room: the peer
// who does not read must not hold up who has no more to say.
func TestTLSEndWaitsForRoom(t *testing.T) {
	text := `
servers: {s: {rcvbuf: 4096, steps: [{await: full}, {expect: {rest}}, {expect: {eof}}, {send: "bye"}]}}
clients:
  c:
    sndbuf: 4096
    steps:
      - connect: s
      - {send: {fill: random, size: 1MiB}, within: 50ms, expect: {timeout}}
      - {shutdown, within: 50ms}
      - signal: full
      - expect: "bye"
`
	passes(t, strings.Replace(text, "shutdown, within: 50ms", "shutdown", 1))
	for range 5 {
		overTLS(t, strings.Replace(text, "shutdown, within: 50ms", "shutdown", 1))
	}
}

// What had come when the time was over has come in time; and what the system
// still takes was sent in time.
func TestTLSInTime(t *testing.T) {
	for range 20 {
		overTLS(t, `
servers: {s: {steps: [{send: [{line: one}, "0123456789", {fill: random, size: 20KiB}]}, {signal: sent}, {await: hello}, {expect: "hello", within: 1ns}, {send: "end"}]}}
clients:
  c:
    - connect: s
    - {send: "hello", within: 1ns}
    - signal: hello
    - await: sent
    - {expect: {line: one}, within: 1ns}
    - {expect: {bytes: 10}, within: 1ns}
    - {expect: {fill: random, size: 20KiB}, within: 1ns}
    - expect: "end"
`)
	}
}

// Programs get the run's authority and a certificate of it in files, as long as
// the run lasts.
func TestTLSFiles(t *testing.T) {
	var ca, cert, key string
	names := "127.0.0.1:" + freePort(t)
	r := outside(t, `
servers:
  s: {bind: "127.0.0.1:PORT", tls: {client_ca: true}, accept: 1, steps: [{expect: "hello"}, {send: "${tls.ca.size}"}]}
  names: {bind: "`+names+`", accept: 1, steps: [{send: {lines: ["${tls.ca}", "${tls.cert}", "${tls.key}"]}}]}
clients: {driver: [{connect: HELPER}, {expect: {eof}}]}
`, func(address string) {
		if conn := dialTo(t, names); conn != nil {
			fmt.Sscan(string(must(io.ReadAll(conn))), &ca, &cert, &key)
			conn.Close()
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(must(os.ReadFile(ca)))
		own, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Error(err)
			return
		}
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: pool, ServerName: "s", Certificates: []tls.Certificate{own}})
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "hello")
		if got, err := io.ReadAll(conn); err != nil || string(got) != fmt.Sprint(len(ca)) {
			t.Errorf("got %q, %v", got, err)
		}
	})
	for _, f := range r.Failures {
		t.Errorf("%s %q\n%s", f.Message, f.Notes, transcripts(r))
	}
	for _, path := range []string{ca, cert, key} {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q is still there: %v", path, err)
		}
	}
}
