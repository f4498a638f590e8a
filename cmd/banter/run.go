package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"banter/runner"
	"banter/runner/report"
	"banter/runner/scenario"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// linesMax is how many scenarios have a line each where nobody watches.
const linesMax = 20

// runFlags are what "banter run" is told.
type runFlags struct {
	selection
	shard          shard
	config         scenario.Config
	suite          runner.SuiteOptions
	reports        []wantedReport
	update, watch  bool
	heard          func(runner.Play) // hears each play too; nil: nobody does
	verbose, quiet bool
	color          string
	isolation      string
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [FLAGS] PATH...",
		Short: "Play scenarios, and say whether they passed",
		Long: `Run plays scenarios over real sockets, many at the same time, and says whether
they passed.

A PATH is a scenario file, a folder (every *.yaml and *.yml below it), or - for
standard input. If any file is wrong, all that is wrong is said and nothing is
run.

With --update, what came is written into the files, in place of expects that
failed and of transcripts that differ, and played again until nothing changes.
The rest of a file stays as it is, to the byte.

With --watch, the scenarios of a file are played again when it changes, or a
file that it includes or sends, and those of new files in the folders. Enter plays
all again, and q ends it.

The exit status is 0 if all passed, 1 if one failed, 2 if there was
nothing to run or no way to, and 130 if it was interrupted.`,
		Example: `  banter run scenarios/                         all below a folder
  banter run -v greeting.yaml                   with what each side saw
  banter run --filter '^smtp-' --slow 5 tests/  some, on a slow machine
  banter run --until-fail -q flaky.yaml         until it shows its fault
  banter run --perturb 20 --connect greeter=127.0.0.1:7890 greeting.yaml
                                                does the server take a read for a message?
  banter run --update greeting.yaml             what came is right from now on
  banter run --watch scenarios/                 again whenever a file is saved
  banter run --connect greeter=127.0.0.1:7890 greeting.yaml
                                                against the real server there
  generate | banter run -                       from standard input`,
		Args:              somePaths,
		ValidArgsFunction: scenarioFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.quiet && f.verbose {
				return errors.New("-q and -v exclude each other")
			}
			if err := cmp.Or(f.canUpdate(args), f.canWatch(args)); err != nil {
				return err
			}
			if err := a.seeded(cmd, &f.suite.Perturb); err != nil {
				return err
			}
			f.suite.Kernel = f.verbose
			if err := a.isolate(&f); err != nil {
				return err
			}
			f.config.Update = f.update
			f.config.Real = f.suite.Real != runner.RealNever
			if f.watch {
				return a.watch(cmd, args, &f)
			}
			files, err := a.valid(cmd, f.config, args, "; nothing was run")
			if err != nil {
				return err
			}
			if f.update {
				return a.updateFiles(cmd.Context(), files, &f)
			}
			return a.runFiles(cmd.Context(), files, &f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	f.selection.flags(cmd)
	shardFlag(cmd, &f.shard)
	flags.VarP(positive(&f.suite.Jobs, "N"), "jobs", "j", "how many scenarios play at the same time (4 for each processor)")
	flags.Var(positive(&f.suite.Repeat, "N"), "repeat", "play each scenario so often")
	flags.BoolVar(&f.suite.UntilFail, "until-fail", false, "play all again and again until one fails, --repeat times at most")
	flags.BoolVar(&f.suite.FailFast, "fail-fast", false, "start nothing more after a failure")
	perturbFlags(cmd, &f.suite.Perturb)
	flags.BoolVar(&f.update, "update", false, "write what came into the files, where expects failed and where transcripts are written out")
	flags.BoolVar(&f.watch, "watch", false, "play again what has changed, until q or Ctrl-C")
	timeFlags(cmd, &f.suite.Options)
	valueFlags(cmd, &f.config)
	flags.Var(realServers(&f.suite.Connect, "NAME=ADDRESS"), "connect", "play against the real server there, in place of the declared one")
	allowFlags(cmd, &f.config.Allow)
	realFlag(cmd, &f.suite.Real)
	reportFlag(cmd, &f.reports)
	isolateFlag(cmd, &f.isolation)
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show the transcripts too")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show failures, and nothing else")
	colorFlag(cmd, &f.color)
	complete(cmd, "jobs", cobra.NoFileCompletions)
	complete(cmd, "repeat", cobra.NoFileCompletions)
	completeFrom(cmd, "connect", serverWords)
	return cmd
}

// timeFlags are the flags that change how long steps may take.
func timeFlags(cmd *cobra.Command, to *runner.Options) {
	cmd.Flags().Var(length(&to.Timeout, "D"), "timeout", "how long a step may take that has no \"within\", in place of the scenarios' timeout")
	cmd.Flags().Var(factor(&to.Slow, "FACTOR"), "slow", "stretch every timeout by this")
	complete(cmd, "timeout", cobra.NoFileCompletions)
	complete(cmd, "slow", cobra.NoFileCompletions)
}

func colorFlag(cmd *cobra.Command, to *string) {
	colors := []string{"auto", "always", "never"}
	cmd.Flags().Var(choice(to, colors...), "color", "whether output is coloured")
	complete(cmd, "color", cobra.FixedCompletions(colors, cobra.ShellCompDirectiveNoFileComp))
}

