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
	var share shard
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [FLAGS] PATH...",
		Short: "List scenarios: names, tags and places",
		Long: `List shows the scenarios of files: the name, the tags, and the place. With --json
it is one JSON object a line: what there is to know about a scenario without
playing it.`,
		Example: `  banter list scenarios/
  banter list --tag smoke scenarios/
  banter list --json scenarios/ | jq -r 'select(.skip) | .name'`,
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
			write := report.List
			if asJSON {
				write = report.ListJSON
			}
			fmt.Fprint(a.stdout, write(share.of(scenarios)))
			return nil
		},
	}
	cmd.Flags().SortFlags = false
	which.flags(cmd)
	shardFlag(cmd, &share)
	cmd.Flags().BoolVar(&asJSON, "json", false, "a JSON object a line")
	return cmd
}
