package main

import "testing"

// The scenarios with real programs pass, against declared servers and against
// the real ones. What is not installed is skipped.
func TestProgramScenarios(t *testing.T) {
	const folder = "../../scenarios/programs"
	for _, flags := range [][]string{nil, {"--real"}, {"--real=both"}} {
		args := append([]string{"run", "--allow-run", folder}, flags...)
		if status, stdout, stderr := banter(t, args...); status != 0 || stderr != "" {
			t.Errorf("%q: exit status %d\n%s%s", args, status, stdout, stderr)
		}
	}
}
