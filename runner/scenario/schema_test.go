package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"
	"gopkg.in/yaml.v3"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("banter.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("banter.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// core is a value as YAML's core schema has it, and so yaml-language-server.
func core(y *yaml.Node, depth int) any {
	if depth > maxDepth { // an alias of what it is in
		return nil
	}
	switch y.Kind {
	case yaml.AliasNode:
		return core(y.Alias, depth+1)
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range y.Content {
			list = append(list, core(item, depth+1))
		}
		return list
	case yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i+1 < len(y.Content); i += 2 {
			object[y.Content[i].Value] = core(y.Content[i+1], depth+1)
		}
		return object
	}
	if y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return y.Value
	}
	switch v := y.Value; {
	case (&node{value: v}).isNull():
		return nil
	case v == "true" || v == "True" || v == "TRUE":
		return true
	case v == "false" || v == "False" || v == "FALSE":
		return false
	case coreInt.MatchString(v):
		return json.Number(strings.TrimPrefix(v, "+"))
	case coreHex.MatchString(v):
		n, err := strconv.ParseUint(v[2:], 16, 64)
		if err != nil {
			return json.Number("1e30")
		}
		return json.Number(strconv.FormatUint(n, 10))
	case coreFloat.MatchString(v):
		f, _ := strconv.ParseFloat(v, 64)
		return f
	}
	return y.Value
}

var (
	coreInt   = regexp.MustCompile(`^[-+]?[0-9]+$`)
	coreHex   = regexp.MustCompile(`^0x[0-9a-fA-F]+$`)
	coreFloat = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
)

// refusals says what the schema has against each document of a source; nil if
// nothing.
func refusals(s *jsonschema.Schema, src []byte) error {
	trees, err := readYAML(bytes.NewReader(bytes.TrimPrefix(src, utf8BOM)))
	if err != nil {
		return err
	}
	for _, tree := range trees {
		if len(tree.Content) == 0 {
			continue
		}
		v := core(tree.Content[0], 1)
		if v == nil {
			continue
		}
		if err := s.Validate(v); err != nil {
			return err
		}
	}
	return nil
}

// schemaPlaces are the mappings of the language: where the schema has them, the
// parser's tables for them, and the keys that a table has for more than one place
// and that the parser refuses in this one.
func schemaPlaces() []schemaPlace {
	streams := []string{"line", "until", "bytes", "length", "rest", "some", "datagram", "any_order"}
	ofFrames := []string{"at", "plus", "header", "max", "skip", "optional"}
	ends := slices.Collect(maps.Keys(outcomes))
	conditions := slices.Concat(streams, ofFrames, ends)
	noFrame := slices.DeleteFunc(keysOf(expectKeys), func(key string) bool {
		return contains([]string{"line", "lines", "until", "bytes", "length", "at", "plus", "header", "datagram", "max"}, key)
	})
	notInParallel := slices.DeleteFunc(append(stepWords(), besideSteps...), func(key string) bool {
		return contains([]string{"send", "expect", "wait", "signal", "await", "meet", "within", "note"}, key)
	})
	return []schemaPlace{
		{"", []string{"documentKeys"}, keysOf(documentKeys), nil},
		{"server", []string{"serverKeys"}, keysOf(serverKeys), nil},
		{"client", []string{"clientKeys"}, keysOf(clientKeys), nil},
		{"step", []string{"besideRun", "doKeys"}, slices.Concat(stepWords(), besideSteps, keysOf(besideRun), keysOf(doKeys)), nil},
		{"beside", nil, append(stepWords(), besideSteps...), notInParallel},
		{"payload", []string{"partKeys"}, keysOf(partKeys), nil},
		{"reply/anyOf/1", []string{"afterKeys"}, keysOf(afterKeys), nil},
		{"expect", []string{"expectKeys", "frameAndMatchKeys"}, keysOf(expectKeys), nil},
		{"condition", nil, keysOf(expectKeys), conditions},
		{"stdout", nil, keysOf(expectKeys), slices.DeleteFunc(slices.Clone(conditions), func(key string) bool { return key == "line" })},
		{"any_order", nil, append(keysOf(expectKeys), "count"), slices.Concat(ends, []string{"rest", "some", "any_order", "skip", "optional"})},
		{"message", nil, keysOf(expectKeys), noFrame},
		{"rule", []string{"ruleKeys"}, keysOf(ruleKeys), nil},
		{"else", nil, keysOf(ruleKeys), []string{"when"}},
		{"process", []string{"processKeys"}, keysOf(processKeys), nil},
		{"process/properties/ready", []string{"readyKeys"}, keysOf(readyKeys), nil},
		{"step/properties/connect", []string{"connectKeys"}, keysOf(connectKeys), nil},
		{"close", []string{"closeModes"}, keysOf(closeModes), nil},
		{"await", []string{"awaitKeys", "awaitOutputKeys"}, append(keysOf(awaitKeys), keysOf(awaitOutputKeys)...), nil},
		{"meet", []string{"meetKeys"}, keysOf(meetKeys), nil},
		{"step/properties/loop", []string{"loopKeys"}, keysOf(loopKeys), nil},
		{"step/properties/retry", []string{"retryKeys"}, keysOf(retryKeys), nil},
		{"lines", []string{"throughKeys"}, keysOf(throughKeys), nil},
		{"message/properties/lines", nil, keysOf(throughKeys), nil},
		{"link", []string{"linkKeys"}, keysOf(linkKeys), nil},
		{"link/properties/out", []string{"faultKeys"}, keysOf(faultKeys), nil},
		{"link/properties/back", nil, keysOf(faultKeys), nil},
		{"expect/properties/tcp", nil, slices.Collect(maps.Keys(TCPCounters)), nil},
		{"server_tls", []string{"serverTLSKeys", "ownKeys"}, keysOf(serverTLSKeys), nil},
		{"client_tls", []string{"clientTLSKeys"}, keysOf(clientTLSKeys), nil},
		{"step_tls", nil, append(keysOf(serverTLSKeys), keysOf(clientTLSKeys)...), nil},
	}
}

