package scenario

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the flags open, in both places: the same is asked when a file is read
// and when it is played.
func TestAllowNet(t *testing.T) {
	for _, test := range []struct {
		only, address string // as --allow-net and connect have them
		want          bool
	}{
		{"", "127.0.0.1:25", true},
		{"", "203.0.113.1:25", false},
		{"203.0.113.1:25", "203.0.113.1:25", true},
		{"203.0.113.1:25", "203.0.113.1:26", false},
		{"203.0.113.1:25", "203.0.113.2:25", false},
		{"203.0.113.1", "203.0.113.1:26", true},
		{"203.0.113.1", "udp:203.0.113.1:53", true},
		{"udp:203.0.113.1:53", "udp:203.0.113.1:53", true},
		{"203.0.113.9 203.0.113.1", "203.0.113.1:26", true},
		{"::ffff:203.0.113.1", "203.0.113.1:26", true},
		{"2001:db8::1", "[2001:DB8:0::1]:25", true},
		{"[2001:db8::1]", "[2001:db8::1]:25", true},
		{"[2001:db8::1]:26", "[2001:db8::1]:25", false},
		{"mx.example", "MX.example.:25", true},
		{"mx.example:26", "mx.example:25", false},
		{"mx.example", "mx.example.test:25", false},
		{":25", "203.0.113.1:25", false},
		{"0.0.0.0", "203.0.113.1:25", false},
		{"unix:/run", "203.0.113.1:25", false},
		{"unix:/run", "unix:/run/a.sock", true},
		{"unix:/run", "unix:/run", true},
		{"unix:/run", "unix:/run/../etc/a.sock", false},
		{"unix:/run", "unix:/runner/a.sock", false},
		{"203.0.113.1", "unix:/run/a.sock", false},
		{"unix:/run/a.sock", "unix:/run/a.sock", true},
		{"unix:/run/a.sock", "unix:/run/b.sock", false},
		{"unix:..", "unix:../b.sock", true},
	} {
		allow := Allow{Net: Grant{Only: strings.Fields(test.only)}}
		for _, entry := range allow.Net.Only {
			if err := CheckNet(entry); err != nil {
				t.Errorf("%s: %v", entry, err)
			}
		}
		text := "clients: {ann: [{connect: '" + test.address + "'}]}"
		f := Config{Allow: allow}.Parse("x.yaml", []byte(text))
		at, err := ParseAddress(test.address)
		if err != nil {
			t.Fatal(err)
		}
		err = f.Scenarios[0].MayUse(&at)
		if got := err == nil; got != test.want || f.Problems.HaveErrors() == test.want {
			t.Errorf("--allow-net=%s, %s: allowed %v (%v), problems %v", test.only, test.address, got, err, f.Problems)
		}
		if _, ok := errors.AsType[*Refusal](err); err != nil && !ok {
			t.Errorf("%T is no refusal", err)
		}
		all := Config{Allow: Allow{Net: Grant{All: true}}}.Parse("x.yaml", []byte(text))
		if all.Problems.HaveErrors() {
			t.Error(all.Problems)
		}
	}
}

func TestMayServeOthers(t *testing.T) {
	for only, want := range map[string]bool{
		"": false, ":7890": true, ":7891": false, "0.0.0.0:7890": true, "[::]:7890": true, "::": true, "0.0.0.0": true,
		"203.0.113.1": false, "unix:/run": false,
	} {
		s := &Scenario{File: &File{Allow: Allow{Net: Grant{Only: strings.Fields(only)}}}}
		if got := s.MayServeOthers(7890); got != want {
			t.Errorf("--allow-net=%s: %v", only, got)
		}
	}
	if (&Scenario{}).MayServeOthers(7890) {
		t.Error("a scenario without a file may serve others")
	}
}

func TestCheckNet(t *testing.T) {
	for entry, want := range map[string]string{
		"":          `must be host:port, or a host for all of its ports: "" has no port`,
		"80":        `must be host:port, or a host for all of its ports: write :80 for that port on every address`,
		"a b":       `must be host:port, or a host for all of its ports: "a b" has no port`,
		"256.1.1.1": `must be host:port, or a host for all of its ports: "256.1.1.1" has no port`,
		"a:b":       `must be host:port, or a host for all of its ports: a port is a number from 0 to 65535, not "b"`,
		"unix:":     `needs a path, such as "unix:/run/greeter.sock"`,
	} {
		if err := CheckNet(entry); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", entry, err, want)
		}
	}
}

// A link counts for what it leads to, also one of the folder's own, and so
// does the folder that --allow-read names.
func TestAllowReadFollowsLinks(t *testing.T) {
	top := t.TempDir()
	t.Chdir(top)
	for _, dir := range []string{"own", "own/below", "other"} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"own/in.txt", "own/below/in.txt", "other/out.txt"} {
		if err := os.WriteFile(name, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{
		"own/out": "../other/out.txt", "own/in": filepath.Join(top, "own/in.txt"),
		"own/folder": "../other", "linked": "own", "elsewhere": "other",
	} {
		if err := os.Symlink(to, name); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	real, err := filepath.EvalSymlinks(top)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, file, want string }{
		{"own/x.yaml", "in.txt", ""},
		{"own/x.yaml", "in", ""},
		{"own/x.yaml", "below/in.txt", ""},
		{"own/x.yaml", "TOP/own/in.txt", ""},
		{"own/x.yaml", "TOP/linked/in.txt", ""},
		{"linked/x.yaml", "in.txt", ""},
		{"linked/x.yaml", "TOP/own/in.txt", ""},
		{"own/below/x.yaml", "../in.txt",
			`the file "own/in.txt" is outside of the scenario's folder; --allow-read=own allows it`},
		{"own/x.yaml", "out",
			`the file "own/out" leads to TOP/other/out.txt, outside of the scenario's folder; --allow-read=TOP/other allows it`},
		{"own/x.yaml", "folder/out.txt",
			`the file "own/folder/out.txt" leads to TOP/other/out.txt, outside of the scenario's folder; --allow-read=TOP/other allows it`},
		// What the system would make of it is not what it looks like.
		{"own/x.yaml", "TOP/own/below/../folder/../in.txt", ""},
		{"own/x.yaml", "TOP/linked/../other/out.txt",
			`the file QUOTED is outside of the scenario's folder; --allow-read=TOP/other allows it`},
	} {
		text := "clients: {ann: [{connect: 127.0.0.1:1}, {send: {file: " + strings.ReplaceAll(test.file, "TOP", real) + "}}, close]}"
		if err := os.WriteFile(test.path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		f, err := Read(test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, p := range f.Problems {
			got += p.Message
		}
		quoted := quote(strings.ReplaceAll(test.file, "TOP/linked/..", real)) // a long path is cut
		if want := strings.NewReplacer("TOP", real, "QUOTED", quoted).Replace(test.want); got != want {
			t.Errorf("%s, file %s: %q, want %q", test.path, test.file, got, want)
		}
		for _, dir := range []string{"elsewhere", "own", "."} {
			f, err := Config{Allow: Allow{Read: []string{dir}}}.Read(test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			inside := dir == "." || strings.Contains(test.want, "own/in.txt") == (dir == "own")
			if wrong := f.Problems.HaveErrors(); wrong != (test.want != "" && !inside) {
				t.Errorf("%s, file %s, --allow-read=%s: %v", test.path, test.file, dir, f.Problems)
			}
		}
	}
}

// A path of any length costs little.
func TestResolvedLongPath(t *testing.T) {
	if got := resolved(strings.Repeat("no/", 200_000)); !strings.HasSuffix(got, "no/no") {
		t.Error(got)
	}
}
