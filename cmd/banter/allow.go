package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"banter/runner/scenario"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// everything is what a flag stands for that has no value.
const everything = "*"

// allowFlags are the flags that open to scenarios what they may not touch by
// themselves.
func allowFlags(cmd *cobra.Command, to *scenario.Allow) {
	flags := cmd.Flags()
	grant := func(to *scenario.Grant, kind, name, usage string, check func(string) error) {
		flags.VarPF(granted(to, kind, check), name, "", usage).NoOptDefVal = everything
	}
	grant(&to.Net, "HOST:PORT,...", "allow-net", "addresses that are not loopback: all, or these (unix:PATH for sockets)", scenario.CheckNet)
	grant(&to.Run, "PROGRAM,...", "allow-run", "programs that scenarios start: all, or these", func(string) error { return nil })
	flags.Var(folders(&to.Read, "DIR"), "allow-read", "files below this folder too, not below the scenario's own alone")
	complete(cmd, "allow-net", cobra.NoFileCompletions)
	complete(cmd, "allow-run", cobra.NoFileCompletions)
	complete(cmd, "allow-read", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	})
}

// granted is a list of what is allowed. Alone the flag allows all.
func granted(to *scenario.Grant, kind string, check func(string) error) pflag.Value {
	return &value[scenario.Grant]{to: to, kind: kind, parse: func(s string) (scenario.Grant, error) {
		if s == everything {
			return scenario.Grant{All: true, Only: to.Only}, nil
		}
		for entry := range strings.SplitSeq(s, ",") {
			if entry == "" {
				return *to, errors.New("has nothing between two commas; without = it allows all")
			}
			if err := check(entry); err != nil {
				return *to, err
			}
			to.Only = append(to.Only, entry)
		}
		return *to, nil
	}}
}

// folders is a flag that can be given again, a folder each time.
func folders(to *[]string, kind string) pflag.Value {
	return &value[[]string]{to: to, kind: kind, parse: func(s string) ([]string, error) {
		info, err := os.Stat(s)
		switch {
		case err != nil:
			return *to, errors.New("is no folder that can be read: " + reason(err).Error())
		case !info.IsDir():
			return *to, errors.New("is a file; give the folder that it is in")
		}
		return append(*to, s), nil
	}}
}

// allowWords are the flags that say the same again.
func allowWords(a scenario.Allow) (words []string) {
	for _, flag := range []struct {
		name  string
		grant scenario.Grant
	}{{"--allow-net", a.Net}, {"--allow-run", a.Run}} {
		switch {
		case flag.grant.All:
			words = append(words, flag.name)
		case flag.grant.Only != nil:
			words = append(words, fmt.Sprintf("%s=%s", flag.name, strings.Join(flag.grant.Only, ",")))
		}
	}
	for _, dir := range a.Read {
		words = append(words, "--allow-read="+dir)
	}
	return words
}
