package scenario

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestTranscriptEdits writes transcripts of each NAME.yaml of the archive for
// what NAME.seen says. The result is NAME.want, to the letter.
func TestTranscriptEdits(t *testing.T) {
	const path = "testdata/transcripts/transcripts.txtar"
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data := map[string]string{}
	for _, f := range archive.Files {
		data[f.Name] = string(f.Data)
	}
	var files []txtar.File
	for _, f := range archive.Files {
		name, ok := strings.CutSuffix(f.Name, ".yaml")
		if !ok {
			continue
		}
		got := withTranscripts(t, string(f.Data), data[name+".seen"])
		files = append(files, f, txtar.File{Name: name + ".seen", Data: []byte(data[name+".seen"])}, txtar.File{Name: name + ".want", Data: []byte(got)})
		if diff := cmp.Diff(data[name+".want"], got); diff != "" && !*update {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		for what, as := range map[string]func(string) string{
			"with CRLF":          func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
			"with a BOM":         func(s string) string { return string(utf8BOM) + s },
			"without a last end": func(s string) string { return strings.TrimRight(s, "\n") },
		} {
			if diff := cmp.Diff(as(got), withTranscripts(t, as(string(f.Data)), data[name+".seen"])); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, what, diff)
			}
		}
	}
	if *update {
		archive.Files = files
		if err := os.WriteFile(path, txtar.Format(archive), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func withTranscripts(t *testing.T, source, seen string) string {
	t.Helper()
	config := Config{Update: true}
	file := config.Parse("x.yaml", []byte(source))
	if errs := file.Problems.Errors(); len(errs) > 0 {
		t.Fatal(errs)
	}
	var all []Seen
	lines := map[string][]string{}
	for line := range strings.Lines(seen) {
		actor, event, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if lines[actor] == nil {
			all = append(all, Seen{Actor: actor})
		}
		lines[actor] = append(lines[actor], event)
	}
	for i := range all {
		if all[i].Lines = lines[all[i].Actor]; all[i].Lines[0] == "-" {
			all[i].Lines = nil
		}
	}
	var edits []Edit
	editor := config.Edit(file)
	for _, s := range file.Scenarios {
		if s.Unwritten.IsValid() {
			edit, err := editor.Transcripts(s.Unwritten, all)
			if err != nil {
				t.Fatal(err)
			}
			edits = append(edits, edit)
		}
		for i := range s.Transcripts {
			edit, err := editor.Transcript(&s.Transcripts[i], lines[s.Transcripts[i].Actor])
			if err == errNoChange {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			edits = append(edits, edit)
		}
	}
	out, err := editor.Apply(edits)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}
