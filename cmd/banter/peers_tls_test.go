//go:build linux

package main

import (
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// authority makes an authority with openssl: ca.pem, and cert.pem with key.pem
// for localhost and 127.0.0.1, in a folder of their own.
func authority(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "san"), "subjectAltName=DNS:localhost,IP:127.0.0.1")
	key := []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"}
	for _, args := range [][]string{
		append([]string{"req", "-x509", "-days", "2", "-subj", "/CN=our authority", "-keyout", "ca.key", "-out", "ca.pem"}, key...),
		append([]string{"req", "-subj", "/CN=own", "-keyout", "key.pem", "-out", "own.csr"}, key...),
		{"x509", "-req", "-days", "2", "-in", "own.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "san", "-out", "cert.pem"},
	} {
		cmd := exec.Command(installed(t, "openssl"), args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", args[0], err, out)
		}
	}
	return dir
}

// sServer starts openssl's server with a certificate of the authority in dir.
func sServer(t *testing.T, dir string, args ...string) (server *peer, port string) {
	t.Helper()
	port = freePort()
	server = start(t, "", installed(t, "openssl"), append([]string{"s_server", "-accept", "127.0.0.1:" + port,
		"-cert", filepath.Join(dir, "cert.pem"), "-key", filepath.Join(dir, "key.pem"), "-naccept", "1"}, args...)...)
	server.listens(t, port)
	return server, port
}

// Our client calls openssl's server, which sends back what it gets, backwards.
func TestPeerOpenSSLServer(t *testing.T) {
	dir := authority(t)
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		server, port := sServer(t, dir, "-rev", "-alpn", "greeting", version)
		run := playIn(t, dir, `
eol: lf
clients:
  ann:
    - connect: {to: "localhost:`+port+`", tls: {ca: ca.pem, alpn: [other, greeting]}}
    - {send: {line: hello}, expect: {line: olleh}}
    - expect: {silence: 20ms} # the server has sent tickets, which nobody sees
    - {send: {line: "1234"}, expect: {line: "4321"}}
    - close
`)
		run.passes(t)
		if !strings.Contains(run.out.String(), "tls greeting") {
			t.Error(&run.out)
		}
		server.ends(t)
		server.says(t, "ALPN protocols selected: greeting")
	}
}

// What is wrong with a certificate, both sides hear.
func TestPeerOpenSSLServerIsNotTrusted(t *testing.T) {
	dir := authority(t)
	for _, test := range []struct{ tls, reason string }{
		{"true", "unknown authority"},
		{"{ca: ca.pem, name: example.org}", "the certificate is for localhost, 127.0.0.1, and not for example.org"},
	} {
		server, port := sServer(t, dir, "-rev")
		playIn(t, dir, `
clients:
  ann: [{connect: {to: "127.0.0.1:`+port+`", tls: `+test.tls+`}, expect: {tls_error: "`+test.reason+`"}}, close]
`).passes(t)
		<-server.ended
		server.says(t, "alert bad certificate")
	}
}

// openssl's server wants a certificate, and says so when our client's handshake
// is over already, as in TLS 1.3.
func TestPeerOpenSSLServerWantsACertificate(t *testing.T) {
	dir := authority(t)
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		for _, test := range []struct{ tls, beside, steps string }{
			{"cert: cert.pem, key: key.pem", "", "{send: {line: hello}}, {expect: {line: olleh}}, close"},
			{"verify: true", ", expect: {tls_error: alert}", "close"},
			{"cert: true", ", expect: {tls_error: unknown certificate authority}", "close"},
		} {
			server, port := sServer(t, dir, "-rev", "-Verify", "1", "-verify_return_error", "-CAfile", filepath.Join(dir, "ca.pem"), version)
			playIn(t, dir, `
eol: lf
clients:
  ann: [{connect: {to: "localhost:`+port+`", tls: {ca: ca.pem, `+test.tls+`}}`+test.beside+`}, `+test.steps+`]
`).passes(t)
			<-server.ended
		}
	}
}

