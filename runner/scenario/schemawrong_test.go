package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/tools/txtar"
)

// unseen are the mistakes in a key or in the kind of a value that the schema does
// not see: why not, by the file in testdata/problems.
var unseen = map[string]string{
	"cases/mistake-in-one":      "the values of variables",
	"variables/constants-wrong": "the values of variables",
	"tls/step":                  "the side of a step",
	"transcript/blank-actor":    "a transcript may be still to be written",
	"variables/numbers":         "the values of variables",
	"server/hosts":              "what is in an address",
	"udp/address":               "what is in an address",
	"yaml/key-list":             "a key that is no text, which JSON does not have",
	"yaml/key-alias":            "a key that is no text, which JSON does not have",
}

var (
	unknownWord = regexp.MustCompile(`^unknown (?:key|step) ("[^"]+")`)
	wrongKind   = regexp.MustCompile(`must be |has no value|takes no value|is blank`)
)

// What has an unknown key, or a value of a wrong kind, the schema refuses too:
// every such key, and each file with such a value.
func TestSchemaRefusesWhatIsWrong(t *testing.T) {
	s := compileSchema(t)
	config := Config{Allow: Allow{Run: Grant{All: true}}}
	archives, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	keys, kinds, missed := 0, 0, map[string]bool{}
	see := func(sees bool, name string, p Problem) {
		if missed[name] = missed[name] || !sees; !sees && unseen[name] == "" {
			t.Errorf("%s: the schema does not refuse %s", name, p)
		}
	}
	for _, path := range archives {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range txtar.Parse(data).Files {
			name := strings.TrimSuffix(filepath.Base(path), ".txtar") + "/" + strings.TrimSuffix(f.Name, ".yaml")
			if _, err := readYAML(bytes.NewReader(f.Data)); err != nil || filepath.Ext(f.Name) != ".yaml" {
				continue
			}
			refused := refusedWords(refusals(s, f.Data))
			for _, p := range config.Parse("x.yaml", f.Data).Problems.Errors() {
				if m := unknownWord.FindStringSubmatch(p.Message); m != nil {
					keys++
					see(refused[strings.Trim(m[1], `"`)], name, p)
				} else if wrongKind.MatchString(p.Message) {
					kinds++
					see(refused != nil, name, p)
				}
			}
		}
	}
	for name := range unseen {
		if !missed[name] {
			t.Errorf("%s: the schema sees it all", name)
		}
	}
	if keys < 40 || kinds < 200 {
		t.Errorf("only %d unknown keys and %d values of a wrong kind", keys, kinds)
	}
}

// refusedWords are the keys and the words that a schema refuses; nil if it refuses
// nothing.
func refusedWords(err error) map[string]bool {
	var refused *jsonschema.ValidationError
	if !errors.As(err, &refused) {
		return nil
	}
	all := map[string]bool{}
	var walk func(*jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		switch k := e.ErrorKind.(type) {
		case *kind.AdditionalProperties:
			for _, key := range k.Properties {
				all[key] = true
			}
		case *kind.Dependency:
			all[k.Prop] = true
		case *kind.Pattern:
			all[k.Got] = true
		case *kind.Enum:
			all[fmt.Sprint(k.Got)] = true
		}
		for _, cause := range e.Causes {
			walk(cause)
		}
	}
	walk(refused)
	return all
}

// maker makes values that a schema takes.
type maker struct {
	random      *rand.Rand
	definitions map[string]any
}

