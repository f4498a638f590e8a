package report

import (
	"fmt"
	"strings"

	"banter/runner/scenario"
)

// problemsMax is how many problems of one file are shown.
const problemsMax = 20

// Problems is what is wrong with a file, a line each. Where there is more than
// can be shown, errors go before warnings.
func Problems(list scenario.Problems) string {
	var b strings.Builder
	errs := min(len(list.Errors()), problemsMax)
	warnings := min(len(list)-errs, problemsMax-errs)
	for _, p := range list {
		left := &errs
		if p.Warning {
			left = &warnings
		}
		if *left > 0 {
			*left--
			b.WriteString(Clean(p.String()) + "\n")
		}
	}
	if more := len(list) - problemsMax; more > 0 {
		fmt.Fprintf(&b, "%s: %d more\n", Clean(list[0].Pos.File), more)
	}
	return b.String()
}
