package runner_test

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"banter/runner"
	"banter/runner/scenario"
)

// allowed is the one scenario of a text, read with what it may touch.
func allowed(t *testing.T, allow scenario.Allow, text string) *scenario.Scenario {
	t.Helper()
	file := scenario.Config{Allow: allow}.Parse("test.yaml", []byte(text))
	if file.Problems.HaveErrors() {
		t.Fatal(file.Problems)
	}
	return file.Scenarios[0]
}

// outward is an address of this machine that is not a loopback one.
func outward(t *testing.T) string {
	t.Helper()
	found, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range found {
		prefix, err := netip.ParsePrefix(a.String())
		if ip := prefix.Addr(); err == nil && ip.Is4() && !ip.IsLoopback() {
			return ip.String()
		}
	}
	t.Skip("this machine has loopback addresses alone")
	return ""
}

// Every address is the loopback ones alone, unless the flag opens the others.
func TestEveryAddress(t *testing.T) {
	ip := outward(t)
	for _, test := range []struct{ prefix, refused string }{
		{"", "{connect: ADDRESS, expect: {refused}}"},
		{"udp:", "{connect: ADDRESS}, {send: x, expect: {refused}}"},
	} {
		for _, every := range []string{"", "0.0.0.0", "[::]"} {
			bind := test.prefix + every + ":0"
			for only, out := range map[string]string{
				ip:              test.refused,
				ip + " " + bind: "{connect: ADDRESS}, {send: x, expect: y}",
			} {
				s := allowed(t, scenario.Allow{Net: scenario.Grant{Only: strings.Fields(only)}}, `
servers: {s: {bind: "`+bind+`", reply: y}}
clients:
  ann: [{connect: s}, {send: x, expect: y}]
  out: [`+strings.Replace(out, "ADDRESS", `"`+test.prefix+ip+`:${s.port}"`, 1)+`]
`)
				if r := play(t, s); !r.Passed() {
					t.Errorf("%s, --allow-net=%s: %q", bind, only, failures(r))
				}
			}
		}
	}
}

// Of the loopback addresses, both families reach a server of every address.
func TestEveryAddressBothFamilies(t *testing.T) {
	for _, udp := range []string{"", "udp:"} {
		for _, bind := range []string{":0", "[::]:0"} {
			passes(t, `
servers: {s: {bind: "`+udp+bind+`", reply: "y"}}
clients:
  ann: [{connect: "`+udp+`127.0.0.1:${s.port}"}, {send: "x", expect: "y"}]
  ben: [{connect: "`+udp+`[::1]:${s.port}"}, {send: "x", expect: "y"}]
`)
		}
	}
}

// Where an address is known only when the scenario runs, it is refused then.
func TestForbiddenWhenPlayed(t *testing.T) {
	text := `
servers: {s: {reply: "y"}}
clients:
  ann: [{connect: "203.0.113.1:${s.port}", expect: {refused}}]
  ben: [{connect: s}, {send: "x", expect: "y"}, close, {connect: "mx.example:${s.port}"}]
`
	r := run(t, text)
	port := ""
	for _, f := range r.Failures {
		if f.Kind != runner.Forbidden {
			t.Errorf("kind %d of %q", f.Kind, f.Message)
		}
		_, port, _ = net.SplitHostPort(strings.Fields(f.Message)[0])
	}
	got := strings.ReplaceAll(strings.Join(failures(r), "\n"), port, "PORT")
	want := `4:10 ann: 203.0.113.1:PORT is not a loopback address; --allow-net=203.0.113.1:PORT allows it
5:57 ben: mx.example:PORT may be on another machine; --allow-net=mx.example:PORT allows it`
	lines := strings.Split(got, "\n")
	if strings.Contains(lines[0], "ben") { // who is first is a matter of timing
		lines[0], lines[1] = lines[1], lines[0]
	}
	if diff := cmp.Diff(want, strings.Join(lines, "\n")); diff != "" {
		t.Error(diff)
	}
}

// A server of the scenario may be called at its address, whatever that is.
func TestOwnServerIsAllowed(t *testing.T) {
	ip := outward(t)
	s := allowed(t, scenario.Allow{Net: scenario.Grant{Only: []string{ip + ":0"}}}, `
servers: {s: {bind: "`+ip+`:0", reply: "y"}}
clients:
  ann: [{connect: s}, {send: "x", expect: "y"}]
  ben: [{connect: "${s}"}, {send: "x", expect: "y"}]
`)
	if r := play(t, s); !r.Passed() {
		t.Errorf("%q", failures(r))
	}
}

// The run's own folder is the scenario's too.
func TestSocketInOwnFolder(t *testing.T) {
	r := run(t, `clients: {ann: [{connect: "unix:${tmp}/s.sock", expect: {refused}}, {connect: "unix:${tmp}/../s.sock", expect: {refused}}]}`)
	if got := failures(r); len(got) != 1 || !strings.Contains(got[0], "s.sock is outside of the scenario's folder; --allow-net=unix:") {
		t.Errorf("%q", got)
	}
}

// A link that came after the file was read is seen when it is played.
func TestLinkThatCameLater(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("own", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"out.txt", "own/in.txt"} {
		if err := os.WriteFile(name, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	file := scenario.Parse("own/x.yaml", []byte(`
servers:
  s: {bind: "unix:in/s.sock", listen: false}
  r: {reply: "y"}
clients:
  ann: [{connect: r}, {send: {file: in.txt}, expect: "y"}]
  ben: [{connect: "unix:in/s.sock", expect: {refused}}]
`))
	if file.Problems.HaveErrors() {
		t.Fatal(file.Problems)
	}
	os.Remove("own/in.txt")
	for name, to := range map[string]string{"own/in.txt": "../out.txt", "own/in": ".."} {
		if err := os.Symlink(to, name); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	top, err := filepath.EvalSymlinks(".")
	if err == nil {
		top, err = filepath.Abs(top)
	}
	if err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string]string{
		"3:13 s: unix:in/s.sock leads to TOP/s.sock, outside of the scenario's folder; --allow-net=unix:TOP/s.sock allows it":  "",
		"6:24 ann: the file \"own/in.txt\" leads to TOP/out.txt, outside of the scenario's folder; --allow-read=TOP allows it": "s",
	} {
		s := *file.Scenarios[0]
		if text != "" {
			s.Servers, s.Clients = s.Servers[1:], s.Clients[:1]
		}
		got := strings.ReplaceAll(strings.Join(failures(play(t, &s)), "\n"), top, "TOP")
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
