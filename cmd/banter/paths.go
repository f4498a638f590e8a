package main

import (
	"fmt"

	"banter/runner/report"
	"banter/runner/scenario"

	"github.com/spf13/cobra"
)

// somePaths wants at least one path.
func somePaths(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("nothing given; give files, folders, or - for standard input, as in %q", cmd.CommandPath()+" scenarios/")
	}
	return nil
}

// scenarioFiles completes paths to files and folders.
func scenarioFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}

// errorsShown writes what keeps the files from being run, each error in a line.
// It returns how many there are, and how many files have some.
func (a *app) errorsShown(files []*scenario.File) (problems, bad int) {
	for _, f := range files {
		if errs := f.Problems.Errors(); len(errs) > 0 {
			fmt.Fprint(a.stderr, report.Problems(errs))
			problems += len(errs)
			bad++
		}
	}
	return problems, bad
}

// found is the files that the paths mean. What is wrong with a path is written.
func (a *app) found(cmd *cobra.Command, paths []string) ([]string, error) {
	files, errs := scenario.Find(paths)
	for _, err := range errs {
		a.errorf(cmd.CommandPath(), "%v", err)
	}
	if len(errs) > 0 {
		return nil, status(statusUsage)
	}
	return files, nil
}

// read reads the files that the paths mean, right or wrong.
func (a *app) read(cmd *cobra.Command, config scenario.Config, paths []string) ([]*scenario.File, error) {
	found, err := a.found(cmd, paths)
	if err != nil {
		return nil, err
	}
	var files []*scenario.File
	var errs []error
	for _, path := range found {
		file, err := config.Read(path, a.stdin)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, reason(err)))
			continue
		}
		files = append(files, file)
	}
	if len(errs) == 0 {
		if err := unusedValues(config, files); err != nil {
			errs = append(errs, err)
		}
	}
	for _, err := range errs {
		a.errorf(cmd.CommandPath(), "%v", err)
	}
	if len(errs) > 0 {
		return nil, status(statusUsage)
	}
	return files, nil
}

// valid reads the files that the paths mean. Where any is wrong, all that is
// wrong with them is written, and how it ends.
func (a *app) valid(cmd *cobra.Command, config scenario.Config, paths []string, end string) ([]*scenario.File, error) {
	files, err := a.read(cmd, config, paths)
	if err != nil {
		return nil, err
	}
	if problems, bad := a.errorsShown(files); problems > 0 {
		fmt.Fprintf(a.stderr, "%s in %s%s\n", counted(problems, "error"), counted(bad, "file"), end)
		return nil, status(statusUsage)
	}
	return files, nil
}
