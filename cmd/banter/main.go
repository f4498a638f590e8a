// Banter plays scripted conversations over real sockets: a YAML scenario
// declares servers and clients, and what each of them says and expects.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"banter/runner/program"
	"banter/runner/report"

	"github.com/spf13/cobra"
)

func main() {
	// A reader that went away is an error of the write, not a silent death.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if status, done := shelter(os.Args[1:]); done {
		os.Exit(status)
	}
	// A run is short and lives in little memory: collecting less often takes a
	// sixth off a thousand scenarios, for some 20 MiB.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	endOrphans := program.Adopt() // of the programs that scenarios start
	status := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	endOrphans()
	os.Exit(status)
}

// interruptible returns a context that ends with the first signal, so that
// scenarios end in order. The second signal finds the system's own behaviour
// again, and kills. While files are read, so does the first: a pipe may keep
// its reader waiting for ever.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if sheltered {
		signals = signals[1:]
	}
	ctx, stop := signal.NotifyContext(ctx, signals...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// Exit statuses.
const (
	statusFailed      = 1   // a scenario failed
	statusUsage       = 2   // usage, an invalid file, nothing to run, no way to say what came of it
	statusInterrupted = 130 // as shells have it for SIGINT
)

// status ends the program; all that is to be said has been.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// app is one call of the command.
type app struct {
	stdin  io.Reader
	stdout *sink
	stderr io.Writer
}

// sink is standard output. It remembers that a write failed.
type sink struct {
	w    io.Writer
	line *progress // makes way for what is written; nil: there is none
	err  error
}

func (o *sink) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.line.makeWay(o.w).Write(p)
	o.err = err
	return n, err
}

// run is the command, in process: it returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: &sink{w: stdout}, stderr: stderr}
	root := a.rootCommand()
	root.SetArgs(args)
	if args == nil {
		root.SetArgs([]string{}) // cobra would take those of the process
	}
	cmd, err := root.ExecuteContextC(ctx)
	if a.stdout.err != nil {
		// What was to be said is lost, whatever it was.
		a.errorf("banter", "standard output: %v", reason(a.stdout.err))
		return statusUsage
	}
	var s status
	switch {
	case err == nil:
		return 0
	case errors.As(err, &s):
		return int(s)
	}
	a.errorf(cmd.CommandPath(), "%v", err)
	return statusUsage
}

// errorf writes one error. Errors are for people: they go to standard error,
// and nothing is to be done where that fails.
func (a *app) errorf(who, format string, args ...any) {
	fmt.Fprintf(a.stderr, "%s: %s\n", who, report.Clean(fmt.Sprintf(format, args...)))
}

// reason is an error without the operation and the path, which say nothing
// where the path is /dev/stdout.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

const intro = `Banter plays scripted conversations over real sockets.

A YAML scenario declares servers and clients, and what each of them says and
expects. Banter plays it over the system's own sockets and says whether
everything came about as the scenario says.`

// rootCommand is the command with all its subcommands. Little is done here:
// it runs at every start.
func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "banter COMMAND [FLAGS] PATH...",
		Short:         "Scripted conversations over real sockets",
		Long:          intro,
		Args:          cobra.ArbitraryArgs,
		RunE:          a.noCommand,
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
	}
	root.Flags().Bool("version", false, "say which banter this is")
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { a.help(cmd) })
	root.SetHelpCommand(a.helpCommand())
	cobra.EnableCommandSorting = false
	root.AddCommand(a.initCommand(), a.runCommand(), a.checkCommand(), a.serveCommand(), a.talkCommand(), a.listenCommand(), a.recordCommand(), a.importCommand(),
		a.listCommand(), a.fmtCommand(), a.schemaCommand(), a.mergeCommand(), a.versionCommand(), a.completionCommand(), a.manCommand())
	return root
}

// noCommand is what happens without a subcommand, or with one that is none.
func (a *app) noCommand(root *cobra.Command, args []string) error {
	if show, _ := root.Flags().GetBool("version"); show {
		return a.version()
	}
	if len(args) == 0 {
		fmt.Fprintf(a.stderr, "usage: %s\n\n%s\n\"banter help\" says more.\n", useLine(root), commandList(root))
		return status(statusUsage)
	}
	hint := suggestion(root, args[0])
	if _, err := os.Stat(args[0]); err == nil && hint == noSuggestion {
		hint = fmt.Sprintf("did you mean %q?", "banter run "+args[0])
	}
	return fmt.Errorf("no command %q; %s", args[0], hint)
}

const noSuggestion = `see "banter help"`

// suggestion says which command a word may have been meant to be.
func suggestion(root *cobra.Command, word string) string {
	if s := root.SuggestionsFor(word); len(s) > 0 {
		return fmt.Sprintf("did you mean %q?", s[0])
	}
	return noSuggestion
}