// openssl's client calls our server, and looks at its certificate.
func TestPeerOpenSSLClient(t *testing.T) {
	dir := authority(t)
	openssl := installed(t, "openssl")
	client := func(port string, args ...string) *peer {
		return start(t, "hello\n", openssl, append([]string{"s_client", "-connect", "127.0.0.1:" + port,
			"-verify_return_error", "-verify_hostname", "localhost", "-ign_eof", "-brief"}, args...)...)
	}
	serve := func(tls, steps string) (*playing, string) {
		port := freePort()
		run := playIn(t, dir, `
eol: lf
servers:
  greeter: {bind: "127.0.0.1:`+port+`", tls: {cert: cert.pem, key: key.pem`+tls+`}, steps: [`+steps+`, {signal: served}, close]}
clients:
  driver: [await: served]
`)
		run.listens(t, port)
		return run, port
	}
	ca := filepath.Join(dir, "ca.pem")
	own := []string{"-cert", filepath.Join(dir, "cert.pem"), "-key", filepath.Join(dir, "key.pem")}
	greeting := "{expect: {line: hello}}, {send: {line: hhhh}}"
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		for _, test := range []struct {
			tls, steps string
			args       []string
			says       string
		}{
			{", alpn: [greeting]", greeting, []string{"-CAfile", ca, "-alpn", "other,greeting"}, "^hhhh$"},
			{", client_ca: ca.pem", greeting, append([]string{"-CAfile", ca}, own...), "^hhhh$"},
			{"", "{expect: {tls_error: alert}}", nil, "(?i)unable to get local issuer certificate"},
			{"", "{expect: {tls_error: alert}}", []string{"-CAfile", ca, "-verify_hostname", "example.org"}, "(?i)hostname mismatch"},
			{", client_ca: ca.pem", "{expect: {tls_error: the client has no certificate}}", []string{"-CAfile", ca}, "alert"},
			{", client_ca: true", "{expect: {tls_error: not trusted}}", append([]string{"-CAfile", ca}, own...), "alert unknown ca"},
			{", alpn: [other]", "{expect: {tls_error: unsupported application protocols}}", []string{"-CAfile", ca, "-alpn", "greeting"}, "no application protocol"},
		} {
			run, port := serve(test.tls, test.steps)
			client := client(port, append(test.args, version)...)
			client.says(t, test.says)
			run.passes(t)
		}
	}
}

// openssl's client begins TLS in the middle of a conversation with a mail
// server.
func TestPeerOpenSSLClientStartsTLS(t *testing.T) {
	dir := authority(t)
	port := freePort()
	run := playIn(t, dir, `
servers:
  mx:
    bind: 127.0.0.1:`+port+`
    steps:
      - send: {line: 220 mx.test ESMTP}
      - {expect: {line, prefix: "EHLO "}, answer: {lines: [250-mx.test, 250 STARTTLS]}}
      - {expect: {line: STARTTLS}, answer: {line: 220 go ahead}}
      - tls: {cert: cert.pem, key: key.pem}
      - {expect: {line: QUIT}, answer: {line: 221 bye}}
      - signal: served
      - close
clients:
  driver: [await: served]
`)
	run.listens(t, port)
	client := start(t, "QUIT\n", installed(t, "openssl"), "s_client", "-starttls", "smtp", "-crlf", "-ign_eof", "-quiet",
		"-connect", "127.0.0.1:"+port, "-CAfile", filepath.Join(dir, "ca.pem"), "-verify_return_error", "-verify_hostname", "localhost")
	client.says(t, "221 bye")
	run.passes(t)
}

// curl takes a page from our server: it trusts the run's authority, whose file
// another of our servers names, and shows a certificate of it.
func TestPeerCurl(t *testing.T) {
	curl := installed(t, "curl")
	port, names := freePort(), freePort()
	run := play(t, `
servers:
  web:
    bind: 127.0.0.1:`+port+`
    tls: {client_ca: true, alpn: [http/1.1]}
    steps:
      - expect: {until: "\r\n\r\n", prefix: "GET /greeting HTTP/1.1\r\n"}
      - send: [{head: ["HTTP/1.1 200 OK", "Content-Length: 4"]}, "hhhh"]
      - signal: served
      - close
  names:
    bind: 127.0.0.1:`+names+`
    steps: [{send: {lines: ["${tls.ca}", "${tls.cert}", "${tls.key}"]}}]
clients:
  driver: [await: served]
`)
	run.listens(t, port)
	files := told(t, names)
	client := start(t, "", curl, "-sS", "--cacert", files[0], "--cert", files[1], "--key", files[2], "https://localhost:"+port+"/greeting")
	client.ends(t)
	client.says(t, "^hhhh$")
	run.passes(t)
	if !strings.Contains(run.out.String(), "tls http/1.1") {
		t.Error(&run.out)
	}
}

