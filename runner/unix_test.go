//go:build unix

package runner_test

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"banter/runner"
	"banter/runner/scenario"
)

// inFolder makes an empty folder the one that the scenarios of a test are in,
// and reports what is left in it at the end.
func inFolder(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Cleanup(func() {
		left, err := os.ReadDir(".")
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v (%v)", left, err)
		}
	})
}

// unixConversations are scenarios that pass, and what their actors see.
var unixConversations = []struct{ name, text, want string }{
	{"half-close", `
servers: {s: {bind: "unix:s.sock", backlog: 5, steps: [{expect: {rest, equals: "question"}}, {send: "answer"}, close]}}
clients: {ann: [{connect: s}, {send: "question"}, shutdown, {expect: "answer"}, {expect: {eof}}, close]}
`, `
ann:
  connect s
  > "question"
  shutdown
  < "answer"
  < eof
  close
s/ann:
  accept
  < "question"
  < eof
  > "answer"
  close
`}, {"lines that came together", `
servers: {s: {bind: "unix:s.sock", sndbuf: 8KiB, steps: [{expect: {line: one}}, {send: {lines: [a, b]}}, {parallel: [{expect: {line: two}}, {send: "c;d"}]}]}}
clients:
  ann:
    - connect: s
    - send: {lines: [one, two]}
    - expect: {line}
    - expect: {regex: "^b$"}
    - expect: {until: ";"}
    - expect: "d"
    - expect: {eof}
`, `
ann:
  connect s
  > "one\r\ntwo\r\n"
  < "a\r\nb\r\nc;d"
  < eof
  close
s/ann:
  accept
  < "one\r\n"
  > "a\r\nb\r\n"
  < "two\r\n"
  > "c;d"
  < eof
  close
`}, {"by path, by reference", `
servers: {s: {bind: "unix:s.sock", reply: "hhhh"}}
clients:
  ann: [{connect: "unix:./s.sock"}, {send: "x", expect: "hhhh"}]
  ben: {after: ann, steps: [{connect: "${s}"}, {send: "x", expect: "hhhh"}]}
`, `
ann:
  connect s
  > "x"
  < "hhhh"
  < eof
  close
ben:
  connect s
  > "x"
  < "hhhh"
  < eof
  close
s/ann:
  accept
  < "x"
  > "hhhh"
  < eof
  close
s/ben:
  accept
  < "x"
  > "hhhh"
  < eof
  close
`}, {"bytes that are not read make a reset", `
servers: {s: {bind: "unix:s.sock", steps: [{expect: "a"}, close: {now}]}}
clients: {c: [{connect: s}, {send: "ab", expect: {reset}}, close]}
`, `
c:
  connect s
  > "ab"
  < reset
  close
s/c:
  accept
  < "a"
  close
`}, {"bound, started, stopped and started again", `
servers:
  s: {bind: "unix:s.sock", listen: false, reply: "hhhh"}
  late: {bind: "unix:late.sock", start: false, reply: "hhhh"}
clients:
  c:
    - {connect: s, expect: {refused}}
    - {connect: late, expect: {refused}}
    - start: s
    - start: late
    - connect: s
    - stop: s
    - {send: "x", expect: "hhhh"}
    - close
    - {connect: s, expect: {refused}}
    - start: s
    - connect: s
    - {send: "x", expect: "hhhh"}
    - close
    - connect: late
    - {send: "x", expect: "hhhh"}
    - close
`, `
c:
  connect s
  refused
  connect late
  refused
  start s
  start late
  connect s
  stop s
  > "x"
  < "hhhh"
  < eof
  close
  connect s
  refused
  start s
  connect s
  > "x"
  < "hhhh"
  < eof
  close
  connect late
  > "x"
  < "hhhh"
  < eof
  close
s/c:
  accept
  < "x"
  > "hhhh"
  < eof
  close
s/c#2:
  accept
  < "x"
  > "hhhh"
  < eof
  close
late/c:
  accept
  < "x"
  > "hhhh"
  < eof
  close
`}}

func TestUnixTranscripts(t *testing.T) {
	for _, test := range unixConversations {
		t.Run(test.name, func(t *testing.T) {
			inFolder(t)
			got := transcripts(passes(t, test.text))
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), got); diff != "" {
				t.Errorf("transcripts (-want +got):\n%s", diff)
			}
		})
	}
}

