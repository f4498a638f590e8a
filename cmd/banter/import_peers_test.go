//go:build linux

package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Real servers and their own clients, seen by tcpdump. The scenario passes by
// itself and against the same server again, and its servers satisfy the same
// client.
func TestImportPeers(t *testing.T) {
	tests := []struct {
		name   string
		server func(t *testing.T) (port string)
		client []string // {host} and {port} are the server's
		needs  []string
		runs   int // that are captured
		lines  int // that the scenario has at most
		has    []string
	}{
		{
			name: "redis", server: startRedis, runs: 1, lines: 20,
			client: []string{"redis-cli", "-h", "{host}", "-p", "{port}", "set", "greeting", "hhhh"},
			has:    []string{`{lines: ["*3", $3, set, $8, greeting, $4, hhhh]}`, "{line: +OK}"},
		},
		{
			name: "smtp", server: startExim, runs: 2, lines: 80,
			client: []string{"swaks", "--server", "{host}", "--port", "{port}", "--from", "ann@test", "--to", "ben@test", "--silent"},
			has:    []string{`like: "250 OK id=${?}"`, "{line: RCPT TO:<ben@test>}"},
		},
		{
			name: "http", server: startNginx, runs: 1, lines: 34,
			client: []string{"curl", "-sS", "http://{host}:{port}/greeting.txt"},
			has:    []string{`like: "Date: ${?}"`, `"hhhh\n"`},
		},
		{
			name: "mqtt", server: startMosquitto, runs: 2, lines: 50,
			client: []string{"sh", "-c", `mosquitto_pub -h {host} -p {port} -q 1 -r -t greeting -m hhhh && mosquitto_sub -h {host} -p {port} -t greeting -C 1`},
			needs:  []string{"mosquitto_pub", "mosquitto_sub"},
			has:    []string{"{text: MQTT, length: u16be}"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, name := range append(test.needs, "tcpdump", test.client[0]) {
				installed(t, name)
			}
			port := test.server(t)
			dir := t.TempDir()
			file := filepath.Join(dir, test.name+".yaml")
			args := []string{"import", "--port", port, "-o", file}
			for range test.runs {
				args = append(args, dumped(t, port, test.client))
				// What is numbered by the second has to differ, as on another day.
				for second := time.Now().Unix(); time.Now().Unix() == second; time.Sleep(time.Millisecond) {
				}
			}
			status, stdout, stderr := banter(t, args...)
			source, err := os.ReadFile(file)
			if status != 0 || stderr != "" || err != nil {
				t.Fatalf("exit status %d, %v\n%s%s", status, err, stdout, stderr)
			}
			text := string(source)
			t.Logf("imported\n%s", text)
			if n := strings.Count(text, "\n"); n > test.lines {
				t.Errorf("%d lines, and no more than %d are wanted", n, test.lines)
			}
			for _, piece := range test.has {
				if !strings.Contains(text, piece) {
					t.Errorf("it does not say %s", piece)
				}
			}
			for _, args := range [][]string{{"check", "--strict", file}, {"run", file}, {"run", "--connect", "server=127.0.0.1:" + port, file}} {
				if status, stdout, stderr := banter(t, args...); status != 0 || stderr != "" {
					t.Errorf("%q: exit status %d\n%s%s", args, status, stdout, stderr)
				}
			}
			serveReal(t, file, test.client)
		})
	}
}

// dumped is what tcpdump sees of a client that runs to its end.
func dumped(t *testing.T, port string, client []string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dumped.pcap")
	end := freePort() // of UDP: a datagram to it is the last that is captured
	dump := start(t, "", installed(t, "tcpdump"), "-i", "lo", "-U", "--immediate-mode", "-w", path,
		"(tcp port "+port+") or (udp port "+end+")")
	dump.says(t, `^tcpdump: listening on lo`)
	args := make([]string, len(client))
	for i, word := range client {
		args[i] = strings.NewReplacer("{host}", "127.0.0.1", "{port}", port).Replace(word)
	}
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
	mark := []byte("that was all, " + end)
	conn, err := net.Dial("udp", "127.0.0.1:"+end)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(mark); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	for {
		file, err := os.ReadFile(path)
		if i := bytes.Index(file, mark); err == nil && i >= 0 { // its packet ends with it
			seen := filepath.Join(t.TempDir(), "seen.pcap")
			write(t, seen, string(file[:i+len(mark)]))
			return seen
		}
		if time.Now().After(deadline) {
			t.Fatalf("tcpdump has not seen all of it:\n%s", &dump.out)
		}
		time.Sleep(time.Millisecond)
	}
}