// curl does not trust our server.
func TestPeerCurlDoesNotTrust(t *testing.T) {
	curl := installed(t, "curl")
	port := freePort()
	run := play(t, `
servers:
  web: {bind: "127.0.0.1:`+port+`", tls: true, steps: [{expect: {tls_error: unknown certificate authority}}, {signal: served}]}
clients:
  driver: [await: served]
`)
	run.listens(t, port)
	client := start(t, "", curl, "-sS", "https://localhost:"+port+"/")
	client.says(t, "^curl: \\(60\\)")
	run.passes(t)
}

// Python's mail client begins TLS in the middle, and is strict with the
// certificates of a run.
func TestPeerPythonStartsTLS(t *testing.T) {
	python := installed(t, "python3")
	port, names := freePort(), freePort()
	run := play(t, `
servers:
  mx:
    bind: 127.0.0.1:`+port+`
    steps:
      - send: {line: 220 mx.test ESMTP}
      - {expect: {line: ehlo client.test}, answer: {lines: [250-mx.test, 250 STARTTLS]}}
      - {expect: {line: STARTTLS}, answer: {line: 220 go ahead}}
      - tls
      - {expect: {line: ehlo client.test}, answer: {line: 250 mx.test}}
      - {expect: {line: noop}, answer: {line: 250 OK}}
      - {expect: {line: QUIT}, answer: {line: 221 bye}}
      - expect: {eof}
      - signal: served
      - close
  names: {bind: "127.0.0.1:`+names+`", steps: [{send: "${tls.ca}"}]}
clients:
  driver: [await: served]
`)
	run.listens(t, port)
	client := start(t, "", python, "testdata/peers/starttls.py", port, told(t, names)[0])
	client.ends(t)
	client.says(t, `TLSv1.3 \(250, b'OK'\)`)
	run.passes(t)
}

// Python's server ends TLS properly, or just closes: either is an end.
func TestPeerPythonTLSServer(t *testing.T) {
	dir := authority(t)
	for _, manners := range []string{"properly", "rudely"} {
		server := start(t, "", installed(t, "python3"), "testdata/peers/tlsserver.py", manners,
			filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
		port := server.says(t, `port (\d+)`)[1]
		playIn(t, dir, `
clients:
  ann:
    - connect: {to: "127.0.0.1:`+port+`", tls: {ca: ca.pem}}
    - {send: "hello", expect: "hhhh"}
    - expect: {eof}
    - close
`).passes(t)
		server.ends(t)
		server.says(t, `^b'hello' TLSv1.3$`)
	}
}

// Python's server does not take our client's certificate, or takes it.
func TestPeerPythonTLSServerWantsACertificate(t *testing.T) {
	dir := authority(t)
	for _, test := range []struct{ tls, steps, says string }{
		{"cert: cert.pem, key: key.pem", `{send: "hello"}, {expect: "hhhh"}, {expect: {eof}}`, "^b'hello'"},
		{"cert: true", `{send: "hello"}, {expect: {tls_error: unknown certificate authority}}`, "^error CERTIFICATE_VERIFY_FAILED"},
	} {
		server := start(t, "", installed(t, "python3"), "testdata/peers/tlsserver.py", "properly",
			filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "ca.pem"))
		port := server.says(t, `port (\d+)`)[1]
		playIn(t, dir, `
clients:
  ann: [{connect: {to: "127.0.0.1:`+port+`", tls: {ca: ca.pem, `+test.tls+`}}}, `+test.steps+`, close]
`).passes(t)
		server.ends(t)
		server.says(t, test.says)
	}
}

// told is what a server of ours says to who connects, word by word.
func told(t *testing.T, port string) []string {
	t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// A program that is called over its input and output carries TLS as well: here
// netcat, to a server of ours. That the server does not trust the client comes
// through it, too.
func TestPeerNetcatCarriesTLS(t *testing.T) {
	nc := installed(t, "nc")
	play(t, `
servers:
  greeter: {tls: true, reply: {after: {line: hello}, send: {fill: random, size: 1MiB}}}
  strict: {tls: {client_ca: true}, steps: [{expect: {tls_error: no certificate}}]}
clients:
  ann:
    - connect: {run: [`+nc+`, -N, 127.0.0.1, "${greeter.port}"], tls: {name: greeter}}
    - send: {line: hello}
    - expect: {fill: random, size: 1MiB}
    - expect: {eof}
    - close
  ben:
    - connect: {run: [`+nc+`, -N, 127.0.0.1, "${strict.port}"], tls: true}
      expect: {tls_error: certificate required}
    - close: {discard}
`, "--allow-run").passes(t)
}
