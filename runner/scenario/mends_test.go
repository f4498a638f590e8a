package scenario

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTabs has what editors would not keep: tabs, and blanks that are none.
func TestTabs(t *testing.T) {
	const tab, tabs = "a tab in the indentation; YAML takes only spaces\n", "tabs in the indentation, down to line %; YAML takes only spaces\n"
	sned := func(place string) string { return place + ": unknown step \"sned\"; did you mean \"send\"?\n" }
	tests := []struct {
		name, src, want string
	}{
		{"everywhere", `servers:
>greeter:
>>reply: hello
clients:
>ann:
>>- connect: greeter
>>- send: hello
>>>within: 0s

>># a comment
>>- sned: x
>ben:
>>- connect: greeter
>>-	expect: {line}
>>-	expect:
>>		line: x
>>	within: 1s
`, "2:1: " + strings.Replace(tabs, "%", "3", 1) + "5:1: " + strings.Replace(tabs, "%", "8", 1) +
			"8:12: \"within\" must be longer than nothing, not 0s\n10:1: " + strings.Replace(tabs, "%", "17", 1) + sned("11:5")},
		{"one of four, in line with eight blanks", `servers: {greeter: {reply: hello}}
clients:
        ann:
                - connect: greeter
>>- send: hello
>>  within: 0s
                - sned: x
`, "5:1: " + strings.Replace(tabs, "%", "6", 1) + "6:13: \"within\" must be longer than nothing, not 0s\n" + sned("7:19")},
		{"below a step", `servers: {greeter: {reply: hello}}
clients:
  ann:
    - connect: greeter
>  within: 0s
    - send:
>text: hello
    - sned: x
`, "5:1: " + tab + "5:12: \"within\" must be longer than nothing, not 0s\n7:1: " + tab + sned("8:7")},
		{"inside of a block", `servers: {greeter: {reply: hello}}
clients:
  ann:
    - connect: greeter
    - send: |
        hello
        >you
    - send: |
>>hello
    - sned: x
`, "9:1: " + tab + sned("10:7")},
		{"inside of brackets, where they are fine", `servers: {greeter: {reply: hello}}
clients:
  ann:
    - connect: greeter
    - send: {
>>text: hello,
>>slice: 0}
    - send: "hello
>>you"
    - sned: x
`, "7:10: \"slice\" must be a whole number from 1 to 1048576, not 0\n" + sned("10:7")},
		{"no-break blanks", `servers: {greeter: {reply: hello}}
clients:
  ann:
~   - connect: greeter
    -~close
    - send:~hello
    - send: ~hello
    - send: 10~000 of them
    - sned: x
`, "4:1: the character U+00A0 in the indentation looks like a blank and is none to YAML; write plain blanks\n" +
			"5:6: the character U+00A0 in the indentation looks like a blank and is none to YAML; write plain blanks\n" +
			"6:7: \"send:\\u00a0hello\" is one word to YAML; a blank belongs after the colon: \"send: ...\"\n" +
			"6:7: warning: the character U+00A0 looks like a blank and is none to YAML; write a plain blank, or put the text in quotes\n" +
			"7:13: warning: the character U+00A0 looks like a blank and is none to YAML; write a plain blank, or put the text in quotes\n" +
			sned("9:7")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			src := strings.NewReplacer(">", "\t", "~", "\u00a0").Replace(test.src)
			if got := problemLines(Parse("x.yaml", []byte(src))); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

// TestSlips takes one character of YAML's out of the files of the tour, each in
// turn. What is wrong then is nearly always known, and said once.
func TestSlips(t *testing.T) {
	files, err := filepath.Glob("../../scenarios/tour/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tour: %v", err)
	}
	wrong, noisy, unknown := 0, 0, 0
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range text {
			if !strings.ContainsRune("\"'[]{}:-, ", rune(c)) || i%raceSlowdown != 0 {
				continue
			}
			f := Parse(path, slices.Concat(text[:i], text[i+1:]))
			if len(f.Problems) > 0 {
				wrong++
			}
			if len(f.Problems) > 3 {
				noisy++
			}
			if slices.ContainsFunc(f.Problems, func(p Problem) bool {
				return strings.HasSuffix(p.Message, "is the indentation right?") || strings.HasPrefix(p.Message, "not YAML")
			}) {
				unknown++
			}
		}
	}
	if wrong < 1000/raceSlowdown || noisy*100 > wrong || unknown*100 > wrong {
		t.Errorf("of %d wrong files %d have more than three complaints, and of %d YAML's own is all there is", wrong, noisy, unknown)
	}
}
