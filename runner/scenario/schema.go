package scenario

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Schema is a JSON Schema (draft-07) of the language, for editors: of one
// document of a scenario file. It knows the keys of each place, what kinds of
// values they take, and in a sentence what they are for. What depends on other
// values (names, order, what goes together) only Parse knows.
func Schema() []byte {
	root := schema{
		"$schema":     "http://json-schema.org/draft-07/schema#",
		"title":       "banter scenario",
		"description": "Servers and clients, and what each of them says and expects.",
		"definitions": definitions(),
	}
	for keyword, value := range mapping(documentSchema) {
		root[keyword] = value
	}
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // it is made of texts, numbers, lists and maps
	}
	return append(out, '\n')
}

// schema is a JSON Schema, or a part of one, by its keywords.
type schema map[string]any

// property is a key of the language: what it takes, and what it is for.
type property struct {
	key   string
	takes schema
	about string
}

// mapping is a mapping with these keys and no others.
func mapping(properties []property) schema {
	all := schema{}
	for _, p := range properties {
		all[p.key] = p.takes.with("description", p.about)
	}
	return schema{"type": "object", "properties": all, "additionalProperties": false}
}

// with is a schema with one more keyword.
func (s schema) with(keyword string, value any) schema {
	out := schema{keyword: value}
	for k, v := range s {
		if k != keyword {
			out[k] = v
		}
	}
	return out
}

// or is a schema in whose place other types of values may stand. The keywords of
// each type say nothing of the others, so that no alternatives are needed, of
// which an editor could not tell which one was meant.
func (s schema) or(types ...string) schema {
	switch own := s["type"].(type) {
	case string:
		types = append(slices.Clone(types), own)
	case []string:
		types = append(slices.Clone(types), own...)
	}
	return s.with("type", types)
}

// orList is a schema whose value may also be a list of these.
func (s schema) orList(items schema) schema {
	return s.or("array").with("items", items).with("minItems", 1)
}

// needs says beside which others a key stands.
func (s schema) needs(key string, beside ...string) schema {
	return s.depends(key, beside)
}

// only says beside which others alone a key stands.
func (s schema) only(key string, beside ...string) schema {
	return s.depends(key, schema{"propertyNames": schema{"enum": append(beside, key)}})
}

func (s schema) depends(key string, on any) schema {
	all, _ := s["dependencies"].(schema)
	return s.with("dependencies", all.with(key, on))
}

// words says which words alone may stand where a schema takes a text.
func (s schema) words(expected string, some ...string) schema {
	return s.with("pattern", "^("+strings.Join(some, "|")+")$").with("patternErrorMessage", "Expected "+expected+".")
}

// ref is what a definition says.
func ref(name string) schema { return schema{"$ref": "#/definitions/" + name} }

func mapOf(values schema) schema { return schema{"type": "object", "additionalProperties": values} }

func listOf(items schema) schema {
	return schema{"type": "array", "items": items, "minItems": 1}
}

func anyOf(some ...schema) schema { return schema{"anyOf": some} }

// oneOf is one of some words, or a variable.
func oneOf(words ...string) schema {
	return anyOf(schema{"enum": words}, schema{"type": "string", "pattern": aVariable})
}

// scalars are the types of what is exact text to banter: to YAML 010 is a number.
var scalars = []string{"string", "number", "boolean"}

// The scalars. A variable may stand in each of them.
const aVariable = `\$\{`

func aText() schema { return schema{"type": scalars} }

func nothing() schema { return schema{"type": "null"} }

func aBoolean(usual bool) schema {
	return schema{"type": []string{"boolean", "string"}, "pattern": `^(true|false)$|` + aVariable, "default": usual}.
		with("patternErrorMessage", "Expected true or false.")
}

func aNumber(least, most int64) schema {
	s := schema{"type": []string{"integer", "string"}, "pattern": `^-?[0-9]+$|` + aVariable, "minimum": least}.
		with("patternErrorMessage", "Expected a whole number.")
	if most < math.MaxInt32 {
		s["maximum"] = most
	}
	return s
}

// natural is a whole number that may be hexadecimal.
func aNatural(f Form) schema {
	s := aNumber(0, math.MaxInt32).with("pattern", `^(0x[0-9a-fA-F]+|[0-9]+)$|`+aVariable)
	if f.Width() < 8 && f.Width() > 0 { // JSON has no exact numbers beyond 2^53
		s["maximum"] = f.Max()
	}
	return s
}

func aSize() schema {
	return schema{"type": []string{"integer", "string"}, "pattern": `^[0-9]+ ?[A-Za-z]*$|` + aVariable, "minimum": 0}.
		with("patternErrorMessage", "Expected a size such as 512 or 4KiB.")
}

func aDuration() schema {
	return schema{"type": "string", "pattern": `^\+?([0-9.]+(ns|us|µs|μs|ms|s|m|h))+$|` + aVariable}.
		with("patternErrorMessage", "Expected a time such as 200ms or 5s.")
}

// pick is those properties whose keys are named, in their order.
func pick(from []property, keys string) (some []property) {
	wanted := strings.Fields(keys)
	for _, p := range from {
		if contains(wanted, p.key) {
			some = append(some, p)
		}
	}
	return some
}

// without is the properties whose keys are not named.
func without(from []property, keys string) (some []property) {
	unwanted := strings.Fields(keys)
	for _, p := range from {
		if !contains(unwanted, p.key) {
			some = append(some, p)
		}
	}
	return some
}

// numberProperties are the forms of numbers as payloads.
func numberProperties() (all []property) {
	for f := U8; f <= Varint; f++ {
		about := "A whole number in LEB128, as protobuf and MQTT have it."
		switch {
		case f == U8:
			about = "A whole number in 8 bits."
		case f.Width() > 1:
			order := "the high byte first"
			if f.little() {
				order = "the low byte first"
			}
			about = "A whole number in " + strconv.Itoa(8*f.Width()) + " bits, " + order + "."
		}
		all = append(all, property{f.String(), aNatural(f), about + " In decimal, or in hexadecimal: 0x2a."})
	}
	return all
}
