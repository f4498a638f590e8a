package main

import (
	"errors"
	"fmt"

	"banter/runner/report"
	"banter/runner/scenario"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"
)

// fmtFlags say what becomes of files that are not formatted yet.
type fmtFlags struct {
	write, diff, list bool
}

func (a *app) fmtCommand() *cobra.Command {
	var f fmtFlags
	cmd := &cobra.Command{
		Use:   "fmt [FLAGS] PATH...",
		Short: "Write scenario files in the one way to write them",
		Long: `Fmt formats scenario files: it changes blanks and blank lines, and nothing else,
so that a file means what it meant and no comment is lost. It prints the result
of one file, or of standard input.

The exit status is 2 if a file is not YAML; no file is written then. With -d and
-l it is 1 if a file is not formatted.`,
		Example: `  banter fmt -w scenarios/
  banter fmt -d greeting.yaml`,
		Args:              somePaths,
		ValidArgsFunction: scenarioFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.fmt(cmd, args, f)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVarP(&f.write, "write", "w", false, "write the files that change, and name them")
	cmd.Flags().BoolVarP(&f.diff, "diff", "d", false, "show what would change, as a unified diff")
	cmd.Flags().BoolVarP(&f.list, "list", "l", false, "name the files that would change")
	return cmd
}

// formattedFile is a file and what becomes of it.
type formattedFile struct {
	path string
	was  []byte
	now  []byte
}

func (a *app) fmt(cmd *cobra.Command, paths []string, f fmtFlags) error {
	found, err := a.found(cmd, paths)
	if err != nil {
		return err
	}
	if err := f.fit(found); err != nil {
		return err
	}
	files, err := a.formatted(cmd, found, f.write)
	if err != nil {
		return err
	}
	var ends error
	for _, file := range files {
		name := file.path
		if name == scenario.Stdin {
			name = scenario.StdinName
		}
		changes := string(file.was) != string(file.now)
		switch {
		case !f.write && !f.diff && !f.list:
			_, _ = a.stdout.Write(file.now) // the sink knows
		case !changes:
		case f.diff:
			_, _ = a.stdout.Write(diff.Diff(name+".orig", file.was, name, file.now))
			ends = status(statusFailed)
		case f.list:
			fmt.Fprintln(a.stdout, report.Clean(name))
			ends = status(statusFailed)
		default:
			if err := replaceFile(file.path, file.was, file.now); err != nil {
				a.errorf(cmd.CommandPath(), "%v", err)
				ends = status(statusUsage)
				continue
			}
			fmt.Fprintln(a.stdout, report.Clean(name))
		}
	}
	return ends
}

// fit complains about flags that do not go together, or not with the files.
func (f fmtFlags) fit(paths []string) error {
	switch {
	case f.write && f.diff, f.write && f.list, f.diff && f.list:
		return errors.New("-w, -d and -l exclude each other")
	case f.write:
		for _, path := range paths {
			if path == scenario.Stdin {
				return errors.New("-w can't write to standard input (-); give a file")
			}
		}
	case !f.diff && !f.list && len(paths) > 1:
		return fmt.Errorf("%d files; to write them say -w, to see what would change -d or -l", len(paths))
	}
	return nil
}

// formatted reads and formats files. Where any can't be, all that is wrong is said.
func (a *app) formatted(cmd *cobra.Command, paths []string, write bool) (files []formattedFile, err error) {
	var problems, bad int
	for _, path := range paths {
		name := path
		if path == scenario.Stdin {
			name = scenario.StdinName
		}
		src, readErr := scenario.Source(path, a.stdin)
		if readErr != nil {
			a.errorf(cmd.CommandPath(), "%s: %v", path, reason(readErr))
			err = status(statusUsage)
			continue
		}
		now, wrong, formatErr := scenario.Format(name, src)
		switch {
		case formatErr != nil:
			a.errorf(cmd.CommandPath(), "%s: %v", name, formatErr)
			err = status(statusUsage)
		case len(wrong) > 0:
			fmt.Fprint(a.stderr, report.Problems(wrong))
			problems += len(wrong)
			bad++
			err = status(statusUsage)
		}
		files = append(files, formattedFile{path, src, now})
	}
	if problems > 0 {
		end := ""
		if write {
			end = "; nothing was written"
		}
		fmt.Fprintf(a.stderr, "%s in %s%s\n", counted(problems, "error"), counted(bad, "file"), end)
	}
	return files, err
}
