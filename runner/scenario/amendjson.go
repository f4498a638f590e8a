package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

// jsonText brings members that are not as they came up to date.
func (a *amender) jsonText(pl *place, want *JSON, body []byte) ([]splice, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var came any
	err := dec.Decode(&came)
	if _, more := dec.Token(); err != nil || more != io.EOF {
		return nil, fmt.Errorf("what came is no JSON")
	}
	return a.json(pl, want, came)
}

func (a *amender) json(pl *place, want *JSON, came any) (out []splice, err error) {
	if pl.y.Kind == yaml.AliasNode {
		return nil, errAlias
	}
	switch want.Kind {
	case JSONObject:
		object, ok := came.(map[string]any)
		if !ok {
			break
		}
		for _, m := range want.Members {
			value, ok := object[m.Name]
			if !ok {
				return nil, fmt.Errorf("what came has no member %s", quote(m.Name))
			}
			splices, err := a.json(pl.child(m.Name), m.Value, value)
			if err != nil {
				return nil, err
			}
			out = append(out, splices...)
		}
		return out, nil
	case JSONArray:
		array, ok := came.([]any)
		if !ok || len(array) != len(want.Items) {
			break
		}
		for i := range array {
			splices, err := a.json(pl.children[i], want.Items[i], array[i])
			if err != nil {
				return nil, err
			}
			out = append(out, splices...)
		}
		return out, nil
	case JSONString:
		text, ok := came.(string)
		if !ok {
			break
		}
		if whole, err := a.Content(&Part{Text: want.Text}); err != nil || string(whole) == text {
			return nil, err
		}
		return a.all.setScalar(pl, a.rewritten(want.Text, []byte(text)), spellJSON)
	default:
		if sameLiteral(want.Literal, came) {
			return nil, nil
		}
	}
	if text, ok := came.(string); ok && pl.y.Kind == yaml.ScalarNode {
		return a.all.setScalar(pl, a.literal([]byte(text)), spellJSON)
	}
	return a.all.replace(pl, a.flowJSON(came))
}

// sameLiteral reports whether a number, true, false or null is what came.
func sameLiteral(want string, came any) bool {
	switch came := came.(type) {
	case nil:
		return want == "null"
	case bool:
		return want == strconv.FormatBool(came)
	case json.Number:
		if want == string(came) {
			return true
		}
		f, err1 := strconv.ParseFloat(want, 64)
		g, err2 := came.Float64()
		return err1 == nil && err2 == nil && f == g && len(want) <= 15 && len(came) <= 15
	}
	return false
}

// flowJSON is a value of JSON in YAML, in one line.
func (a *amender) flowJSON(v any) string {
	switch v := v.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		out := "{"
		for i, key := range keys {
			if i > 0 {
				out += ", "
			}
			out += doubleQuote(key) + ": " + a.flowJSON(v[key])
		}
		return out + "}"
	case []any:
		out := "["
		for i, item := range v {
			if i > 0 {
				out += ", "
			}
			out += a.flowJSON(item)
		}
		return out + "]"
	case string:
		return doubleQuote(a.literal([]byte(v)))
	case json.Number:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return "null"
}
