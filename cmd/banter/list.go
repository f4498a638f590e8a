package main

import (
	"fmt"
	"path/filepath"

	"banter/runner/report"
	"banter/runner/scenario"

	"github.com/spf13/cobra"
)

// all is allowed where nothing is played.
var all = scenario.Allow{
	Net:  scenario.Grant{All: true},
	Run:  scenario.Grant{All: true},
	Read: []string{string(filepath.Separator)},
}

func (a *app) listCommand() *cobra.Command {
	var which selection
	cmd := &cobra.Command{
		Use:   "list [FLAGS] PATH...",
		Short: "List scenarios: names, tags and places",
		Long:  `List shows the scenarios of files: the name, the tags, and the place.`,
		Example: `  banter list scenarios/
  banter list --tag smoke scenarios/`,
		Args:              somePaths,
		ValidArgsFunction: scenarioFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := a.valid(cmd, scenario.Config{Allow: all}, args, "")
			if err != nil {
				return err
			}
			scenarios, err := which.of(files)
			if err != nil {
				return err
			}
			fmt.Fprint(a.stdout, report.List(scenarios))
			return nil
		},
	}
	which.flags(cmd)
	return cmd
}
