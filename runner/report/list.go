package report

import (
	"fmt"
	"strings"

	"banter/runner/scenario"
)

// List is scenarios in columns: name, tags (where any has some), place.
func List(scenarios []*scenario.Scenario) string {
	names, tags := 0, 0
	for _, s := range scenarios {
		names = max(names, width(Clean(s.Name)))
		tags = max(tags, width(tagText(s)))
	}
	names = min(names, nameMax)
	var b strings.Builder
	for _, s := range scenarios {
		line := pad(Clean(s.Name), names) + "   "
		if tags > 0 {
			line += pad(tagText(s), tags) + "   "
		}
		fmt.Fprintf(&b, "%s%s:%d\n", line, Clean(s.Pos.File), s.Pos.Line)
	}
	return b.String()
}

func tagText(s *scenario.Scenario) string { return Clean(strings.Join(s.Tags, ", ")) }

// NameColumns is how many columns the longest name takes.
func NameColumns(scenarios []*scenario.Scenario) int {
	columns := 0
	for _, s := range scenarios {
		columns = max(columns, width(Clean(s.Name)))
	}
	return columns
}
