package report

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"banter/runner/scenario"
)

// listed is a scenario as ListJSON has it. docs/command.md says what each member
// is.
type listed struct {
	Name        string   `json:"name"`
	File        string   `json:"file"`
	Line        int      `json:"line"`
	Column      int      `json:"column"`
	Description string   `json:"description,omitempty"`
	Case        string   `json:"case,omitempty"`
	Tags        []string `json:"tags"`
	Servers     []string `json:"servers"`
	Clients     []string `json:"clients"`
	Real        []string `json:"real"`
	Requires    []string `json:"requires"`
	Skip        string   `json:"skip,omitempty"`
}

// ListJSON is scenarios as JSON Lines: an object each, in a line of its own.
func ListJSON(scenarios []*scenario.Scenario) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for _, s := range scenarios {
		l := listed{
			Name: s.Name, File: path(s), Line: s.Pos.Line, Column: s.Pos.Col,
			Description: s.Description, Case: s.Case, Skip: s.Skip,
			// An empty list is [], and not null.
			Tags: append([]string{}, s.Tags...), Requires: append([]string{}, s.Requires...),
			Servers: []string{}, Clients: []string{}, Real: []string{},
		}
		for _, srv := range s.Servers {
			l.Servers = append(l.Servers, srv.Name)
		}
		for _, c := range s.Clients {
			l.Clients = append(l.Clients, c.Name)
		}
		for _, p := range s.Processes {
			if p.Serves != "" {
				l.Real = append(l.Real, p.Serves)
			}
		}
		if err := encoder.Encode(l); err != nil {
			panic(err) // there is nothing in it that can't be encoded
		}
	}
	return unprintable.ReplaceAllStringFunc(b.String(), func(s string) string { return fmt.Sprintf(`\u%04x`, []rune(s)[0]) })
}

// unprintable are the characters that a terminal may act on and that JSON does not
// escape: DEL and the controls above it, and marks of the writing direction.
var unprintable = regexp.MustCompile("[\x7f\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
