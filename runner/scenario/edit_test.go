package scenario

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestEdits edits the expects of each NAME.yaml of the archives in
// testdata/edits, one after the other, for what NAME.came says: a line for each,
// in quotes as Go has them; "-" skips one. A line "NAME=VALUE" gives a variable.
// The result is NAME.want, to the letter; in NAME.left are the reasons why some
// were left alone.
func TestEdits(t *testing.T) {
	archives, err := filepath.Glob("testdata/edits/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range archives {
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
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+name, func(t *testing.T) {
				got, left := edited(t, f.Name, f.Data, data[name+".came"])
				if diff := cmp.Diff(data[name+".want"], got); diff != "" && !*update {
					t.Errorf("edited (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(data[name+".left"], left); diff != "" && !*update {
					t.Errorf("left alone (-want +got):\n%s", diff)
				}
				data[name+".want"], data[name+".left"] = got, left
				// An editor's way to write files is kept too.
				for what, as := range map[string]func(string) string{
					"with CRLF":          func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
					"with a BOM":         func(s string) string { return string(utf8BOM) + s },
					"without a last end": func(s string) string { return strings.TrimRight(s, "\n") },
				} {
					other, _ := edited(t, f.Name, []byte(as(string(f.Data))), data[name+".came"])
					if diff := cmp.Diff(as(got), other); diff != "" {
						t.Errorf("%s (-want +got):\n%s", what, diff)
					}
				}
			})
			files = append(files, f)
			for _, more := range []string{".came", ".want", ".left"} {
				if text := data[name+more]; text != "" {
					files = append(files, txtar.File{Name: name + more, Data: []byte(text)})
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
}

// edited edits a file's expects, in the order of the clients' steps.
func edited(t *testing.T, name string, source []byte, came string) (after, left string) {
	t.Helper()
	file := Parse(name, source)
	if errs := file.Problems.Errors(); len(errs) > 0 {
		t.Error(errs)
		return string(source), ""
	}
	values := map[string][]byte{}
	var bodies []string
	for line := range strings.Lines(came) {
		line = strings.TrimSuffix(line, "\n")
		if variable, value, ok := strings.Cut(line, "="); ok && line[0] != '"' {
			values[variable] = []byte(value)
			continue
		}
		body, err := strconv.Unquote(line)
		if err != nil && line != "-" {
			t.Fatalf("%s: %v", line, err)
		}
		if line == "-" {
			body = "-"
		}
		bodies = append(bodies, body)
	}
	var edits []Edit
	var reasons strings.Builder
	editor := Config{}.Edit(file)
	n := 0
	for _, s := range file.Scenarios {
		for _, c := range s.Clients {
			for _, step := range c.Steps {
				x := step.Expect
				if y, ok := step.Action.(*Expect); ok {
					x = y
				}
				if x == nil || x.Outcome != NoOutcome {
					continue
				}
				if n == len(bodies) {
					t.Fatalf("nothing came for the expect at %s", x.Pos)
				}
				body := bodies[n]
				n++
				if body == "-" {
					continue
				}
				header, body, found := strings.Cut(body, "|")
				if x.Frame.Header == nil || !found {
					header, body = "", bodies[n-1]
				}
				edit, err := editor.Expect(x, Came{Header: []byte(header), Body: []byte(body), Values: values, EOL: s.EOL})
				if err == nil {
					_, err = editor.Apply(append(edits, edit))
				}
				if err != nil {
					fmt.Fprintf(&reasons, "%d:%d: %s\n", x.Pos.Line, x.Pos.Col, err)
					continue
				}
				edits = append(edits, edit)
			}
		}
	}
	out, err := editor.Apply(edits)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), reasons.String()
}

// Whatever comes, an edited expect takes it, and everything around it is as it
// was.
func TestEditsTakeWhatCame(t *testing.T) {
	forms := []string{
		`expect: "x"`, `expect: x`, `expect: 'x'`, "expect: |\n        x", "expect: |-\n        x", "expect: >\n        x\n        y",
		`expect: {hex: "78 78"}`, `expect: {hex: 7878}`, "expect:\n        hex: |\n          78 .. # x\n          78",
		`expect: {base64: eA==}`, `{expect: x}`, `expect: [x, "y", {hex: "7a"}]`, `expect: {text: x}`,
		"expect:\n        - x\n        - {text: y} # y", `expect: {rest, equals: x}`,
		`expect: {rest, size: 1, equals: x}`, `expect: {rest, equals: [x, {line: y}]}`, `expect: {rest, sha256: ` + strings.Repeat("0", 64) + `}`,
		`expect: {lines: [x, "y"]}`, "expect:\n        lines:\n          - x # x\n          - y", "expect: {head: [x]}",
	}
	words := []string{"a", "b c", ": ", " #", "\n", "\r\n", "\r\n", "\t", "{", "}", "${", "$", "'", "\"", "\\", ",", "- ", "é", "\xff", "\x00", "null", "x", "y", " ", "|", "&a", "*a", "%", "@", "\u2028", "\ufeff", "😀"}
	r := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for range 4000 {
		form := forms[r.IntN(len(forms))]
		source := "# before\nservers: {s: {reply: x}}\nclients:\n  c:\n    - connect: s\n    - " + form + "\n    # between\n    - close # after\n"
		if r.IntN(4) == 0 {
			source = strings.ReplaceAll(source, "\n", "\r\n")
			form = strings.ReplaceAll(form, "\n", "\r\n")
		}
		var body string
		for range 1 + r.IntN(6) {
			body += words[r.IntN(len(words))]
		}
		if strings.Contains(form, "lines") || strings.Contains(form, "head") {
			body = strings.Trim(body, "\r\n") + "\r\n"
		}
		if strings.Contains(form, "head") {
			body += "\r\n"
		}
		file := Parse("x.yaml", []byte(source))
		if len(file.Problems.Errors()) > 0 {
			t.Fatal(source, file.Problems)
		}
		x := file.Scenarios[0].Clients[0].Steps[1].Action.(*Expect)
		editor := Config{}.Edit(file)
		edit, err := editor.Expect(x, Came{Body: []byte(body), EOL: CRLF})
		if err == errNoChange {
			continue
		}
		var after []byte
		if err == nil {
			after, err = editor.Apply([]Edit{edit})
		}
		if err != nil {
			if !strings.Contains(err.Error(), "whole lines") {
				t.Errorf("%s, for which %q came: %v", form, body, err)
			}
			continue
		}
		taken++
		again := Parse("x.yaml", after)
		x = again.Scenarios[0].Clients[0].Steps[1].Action.(*Expect)
		a := &amender{}
		if x.Match.Equals != nil && !a.holds(x.Match.Equals, []byte(body)) || x.Match.Size >= 0 && x.Match.Size != int64(len(body)) {
			t.Errorf("%s, for which %q came, became\n%s", form, body, after)
		}
		begin, end, _ := strings.Cut(source, form)
		if !strings.HasPrefix(string(after), begin) || !strings.HasSuffix(string(after), end) {
			t.Errorf("around %s, for which %q came, something changed:\n%s", form, body, after)
		}
		if _, err := (Config{}).Edit(again).Expect(x, Came{Body: []byte(body), EOL: CRLF}); err != errNoChange {
			t.Errorf("%s, for which %q came twice: %v\n%s", form, body, err, after)
		}
	}
	if taken < 2000 {
		t.Errorf("only %d were edited", taken)
	}
}

// No file makes an editor stumble: it edits an expect, or says why not.
func TestEditsOfAnyFile(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	all := seeds(t)
	paths, err := filepath.Glob("../../scenarios/*/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source)
	}
	docs, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(docs), "\n```yaml")[1:] {
		_, block, _ = strings.Cut(block, "\n")
		block, _, _ = strings.Cut(block, "\n```")
		all = append(all, []byte(block))
	}
	config := Config{Update: true}
	edited, left := 0, 0
	for _, source := range all {
		file := config.Parse("x.yaml", source)
		if len(file.Problems.Errors()) > 0 {
			continue
		}
		for range 10 {
			editor := config.Edit(file)
			var edits []Edit
			count := func(e Edit, err error) {
				if err != nil {
					left++
					return
				}
				edited++
				edits = append(edits, e)
			}
			for _, s := range file.Scenarios {
				scripts := [][]*Step{}
				for _, c := range s.Clients {
					scripts = append(scripts, c.Steps)
				}
				for _, srv := range s.Servers {
					scripts = append(scripts, srv.Steps)
					for _, c := range srv.Connections {
						scripts = append(scripts, c.Steps)
					}
				}
				for _, script := range scripts {
					Walk(script, func(step *Step) {
						x, ok := step.Action.(*Expect)
						if !ok {
							x = step.Expect
						}
						if x == nil || x.Outcome != NoOutcome {
							return
						}
						body := make([]byte, r.IntN(20))
						for i := range body {
							body[i] = "abc\r\n\x00\xff{}: 1"[r.IntN(12)]
						}
						count(editor.Expect(x, Came{Header: body, Body: body, EOL: s.EOL}))
					})
				}
				for i := range s.Transcripts {
					count(editor.Transcript(&s.Transcripts[i], []string{"connect s", `> "x"`}))
				}
			}
			for _, e := range edits {
				if _, err := editor.Apply([]Edit{e}); err == errOnlyYAML {
					t.Errorf("an edit of %q changes what is around it:\n%s", e.place, source)
				}
			}
		}
	}
	if edited < 500 || left == 0 {
		t.Errorf("%d edited, %d left alone", edited, left)
	}
}