type schemaPlace struct {
	at      string // below the definitions; "": the document
	tables  []string
	keys    []string
	refused []string
}

// The schema has the keys that the parser has, in each place, and no others.
func TestSchemaKeys(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{} // places with keys
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if _, ok := v["properties"].(map[string]any); ok {
				found[path] = true
			}
			for key, value := range v {
				walk(strings.TrimPrefix(path+"/"+key, "/"), value)
			}
		case []any:
			for i, value := range v {
				walk(path+"/"+strconv.Itoa(i), value)
			}
		}
	}
	walk("", root["definitions"])
	for _, place := range schemaPlaces() {
		var at any = root
		if place.at != "" {
			at = root["definitions"]
			for step := range strings.SplitSeq(place.at, "/") {
				if list, ok := at.([]any); ok {
					i, err := strconv.Atoi(step)
					if err != nil {
						t.Fatal(err)
					}
					at = list[i]
					continue
				}
				at = at.(map[string]any)[step]
			}
			if !found[place.at] {
				t.Errorf("the schema has no keys in %q", place.at)
			}
			delete(found, place.at)
		}
		properties := at.(map[string]any)["properties"].(map[string]any)
		for key, value := range properties {
			if about, _ := value.(map[string]any)["description"].(string); !strings.HasSuffix(about, ".") && !strings.HasSuffix(about, ")") {
				t.Errorf("in %q, %q is described as %q", place.at, key, about)
			}
		}
		want := slices.DeleteFunc(slices.Clone(place.keys), func(key string) bool { return contains(place.refused, key) })
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(properties)); !slices.Equal(got, slices.Compact(want)) {
			t.Errorf("in %q the schema has\n%q, the parser\n%q", place.at, got, want)
		}
	}
	for path := range found {
		t.Errorf("no table of the parser is compared with the keys in %q", path)
	}
}