// value is some value that a schema takes, as YAML's flow style has it.
func (m *maker) value(s map[string]any, depth int) string {
	if target, ok := s["$ref"].(string); ok {
		return m.value(m.definitions[strings.TrimPrefix(target, "#/definitions/")].(map[string]any), depth)
	}
	if some, ok := s["anyOf"].([]any); ok {
		return m.value(some[m.random.IntN(len(some))].(map[string]any), depth)
	}
	if words, ok := s["enum"].([]any); ok {
		return fmt.Sprint(words[m.random.IntN(len(words))])
	}
	var types []string
	switch t := s["type"].(type) {
	case string:
		types = []string{t}
	case []any:
		for _, one := range t {
			types = append(types, one.(string))
		}
	default:
		types = []string{"string"}
	}
	if simple := slices.DeleteFunc(slices.Clone(types), func(t string) bool { return t == "object" || t == "array" }); depth > 7 && len(simple) > 0 {
		types = simple
	}
	switch types[m.random.IntN(len(types))] {
	case "null":
		return ""
	case "boolean":
		return "true"
	case "integer", "number":
		return "2"
	case "array":
		items, _ := s["items"].(map[string]any)
		var all []string
		for range 2 + m.random.IntN(2) {
			all = append(all, m.value(items, depth+1))
		}
		return "[" + strings.Join(all, ", ") + "]"
	case "object":
		return m.object(s, depth)
	}
	pattern, _ := s["pattern"].(string)
	if list := wordList.FindStringSubmatch(pattern); list != nil {
		words := strings.Split(list[1], "|")
		return words[m.random.IntN(len(words))]
	}
	texts := []string{"a", "5ms", "true", "2", `"${a}"`}
	return texts[slices.IndexFunc(texts, regexp.MustCompile(pattern).MatchString)]
}

var wordList = regexp.MustCompile(`^\^\(([a-z|]+)\)\$$`)

func (m *maker) object(s map[string]any, depth int) string {
	properties, ok := s["properties"].(map[string]any)
	if !ok {
		values, _ := s["additionalProperties"].(map[string]any)
		return "{a: " + m.value(values, depth+1) + ", b: " + m.value(values, depth+1) + "}"
	}
	chosen := map[string]bool{}
	keys := slices.Sorted(maps.Keys(properties))
	for range 1 + m.random.IntN(max(1, 5-depth/2)) {
		chosen[keys[m.random.IntN(len(keys))]] = true
	}
	if depth == 0 {
		chosen["servers"], chosen["clients"] = true, true
	}
	required, _ := s["required"].([]any)
	for _, key := range required {
		chosen[key.(string)] = true
	}
	dependencies, _ := s["dependencies"].(map[string]any)
	for key, on := range dependencies {
		others, _ := on.([]any)
		for _, other := range others {
			chosen[other.(string)] = chosen[other.(string)] || chosen[key]
		}
	}
	for _, key := range slices.Sorted(maps.Keys(dependencies)) {
		if on, ok := dependencies[key].(map[string]any); ok && chosen[key] {
			beside := on["propertyNames"].(map[string]any)["enum"].([]any)
			maps.DeleteFunc(chosen, func(other string, _ bool) bool { return !slices.Contains(beside, any(other)) })
		}
	}
	maps.DeleteFunc(chosen, func(_ string, is bool) bool { return !is })
	var all []string
	for _, key := range slices.Sorted(maps.Keys(chosen)) {
		entry := key
		if value := m.value(properties[key].(map[string]any), depth+1); value != "" {
			entry += ": " + value
		}
		all = append(all, entry)
	}
	return "{" + strings.Join(all, ", ") + "}"
}

// Of what is made of the schema's keys, the parser knows every key.
func TestSchemaHasNoOtherKeys(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	s := compileSchema(t)
	m := &maker{rand.New(rand.NewPCG(1, 2)), root["definitions"].(map[string]any)}
	config := Config{Allow: Allow{Run: Grant{All: true}}}
	for range 500 / raceSlowdown {
		src := []byte(m.value(root, 0))
		if err := refusals(s, src); err != nil {
			t.Fatalf("%s\n%v", src, err)
		}
		for _, p := range config.Parse("x.yaml", src).Problems {
			if strings.Contains(p.Message, "in the tls of") {
				continue // of a step, whose side the schema does not know
			}
			if strings.HasPrefix(p.Message, "unknown key") || strings.HasPrefix(p.Message, "unknown step") {
				t.Errorf("%s\n%s", src, p)
			}
		}
		if t.Failed() {
			return
		}
	}
}