// A link between them makes no difference.
func TestUnixOverLinks(t *testing.T) {
	for _, test := range unixConversations {
		t.Run(test.name, func(t *testing.T) {
			inFolder(t)
			r := play(t, linked(parse(t, test.text), rough()))
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), transcripts(r)); diff != "" || !r.Passed() {
				t.Errorf("%q; transcripts (-want +got):\n%s", failures(r), diff)
			}
		})
	}
}

// Connections of Unix sockets are told apart without an order.
// TLS goes through Unix sockets as well. What differs is that bytes which TLS has
// read, and no step has, make no reset.
func TestUnixTLS(t *testing.T) {
	for _, test := range unixConversations {
		if test.name == "bytes that are not read make a reset" {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			inFolder(t)
			for range 5 {
				if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), overTLS(t, test.text)); diff != "" {
					t.Fatalf("transcripts (-want +got):\n%s", diff)
				}
			}
		})
	}
	inFolder(t)
	for range 50 { // the end that TLS sends may meet a socket that is being closed
		overTLS(t, strings.Replace(lonely, "s: {", `s: {bind: "unix:s.sock", `, 1))
	}
	overTLS(t, `
servers: {s: {bind: "unix:s.sock", steps: [{expect: "x"}, {await: gone}, close]}}
clients: {c: [{connect: s}, {send: "x"}, {close: {now}}, signal: gone]}
`)
	passes(t, `
servers: {s: {bind: "unix:s.sock", tls: {client_ca: true}, steps: [{expect: {tls_error}}]}}
clients: {c: [{connect: {to: "unix:s.sock", tls: true}, expect: {tls_error}}]}
`)
}

func TestUnixConnectionsByName(t *testing.T) {
	inFolder(t)
	var servers, clients strings.Builder
	for i := range 50 {
		name := string(rune('a'+i/10)) + string(rune('a'+i%10))
		servers.WriteString("      " + name + ": [{expect: \"" + name + "\"}, {send: \"hello " + name + "\"}]\n")
		clients.WriteString("  " + name + ": [{connect: s}, {send: \"" + name + "\"}, {expect: \"hello " + name + "\"}]\n")
	}
	passes(t, "servers:\n  s:\n    bind: unix:s.sock\n    connections:\n"+servers.String()+"clients:\n"+clients.String())
}

// A client waits for a place in a full backlog, as one of TCP does.
func TestUnixBacklogIsFull(t *testing.T) {
	inFolder(t)
	passes(t, `
servers: {s: {bind: "unix:s.sock", backlog: 0, at_once: 1, steps: [{expect: "a"}, {send: "b"}]}}
clients:
  one: [{connect: s}, signal: in, {await: go}, {send: "a"}, {expect: "b"}]
  two: [{await: in}, {connect: s}, signal: queued, {send: "a"}, {expect: "b"}]
  three:
    - await: queued
    - {connect: s, expect: {timeout}, within: 20ms}
    - signal: go
    - connect: s
    - {send: "a", expect: "b"}
`)
}

