package scenario

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentedTraps holds the table of what YAML does to people against what
// it says: each trap has the one complaint, YAML makes of it what the table
// says, and what is to be written in its place is right.
func TestDocumentedTraps(t *testing.T) {
	text, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## What YAML does to people\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := regexp.MustCompile("(?m)^\\| `(.*)` \\| (.*) \\| `(.*)` \\| `(.*)` \\|$").FindAllStringSubmatch(section, -1)
	if len(rows) < 30 || len(rows) != strings.Count(section, "\n| `") {
		t.Fatalf("%d rows", len(rows))
	}
	parse := func(step string) *File {
		step = strings.NewReplacer("↵", "\n    ", "⇥", "\t", "␍", "\r").Replace(step)
		if !strings.HasPrefix(step, "\t") {
			step = "    " + step
		}
		return Parse("x.yaml", []byte("servers: {greeter: {reply: hhhh}}\nclients:\n  ann:\n    - connect: greeter\n"+step+"\n    - close: {discard}\n"))
	}
	for _, row := range rows {
		for i := range row {
			row[i] = strings.ReplaceAll(row[i], `\|`, "|")
		}
		wrong, reads, says, write := row[1], row[2], row[3], row[4]
		t.Run(wrong, func(t *testing.T) {
			f := parse(wrong)
			if len(f.Problems) != 1 || f.Problems[0].Message != says || f.Problems[0].Pos.Line < 5 {
				t.Errorf("says\n%swant\n%s", problemLines(f), says)
			}
			if want := strings.Trim(reads, "`"); want == reads[1:len(reads)-1] && f.Problems.Errors() == nil {
				if got := readText(f.Scenarios[0].Clients[0].Steps[1]); got != want {
					t.Errorf("YAML reads %q, not %q", got, want)
				}
			}
			if f := parse(write); len(f.Problems) > 0 {
				t.Errorf("%s: %s", write, problemLines(f))
			}
		})
	}
}

// readText is the text that a step sends or expects.
func readText(s *Step) string {
	payload := &Payload{}
	switch a := s.Action.(type) {
	case Send:
		payload = a.Payload
	case *Expect:
		payload = a.Match.Equals
	}
	text, _ := payload.literal()
	return string(text)
}
