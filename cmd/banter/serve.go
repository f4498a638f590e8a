package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"banter/runner"
	"banter/runner/report"
	"banter/runner/scenario"
	"banter/runner/transcript"

	"github.com/spf13/cobra"
)

// serveFlags are what "banter serve" is told.
type serveFlags struct {
	selection
	config scenario.Config
	opts   runner.ServeOptions
	json   bool
	color  string
}

func (a *app) serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve [FLAGS] FILE",
		Short: "Play a scenario's servers, for programs from outside",
		Long: `Serve plays the servers of one scenario, for clients that are other programs. It
says where they listen, what each connection sees as it happens, and what was
wrong with it. The scenario's clients are not played.

It ends with Ctrl-C or, with --once, when each declared connection has been
served, and then says whether all came about as the scenario says. The exit
status is 0 if it did, 1 if not, and 2 if there was nothing to serve.`,
		Example: `  banter serve greeting.yaml                    until Ctrl-C
  banter serve --once --json greeting.yaml      for a script: addresses first
  banter serve --filter '^smtp-ok$' smtp.yaml   one of several scenarios
  banter serve --timeout 10m greeting.yaml      for a person at the keyboard`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("give one scenario file, as in %q", cmd.CommandPath()+" greeting.yaml")
			}
			return nil
		},
		ValidArgsFunction: scenarioFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := a.valid(cmd, f.config, args, "; nothing was served")
			if err != nil {
				return err
			}
			return a.serve(cmd.Context(), files, &f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&f.opts.Once, "once", false, "end when each declared connection has been served")
	flags.BoolVar(&f.json, "json", false, "write lines of JSON: the addresses, each connection, the verdict")
	f.selection.flags(cmd)
	timeFlags(cmd, &f.opts.Options)
	valueFlags(cmd, &f.config)
	allowFlags(cmd, &f.config.Allow)
	colorFlag(cmd, &f.color)
	return cmd
}

// serve plays the servers of the one scenario that is selected.
func (a *app) serve(ctx context.Context, files []*scenario.File, f *serveFlags) error {
	scenarios, err := f.of(files)
	if err != nil {
		return err
	}
	s := scenarios[0]
	switch {
	case len(scenarios) > 1:
		return fmt.Errorf("there are %d scenarios; choose one with --filter: %s", len(scenarios), some(namesOf(scenarios)))
	case len(s.Servers) == 0:
		return errors.New("the scenario has no servers")
	}
	a.warn(scenarios)

	ctx, stop := interruptible(ctx)
	defer stop()
	told := func(err error) {
		if err != nil {
			stop() // nobody can be told any more
		}
	}
	columns, terminal := terminalWidth(a.stdout.w)
	out := report.NewServing(a.stdout, report.TextOptions{
		Passing: true,
		Color:   useColor(f.color, terminal, os.Getenv),
		Columns: columns,
		Command: "serve",
		Flags:   slices.Concat(valueWords(f.config), allowWords(f.config.Allow), timeWords(f.opts.Options)),
	})
	if f.json {
		out = report.NewServingJSON(a.stdout)
	}
	f.opts.Ready = func(list []runner.Listening) { told(out.Ready(list)) }
	f.opts.Accepted = func(name, from string) {
		fmt.Fprintln(a.stderr, report.Clean(fmt.Sprintf("%s: a connection from %s", name, from)))
	}
	f.opts.Happened = func(name string, news []transcript.Entry) { told(out.Happened(name, news)) }
	f.opts.Served = func(conn runner.Actor, failures []runner.Failure) { told(out.Served(conn, failures)) }

	p := runner.Play{Scenario: s, Round: 1, Result: runner.Serve(ctx, s, f.opts)}
	if err := out.Close(p); err != nil {
		return err
	}
	if p.Failed() {
		return status(statusFailed)
	}
	return nil
}

// some is a list of names, the first of very many.
func some(names []string) string {
	if more := len(names) - choices; more > 0 {
		return fmt.Sprintf("%s, and %d more", strings.Join(names[:choices], ", "), more)
	}
	return strings.Join(names, ", ")
}