// runFiles plays what is selected of valid files, and reports it.
func (a *app) runFiles(ctx context.Context, files []*scenario.File, f *runFlags) error {
	scenarios, err := f.of(files)
	if err != nil {
		return err
	}
	if err := a.ready(f, scenarios); err != nil {
		return err
	}
	a.warn(scenarios)
	if f.shard.total == 0 {
		if f.shard, err = shardOf(os.Getenv, 0); err != nil {
			return fmt.Errorf("--shard %w; --shard 1/1 plays all", err)
		}
	}
	return a.play(ctx, files, a.share(f.shard, scenarios), f)
}

// play plays scenarios of the files, and reports what came of them.
func (a *app) play(ctx context.Context, files []*scenario.File, scenarios []*scenario.Scenario, f *runFlags) error {
	out, err := a.reportsOf(f, files, scenarios)
	if err != nil {
		return err
	}
	defer out.discard()

	ctx, stop := interruptible(ctx)
	defer stop()
	failed, interrupted := false, false
	begin := time.Now()
	line := a.progressOf(f, len(scenarios))
	line.watch(&f.suite)
	a.stdout.line = line
	runner.PlayAll(ctx, scenarios, f.suite, func(p runner.Play) {
		switch {
		case p.Failed():
			failed = true
		case p.Stopped, p.NotRun && ctx.Err() != nil:
			interrupted = true
		}
		if f.heard != nil {
			f.heard(p)
		}
		if out.play(p) != nil {
			stop() // nobody can be told any more
		}
	})
	line.end()
	a.stdout.line = nil
	if err := out.close(time.Since(begin), interrupted); err != nil {
		return err
	}
	switch {
	case interrupted:
		a.errorf("banter run", "interrupted")
		return status(statusInterrupted)
	case failed:
		return status(statusFailed)
	}
	return nil
}

// reportsOf opens the reports of a run.
func (a *app) reportsOf(f *runFlags, files []*scenario.File, scenarios []*scenario.Scenario) (*reports, error) {
	opts := a.textOptions(f, scenarios)
	how := reporting{
		who:  "banter run",
		run:  report.Run{Began: time.Now(), Banter: versionNumber(), Flags: opts.Flags, Scenarios: len(scenarios)},
		opts: report.TextOptions{Flags: opts.Flags},
		text: func(w io.Writer, toFile bool) *report.Text {
			opts := opts
			if toFile {
				opts.Color, opts.Columns, opts.Quiet = f.color == "always", 0, false
			}
			return report.NewText(w, opts)
		},
	}
	if f.shard.total > 1 {
		how.run.Shard, how.run.Shards = f.shard.index, f.shard.total
	}
	for _, file := range files {
		how.sources = append(how.sources, file.Path)
	}
	return a.openReports(f.reports, how)
}

// ready says what keeps scenarios from being played so, and fills in what was not
// said.
func (a *app) ready(f *runFlags, scenarios []*scenario.Scenario) error {
	if err := cmp.Or(checkConnect(f.suite.Connect, f.suite.Real, scenarios), checkServes(f.suite.Real, scenarios)); err != nil {
		return err
	}
	if f.suite.Jobs == 0 {
		f.suite.Jobs = 4 * max(1, runtime.GOMAXPROCS(0))
	}
	return nil
}

// warn writes the warnings of the files that are run, once.
func (a *app) warn(scenarios []*scenario.Scenario) {
	var last *scenario.File
	for _, s := range scenarios {
		if s.File != nil && s.File != last {
			fmt.Fprint(a.stderr, report.Problems(s.File.Problems.Warnings()))
			last = s.File
		}
	}
}

func (a *app) textOptions(f *runFlags, scenarios []*scenario.Scenario) report.TextOptions {
	columns, terminal := terminalWidth(a.stdout.w)
	o := report.TextOptions{
		Passing: terminal || f.verbose || len(scenarios) <= linesMax,
		Verbose: f.verbose,
		Quiet:   f.quiet,
		Repeats: f.suite.Repeat > 1 || f.suite.UntilFail,
		Color:   useColor(f.color, terminal, os.Getenv),
		Columns: columns,
		Names:   report.NameColumns(scenarios),
		Flags:   slices.Concat(connectWords(f.suite.Connect), valueWords(f.config), allowWords(f.config.Allow), servesWords(f.suite.Real), isolateWords(f.isolation)),
	}
	o.Flags = append(o.Flags, timeWords(f.suite.Options)...)
	return o
}

// timeWords are the flags that say the same again.
func timeWords(o runner.Options) (words []string) {
	if o.Timeout != 0 {
		words = append(words, "--timeout", o.Timeout.String())
	}
	if o.Slow != 0 {
		words = append(words, "--slow", fmt.Sprint(o.Slow))
	}
	return words
}

// terminalWidth is how many columns w has, if it is a terminal.
func terminalWidth(w io.Writer) (columns int, terminal bool) {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0, true
	}
	return columns, true
}

// useColor decides by the flag first, then by the environment's conventions.
func useColor(when string, terminal bool, getenv func(string) string) bool {
	force := getenv("CLICOLOR_FORCE")
	switch {
	case when != "auto":
		return when == "always"
	case getenv("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	case getenv("TERM") == "dumb":
		return false
	}
	return terminal
}
