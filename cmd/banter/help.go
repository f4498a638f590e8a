package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Say what a command does",
		Long:  `Help says what a command does, and what it can be told.`,
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			for _, c := range cmd.Root().Commands() {
				if c.IsAvailableCommand() {
					names = append(names, c.Name())
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				word := args[len(args)-1]
				return fmt.Errorf("no command %q; %s", word, suggestion(cmd.Root(), word))
			}
			found.InitDefaultHelpFlag()
			a.help(found)
			return nil
		},
	}
}

// help writes what there is to say about a command.
func (a *app) help(cmd *cobra.Command) {
	fmt.Fprintf(a.stdout, "%s\n\nUsage:\n  %s\n", cmd.Long, useLine(cmd))
	section := func(title, text string) {
		if text != "" {
			fmt.Fprintf(a.stdout, "\n%s:\n%s\n", title, strings.TrimRight(text, "\n"))
		}
	}
	section("Commands", commandList(cmd))
	section("Examples", cmd.Example)
	section("Flags", optional.ReplaceAllString(cmd.LocalFlags().FlagUsages(), "[=$1]  "))
	if cmd.HasAvailableSubCommands() {
		fmt.Fprint(a.stdout, "\n\"banter help COMMAND\" says more about one.\n")
	}
}

// optional is how pflag shows a flag whose value can be left out.
var optional = regexp.MustCompile(` (\S+)\[=\*\]`)

// useLine is the command's own, without what cobra would add to it.
func useLine(cmd *cobra.Command) string {
	if cmd.HasParent() {
		return cmd.Root().Name() + " " + cmd.Use
	}
	return cmd.Use
}

// commandList is the subcommands and what each of them does, a line each.
func commandList(cmd *cobra.Command) string {
	var b strings.Builder
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			fmt.Fprintf(&b, "  %-12s%s\n", c.Name(), c.Short)
		}
	}
	return b.String()
}
