package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/transcript"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var testRun = Run{Began: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Banter: "v1", Flags: []string{"--slow", "2"}, Scenarios: 3}

func newJSONLines(b *bytes.Buffer) Format { return NewJSONLines(b, testRun) }

// schema is the published one, or (closed) one that takes no property that it
// does not name.
func schema(t *testing.T, closed bool) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema))
	if err != nil {
		t.Fatal(err)
	}
	if closed {
		for _, def := range doc.(map[string]any)["$defs"].(map[string]any) {
			def.(map[string]any)["additionalProperties"] = false
		}
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func checkLines(t *testing.T, s *jsonschema.Schema, text []byte) {
	t.Helper()
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err == nil {
			err = s.Validate(v)
		}
		if err != nil {
			t.Errorf("line %d: %v\n%s", i+1, err, line)
		}
	}
}

// Every line is what the schema says, and has no property that it does not.
func TestJSONLinesSchema(t *testing.T) {
	plays := append(everything(), hostilePlays(200)...)
	text := write(t, newJSONLines, plays...)
	checkLines(t, schema(t, true), text)
	harmless(t, string(text))
	for _, bad := range []string{`{}`, `{"version":1,"type":"play"}`, `{"version":2,"type":"run"}`, `[]`} {
		v, _ := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if schema(t, false).Validate(v) == nil {
			t.Errorf("the schema takes %s", bad)
		}
	}
}

