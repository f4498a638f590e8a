package scenario

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the problems into testdata/problems")

// TestProblems parses each NAME.yaml of the archives in testdata/problems and
// compares what is wrong with it with NAME.want, to the letter.
func TestProblems(t *testing.T) {
	archives, err := filepath.Glob("testdata/problems/*.txtar")
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
		topic := strings.TrimSuffix(filepath.Base(path), ".txtar")
		for _, f := range archive.Files {
			name, ok := strings.CutSuffix(f.Name, ".yaml")
			if !ok {
				continue
			}
			var config Config
			config.Allow.Run.All = topic == "program"
			got := problemLines(config.Parse(f.Name, f.Data))
			files = append(files, f, txtar.File{Name: name + ".want", Data: []byte(got)})
			t.Run(topic+"/"+name, func(t *testing.T) {
				if diff := cmp.Diff(want[name], got); diff != "" && !*update {
					t.Errorf("problems (-want +got):\n%s", diff)
				}
			})
		}
		if *update {
			archive.Files = files
			if err := os.WriteFile(path, txtar.Format(archive), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// problemLines is what is wrong with a file, one a line, without the file's
// name.
func problemLines(f *File) string {
	var out strings.Builder
	for _, p := range f.Problems {
		out.WriteString(strings.TrimPrefix(p.String(), f.Path+":"))
		out.WriteByte('\n')
	}
	return out.String()
}

// seeds is every YAML file of testdata/problems.
func seeds(t testing.TB) [][]byte {
	archives, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if strings.HasSuffix(f.Name, ".yaml") {
				out = append(out, f.Data)
			}
		}
	}
	return out
}