// What the kernel would cut down in silence is said.
func TestUnixBacklogIsTooLong(t *testing.T) {
	most, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if err != nil {
		t.Skip("only Linux tells")
	}
	inFolder(t)
	got := failures(run(t, `
servers: {s: {bind: "unix:s.sock", backlog: 65535, accept: 0}}
clients: {c: [{connect: s}, close: {now}]}
`))
	want := "2:21 s: backlog 65535: this machine allows " + strings.TrimSpace(string(most)) + " (net.core.somaxconn)"
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUnixPathInTheWay(t *testing.T) {
	const text = `
servers: {s: {bind: "unix:s.sock", reply: "hhhh"}}
clients: {c: [{connect: s}, {send: "x", expect: "hhhh"}]}
`
	t.Run("dead server", func(t *testing.T) {
		inFolder(t)
		ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: "s.sock"})
		if err != nil {
			t.Fatal(err)
		}
		ln.SetUnlinkOnClose(false)
		ln.Close()
		passes(t, text)
	})
	for _, test := range []struct {
		name, want string
		make       func(t *testing.T) (end func())
	}{
		{"live server", "the path is in use", func(t *testing.T) func() {
			ln, err := net.Listen("unix", "s.sock")
			if err != nil {
				t.Fatal(err)
			}
			return func() { ln.Close() }
		}},
		{"some file", "a file that is no socket has this name", func(t *testing.T) func() {
			if err := os.WriteFile("s.sock", nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return func() { os.Remove("s.sock") }
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inFolder(t)
			defer test.make(t)()
			got := failures(run(t, text))
			if len(got) != 1 || !strings.HasPrefix(got[0], "2:21 s: can't bind unix:/") || !strings.HasSuffix(got[0], test.want) {
				t.Errorf("got %q", got)
			}
			if _, err := os.Lstat("s.sock"); err != nil {
				t.Error("it was removed")
			}
		})
	}
	t.Run("no folder", func(t *testing.T) {
		inFolder(t)
		got := failures(run(t, strings.ReplaceAll(text, "s.sock", "no/s.sock")))
		if len(got) != 1 || !strings.HasSuffix(got[0], "no/s.sock: there is no such folder") {
			t.Errorf("got %q", got)
		}
	})
	// A folder that is deep does not keep its sockets from being bound, as
	// long as they are near to where the command runs.
	t.Run("deep", func(t *testing.T) {
		inFolder(t)
		deep := strings.Repeat("folder/", 20)
		if err := os.MkdirAll(deep, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll("folder") })
		s := parse(t, text)
		s.File.Path = deep + "test.yaml"
		got := failures(play(t, s))
		if len(got) != 1 || !strings.Contains(got[0], "the address of a Unix socket holds") {
			t.Errorf("got %q", got)
		}
		t.Chdir(deep)
		s.File.Path = "test.yaml"
		if r := play(t, s); !r.Passed() {
			t.Error(failures(r))
		}
	})
}

// Scenarios with the same socket wait for each other.
func TestUnixOneAtATime(t *testing.T) {
	inFolder(t)
	s := parse(t, `
servers: {s: {bind: "unix:s.sock", reply: "hhhh"}}
clients: {c: [{connect: s}, {send: "x", expect: "hhhh"}]}
`)
	runner.PlayAll(t.Context(), slices.Repeat([]*scenario.Scenario{s}, 50), runner.SuiteOptions{Jobs: 8}, func(p runner.Play) {
		if p.Err != nil || !p.Result.Passed() {
			t.Error(p.Err, failures(p.Result))
		}
	})
}

// The path of a real server's socket is relative to where banter runs, and not
// to the scenario's folder.
func TestConnectRealUnix(t *testing.T) {
	inFolder(t)
	if err := os.Mkdir("below", 0o777); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove("below") })
	realServer(t, "unix", "real.sock", "real %s")
	file := scenario.Parse("below/test.yaml", []byte(`
servers: {s: {reply: never}}
clients:
  ann: [{connect: s}, {send: a}, {expect: "real a"}]
  ben: [{connect: "${s}"}, {send: b}, {expect: "real b"}]
  cat: [{connect: "127.0.0.1:${s.port}"}]
`))
	r, err := runner.Run(t.Context(), file.Scenarios[0], runner.Options{Connect: map[string]string{"s": "unix:real.sock"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"6:10 cat: can't connect to 127.0.0.1:${s.port}: unix:TOP/real.sock has no port"}
	top, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	got := failures(r)
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], top, "TOP")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A socket below the run's own folder needs no path that others could take.
func TestUnixInTmp(t *testing.T) {
	r := passes(t, `
servers: {s: {bind: "unix:${tmp}/s.sock", reply: "hhhh"}}
clients:
  a: [{connect: s}, {send: x, expect: hhhh}]
  b: [{connect: "unix:${tmp}/s.sock"}, {send: x, expect: hhhh}]
`)
	if r.Actors[1].Observed[0].Name != "s" {
		t.Error(transcripts(r))
	}
}

// A path that nothing is at refuses, and the failure says why.
func TestUnixNoSocket(t *testing.T) {
	inFolder(t)
	r := run(t, "clients: {ann: [{connect: 'unix:none.sock'}]}")
	if len(r.Failures) != 1 {
		t.Fatal(failures(r))
	}
	f := r.Failures[0]
	if want := []string{"there is no such socket"}; f.Message != "the connection to unix:none.sock was refused" || !slices.Equal(f.Notes, want) {
		t.Errorf("%s, %q, want the note %q", f.Message, f.Notes, want)
	}
}
