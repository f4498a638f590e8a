package runtest

import (
	"os"
	"testing"

	"banter/runner"
	"banter/runner/report"
	"banter/runner/scenario"
	"banter/runner/update"
)

// updated plays files until they say what comes, writes them, and returns them as
// they are then.
func (o *options) updated(t *testing.T, files []*scenario.File) []*scenario.File {
	t.Helper()
	ctx, cancel := beforeDeadline(t)
	defer cancel()
	u := update.New(o.config, files)
	for {
		var scenarios []*scenario.Scenario
		for _, f := range u.Files() {
			scenarios = append(scenarios, f.Scenarios...)
		}
		runner.PlayAll(ctx, scenarios, runner.SuiteOptions{Options: o.run}, u.Hear)
		if ctx.Err() != nil {
			t.Fatalf("%v; no file was changed", ctx.Err())
		}
		if !u.Next() {
			break
		}
	}
	for _, c := range u.Changes() {
		if err := os.WriteFile(c.Was.Path, c.Now.Source, 0o666); err != nil {
			t.Fatal(err)
		}
		t.Logf("updated %s", report.Clean(c.Was.Path))
	}
	for _, left := range u.Left() {
		t.Logf("%s: left as it is: %s", left.Pos, report.Clean(left.Why))
	}
	return u.Files()
}
