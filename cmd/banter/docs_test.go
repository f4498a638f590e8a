package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"banter/runner/wire"
)

// block is a fenced code block of a Markdown file.
type block struct {
	line int    // of its first line of text
	info string // what stands behind the fence: "yaml", "text payload.txt"
	text string
}

func blocks(t *testing.T, path string) []block {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	open := false
	n := 0
	for line := range strings.Lines(string(source)) {
		n++
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && !open:
			all = append(all, block{line: n + 1, info: strings.TrimSpace(info)})
			open = true
		case fence:
			open = false
		case open:
			all[len(all)-1].text += line
		}
	}
	return all
}

// pages are the pages of the documentation, and more.
func pages(t *testing.T, more ...string) []string {
	t.Helper()
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(docs) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	return append(docs, more...)
}

// Every example in the documentation is run. A yaml block is a whole file that
// passes and gives no warning; one marked "yaml wrong" is refused, with the
// output in the block that follows it; one marked "yaml update" becomes that block;
// one marked "yaml allow-run" starts programs, and one marked "yaml isolate" needs a
// network of its own, or else is skipped; "text NAME" is a file beside them.
func TestDocsExamples(t *testing.T) {
	examples := 0
	for _, path := range []string{"../../docs/language.md", "../../docs/editors.md", "../../README.md"} {
		all := blocks(t, path)
		dir := t.TempDir()
		for _, b := range all {
			if name, ok := strings.CutPrefix(b.info, "text "); ok {
				write(t, filepath.Join(dir, name), b.text)
			}
		}
		for i, b := range all {
			lang, mark, _ := strings.Cut(b.info, " ")
			if lang != "yaml" && lang != "yml" {
				continue
			}
			examples++
			t.Run(fmt.Sprintf("%s:%d", filepath.Base(path), b.line), func(t *testing.T) {
				file := filepath.Join(dir, "greeting.yaml")
				write(t, file, b.text)
				args := []string{"run", file}
				switch mark {
				case "allow-run":
					args = append(args, "--allow-run")
				case "isolate":
					if err := wire.CanIsolate(); err != nil {
						t.Skip(err)
					}
					args = append(args, "--isolate=always")
				}
				status, stdout, stderr := banter(t, args...)
				switch mark {
				case "", "allow-run", "isolate":
					if status != 0 || stderr != "" {
						t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
					}
				case "update":
					if status, stdout, stderr := banter(t, "run", "--update", file); status != 0 || stderr != "" {
						t.Errorf("exit status %d\n%s%s", status, stdout, stderr)
					}
					if got, err := os.ReadFile(file); err != nil || string(got) != all[i+1].text {
						t.Errorf("%v, the file becomes\n%s", err, got)
					}
				case "wrong":
					got := strings.ReplaceAll(stdout+stderr, file, "greeting.yaml")
					if want := all[i+1].text; status != 2 || got != want {
						t.Errorf("exit status %d, output\n%s\nwant 2 and\n%s", status, got, want)
					}
				default:
					t.Errorf("unknown mark %q", mark)
				}
			})
		}
	}
	if examples == 0 {
		t.Error("no example")
	}
}

// The links between the files of the repository lead somewhere.
func TestDocsLinks(t *testing.T) {
	for _, path := range pages(t, "../../README.md", "../../CHANGELOG.md") {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(source), "](")[1:] {
			target, _, _ := strings.Cut(part, ")")
			target, _, _ = strings.Cut(target, "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), target)); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The README's session is one that really happened: played again, it prints
// the same but for the times.
func TestReadmeSession(t *testing.T) {
	all := blocks(t, "../../README.md")
	scenario, session := all[0].text, all[1].text
	t.Chdir(t.TempDir())
	var got strings.Builder
	for _, reply := range []string{"hhhh", "hhxh"} {
		write(t, "greeting.yaml", strings.Replace(scenario, `reply: "hhhh"`, fmt.Sprintf("reply: %q", reply), 1))
		_, stdout, stderr := banter(t, "run", "greeting.yaml")
		got.WriteString(stdout + stderr)
	}
	var want strings.Builder
	for line := range strings.Lines(session) {
		if !strings.HasPrefix(line, "$ ") {
			want.WriteString(line)
		}
	}
	if g, w := timeless(got.String()), timeless(want.String()); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}
