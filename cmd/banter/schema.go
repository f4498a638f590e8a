package main

import (
	"banter/runner/scenario"

	"github.com/spf13/cobra"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print a JSON Schema of scenario files, for editors",
		Long: `Schema prints a JSON Schema (draft-07) of scenario files. An editor with
yaml-language-server offers the language's words with it, shows what they mean,
and underlines what is wrong. "banter check" finds more: a schema knows nothing
of names, of order, and of what goes together.`,
		Example:           `  banter schema > banter.schema.json`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(scenario.Schema())
			return err
		},
	}
}
