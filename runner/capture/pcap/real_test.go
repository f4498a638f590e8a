package pcap_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"banter/runner/capture"
	"banter/runner/capture/pcap"
)

// What tcpdump has seen of Redis, by several ways of listening.
func TestRealCaptures(t *testing.T) {
	for name, want := range map[string]string{
		"ethernet-ipv6.pcap": `C"*3\r\n$3\r\nSET\r\n$8\r\ngreeting\r\n$4\r\nhhhh\r\n" CEOF S"+OK\r\n" SEOF`,
		"cooked2-ipv6.pcap":  `C"*3\r\n$3\r\nSET\r\n$8\r\ngreeting\r\n$4\r\nhhhh\r\n" CEOF S"+OK\r\n" SEOF`,
		"cooked1.pcap":       `C"*1\r\n$4\r\nping\r\n" S"+PONG\r\n" CEOF SEOF`,
	} {
		file, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		_, got, _ := strings.Cut(told(read(t, file, pcap.ReadOptions{})), ": ")
		if got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestFollow(t *testing.T) {
	file, err := os.ReadFile("testdata/follow.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := `127.0.0.1:20001 127.0.0.1:7891 guessed=false: C"hello" S"hhhh"`
	if got := told(read(t, file, pcap.ReadOptions{})); got != want {
		t.Errorf("%s", got)
	}
	turned := `127.0.0.1:7891 127.0.0.1:20001 guessed=false: S"hello" C"hhhh"`
	if got := told(read(t, file, pcap.ReadOptions{Port: 20001})); got != turned {
		t.Errorf("%s", got)
	}
	for _, one := range []struct{ from, to, err string }{
		{"!!binary |", "hello", `line 12: the data is not "!!binary |"`},
		{"aGVsbG8=", "aGVsbG8", `packet "6": its data is not base64`},
		{"    peer: 0", "    peer: 2", `packet "6": its peer is neither 0 nor 1`},
		{"  - peer: 1", "  - peer: 7", `line 5: there are peers 0 and 1, and not "7"`},
		{"packets:", "bundles:", "line 8: is not what tshark's follow,tcp,yaml prints"},
		{"aGVsbG8=", "WzMyIGJ5dGVzIG1pc3NpbmcgaW4gY2FwdHVyZSBmaWxlXS4A", "32 bytes before packet 6 are not in the capture; --lossy marks what is missing"},
	} {
		wrong := strings.Replace(string(file), one.from, one.to, 1)
		if _, err := pcap.Read(strings.NewReader(wrong), pcap.ReadOptions{}); err == nil || err.Error() != one.err {
			t.Errorf("%s: %v", one.to, err)
		}
	}
}

// Wireshark reads what is written as the conversation that it was, and has
// nothing to say against its packets.
func TestTshark(t *testing.T) {
	tshark := installed(t, "tshark")
	long := hello()
	long.Client = addr("127.0.0.1:40001")
	long.Events[1].Data = bytes.Repeat([]byte("0123456789"), 30_000)
	six := hello()
	six.Client, six.Server = addr("[::1]:40002"), addr("[::1]:7890")
	six.Events = append(six.Events[:4:4], capture.Event{Kind: capture.Reset, From: capture.Server, At: six.Events[3].At})
	path := filepath.Join(t.TempDir(), "run.pcapng")
	if err := os.WriteFile(path, write(t, hello(), long, six), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(tshark, append([]string{"-r", path}, args...)...).Output()
		if err != nil {
			t.Fatalf("tshark %v: %v", args, err)
		}
		return string(out)
	}
	if got := run("-q", "-z", "follow,tcp,ascii,0"); !strings.Contains(got, "\n5\nhello\n\t2\nhh\n") {
		t.Errorf("%s", got)
	}
	raw := run("-q", "-z", "follow,tcp,raw,1")
	var server []byte
	for line := range strings.Lines(raw) {
		if data, isServer := strings.CutPrefix(strings.TrimRight(line, "\n"), "\t"); isServer {
			b, err := hex.DecodeString(data)
			if err != nil {
				t.Fatal(err)
			}
			server = append(server, b...)
		}
	}
	if want := string(long.Events[1].Data) + "hhhh"; string(server) != want {
		t.Errorf("%d bytes of the server, want %d", len(server), len(want))
	}
	bad := "ip.checksum.status == 0 || tcp.checksum.status == 0 || tcp.analysis.flags || _ws.malformed || frame.cap_len < frame.len"
	if got := run("-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-Y", bad); got != "" {
		t.Errorf("Wireshark complains about\n%s", got)
	}
	if got := run("-q", "-z", "expert,warn"); !strings.Contains(got, "Connection reset (RST)") || strings.Contains(got, "Warns (2)") {
		t.Errorf("%s", got)
	}
	if got := run("-T", "fields", "-e", "frame.comment", "-Y", "frame.number == 1"); !strings.Contains(got, "a comment") {
		t.Errorf("%q", got)
	}
}

// installed is the path of a program. Without it the test is skipped, or fails
// where BANTER_REQUIRE_PEERS is set.
func installed(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("BANTER_REQUIRE_PEERS") != "":
		t.Fatalf("%s is not installed, and BANTER_REQUIRE_PEERS is set", name)
	default:
		t.Skipf("%s is not installed", name)
	}
	return path
}
