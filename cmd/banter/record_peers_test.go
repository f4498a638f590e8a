//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Real servers and their own clients, recorded through the proxy. The scenario
// passes by itself and against the same server again, its servers satisfy the
// same client, and it is as long as one that a person would have written.
func TestRecordPeers(t *testing.T) {
	tests := []struct {
		name   string
		server func(t *testing.T) (port string)
		client []string // as "banter record" takes it
		runs   string
		lines  int // that the scenario has at most
		has    []string
	}{
		{
			name:   "redis",
			server: startRedis,
			client: []string{"sh", "-c", `set -e; for command in "set greeting hhhh" "get nothing" "incr n"; do redis-cli -h {host} -p {port} $command; done`},
			runs:   "2", lines: 30,
			has: []string{`{lines: ["*3", $3, set, $8, greeting, $4, hhhh]}`, "${?:int}"},
		},
		{
			name:   "redis-once",
			server: startRedis,
			client: []string{"redis-cli", "-h", "{host}", "-p", "{port}", "ping"},
			runs:   "1", lines: 12,
			has: []string{"{line: +PONG}"},
		},
		{
			name:   "smtp",
			server: startExim,
			client: []string{"swaks", "--server", "{}", "--from", "ann@test", "--to", "ben@test", "--silent"},
			runs:   "2", lines: 80,
			has: []string{`like: "250 OK id=${?}"`, "Message-Id: <${?}@", "{line: RCPT TO:<ben@test>}"},
		},
		{
			name:   "http",
			server: startNginx,
			client: []string{"curl", "-sS", "http://{}/greeting.txt", "http://{}/id", "http://{}/json"},
			runs:   "2", lines: 75,
			has: []string{`like: "Date: ${?}"`, "id=${id}\\n", `"Host: ${server}"`},
		},
		{
			name:   "http-once", // a date is free without a second run
			server: startNginx,
			client: []string{"curl", "-sS", "http://{}/greeting.txt"},
			runs:   "1", lines: 34,
			has: []string{`like: "Date: ${?}"`, `- "hhhh\n"`},
		},
		{
			name:   "mqtt",
			server: startMosquitto,
			client: []string{"sh", "-c", `mosquitto_pub -h {host} -p {port} -q 1 -r -t greeting -m hhhh && mosquitto_sub -h {host} -p {port} -t greeting -C 1`},
			runs:   "2", lines: 50,
			has: []string{"{text: MQTT, length: u16be}"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			installed(t, test.client[0])
			if test.client[0] == "sh" {
				for _, name := range []string{"redis-cli", "mosquitto_pub", "mosquitto_sub"} {
					if strings.Contains(test.client[2], name) {
						installed(t, name)
					}
				}
			}
			at := "127.0.0.1:" + test.server(t)
			file := filepath.Join(t.TempDir(), test.name+".yaml")
			status, stdout, stderr := banter(t, append([]string{"record", "--to", at, "--runs", test.runs, "-o", file, "--"}, test.client...)...)
			source, err := os.ReadFile(file)
			if status != 0 || err != nil {
				t.Fatalf("exit status %d, %v\n%s%s", status, err, stdout, stderr)
			}
			text := string(source)
			t.Logf("recorded\n%s", text)
			if n := strings.Count(text, "\n"); n > test.lines {
				t.Errorf("%d lines, and no more than %d are wanted", n, test.lines)
			}
			for _, piece := range test.has {
				if !strings.Contains(text, piece) {
					t.Errorf("it does not say %s", piece)
				}
			}
			for _, args := range [][]string{{"check", file}, {"run", file}, {"run", "--connect", "server=" + at, file}} {
				if status, stdout, stderr := banter(t, args...); status != 0 || stderr != "" {
					t.Errorf("%q: exit status %d\n%s%s", args, status, stdout, stderr)
				}
			}
			serveReal(t, file, test.client)
		})
	}
}

// serveReal plays the servers of a scenario for a real client.
func serveReal(t *testing.T, file string, client []string) {
	t.Helper()
	s := serveFile(t, file, "--once", "--json")
	var listening struct {
		Listening []struct{ Address string }
	}
	if err := json.Unmarshal([]byte(s.line(t)), &listening); err != nil || len(listening.Listening) != 1 {
		t.Fatalf("%v %v", err, listening)
	}
	address := listening.Listening[0].Address
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{}", address, "{host}", host, "{port}", port)
	args := make([]string, len(client))
	for i, word := range client {
		args[i] = fill.Replace(word)
	}
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Errorf("%q: %v\n%s", args, err, out)
	}
	if rest := s.ends(t, 0); !strings.Contains(rest, `"passed":true`) {
		t.Errorf("%s", rest)
	}
}

// startExim starts an SMTP server that takes mail for test, and returns its port.
func startExim(t *testing.T) string {
	t.Helper()
	dir, port := t.TempDir(), freePort()
	conf := filepath.Join(dir, "exim.conf")
	write(t, conf, strings.NewReplacer("PORT", port, "DIR", dir, "ME", fmt.Sprint(os.Getuid())).Replace(`
primary_hostname = mx.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = PORT
acl_smtp_rcpt = check
acl_smtp_data = take
queue_only
tls_advertise_hosts =
host_lookup =
keep_environment =
spool_directory = DIR/spool
log_file_path = DIR/%s.log
pid_file_path = DIR/pid
admin_groups = ME
exim_user = ME
exim_group = ME
begin acl
check:
  accept domains = test
take:
  accept
`))
	exim := start(t, "", installed(t, "exim4"), "-bdf", "-C", conf)
	exim.listens(t, port)
	return port
}

// startNginx starts a web server with a page, and things that vary, and returns
// its port.
func startNginx(t *testing.T) string {
	t.Helper()
	dir, port := t.TempDir(), freePort()
	if err := os.WriteFile(filepath.Join(dir, "greeting.txt"), []byte("hhhh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "nginx.conf")
	write(t, conf, strings.NewReplacer("PORT", port, "DIR", dir).Replace(`
daemon off;
pid DIR/pid;
error_log DIR/error.log;
events {}
http {
  access_log off;
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  server {
    listen 127.0.0.1:PORT;
    root DIR;
    location /id { add_header X-Id $request_id; return 200 "id=$request_id\n"; }
    location /json { default_type application/json; return 200 '{"id": "$request_id", "now": $msec, "number": $connection}'; }
  }
}
`))
	for _, open := range []string{dir, filepath.Dir(dir)} { // to a worker who is nobody, if we are root
		if err := os.Chmod(open, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	nginx := start(t, "", installed(t, "nginx"), "-c", conf, "-e", filepath.Join(dir, "error.log"))
	nginx.listens(t, port)
	return port
}

// startMosquitto starts an MQTT broker and returns its port.
func startMosquitto(t *testing.T) string {
	t.Helper()
	port := freePort()
	conf := filepath.Join(t.TempDir(), "mosquitto.conf")
	write(t, conf, "listener "+port+" 127.0.0.1\nallow_anonymous true\npersistence false\n")
	mosquitto := start(t, "", installed(t, "mosquitto"), "-c", conf)
	mosquitto.listens(t, port)
	return port
}
