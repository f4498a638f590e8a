package main

import (
	"errors"
	"slices"

	"banter/runner"
	"banter/runner/scenario"

	"github.com/spf13/cobra"
)

// realFlag is the flag that has processes play in place of the declared servers
// that they serve.
func realFlag(cmd *cobra.Command, to *runner.Real) {
	v := &value[runner.Real]{to: to, kind: "only|both", parse: func(s string) (runner.Real, error) {
		switch s {
		case "only":
			return runner.RealOnly, nil
		case "both":
			return runner.RealBoth, nil
		}
		return runner.RealNever, errors.New("must be only, which it is alone, or both")
	}}
	cmd.Flags().VarPF(v, "real", "", `play against the processes that "serve" in place of the servers, or against both`).NoOptDefVal = "only"
	complete(cmd, "real", cobra.FixedCompletions([]string{"only", "both"}, cobra.ShellCompDirectiveNoFileComp))
}

// checkServes complains about a --real that nothing obeys.
func checkServes(real runner.Real, scenarios []*scenario.Scenario) error {
	serves := func(s *scenario.Scenario) bool {
		return slices.ContainsFunc(s.Processes, func(c *scenario.Process) bool { return c.Serves != "" })
	}
	if real != runner.RealNever && !slices.ContainsFunc(scenarios, serves) {
		return errors.New(`--real: no process of these scenarios serves a server ("serves: NAME")`)
	}
	return nil
}

// servesWords are the flags that say the same again.
func servesWords(real runner.Real) []string {
	switch real {
	case runner.RealOnly:
		return []string{"--real"}
	case runner.RealBoth:
		return []string{"--real=both"}
	}
	return nil
}
