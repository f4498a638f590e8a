package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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

// finder collects scenario files, each once however often it is met.
type finder struct {
	files []string
	seen  map[string]bool
}

// findFiles returns the scenario files that are meant by the paths, in their
// order, and what is wrong with the paths.
func findFiles(paths []string) (files []string, errs []error) {
	f := finder{seen: map[string]bool{}}
	for _, path := range paths {
		if err := f.path(path); err != nil {
			errs = append(errs, err)
		}
	}
	return f.files, errs
}

func (f *finder) path(path string) error {
	if path == scenario.Stdin {
		f.add(path, path)
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return pathError(path, err)
	}
	if info.IsDir() {
		return f.folder(path, realPath(path))
	}
	f.add(path, realPath(path))
	return nil
}

// pathError is what is wrong with a path.
func pathError(path string, err error) error {
	switch {
	case path == "":
		return errors.New("a path is empty")
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: no such file or folder", path)
	}
	return fmt.Errorf("%s: %w", path, reason(err))
}

// folder adds every scenario file below a folder, sorted. What is hidden is
// for other programs, and what is no file (a pipe would keep us waiting) for
// those who name it.
func (f *finder) folder(folder, real string) error {
	found := false
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return pathError(path, err)
		}
		name := entry.Name()
		if path != folder && strings.HasPrefix(name, ".") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(name); entry.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		inside, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		target, kind := filepath.Join(real, inside), entry.Type()
		if kind&fs.ModeSymlink != 0 {
			info, err := os.Stat(path)
			if err != nil {
				return pathError(path, err)
			}
			target, kind = realPath(path), info.Mode() // a linked folder is no file
		}
		if !kind.IsRegular() {
			return nil
		}
		found = true
		f.add(path, target)
		return nil
	})
	if err == nil && !found {
		return fmt.Errorf("%s: no *.yaml or *.yml below it", folder)
	}
	return err
}

func (f *finder) add(path, real string) {
	if !f.seen[real] {
		f.seen[real] = true
		f.files = append(f.files, path)
	}
}

// realPath is what identifies a file, whichever way it is reached. A pipe of a
// shell's <(command) has a name, and nothing behind it.
func realPath(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(absolute); err == nil {
		return real
	}
	return absolute
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
	files, errs := findFiles(paths)
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
			errs = append(errs, pathError(path, err))
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
