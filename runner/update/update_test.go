package update_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"banter/runner"
	"banter/runner/scenario"
	"banter/runner/update"
)

var write = flag.Bool("update", false, "write what came into testdata")

// TestUpdate brings each NAME.yaml of the archives in testdata up to date.
// NAME.want is what the file becomes, and below a line "=====" how it plays then
// and what was left as it is.
func TestUpdate(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, f := range archive.Files {
			if name, ok := strings.CutSuffix(f.Name, ".want"); ok {
				want[name] = string(f.Data)
			}
		}
		var files []txtar.File
		for _, f := range archive.Files {
			name, ok := strings.CutSuffix(f.Name, ".yaml")
			if !ok {
				continue
			}
			now := txtar.File{Name: name + ".want", Data: []byte(want[name])}
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+name, func(t *testing.T) {
				after, how := brought(t, f.Name, string(f.Data))
				got := after + "=====\n" + how
				now.Data = []byte(got)
				if diff := cmp.Diff(want[name], got); diff != "" && !*write {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if again, _ := brought(t, f.Name, after); again != after && !*write {
					t.Errorf("a second time it changes (-once +twice):\n%s", cmp.Diff(after, again))
				}
			})
			files = append(files, f, now)
		}
		if *write {
			archive.Files = files
			if err := os.WriteFile(path, txtar.Format(archive), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// brought is what becomes of a file, and how it plays then.
func brought(t testing.TB, name, source string) (after, how string) {
	t.Helper()
	config := scenario.Config{Update: true, Secrets: map[string]string{"token": "s3cr3t"}}
	file := config.Parse(name, []byte(source))
	if errs := file.Problems.Errors(); len(errs) > 0 {
		t.Fatalf("%v\n%s", errs, source)
	}
	u := update.New(config, []*scenario.File{file})
	var out []string
	for {
		out = nil
		for _, s := range u.Files()[0].Scenarios {
			r, err := runner.Run(t.Context(), s, runner.Options{})
			if err != nil {
				t.Fatal(err)
			}
			u.Hear(runner.Play{Scenario: s, Round: 1, Result: r})
			for _, f := range r.Failures {
				out = append(out, fmt.Sprintf("failed %s:%d: %s: %s\n", s.Name, f.Pos.Line, f.Actor, f.Message))
			}
		}
		if !u.Next() {
			break
		}
	}
	for _, l := range u.Left() {
		out = append(out, fmt.Sprintf("left %d:%d: %s\n", l.Pos.Line, l.Pos.Col, l.Why))
	}
	for _, c := range u.Changes() {
		out = append(out, fmt.Sprintf("expects %d, transcripts %d\n", c.Expects, c.Transcripts))
	}
	slices.Sort(out)
	return string(u.Files()[0].Source), strings.Join(out, "")
}
