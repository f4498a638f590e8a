package runtest_test

import (
	"errors"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/runtest"
)

// inner is set where this test's own binary is run again, as a "go test" of its
// own, to see what a test that fails shows.
var inner = flag.Bool("inner", false, "run the tests that are there to fail")

// again runs the tests of TestInner whose name matches, and returns what go test
// shows and whether it passed.
func again(t *testing.T, name string, args ...string) (output string, passed bool) {
	t.Helper()
	args = append([]string{"-inner", "-test.v", "-test.run", "^TestInner$/^" + name + "$"}, args...)
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		t.Fatal(err)
	}
	return string(out), err == nil
}

// TestInner holds the calls of the package that the other tests look at.
func TestInner(t *testing.T) {
	if !*inner {
		t.Skip("run by the other tests")
	}
	text := func(text string, opts ...runtest.Option) func(*testing.T) {
		return func(t *testing.T) { runtest.Run(t, text, opts...) }
	}
	dir := func(path string, opts ...runtest.Option) func(*testing.T) {
		return func(t *testing.T) { runtest.Dir(t, path, opts...) }
	}
	folder := os.Getenv("RUNTEST_FOLDER")
	for name, f := range map[string]func(*testing.T){
		"dir":         dir("testdata/all"),
		"parallel":    dir("testdata/all", runtest.Parallel()),
		"wrong":       dir("testdata/wrong"),
		"noFolder":    dir("testdata/none"),
		"fileAsDir":   dir("testdata/scenarios/greeting.yaml"),
		"emptyFile":   func(t *testing.T) { runtest.File(t, "-") },
		"update":      dir(folder, runtest.Update(true)),
		"updateText":  text("clients: {ann: [wait: 1ms]}", runtest.Update(true)),
		"deadline":    text("clients: {ann: [{await: never}], bob: [{wait: 1h}, {signal: never}]}"),
		"unknownVar":  text("clients: {ann: [wait: 1ms]}", runtest.Var("user", "ann")),
		"twoValues":   text("clients: {ann: [wait: 1ms]}", runtest.Var("user", "ann"), runtest.Secret("user", "ann")),
		"noServer":    text("clients: {ann: [wait: 1ms]}", runtest.Connect("greeter", "127.0.0.1:7")),
		"badAddress":  text("clients: {ann: [wait: 1ms]}", runtest.Connect("greeter", "here")),
		"noAddress":   text("clients: {ann: [wait: 1ms]}", runtest.Connect("greeter", 7)),
		"udpAddress":  text("servers: {s: {reply: x}}\nclients: {ann: [{connect: s}]}", runtest.Connect("s", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7})),
		"badTimeout":  text("clients: {ann: [wait: 1ms]}", runtest.Timeout(0)),
		"badSlow":     text("clients: {ann: [wait: 1ms]}", runtest.Slow(-1)),
		"badNet":      text("clients: {ann: [wait: 1ms]}", runtest.AllowNet("::::")),
		"notAllowed":  text("clients: {ann: [{connect: 192.0.2.1:80}]}"),
		"timeout":     text("clients: {ann: [{await: never}], bob: [{wait: 1h}, {signal: never}]}", runtest.Timeout(time.Millisecond), runtest.Slow(2)),
		"secretValue": text("vars: {word: x}\nservers: {s: {reply: hhhh}}\nclients: {ann: [{connect: s}, {send: '${word}'}, {expect: '${word}'}]}", runtest.Secret("word", "opensesame")),
	} {
		t.Run(name, f)
	}
}

