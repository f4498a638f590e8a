package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"banter/runner/wire"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// fastExit keeps the race detector from waiting a second at the end of each
// process, as it does unless it is told not to.
const fastExit = "atexit_sleep_ms=0"

func TestMain(m *testing.M) {
	os.Setenv("GORACE", fastExit)
	if filepath.Base(os.Args[0]) != "banter" {
		for _, v := range parallelJobs { // these tests may themselves be one of several jobs
			os.Unsetenv(v.index)
		}
	}
	testscript.Main(m, map[string]func(){"banter": main})
}

// The scripts call the command as a shell does. Beside testscript's own
// commands they have
//
//	exits STATUS PROGRAM [ARGUMENT...]   runs a program that ends with the status
//	shows stdout|stderr FILE             compares, whatever the times
//	greetings N FILE                     writes N scenarios that pass
//
// and in $ECHO the address of a server that sends back what comes, in $NOBODY one
// at which nobody listens.
func TestScripts(t *testing.T) {
	echo, nobody := echoServer(t), refusing(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", fastExit)
			env.Setenv("ECHO", echo)
			env.Setenv("NOBODY", nobody)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "shows": shows, "greetings": greetings,
		},
	})
}

// echoServer is a server that sends back what comes, as long as the test runs.
func echoServer(t *testing.T) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return ln.Addr().String()
}

// refusing is an address that is taken, and at which nobody listens.
func refusing(t *testing.T) string {
	t.Helper()
	bound, err := wire.Open(t.Context(), wire.Local{Host: "127.0.0.1"}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bound.Close() })
	return bound.Addr().String()
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var ended *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &ended):
		got = ended.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// A time takes more room the longer it is, and what stands beside it moves. The
// golden files of package report, whose times are fixed, hold the columns.
var (
	times  = regexp.MustCompile(` *\d+\.\d+ m?s`)
	blanks = regexp.MustCompile(`  +`)
)

func timeless(text string) string {
	return blanks.ReplaceAllString(times.ReplaceAllString(text, " TIME"), "  ")
}

func shows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: shows stdout|stderr FILE")
	}
	got, want := timeless(ts.ReadFile(args[0])), timeless(ts.ReadFile(args[1]))
	if diff := cmp.Diff(want, got); diff != "" {
		ts.Fatalf("not as %s says (-want +got):\n%s", args[1], diff)
	}
}

func greetings(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: greetings N FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `---
name: greeting-%d
servers: {greeter: {reply: "hhhh"}}
clients:
  ann:
    - connect: greeter
    - send: "hello"
    - expect: "hhhh"
    - close
`, i+1)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o666))
}
