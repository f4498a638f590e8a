package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"banter/runner/report"
	"banter/runner/scenario"

	"github.com/spf13/cobra"
)

// firstScenario is what "banter init" writes, under the name firstName.
//
//go:embed first.yaml
var firstScenario string

const firstName = "greeting"

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [NAME]",
		Short: "Write a first scenario, to be run and changed",
		Long: `Init writes a first scenario with comments, ready to run, into the file
NAME.yaml (greeting.yaml). Folders are made where there are none; a file that is
there is left alone. With - in place of NAME the scenario goes to standard output.`,
		Example: `  banter init                  greeting.yaml, here
  banter init tests/login      tests/login.yaml, and the folder too
  banter init - | banter run -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("takes one name, and there is %q too", args[1])
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(_ *cobra.Command, args []string) error {
			name := firstName
			if len(args) == 1 {
				name = args[0]
			}
			return a.init(name)
		},
	}
}

func (a *app) init(path string) error {
	if path == scenario.Stdin {
		_, err := a.stdout.Write([]byte(firstScenario))
		return err
	}
	ext := filepath.Ext(path)
	if ext != ".yaml" && ext != ".yml" {
		ext = ""
	}
	name := strings.TrimSuffix(filepath.Base(path), ext)
	if path == "" || strings.HasSuffix(path, string(filepath.Separator)) || name == "" || name == "." || name == ".." {
		return fmt.Errorf("%q is no name for a scenario; give one, as in %q", path, "banter init "+firstName)
	}
	if ext == "" {
		path += ".yaml"
	}
	if err := create(path, named(name, path)); err != nil {
		return err
	}
	file := commandPath(path)
	fmt.Fprintf(a.stdout, `wrote %s

Next:
  banter run -v %[2]s        plays it, and shows what each side saw
  banter run --watch %[2]s   plays it again whenever it is saved
`, report.Clean(path), file)
	return nil
}

// named is the first scenario with a name of its own, in a file of its own.
func named(name, path string) string {
	text := strings.ReplaceAll(firstScenario, firstName+".yaml", commandPath(path))
	if !plainName.MatchString(name) {
		name = strconv.Quote(name)
	}
	return strings.Replace(text, "name: "+firstName+"\n", "name: "+name+"\n", 1)
}

// commandPath is a path as an argument in a shell.
func commandPath(path string) string {
	if strings.HasPrefix(path, "-") {
		path = "./" + path
	}
	return report.Clean(report.ShellWord(path))
}

// plainName is a name that means itself in YAML.
var plainName = regexp.MustCompile(`^[\pL\pN_][\pL\pN_.-]*$`)

// create writes a file that is not there yet, below folders that need not be there
// either: all of it, or none.
func create(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("%s: %w", path, reason(err))
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s is there already, and stays as it is; give another name", path)
	case err != nil:
		return fmt.Errorf("%s: %w", path, reason(err))
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err != nil {
		os.Remove(path)
		return fmt.Errorf("%s: %w", path, reason(err))
	}
	return nil
}
