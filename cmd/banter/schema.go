package main

import (
	"banter/runner/report"
	"banter/runner/scenario"

	"github.com/spf13/cobra"
)

func (a *app) schemaCommand() *cobra.Command {
	ofReport := false
	cmd := &cobra.Command{
		Use:   "schema [FLAGS]",
		Short: "Print a JSON Schema of scenario files, for editors",
		Long: `Schema prints a JSON Schema (draft-07) of scenario files. An editor with
yaml-language-server offers the language's words with it, shows what they mean,
and underlines what is wrong. "banter check" finds more: a schema knows nothing
of names, of order, and of what goes together.

With --report it prints the JSON Schema (draft 2020-12) of a line of the JSON Lines
that "banter run -o jsonl" writes.`,
		Example: `  banter schema > banter.schema.json
  banter schema --report > report.schema.json`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			text := scenario.Schema()
			if ofReport {
				text = report.JSONSchema
			}
			_, err := a.stdout.Write(text)
			return err
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&ofReport, "report", false, "the schema of the report jsonl, in place of that of scenarios")
	return cmd
}
