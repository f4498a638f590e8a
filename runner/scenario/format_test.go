package scenario

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestFormat formats each NAME.yaml of testdata/format and compares what comes of
// it with NAME.want.
func TestFormat(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/format/format.txtar")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range archive.Files {
		want[f.Name] = string(f.Data)
	}
	for _, f := range archive.Files {
		name, ok := strings.CutSuffix(f.Name, ".yaml")
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want[name+".want"], string(formatted(t, f.Data))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is not YAML is refused with its problems, at their places.
func TestFormatRefuses(t *testing.T) {
	for src, want := range map[string]string{
		"a: [b":         `x.yaml:1:4: a "[" that is not closed, or a comma is missing after it`,
		"a: b\na: c\n":  `x.yaml:2:1: "a" a second time; the first is in line 1`,
		"a: !t b\n":     `x.yaml:1:4: the tag "!t" has no meaning here; if it is text, put it in quotes`,
		"a: \x01\n":     `x.yaml:1:4: the control character U+0001; write it as "\x01" in double quotes`,
		"a:\n\t- b\n":   `x.yaml:2:1: a tab in the indentation; YAML takes only spaces`,
		"<<: {a: b}\n":  `x.yaml:1:1: "<<" (merging mappings) is not part of the language; write the keys out`,
		"? [a]\n: b\n":  `x.yaml:1:3: a key must be a word, not a list, a mapping or an alias`,
		"a: \xff\xfe\n": `x.yaml:1:4: the byte ff is not UTF-8; other bytes than text are written as {hex: "ff"}`,
	} {
		out, problems, err := Format("x.yaml", []byte(src))
		if err != nil || len(problems) == 0 || problems[0].String() != want || out != nil {
			t.Errorf("%q gives %q, %v, %v\nwant %s", src, out, problems, err, want)
		}
	}
}
