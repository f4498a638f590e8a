package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

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

// The links between the files of the repository lead somewhere, to a heading that
// is there too, and the README leads to each page.
func TestDocsLinks(t *testing.T) {
	files := pages(t, "../../README.md", "../../CHANGELOG.md")
	for _, path := range files {
		for _, target := range links(t, path) {
			if strings.Contains(target, "://") {
				continue
			}
			name, anchor, _ := strings.Cut(target, "#")
			file := path
			if name != "" {
				file = filepath.Join(filepath.Dir(path), name)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: %v", path, err)
			} else if anchor != "" && !slices.Contains(headings(t, file, 1, 2, 3, 4), anchor) {
				t.Errorf("%s: %s has no heading #%s", path, file, anchor)
			}
		}
	}
	fromREADME := links(t, "../../README.md")
	for _, page := range pages(t) {
		if name := "docs/" + filepath.Base(page); !slices.Contains(fromREADME, name) {
			t.Errorf("the README does not link %s", name)
		}
	}
}

// A page that begins with a table of contents has each of its sections there.
func TestDocsContents(t *testing.T) {
	for _, page := range pages(t) {
		targets := links(t, page)
		contents := 0
		for ; contents < len(targets) && strings.HasPrefix(targets[contents], "#"); contents++ {
		}
		if contents < 3 {
			continue
		}
		for _, heading := range headings(t, page, 2) {
			if !slices.Contains(targets, "#"+heading) {
				t.Errorf("%s: #%s is not in the table of contents", page, heading)
			}
		}
	}
}

// prose is a Markdown file without its code blocks.
func prose(t *testing.T, path string) []string {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	open := false
	for i, line := range strings.Split(string(source), "\n") {
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && !open && info == "":
			// Of a block it would be the end, whose beginning is lost.
			t.Errorf("%s:%d: a block begins without saying what is in it", path, i+1)
			open = true
		case fence:
			open = !open
		case !open:
			lines = append(lines, line)
		}
	}
	if open {
		t.Errorf("%s: a block does not end", path)
	}
	return lines
}

// links are the targets of a Markdown file's links, in order.
func links(t *testing.T, path string) []string {
	t.Helper()
	var targets []string
	for _, part := range strings.Split(strings.Join(prose(t, path), "\n"), "](")[1:] {
		target, _, _ := strings.Cut(part, ")")
		targets = append(targets, target)
	}
	return targets
}

// headings are the anchors that GitHub gives to a Markdown file's headings of these
// levels.
func headings(t *testing.T, path string, levels ...int) []string {
	t.Helper()
	var anchors []string
	for _, line := range prose(t, path) {
		level := len(line) - len(strings.TrimLeft(line, "#"))
		title, heading := strings.CutPrefix(line[level:], " ")
		if !heading || !slices.Contains(levels, level) {
			continue
		}
		anchors = append(anchors, strings.Map(func(r rune) rune {
			switch {
			case r == ' ' || r == '-':
				return '-'
			case r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, title))
	}
	return anchors
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
