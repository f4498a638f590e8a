package match

import (
	"encoding/json"
	"testing"
)

func TestJSON(t *testing.T) {
	number := func(s string) JSON { return json.Number(s) }
	for _, test := range []struct {
		want  JSON
		frame string
		why   string
	}{
		{Object{}, `{"a": 1}`, ""},
		{Object{{"a", Object{{"b", number("2.50")}}}}, `{"a": {"b": 25e-1, "c": 1}, "d": []}`, ""},
		{Object{{"a", number("1")}}, `{}`, `the JSON has no member "a"`},
		{Object{{"a", number("1")}}, `[]`, "the JSON is an array, not an object"},
		{Object{{"a", Object{{"b", nil}}}}, `{"a": {"b": false}}`, "the JSON at a.b is false, not null"},
		{[]JSON{number("1"), number("2")}, `[1, 2.0]`, ""},
		{[]JSON{number("1"), number("2")}, `[1]`, "the JSON has 1 items, not 2"},
		{[]JSON{number("1"), number("2")}, `[1, 3]`, "the JSON at [1] is 3, not 2"},
		{[]JSON{"1"}, `[1]`, `the JSON at [0] is 1, not "1"`},
		{"ä", `"\u00e4"`, ""},
		{number("100"), "1e2", ""},
		{number("-0"), "0.000e5", ""},
		{number("-1"), "1", "the JSON is 1, not -1"},
		{number("1"), "1e1000000000000", "the JSON is 1e1000000000000, not 1"},
		{number("10000000000000000000001"), "10000000000000000000002", "the JSON is 10000000000000000000002, not 10000000000000000000001"},
		{true, `true true`, "the frame is no JSON: more follows the value"},
		{true, ``, "the frame is empty, and no JSON"},
		{true, `tru`, "the frame is no JSON: unexpected EOF"},
	} {
		if why := notJSON(test.want, []byte(test.frame)); why != test.why {
			t.Errorf("%v of %s: %s, want %s", test.want, test.frame, why, test.why)
		}
	}
}
