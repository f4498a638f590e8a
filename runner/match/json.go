package match

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"

	"banter/runner/transcript"
)

// JSON is a value that a frame is to have: a string, bool, nil, json.Number,
// []JSON or Object.
type JSON any

// Object is the members that an object has at least.
type Object []Member

// Member is a member of an object.
type Member struct {
	Name  string
	Value JSON
}

// notJSON says why a frame does not have a value, or nothing.
func notJSON(want JSON, frame []byte) string {
	dec := json.NewDecoder(bytes.NewReader(frame))
	dec.UseNumber()
	var got any
	err := dec.Decode(&got)
	if err == nil {
		if _, more := dec.Token(); more != io.EOF {
			err = fmt.Errorf("more follows the value")
		}
	}
	switch {
	case err == io.EOF:
		return "the frame is empty, and no JSON"
	case err != nil:
		return "the frame is no JSON: " + err.Error()
	}
	return differsFrom(want, got, "")
}

// differsFrom says where a value is not as wanted, or nothing.
func differsFrom(want JSON, got any, path string) string {
	at := "the JSON"
	if path != "" {
		at += " at " + strings.TrimPrefix(path, ".")
	}
	is := func() string { return fmt.Sprintf("%s is %s, not %s", at, shown(got), shown(want)) }
	switch want := want.(type) {
	case Object:
		object, ok := got.(map[string]any)
		if !ok {
			return is()
		}
		for _, m := range want {
			value, ok := object[m.Name]
			if !ok {
				return fmt.Sprintf("%s has no member %s", at, quoted(m.Name))
			}
			if why := differsFrom(m.Value, value, path+"."+m.Name); why != "" {
				return why
			}
		}
	case []JSON:
		array, ok := got.([]any)
		switch {
		case !ok:
			return is()
		case len(array) != len(want):
			return fmt.Sprintf("%s has %d items, not %d", at, len(array), len(want))
		}
		for i := range want {
			if why := differsFrom(want[i], array[i], fmt.Sprintf("%s[%d]", path, i)); why != "" {
				return why
			}
		}
	case json.Number:
		if n, ok := got.(json.Number); !ok || decimal(string(n)) != decimal(string(want)) {
			return is()
		}
	default:
		if got != want { // strings, bools, nil
			return is()
		}
	}
	return ""
}

// decimal is a number in the one form of its value: digits that neither begin
// nor end with a zero, and their exponent. It costs what the digits cost.
func decimal(s string) string {
	s, negative := strings.CutPrefix(s, "-")
	s, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	whole, fraction, _ := strings.Cut(s, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return "0"
	}
	var e big.Int
	if len(exponent) > 1000 { // no number that anybody means
		return s + "e" + exponent
	}
	e.SetString(strings.TrimPrefix(exponent, "+"), 10)
	e.Sub(&e, big.NewInt(int64(len(fraction))))
	short := strings.TrimRight(digits, "0")
	e.Add(&e, big.NewInt(int64(len(digits)-len(short))))
	if negative {
		short = "-" + short
	}
	return short + "e" + e.String()
}

// shown is a value in a message.
func shown(v any) string {
	switch v := v.(type) {
	case map[string]any, Object:
		return "an object"
	case []any, []JSON:
		return "an array"
	case string:
		return quoted(v)
	case json.Number:
		if len(v) > 40 {
			return string(v[:40]) + "…"
		}
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return "null"
}

func quoted(s string) string { return transcript.Quote([]byte(s), int64(len(s)), 40) }