// Each table of keys is compared with the schema.
func TestSchemaHasEachTable(t *testing.T) {
	compared := map[string]bool{}
	for _, place := range schemaPlaces() {
		for _, name := range place.tables {
			compared[name] = true
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	tables := regexp.MustCompile(`(?m)^(?:var |\t)(\w+) +(?:= )?(?:append\()?table\[`)
	n := 0
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tables.FindAllSubmatch(source, -1) {
			if n++; !compared[string(m[1])] {
				t.Errorf("%s: the schema is not compared with the table %s", name, m[1])
			}
		}
	}
	if n < len(compared)/2 {
		t.Errorf("only %d tables found", n)
	}
}

// What the schema leaves out of a table that several places share is an error
// there.
func TestSchemaLeavesOutWhatIsRefused(t *testing.T) {
	values := map[string]string{
		"until": "x", "bytes": "1", "length": "u8", "some": "1", "any_order": "[x]", "at": "1", "plus": "1", "header": "x", "max": "9",
		"skip": "x", "optional": "true", "silence": "1ms", "text": "x", "hex": "'00'", "base64": "aGhoaA==", "file": "x", "head": "x",
		"fill": "x, size: 1", "parts": "[x]", "equals": "x", "prefix": "x", "suffix": "x", "contains": "x", "like": "x", "regex": "x",
		"json": "{}", "not": "x", "size": "1", "sha256": strings.Repeat("00", 32), "capture": "v", "as": "int", "xor": "x", "times": "2",
		"seed": "1", "when": "x", "through": "x", "answer": "x", "within": "1s", "over": "x", "connect": "s", "shutdown": "read", "stop": "s", "start": "s",
		"parallel": "[{wait: 1ms}, {wait: 1ms}]", "let": "{v: x}", "loop": "[{expect: x}]", "retry": "{steps: [{connect: s}]}", "run": "[ls]",
	}
	for _, form := range forms[1:] {
		values[form] = "1"
	}
	files := map[string]string{
		"condition": "servers: {s: {reply: x}}\nclients: {a: [{connect: s}, {expect: {line, not: {%s}}}]}\n",
		"stdout":    "clients: {a: [{run: [ls], stdout: {%s}}]}\n",
		"any_order": "servers: {s: {reply: x}}\nclients: {a: [{connect: s}, {expect: {any_order: {count: 2, %s}}}]}\n",
		"message":   "servers: {s: {message: {%s}, rules: [{when: x, ignore: true}]}}\nclients: {a: [{connect: s}]}\n",
		"beside":    "servers: {s: {reply: x}}\nclients: {a: [{connect: s}, {parallel: [{%s}, {wait: 1ms}]}]}\n",
		"else":      "servers: {s: {rules: [{when: x, ignore: true}], else: {ignore: true, %s}}}\nclients: {a: [{connect: s}]}\n",
	}
	config := Config{Allow: Allow{Run: Grant{All: true}}}
	for _, place := range schemaPlaces() {
		for _, key := range place.refused {
			entry := key
			if value := values[key]; value != "" {
				entry += ": " + value
			}
			src := fmt.Sprintf(files[place.at], entry)
			if f := config.Parse("x.yaml", []byte(src)); len(f.Problems.Errors()) == 0 {
				t.Errorf("in %q, %q is not in the schema, and no error", place.at, key)
			}
		}
	}
}

// validSources are the scenario files of the repository that have no errors.
func validSources(t testing.TB) map[string][]byte {
	t.Helper()
	sources := map[string][]byte{}
	read := func(pattern string) (names []string) {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(names), err)
		}
		return names
	}
	data := func(name string) []byte {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, name := range append(read("../../scenarios/*/*.yaml"), read("../../cmd/banter/*.yaml")...) {
		sources[name] = data(name)
	}
	fence := regexp.MustCompile("(?ms)^```yaml[^\n]*\n(.*?)^```")
	for _, name := range append(read("../../docs/*.md"), "../../README.md") {
		for i, m := range fence.FindAllSubmatch(data(name), -1) {
			sources[fmt.Sprintf("%s#%d", name, i+1)] = m[1]
		}
	}
	archives := slices.Concat(read("testdata/*/*.txtar"), read("../../cmd/banter/testdata/script/*.txtar"), read("../update/testdata/*.txtar"))
	for _, name := range archives {
		for _, f := range txtar.Parse(data(name)).Files {
			if ext := filepath.Ext(f.Name); ext == ".yaml" || ext == ".before" || ext == ".after" {
				sources[name+"/"+f.Name] = f.Data
			}
		}
	}
	config := Config{Allow: Allow{Net: Grant{All: true}, Run: Grant{All: true}, Read: []string{"/"}}}
	for name, src := range sources {
		path := name
		if strings.Contains(name, "/testdata/") {
			path = "x.yaml"
		}
		if config.Parse(path, src).Problems.HaveErrors() {
			delete(sources, name)
		}
	}
	return sources
}

// The schema takes all that has no errors.
func TestSchemaTakesWhatIsValid(t *testing.T) {
	s := compileSchema(t)
	sources := validSources(t)
	if len(sources) < 150 {
		t.Errorf("only %d valid sources", len(sources))
	}
	for name, src := range sources {
		if err := refusals(s, src); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
