package report

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/scenario"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// Each file of testdata/pictures is a scenario that fails, played over real
// sockets, and its picture at so many columns as the picture's name says.
func TestPicturesOfRuns(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("some of it is what Linux says")
	}
	files, err := filepath.Glob("testdata/pictures/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			byChance := bytes.Contains(archive.Comment, []byte("Timing decides"))
			p := timeless(fails(t, name+".yaml", section(archive, "scenario.yaml")))
			for _, columns := range []int{40, 60, 80, 100, 120} {
				opts := TextOptions{Columns: columns}
				got := Picture(p, opts)
				fits(t, got, columns)
				harmless(t, got)
				picture := fmt.Sprint(columns, " columns")
				want := section(archive, picture)
				switch {
				case *update && (want != nil || columns == 100 && !byChance):
					setSection(archive, picture, got)
				case want != nil:
					if diff := cmp.Diff(string(want), got); diff != "" {
						t.Errorf("%s: not as %s (-want +got; -update writes it):\n%s", file, picture, diff)
					}
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// fails plays a scenario that fails.
func fails(t *testing.T, name string, source []byte) runner.Play {
	t.Helper()
	config := scenario.Config{Allow: scenario.Allow{Run: scenario.Grant{All: true}}}
	file := config.Parse(name, source)
	if file.Problems.HaveErrors() {
		t.Fatal(file.Problems)
	}
	s := file.Scenarios[0]
	result, err := runner.Run(t.Context(), s, runner.Options{})
	if err != nil || result.Passed() {
		t.Fatalf("it passed: %v", err)
	}
	return runner.Play{Scenario: s, Round: 1, Result: result}
}

// timeless is a play in which each moment lasts a nanosecond, so that all times
// look alike and are in the order that they were in.
func timeless(p runner.Play) runner.Play {
	var times []*time.Duration
	for i := range p.Result.Failures {
		times = append(times, &p.Result.Failures[i].At)
	}
	for i := range p.Result.Actors {
		for j := range p.Result.Actors[i].Observed {
			times = append(times, &p.Result.Actors[i].Observed[j].At)
		}
	}
	ranks := map[time.Duration]time.Duration{}
	for _, at := range times {
		ranks[*at] = 0
	}
	for i, at := range slices.Sorted(maps.Keys(ranks)) {
		ranks[at] = time.Duration(i)
	}
	for _, at := range times {
		*at = ranks[*at]
	}
	return p
}

func section(a *txtar.Archive, name string) []byte {
	for _, f := range a.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func setSection(a *txtar.Archive, name, data string) {
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files[i].Data = []byte(data)
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(data)})
}

// fits checks that a picture is one screen of a terminal with so many columns.
// The command to run it again is whole, as is the place, and may go on in the
// next line.
func fits(t *testing.T, picture string, columns int) {
	t.Helper()
	rows := 0
	for line := range strings.Lines(picture) {
		w := width(strings.TrimSuffix(line, "\n"))
		rows += max(1, (w+columns-1)/columns)
		place := line[strings.LastIndexByte(line, ' ')+1:]
		whole := strings.HasPrefix(line, indent+"again: ") || strings.HasPrefix(line, "FAIL ") && width(place) > columns-nameMin-len(indent)-4
		if w > columns && !whole {
			t.Errorf("%d of %d columns: %s", w, columns, line)
		}
	}
	if rows > screen {
		t.Errorf("%d lines at %d columns:\n%s", rows, columns, picture)
	}
}