// The schema names what the structs have, and nothing else.
func TestJSONLinesSchemaIsWhole(t *testing.T) {
	var doc struct {
		Defs map[string]struct {
			Properties map[string]struct{ Description string }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(JSONSchema, &doc); err != nil {
		t.Fatal(err)
	}
	for name, structs := range map[string][]any{
		"run": {jsonHead{}, Run{}}, "play": {jsonHead{}, Case{}}, "summary": {jsonHead{}, Summary{}},
		"failure": {CaseFailure{}}, "actor": {CaseActor{}}, "event": {CaseEvent{}}, "output": {CaseOutput{}}, "tcp": {CaseTCP{}}, "source": {CaseSource{}},
	} {
		want := map[string]bool{}
		for _, s := range structs {
			for i := range reflect.TypeOf(s).NumField() {
				name, _, _ := strings.Cut(reflect.TypeOf(s).Field(i).Tag.Get("json"), ",")
				want[name] = true
			}
		}
		got := map[string]bool{}
		for property := range doc.Defs[name].Properties {
			got[property] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-struct +schema):\n%s", name, diff)
		}
	}
}

// The schema names each kind of event and of failure.
func TestJSONLinesSchemaKinds(t *testing.T) {
	var doc struct {
		Defs map[string]struct {
			Properties map[string]struct{ Enum []string }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(JSONSchema, &doc); err != nil {
		t.Fatal(err)
	}
	var events, failures []string
	for k := transcript.Kind(1); k.String() != ""; k++ {
		events = append(events, k.String())
	}
	for k := runner.Kind(1); k.String() != ""; k++ {
		failures = append(failures, k.String())
	}
	if diff := cmp.Diff(events, doc.Defs["event"].Properties["kind"].Enum); diff != "" {
		t.Errorf("events (-code +schema):\n%s", diff)
	}
	if diff := cmp.Diff(failures, doc.Defs["failure"].Properties["kind"].Enum); diff != "" {
		t.Errorf("failures (-code +schema):\n%s", diff)
	}
}

// What was written is read as it was.
func TestJSONLinesRead(t *testing.T) {
	var want []*Case
	ours := everything()
	for _, p := range append(ours, hostilePlays(100)...) {
		want = append(want, NewCase(p, TextOptions{}))
	}
	text := writeCases(t, newJSONLines, Summary{Elapsed: time.Second}, want)
	read := func(text []byte) (got []*Case) {
		runs, err := ReadJSONLines(bytes.NewReader(text), func(c *Case) error {
			got = append(got, c)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(runs) != 1 || runs[0].Cut != "" || !cmp.Equal(runs[0].Run, testRun) || runs[0].Summary.Elapsed != time.Second {
			t.Errorf("%+v", runs)
		}
		return got
	}
	got := read(text)
	for i := range ours { // what follows is no UTF-8
		if diff := cmp.Diff(want[i], got[i], cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-written +read):\n%s", diff)
		}
	}
	// What is no UTF-8 has become replacement characters, and those stay.
	again := writeCases(t, newJSONLines, Summary{Elapsed: time.Second}, got)
	if now := read(again); !reflect.DeepEqual(got, now) {
		t.Errorf("(-written again +read again):\n%s", cmp.Diff(got, now))
	}
}

// Cut anywhere, a file is cut and not wrong, and never whole.
func TestJSONLinesCut(t *testing.T) {
	text := write(t, newJSONLines, answered("hhhh", "hhxh\n"), play("你好", greeting, nil))
	for n := range len(text) - 1 {
		runs, err := ReadJSONLines(bytes.NewReader(text[:n]), func(*Case) error { return nil })
		if err != nil || len(runs) != 1 || runs[0].Cut == "" {
			t.Fatalf("after %d bytes: %v, %+v", n, err, runs)
		}
	}
	// All that misses is the last line feed.
	runs, err := ReadJSONLines(bytes.NewReader(text[:len(text)-1]), func(*Case) error { return nil })
	if err != nil || len(runs) != 1 || runs[0].Cut != "" {
		t.Fatalf("%v, %+v", err, runs)
	}
}

func TestJSONLinesWrong(t *testing.T) {
	const (
		run     = `{"version":1,"type":"run","began":"2026-01-02T03:04:05Z","scenarios":1}` + "\n"
		play    = `{"version":1,"type":"play","name":"a","file":"a.yaml","line":1,"column":1,"round":1,"status":"passed","elapsed_ns":5}` + "\n"
		summary = `{"version":1,"type":"summary","elapsed_ns":5,"plays":1,"scenarios":1,"passed":1,"failed":0,"flaky":0,"broken":0,"skipped":0,"not_run":0}` + "\n"
	)
	for text, want := range map[string]string{
		run + play + summary:                        "",
		run + play + summary + run + play + summary: "",
		"name: greeting\n":                          "1:2: is no JSON: invalid character 'a' in literal null (expecting 'u')",
		"<xml/>\n":                                  "1:1: is no JSON: invalid character '<' looking for beginning of value",
		"\n":                                        "1: is empty",
		"[1]\n":                                     "1: is a JSON array, and must be an object",
		"{}\n":                                      `1: has no "version"; is it a report of JSON Lines ("banter run -o jsonl")?`,
		play:                                        `1: is a "play", and a "run" comes first`,
		run + play + summary + play:                 `4: is a "play", and a "run" comes first`,
		run + strings.Replace(play, `"version":1`, `"version":2`, 1):     "2: is version 2, and this banter reads version 1",
		run + strings.Replace(play, `"play"`, `"round"`, 1):              `2: is a "round"; there are run, play and summary`,
		run + strings.Replace(play, `"passed"`, `"flaky"`, 1):            `2: has the status "flaky"; there are "passed", "failed", "broken", "skipped", "not_run", "stopped"`,
		run + strings.Replace(play, `"round":1`, `"round":0`, 1):         `2: has "round" 0; it counts from 1`,
		run + strings.Replace(play, `"name":"a"`, `"name":""`, 1):        `2: has no "name"`,
		run + strings.Replace(play, `"round":1`, `"round":"1"`, 1) + "x": `2:85: "round" is a JSON string, which it can't be`,
		run + summary: "2: counts 1 scenario in 1 play, and what is before it gives other counts: lines are missing or changed",
	} {
		_, err := ReadJSONLines(strings.NewReader(text), func(*Case) error { return nil })
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s\ngives %q\nwant  %q", text, got, want)
		}
	}
	stop := errors.New("stop")
	if _, err := ReadJSONLines(strings.NewReader(run+play+summary), func(*Case) error { return stop }); err != stop {
		t.Errorf("the error of add became %v", err)
	}
}
