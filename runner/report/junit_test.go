package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func newJUnit(b *bytes.Buffer) Format { return NewJUnit(b, false) }

// junitXML is what a strict parser finds.
type junitXML struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Suites   []struct {
		Name    string `xml:"name,attr"`
		Tests   int    `xml:"tests,attr"`
		Skipped int    `xml:"skipped,attr"`
		Cases   []struct {
			Name    string `xml:"name,attr"`
			Class   string `xml:"classname,attr"`
			File    string `xml:"file,attr"`
			Failure []struct {
				Message string `xml:"message,attr"`
				Type    string `xml:"type,attr"`
				Text    string `xml:",chardata"`
			} `xml:"failure"`
			Error []struct{} `xml:"error"`
			Flaky []struct {
				Message string `xml:"message,attr"`
			} `xml:"flakyFailure"`
			Rerun   []struct{} `xml:"rerunFailure"`
			Skipped []struct {
				Message string `xml:"message,attr"`
			} `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func parseJUnit(t *testing.T, text []byte) (j junitXML) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict = true
	if err := d.Decode(&j); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return j
}

func TestJUnit(t *testing.T) {
	all := everything()
	text := write(t, newJUnit, all...)
	j := parseJUnit(t, text)
	cases := 0
	for _, suite := range j.Suites {
		for _, c := range suite.Cases {
			cases++
			switch c.Name {
			case "flaky":
				if len(c.Failure) != 1 || c.Failure[0].Type != "flaky" || len(c.Flaky) != 1 ||
					c.Failure[0].Message != "flaky: 2 of 4 runs failed; run 2: ann, step 3 of 4: the bytes differ at offset 2" {
					t.Errorf("%+v", c)
				}
			case "twice":
				if len(c.Failure) != 1 || c.Failure[0].Type != "differs" || len(c.Rerun) != 1 {
					t.Errorf("%+v", c)
				}
			case "passed":
				if len(c.Failure)+len(c.Error)+len(c.Skipped) > 0 || c.Class != "scenarios.passed" {
					t.Errorf("%+v", c)
				}
			case "skipped":
				if len(c.Skipped) != 1 || c.Skipped[0].Message != "redis-server is not installed" {
					t.Errorf("%+v", c)
				}
			case "not-run":
				if len(c.Skipped) != 1 || c.Skipped[0].Message != "not run" {
					t.Errorf("%+v", c)
				}
			case "stopped":
				if len(c.Skipped) != 1 || c.Skipped[0].Message != "stopped" {
					t.Errorf("%+v", c)
				}
			case "broken":
				if len(c.Error) != 1 {
					t.Errorf("%+v", c)
				}
			default: // the pictures
				if len(c.Failure) != 1 || !strings.HasPrefix(c.Failure[0].Text, "FAIL  "+c.Name) {
					t.Errorf("%+v", c)
				}
			}
		}
	}
	if want := len(pictures()) + 7; cases != want || j.Tests != want || j.Failures != want-5 || j.Errors != 1 {
		t.Errorf("%d cases, and said are %d tests, %d failures, %d errors; want %d", cases, j.Tests, j.Failures, j.Errors, want)
	}
}

// GitLab links a case to its file, which Jenkins' schema has no place for.
func TestJUnitGitLab(t *testing.T) {
	text := write(t, func(b *bytes.Buffer) Format { return NewJUnit(b, true) }, answered("hhhh", "hhxh"))
	if got := parseJUnit(t, text).Suites[0].Cases[0].File; got != "scenarios/greeting.yaml" {
		t.Errorf("file %q", got)
	}
}

// Whatever peers say: the report is XML, and the schema's, for three parsers.
func TestJUnitHostile(t *testing.T) {
	plays := append(everything(), hostilePlays(1000)...)
	text := write(t, newJUnit, plays...)
	j := parseJUnit(t, text)
	if want := len(pictures()) + 7 + 1000; j.Tests != want {
		t.Errorf("%d tests, want %d", j.Tests, want)
	}
	harmless(t, string(text))
	file := filepath.Join(t.TempDir(), "report.xml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("xmllint", func(t *testing.T) {
		if _, err := runProgram(t, nil, "xmllint", "--noout", "--nonet", "--schema", "testdata/junit.xsd", file); err != nil {
			t.Error(err)
		}
	})
	t.Run("expat", func(t *testing.T) {
		const count = `import sys, xml.etree.ElementTree as e; print(len(list(e.parse(sys.argv[1]).iter("testcase"))))`
		out, err := runProgram(t, nil, "python3", "-c", count, file)
		if err != nil || strings.TrimSpace(out) != fmt.Sprint(len(pictures())+7+1000) {
			t.Errorf("%v, %s test cases", err, out)
		}
	})
}

// The schema says no to what is not in it: else the test above would say nothing.
func TestJUnitSchemaRefuses(t *testing.T) {
	good := string(write(t, newJUnit, answered("hhhh", "hhxh")))
	for _, change := range []*strings.Replacer{
		strings.NewReplacer("<testcase ", "<testcase line=\"1\" "),
		strings.NewReplacer("<failure ", "<failed ", "</failure>", "</failed>"),
		strings.NewReplacer(` time="0`, ` time="x`),
		strings.NewReplacer("<testsuites ", "<suites ", "</testsuites>", "</suites>"),
	} {
		bad := change.Replace(good)
		if bad == good {
			t.Fatal("nothing was changed")
		}
		if _, err := runProgram(t, []byte(bad), "xmllint", "--noout", "--nonet", "--schema", "testdata/junit.xsd", "-"); err == nil {
			t.Errorf("taken:\n%s", bad)
		}
	}
}

func TestClassName(t *testing.T) {
	for file, want := range map[string]string{
		"scenarios/tour/01-greeting.yaml": "scenarios.tour.01-greeting", "./a.yaml": "a", "/tmp/x/a.yml": "tmp.x.a",
		"../a.b/c.d.yaml": "a_b.c_d", "<stdin>": "<stdin>",
	} {
		if got := className(filepath.FromSlash(file)); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}
