// Package runtest plays scenarios in "go test": each of them is a subtest, and
// one that fails shows both sides of the conversation, what was expected and what
// came.
//
//	func TestGreeter(t *testing.T) {
//		ln, err := net.Listen("tcp", "127.0.0.1:0")
//		if err != nil {
//			t.Fatal(err)
//		}
//		t.Cleanup(func() { ln.Close() })
//		go serve(ln) // the server under test
//
//		runtest.Dir(t, "testdata/scenarios", runtest.Connect("greeter", ln.Addr()))
//	}
//
// A subtest is named after its file and its scenario, so that
//
//	go test -run 'TestGreeter/greeting.yaml/hello'
//
// plays one. A scenario with "skip", or whose "requires" are not installed, is a
// subtest that is skipped. If anything is wrong with a file, all that is wrong is
// said, and nothing is played.
package runtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/report"
	"banter/runner/scenario"
)

// Dir plays the scenarios of all *.yaml and *.yml files below a folder. A subtest
// is named after the file's path below it, with slashes: "smtp/relay.yaml/quit".
func Dir(t *testing.T, dir string, opts ...Option) {
	t.Helper()
	o := optionsOf(t, opts)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		t.Fatalf("%s: is a file; runtest.File plays it", dir)
	}
	paths, errs := scenario.Find([]string{dir})
	if len(errs) > 0 {
		t.Fatal(errors.Join(errs...))
	}
	o.play(t, o.read(t, paths), func(f *scenario.File) string {
		below, err := filepath.Rel(dir, f.Path)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.ToSlash(below) + "/"
	})
}

// File plays the scenarios of a file. A subtest is named after the file, without
// its folder, and the scenario: "greeting.yaml/hello".
func File(t *testing.T, path string, opts ...Option) {
	t.Helper()
	o := optionsOf(t, opts)
	o.play(t, o.read(t, []string{path}), func(f *scenario.File) string { return filepath.Base(f.Path) + "/" })
}

// Run plays the scenarios of a text, as a file has it. A subtest is named after its
// scenario. Files that the text names are those of the working folder.
func Run(t *testing.T, text string, opts ...Option) {
	t.Helper()
	o := optionsOf(t, opts)
	if o.update {
		t.Fatal("runtest.Update writes files, and runtest.Run has none")
	}
	file := o.config.Reread("scenario.yaml", []byte(text))
	o.play(t, []*scenario.File{file}, func(*scenario.File) string { return "" })
}

// read reads files, right or wrong.
func (o *options) read(t *testing.T, paths []string) (files []*scenario.File) {
	t.Helper()
	for _, path := range paths {
		file, err := o.config.Read(path, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// play plays files as subtests of t, whose names begin with the prefix of the file.
func (o *options) play(t *testing.T, files []*scenario.File, prefix func(*scenario.File) string) {
	t.Helper()
	o.check(t, files)
	if o.update {
		files = o.updated(t, files)
	}
	for _, f := range files {
		for _, s := range f.Scenarios {
			t.Run(prefix(f)+s.Name, func(t *testing.T) {
				t.Helper()
				if o.parallel {
					t.Parallel()
				}
				o.playOne(t, s)
			})
		}
	}
}

// check ends the test if files or options are wrong: nothing is to be played then.
func (o *options) check(t *testing.T, files []*scenario.File) {
	t.Helper()
	var wrong strings.Builder
	scenarios := 0
	for _, f := range files {
		wrong.WriteString(report.Problems(f.Problems.Errors()))
		if warnings := f.Problems.Warnings(); len(warnings) > 0 {
			t.Log("\n" + report.Problems(warnings))
		}
		scenarios += len(f.Scenarios)
	}
	switch {
	case wrong.Len() > 0:
		t.Fatalf("nothing was played:\n%s", wrong.String())
	case scenarios == 0:
		t.Fatal("no scenarios to play")
	}
	for _, values := range []map[string]string{o.config.Vars, o.config.Secrets} {
		for name := range values {
			if !slices.ContainsFunc(files, func(f *scenario.File) bool { return f.Takes[name] }) {
				t.Fatalf("no file has a variable ${%s}", name)
			}
		}
	}
	for name, address := range o.run.Connect {
		found := false
		for _, f := range files {
			for _, s := range f.Scenarios {
				srv := s.Server(name)
				if srv == nil {
					continue
				}
				found = true
				if _, err := srv.StandIn(address); err != nil {
					t.Fatalf("runtest.Connect(%q, %q): %v", name, address, err)
				}
			}
		}
		if !found {
			t.Fatalf("runtest.Connect(%q, %q): no scenario has a server of that name", name, address)
		}
	}
}

// errTime is why a scenario ends before the test's time is up: else nobody would
// see what it waited for.
var errTime = errors.New("the time that go test gives the test is up")

// playOne plays one scenario as the test t.
func (o *options) playOne(t *testing.T, s *scenario.Scenario) {
	t.Helper()
	ctx, cancel := beforeDeadline(t)
	defer cancel()
	result, err := runner.Run(ctx, s, o.run)
	play := runner.Play{Scenario: s, Round: 1, Result: result}
	switch {
	case err != nil && !errors.Is(err, errTime):
		t.Errorf("the run broke: %v", err)
	case err != nil && result.Passed():
		t.Error(err)
	case err != nil:
		t.Errorf("%v\n%s", err, picture(t, play))
	case result.Skipped != "":
		t.Skip(result.Skipped)
	case !result.Passed():
		t.Error("\n" + picture(t, play))
	}
}

func picture(t *testing.T, p runner.Play) string {
	return strings.TrimSuffix(report.Picture(p, report.TextOptions{Again: again(t)}), "\n")
}

// beforeDeadline is the test's context, which ends so long before the test's time
// is up that there is time to say what was going on.
func beforeDeadline(t *testing.T) (context.Context, context.CancelFunc) {
	deadline, ok := t.Deadline()
	if !ok {
		return context.WithCancel(t.Context())
	}
	left := time.Until(deadline)
	grace := min(left/2, max(left/20, time.Second))
	return context.WithDeadlineCause(t.Context(), deadline.Add(-grace), errTime)
}

// again is the command that plays just this subtest.
func again(t *testing.T) string {
	var parts []string
	for part := range strings.SplitSeq(t.Name(), "/") {
		parts = append(parts, "^"+regexp.QuoteMeta(part)+"$")
	}
	pattern := strings.ReplaceAll(strings.Join(parts, "/"), "'", `'\''`)
	return fmt.Sprintf("go test -run '%s'", report.Clean(pattern))
}
