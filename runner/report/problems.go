package report

import (
	"fmt"
	"strings"

	"banter/runner/scenario"
)

// problemsMax is how many problems of one file are shown.
const problemsMax = 20

// Problems is what is wrong with a file, a line each.
func Problems(list scenario.Problems) string {
	var b strings.Builder
	for i, p := range list {
		if i == problemsMax {
			fmt.Fprintf(&b, "%s: %d more\n", Clean(p.Pos.File), len(list)-i)
			break
		}
		b.WriteString(Clean(p.String()) + "\n")
	}
	return b.String()
}
