package main

import (
	"fmt"

	"banter/runner"
	"banter/runner/report"
	"banter/runner/scenario"

	"github.com/spf13/cobra"
)

func (a *app) checkCommand() *cobra.Command {
	var strict bool
	var config scenario.Config
	var real runner.Real
	cmd := &cobra.Command{
		Use:   "check [FLAGS] PATH...",
		Short: "Say what is wrong with scenario files, without playing them",
		Long: `Check says everything about scenario files that can be said without opening a
socket: errors, which keep a file from being run, and warnings.

The exit status is 2 if there are errors. Warnings alone leave it at 0.`,
		Example: `  banter check scenarios/
  banter check --strict greeting.yaml`,
		Args:              somePaths,
		ValidArgsFunction: scenarioFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			config.Real = real != runner.RealNever
			return a.check(cmd, config, args, strict)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&strict, "strict", false, "warnings count as errors for the exit status")
	valueFlags(cmd, &config)
	allowFlags(cmd, &config.Allow)
	realFlag(cmd, &real)
	return cmd
}

func (a *app) check(cmd *cobra.Command, config scenario.Config, paths []string, strict bool) error {
	files, err := a.read(cmd, config, paths)
	if err != nil {
		return err
	}
	var problems, warnings, bad, scenarios int
	for _, f := range files {
		fmt.Fprint(a.stderr, report.Problems(f.Problems))
		scenarios += len(f.Scenarios)
		errs, warns := len(f.Problems.Errors()), len(f.Problems.Warnings())
		problems += errs
		warnings += warns
		if errs+warns > 0 {
			bad++
		}
	}
	switch {
	case problems > 0:
		what := counted(problems, "error")
		if warnings > 0 {
			what += ", " + counted(warnings, "warning")
		}
		fmt.Fprintf(a.stderr, "%s in %s\n", what, counted(bad, "file"))
		return status(statusUsage)
	case warnings > 0:
		fmt.Fprintf(a.stderr, "%s in %s\n", counted(warnings, "warning"), counted(bad, "file"))
		if strict {
			return status(statusUsage)
		}
		return nil
	}
	fmt.Fprintf(a.stdout, "%s, %s, nothing wrong\n", counted(len(files), "file"), counted(scenarios, "scenario"))
	return nil
}
