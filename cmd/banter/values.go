package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"banter/runner/scenario"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// valueFlags are the flags that give variables values.
func valueFlags(cmd *cobra.Command, to *scenario.Config) {
	flags := cmd.Flags()
	flags.Var(variables(&to.Vars, "NAME=VALUE", nil), "var", "give a variable a value, in place of the file's own")
	flags.Var(variables(&to.Secrets, "NAME", os.LookupEnv), "secret", "the same, with the environment's value, which is shown as ***; or NAME=VALUE")
	completeFrom(cmd, "var", variableWords("="))
	completeFrom(cmd, "secret", variableWords(""))
}

// variables is a flag that can be given again, a variable each time. Lookup, if
// not nil, has the value where there is none.
func variables(to *map[string]string, kind string, lookup func(string) (string, bool)) pflag.Value {
	return &value[map[string]string]{to: to, kind: kind, parse: func(s string) (map[string]string, error) {
		name, text, given := strings.Cut(s, "=")
		switch {
		case name == "":
			return *to, errors.New("has no name; it is NAME=VALUE")
		case !given && lookup == nil:
			return *to, errors.New("has no value; it is NAME=VALUE")
		case !given:
			if text, given = lookup(name); !given {
				return *to, errors.New("is not in the environment; set it there, or write NAME=VALUE")
			}
		}
		all := maps.Clone(*to)
		if all == nil {
			all = map[string]string{}
		}
		all[name] = text
		return all, nil
	}}
}

// valueWords are the flags that say the same again, without what is secret.
func valueWords(c scenario.Config) (words []string) {
	for _, name := range slices.Sorted(maps.Keys(c.Vars)) {
		words = append(words, "--var", name+"="+c.Vars[name])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Secrets)) {
		words = append(words, "--secret", name)
	}
	return words
}

// unusedValues complains about a value from outside for which no file has a
// variable: it would be lost in silence.
func unusedValues(c scenario.Config, files []*scenario.File) error {
	for _, name := range slices.Sorted(maps.Keys(c.Secrets)) {
		if _, twice := c.Vars[name]; twice {
			return fmt.Errorf("--var %s and --secret %[1]s are two values of one variable", name)
		}
	}
	for _, flag := range []struct {
		name   string
		values map[string]string
	}{{"var", c.Vars}, {"secret", c.Secrets}} {
		for _, name := range slices.Sorted(maps.Keys(flag.values)) {
			if !slices.ContainsFunc(files, func(f *scenario.File) bool { return f.Takes[name] }) {
				return fmt.Errorf("--%s %s: no file has a variable ${%[2]s}", flag.name, name)
			}
		}
	}
	return nil
}