// What is skipped, fails or passes does so as a subtest, in this order and under
// these names, and a failure shows its picture.
func TestDir(t *testing.T) {
	out, passed := again(t, "dir")
	if passed {
		t.Error("the test passed")
	}
	var got []string
	for _, m := range regexp.MustCompile(`(?m)^ +--- (\S+: TestInner/dir/\S+)`).FindAllStringSubmatch(out, -1) {
		got = append(got, m[1])
	}
	want := []string{
		"PASS: TestInner/dir/a.yaml/a",
		"FAIL: TestInner/dir/a.yaml/it's_[no]/hello",
		"PASS: TestInner/dir/below/b.yaml/row[1]",
		"PASS: TestInner/dir/below/b.yaml/row[2]",
		"SKIP: TestInner/dir/below/b.yaml/waits",
		"SKIP: TestInner/dir/below/b.yaml/wants",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("subtests:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, line := range []string{
		` +runtest_test\.go:\d+: $`, // where Dir was called
		` +FAIL  it's \[no\]/hello   testdata/all/a\.yaml:13:7$`,
		` +ann, step 3 of 3: the bytes differ at offset 2$`,
		` +received  68 68 78 68 +│hhxh$`,
		` +ann +greeter/ann$`,
		` +again: go test -run '\^TestInner\$/\^dir\$/\^a\\\.yaml\$/\^it'\\''s_\\\[no\\\]\$/\^hello\$'$`,
		` +runtest_test\.go:\d+: waits for issue 7$`,
		` +runtest_test\.go:\d+: no-such-program is not installed$`,
	} {
		if !regexp.MustCompile(`(?m)^` + line).MatchString(out) {
			t.Errorf("no line %s in\n%s", line, out)
		}
	}
	if strings.Contains(out, "banter run") {
		t.Errorf("the picture names another command:\n%s", out)
	}
}

// The command that a picture shows plays that one scenario.
func TestAgain(t *testing.T) {
	out, _ := again(t, "dir")
	m := regexp.MustCompile(`again: (go test -run '.*')`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no command in\n%s", out)
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh")
	}
	sh := exec.Command("sh", "-c", `"$0" -inner -test.v -test.run `+strings.TrimPrefix(m[1], "go test -run "), os.Args[0])
	one, err := sh.CombinedOutput()
	if err == nil || !strings.Contains(string(one), "--- FAIL: TestInner/dir/a.yaml/it's_[no]/hello") {
		t.Errorf("%s: %v\n%s", m[1], err, one)
	}
	if strings.Contains(string(one), "below/b.yaml") {
		t.Errorf("%s plays others too:\n%s", m[1], one)
	}
}

func TestParallel(t *testing.T) {
	out, passed := again(t, "parallel")
	if passed || !strings.Contains(out, "=== PAUSE TestInner/parallel/a.yaml/a\n") {
		t.Errorf("passed: %v\n%s", passed, out)
	}
}

// A scenario ends before the test's time does, and shows what it waited for.
func TestDeadline(t *testing.T) {
	out, passed := again(t, "deadline", "-test.timeout=3s")
	if passed || strings.Contains(out, "panic") ||
		!strings.Contains(out, "the time that go test gives the test is up") ||
		!regexp.MustCompile(`ann, step 1 of 1: (was waiting: )?await "never"`).MatchString(out) {
		t.Errorf("passed: %v\n%s", passed, out)
	}
}

// What is wrong with a call or a file ends the test, with what would be right.
func TestWrong(t *testing.T) {
	for name, want := range map[string]string{
		"wrong":       "nothing was played:\n.*testdata/wrong/a.yaml:2:10: .*\n.*testdata/wrong/b.yaml:1:1: .*",
		"noFolder":    "testdata/none: no such file or folder",
		"fileAsDir":   "testdata/scenarios/greeting.yaml: is a file; runtest.File plays it",
		"emptyFile":   "nothing was played:\n.*<stdin>:1:1: ",
		"updateText":  "runtest.Update writes files, and runtest.Run has none",
		"unknownVar":  `no file has a variable \$\{user\}`,
		"twoValues":   "runtest.Var and runtest.Secret are two values of one variable, user",
		"noServer":    `runtest.Connect\("greeter", "127.0.0.1:7"\): no scenario has a server of that name`,
		"badAddress":  `runtest.Connect\("greeter", here\): an address to connect to must be host:port: `,
		"noAddress":   `runtest.Connect\("greeter", 7\): a int is no address; give a net.Addr or a string`,
		"udpAddress":  `runtest.Connect\("s", "udp:127.0.0.1:7"\): udp:127.0.0.1:7 is UDP, and server "s" is not`,
		"badTimeout":  `runtest.Timeout\(0s\): must be more than 0`,
		"badSlow":     `runtest.Slow\(-1\): must be a number over 0`,
		"badNet":      `runtest.AllowNet\("::::"\): must be host:port`,
		"notAllowed":  "192.0.2.1:80 is not a loopback address; --allow-net=192.0.2.1:80 allows it",
		"timeout":     "timeout after 2ms",
		"secretValue": `> "\*\*\*"`,
	} {
		t.Run(name, func(t *testing.T) {
			out, passed := again(t, name)
			if passed || !regexp.MustCompile(want).MatchString(out) || strings.Contains(out, "opensesame") {
				t.Errorf("passed: %v\n%s", passed, out)
			}
		})
	}
}

// Update writes what came, and the test that did so passes with it.
func TestUpdate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "greeting.yaml")
	const was = `servers: {greeter: {reply: hhhh}}
clients:
  ann: [{connect: greeter}, {send: hello}, {expect: hxxh}]  # as recorded
`
	if err := os.WriteFile(file, []byte(was), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv("RUNTEST_FOLDER", filepath.Dir(file))
	out, passed := again(t, "update")
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(was, "hxxh", "hhhh", 1); !passed || string(got) != want {
		t.Errorf("passed: %v\n%s\nthe file is\n%s", passed, out, got)
	}
}

