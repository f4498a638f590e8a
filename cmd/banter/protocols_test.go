//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const protocols = "../../scenarios/protocols"

// The protocols pass against what they declare, and against the real software,
// which tells nowhere from it.
func TestProtocols(t *testing.T) {
	for _, program := range []string{
		"curl", "dig", "dnsmasq", "exim4", "memcached", "mosquitto", "mosquitto_pub", "nginx", "ngircd",
		"psql", "redis-cli", "redis-server", "swaks", "vsftpd",
	} {
		installed(t, program)
	}
	status, stdout, stderr := banter(t, "run", "--allow-run", "--real=both", protocols)
	if status != 0 || strings.Contains(stdout, "skip") {
		t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
	}
}

// They teach without a caveat: check has nothing to say of them.
func TestProtocolsHaveNoWarnings(t *testing.T) {
	status, stdout, stderr := banter(t, "check", "--allow-run", "--real=both", protocols)
	if status != 0 || strings.Contains(stdout+stderr, "warning") {
		t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
	}
}

// The server's half of the dialogue satisfies a real client.
func TestDialogueServesSwaks(t *testing.T) {
	swaks := installed(t, "swaks")
	file, err := filepath.Abs(protocols + "/smtp.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := serveFile(t, file, "--once", "--json", "--allow-run", "--filter", "^smtp-hello$")
	var listening struct {
		Listening []struct{ Address string }
	}
	if err := json.Unmarshal([]byte(s.line(t)), &listening); err != nil || len(listening.Listening) != 1 {
		t.Fatalf("%v %v", err, listening)
	}
	host, port, err := net.SplitHostPort(listening.Listening[0].Address)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(swaks, "--server", host, "--port", port, "--protocol", "SMTP", "--helo", "client.test",
		"--quit-after", "HELO", "--to", "ann@test").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("<-  221 x")) {
		t.Errorf("%v\n%s", err, out)
	}
	s.ends(t, 0)
}
