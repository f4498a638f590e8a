package report

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func newGitHub(b *bytes.Buffer) Format { return NewGitHub(b, GitHubOptions{}) }

// command is one that GitHub's runner obeys.
type command struct {
	name       string
	properties map[string]string
	data       string
}

// commands are those in a log, found as the runner finds them: at the start of a
// line, blanks aside, or in the old form anywhere in it.
func commands(log string) (list []command) {
	unescape := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
	stopped := ""
	for _, line := range regexp.MustCompile(`\r\n|\r|\n`).Split(log, -1) {
		c := command{properties: map[string]string{}}
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "::")
		head, data, whole := strings.Cut(rest, "::")
		switch {
		case ok && whole:
			name, properties, _ := strings.Cut(head, " ")
			c.name, c.data = name, unescape.Replace(data)
			for p := range strings.SplitSeq(properties, ",") {
				if key, value, ok := strings.Cut(p, "="); ok {
					c.properties[strings.TrimSpace(key)] = unescape.Replace(value)
				}
			}
		case strings.Contains(line, "##["):
			c.name, c.data = "old", line
		default:
			continue
		}
		switch {
		case stopped != "":
			if c.name == stopped {
				stopped = ""
			}
			continue
		case c.name == "stop-commands":
			stopped = c.data
			continue
		}
		list = append(list, c)
	}
	return list
}

func TestGitHub(t *testing.T) {
	workspace, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	var summary bytes.Buffer
	plays := everything()
	list := plays[len(plays)-11:] // passed, skipped, broken, not run, stopped, flaky, twice
	text := write(t, func(b *bytes.Buffer) Format {
		return NewGitHub(b, GitHubOptions{Workspace: workspace, Summary: &summary, Room: 1 << 20})
	}, list...)
	got := ""
	for _, c := range commands(string(text)) {
		got += fmt.Sprintf("%s file=%s line=%s col=%s title=%s\n%s\n", c.name,
			c.properties["file"], c.properties["line"], c.properties["col"], c.properties["title"], c.data)
	}
	golden(t, "github-annotations", got)
	golden(t, "github-summary", summary.String())
	key := regexp.MustCompile(`[A-Z0-9]{26}`)
	golden(t, "github-log", key.ReplaceAllString(string(text), "KEY"))
	if a, b := key.FindString(string(text)), key.FindString(string(write(t, newGitHub, list...))); a == b {
		t.Errorf("the key is %s twice", a)
	}
}

// Whatever peers say: GitHub finds no commands but ours, with our properties.
func TestGitHubHostile(t *testing.T) {
	for i, p := range hostilePlays(500) {
		var summary bytes.Buffer
		text := write(t, func(b *bytes.Buffer) Format {
			return NewGitHub(b, GitHubOptions{Summary: &summary, Room: 1 << 20})
		}, p)
		want := 0
		c := NewCase(p, TextOptions{})
		if c.Status.Bad() {
			want = 1
		}
		list := commands(string(text))
		if len(list) != want {
			t.Fatalf("play %d gives %d commands: %q\n%s", i, len(list), list, text)
		}
		harmless(t, string(text))
		harmless(t, summary.String())
		for _, got := range list {
			if got.name != "error" || got.properties["title"] != clip(Clean(p.Scenario.Name), lineMax) || len(got.properties) != 4 && len(got.properties) != 3 ||
				!strings.HasPrefix(got.data, c.Cause()) {
				t.Errorf("play %d gives %q", i, got)
			}
		}
	}
}

// GitHub shows ten, and so the tenth says how many more there are.
func TestGitHubMany(t *testing.T) {
	for failures, want := range map[int]string{
		9: "ann, step 3", 10: "ann, step 3", 11: "2 more scenarios failed", 100: "91 more scenarios failed",
	} {
		var cases []*Case
		for i := range failures {
			p := answered("hhhh", "hhxh\n")
			p.Scenario.Name = fmt.Sprint("s", i)
			cases = append(cases, NewCase(p, TextOptions{}))
		}
		list := commands(string(writeCases(t, newGitHub, Summary{}, cases)))
		if len(list) != min(failures, 10) || !strings.HasPrefix(list[len(list)-1].data, want) {
			t.Errorf("%d failures: %d annotations, the last is %q", failures, len(list), list[len(list)-1].data)
		}
	}
}

func TestGitHubInterrupted(t *testing.T) {
	p := play("later", greeting, nil)
	p.NotRun = true
	list := commands(string(writeCases(t, newGitHub, Summary{Interrupted: true}, []*Case{NewCase(p, TextOptions{})})))
	if len(list) != 1 || list[0].name != "warning" || list[0].data != "interrupted; 1 scenario not run" {
		t.Errorf("%q", list)
	}
}

// The summary keeps to its room, whatever that is, and says what it leaves out.
func TestMarkdownRoom(t *testing.T) {
	var cases []*Case
	for i, p := range hostilePlays(100) {
		p.Scenario.Name += fmt.Sprint(i)
		cases = append(cases, NewCase(p, TextOptions{}))
	}
	var groups Groups
	for _, c := range cases {
		groups.Add(c)
	}
	s := Summary{Elapsed: time.Second}
	groups.Count(&s)
	whole := len(markdown(&s, groups.List, 1<<30))
	for room := -100; room < whole+1000; room += 997 {
		text := markdown(&s, groups.List, room)
		if len(text) > max(room, 0) {
			t.Errorf("%d bytes for a room of %d", len(text), room)
		}
		if len(text) > 0 && len(text) < whole && !strings.HasSuffix(text, "than there is room for here; the log has them all.\n") {
			t.Errorf("with a room of %d nothing says that it is cut", room)
		}
	}
}

// Nothing that a file or a peer has said is Markdown or HTML in the summary.
func TestMarkdownHostile(t *testing.T) {
	for _, text := range hostileTexts {
		escaped := markdownText(text)
		for i, r := range escaped {
			if strings.ContainsRune("<>[]()*_`|#&!~@{}", r) && (i == 0 || escaped[i-1] != '\\') {
				t.Errorf("%q has a bare %c", escaped, r)
			}
		}
	}
	if fence := fenceFor("a ```` b `"); fence != "`````" {
		t.Errorf("fence %s", fence)
	}
	if fence := fenceFor(""); fence != "```" {
		t.Errorf("fence %s", fence)
	}
}

func TestFromWorkspace(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, test := range []struct{ workspace, file, want string }{
		{"", filepath.Join("a", "b.yaml"), "a/b.yaml"},
		{dir, filepath.Join("a", "b.yaml"), "a/b.yaml"},
		{dir, filepath.Join(dir, "b.yaml"), "b.yaml"},
		{filepath.Join(dir, "other"), "b.yaml", "b.yaml"},
		{filepath.Dir(dir), "b.yaml", filepath.Base(dir) + "/b.yaml"},
	} {
		g := &github{opts: GitHubOptions{Workspace: test.workspace}}
		if got := g.fromWorkspace(test.file); got != test.want {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}