// The options reach the run.
func TestOptions(t *testing.T) {
	t.Run("vars", func(t *testing.T) {
		runtest.Run(t, `
vars: {word: x, key: "y"}
servers: {s: {reply: {after: "hello-sesame", send: hhhh}}}
clients: {ann: [{connect: s}, {send: "${word}-${key}"}, {expect: hhhh}]}
`, runtest.Var("word", "hello"), runtest.Secret("key", "sesame"), runtest.Timeout(5*time.Second), runtest.Slow(2))
	})
	t.Run("allow", func(t *testing.T) {
		payload := filepath.Join(t.TempDir(), "hello.txt")
		if err := os.WriteFile(payload, []byte("hello"), 0o666); err != nil {
			t.Fatal(err)
		}
		runtest.Run(t, `
vars: {payload: x}
servers: {s: {reply: {after: hello, send: hhhh}}}
clients: {ann: [{connect: s}, {send: {file: "`+filepath.ToSlash(payload)+`"}}, {expect: hhhh}]}
`, runtest.AllowRead(filepath.Dir(payload)), runtest.Var("payload", "x"))
	})
	t.Run("run", func(t *testing.T) {
		runtest.Run(t, `
requires: [echo]
clients: {ann: [{run: [echo, hello], stdout: "hello\n"}]}
`, runtest.AllowRun("echo"), runtest.AllowNet(), runtest.Real(runner.RealNever))
	})
	t.Run("isolate", func(t *testing.T) {
		runtest.Run(t, `
name: one
requires: [isolation]
servers: {s: {bind: "127.0.0.1:7", reply: hhhh}}
clients: {ann: [{connect: s}, {send: hello}, {expect: hhhh}]}
---
name: two
requires: [isolation]
addresses: [192.0.2.1]
servers: {s: {bind: "192.0.2.1:7", reply: hhhh}}
clients: {ann: [{connect: s}, {send: hello}, {expect: hhhh}]}
`, runtest.Isolate(), runtest.Parallel())
	})
	t.Run("unix", func(t *testing.T) {
		dir, err := os.MkdirTemp("", "runtest") // short enough for a socket
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		ln, err := net.Listen("unix", filepath.Join(dir, "s"))
		if err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { ln.Close() })
		go func() {
			for conn, err := ln.Accept(); err == nil; conn, err = ln.Accept() {
				greet(conn)
			}
		}()
		runtest.File(t, "testdata/scenarios/greeting.yaml", runtest.Connect("greeter", ln.Addr()),
			runtest.AllowNet("unix:"+dir))
	})
}

// The example in the documentation is greeter_test.go and its scenario.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/go-test.md")
	if err != nil {
		t.Fatal(err)
	}
	for fence, path := range map[string]string{"go": "greeter_test.go", "yaml": "testdata/scenarios/greeting.yaml"} {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "```"+fence+"\n"+string(source)+"```\n") {
			t.Errorf("docs/go-test.md has another %s", path)
		}
	}
}

// The example in the documentation passes in a module of the reader's own, which has
// got this one as the page says.
func TestDocsInOtherModule(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs/go-test.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, commands, _ := strings.Cut(string(page), "```sh\n")
	commands, _, found := strings.Cut(commands, "```")
	if !found || !strings.Contains(commands, "=../banter\n") {
		t.Fatal("docs/go-test.md does not say how to get the module")
	}
	source, err := os.ReadFile("greeter_test.go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := errors.Join(
		os.CopyFS(filepath.Join(dir, "testdata/scenarios"), os.DirFS("testdata/scenarios")),
		os.WriteFile(filepath.Join(dir, "greeter_test.go"), source, 0o600),
		os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.test/mine\n"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	commands = strings.ReplaceAll(commands, "=../banter", "="+root) + "go test -v"
	for line := range strings.Lines(commands) {
		words := strings.Fields(line)
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s%v\n%s", line, err, out)
		}
		if words[1] == "test" && !strings.Contains(string(out), "--- PASS: TestGreeter/greeting.yaml/hello") {
			t.Errorf("%s", out)
		}
	}
}
