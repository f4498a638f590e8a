package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"banter/runner"
	"banter/runner/report"
	"banter/runner/scenario"
	"banter/runner/update"
)

// canUpdate complains about what does not go together with --update.
func (f *runFlags) canUpdate(paths []string) error {
	switch {
	case !f.update:
	case f.suite.Repeat > 0, f.suite.UntilFail, f.suite.FailFast:
		return errors.New("--update plays as often as it has to, and so excludes --repeat, --until-fail and --fail-fast")
	case !f.suite.Perturb.None():
		return errors.New("--update and --perturb exclude each other: what comes of a perturbed run is not what is right")
	case f.shard.total > 0:
		return errors.New("--update and --shard exclude each other; --filter chooses what is brought up to date")
	case f.suite.Real == runner.RealBoth:
		return errors.New("--update and --real=both: which of the two is right? --real alone takes the real ones at their word")
	case slices.Contains(paths, scenario.Stdin):
		return errors.New("--update can't write to standard input (-); give a file")
	}
	return nil
}

// updateFiles plays what is selected of valid files, has them say what came, and
// plays what has changed again, until nothing changes any more. Then the files
// are written, and what came last is reported.
func (a *app) updateFiles(ctx context.Context, files []*scenario.File, f *runFlags) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	u := update.New(f.config, files)
	var plays []runner.Play
	var out *reports
	begin := time.Now()
	for {
		scenarios, err := f.of(u.Files())
		if err != nil {
			return err
		}
		first := plays == nil
		if first {
			if err := a.ready(f, scenarios); err != nil {
				return err
			}
			a.warn(scenarios)
			if out, err = a.reportsOf(f, files, scenarios); err != nil {
				return err
			}
			defer out.discard()
			plays = make([]runner.Play, len(scenarios))
		}
		var again []*scenario.Scenario
		var at []int // in plays
		for i, s := range scenarios {
			if first || u.Changed(s) {
				again, at = append(again, s), append(at, i)
			}
		}
		interrupted := false
		line := a.progressOf(f, len(again))
		line.watch(&f.suite)
		next := 0
		runner.PlayAll(ctx, again, f.suite, func(p runner.Play) {
			interrupted = interrupted || p.Stopped || p.NotRun
			plays[at[next]] = p
			next++
			u.Hear(p)
		})
		line.end()
		if interrupted {
			a.errorf("banter run", "interrupted; no file was changed")
			return status(statusInterrupted)
		}
		if !u.Next() {
			break
		}
	}
	written := a.writeChanges(u, f)
	for _, left := range u.Left() {
		fmt.Fprintf(a.stderr, "%s: left as it is: %s\n", left.Pos, report.Clean(left.Why))
	}
	failed := false
	for _, p := range plays {
		failed = failed || p.Failed()
		if err := out.play(p); err != nil {
			return err
		}
	}
	if err := out.close(time.Since(begin), false); err != nil {
		return err
	}
	switch {
	case !written:
		return status(statusUsage)
	case failed:
		return status(statusFailed)
	}
	return nil
}

// writeChanges writes the files that have changed, and says so. It reports
// whether all could be written.
func (a *app) writeChanges(u *update.Update, f *runFlags) bool {
	ok := true
	for _, c := range u.Changes() {
		if err := replaceFile(c.Was.Path, c.Was.Source, c.Now.Source); err != nil {
			a.errorf("banter run", "%v", err)
			ok = false
			continue
		}
		var what []string
		if c.Expects > 0 {
			what = append(what, counted(c.Expects, "expect"))
		}
		if c.Transcripts > 0 {
			what = append(what, counted(c.Transcripts, "transcript"))
		}
		if !f.quiet {
			fmt.Fprintf(a.stdout, "updated %s: %s\n", report.Clean(c.Was.Path), strings.Join(what, ", "))
		}
	}
	return ok
}
