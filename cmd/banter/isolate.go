package main

import (
	"errors"
	"strings"

	"banter/runner/wire"

	"github.com/spf13/cobra"
)

// When scenarios are played in networks of their own.
const (
	isolateAuto   = "auto" // where that can be
	isolateAlways = "always"
	isolateNever  = "never"
)

func isolateFlag(cmd *cobra.Command, to *string) {
	modes := []string{isolateNever, isolateAuto, isolateAlways}
	cmd.Flags().VarPF(choice(to, modes...), "isolate", "", "play each scenario in a network of its own (alone: auto, where that can be)").NoOptDefVal = isolateAuto
	if err := cmd.RegisterFlagCompletionFunc("isolate", cobra.FixedCompletions(modes, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
}

// isolate finds out whether scenarios can have networks of their own, if they are
// to.
func (a *app) isolate(f *runFlags) error {
	if f.isolation == isolateNever {
		return nil
	}
	if len(f.suite.Connect) > 0 {
		return errors.New("--connect and --isolate exclude each other: no real server is inside a network of the scenario's own")
	}
	err := wire.CanIsolate()
	switch {
	case err == nil:
		f.suite.Isolate, f.config.Allow.Isolated = true, true
	case f.isolation == isolateAlways:
		return errors.New("--isolate=always: there is no isolated network: " + err.Error())
	default:
		f.suite.NotIsolated = err.Error()
		a.errorf("banter run", "--isolate: played without, as there is no isolated network: %s", err)
	}
	return nil
}

// isolateWords are the flags that say the same again.
func isolateWords(mode string) []string {
	if mode == isolateNever {
		return nil
	}
	return []string{"--isolate=" + mode}
}

// wantsIsolation reports whether the command line may ask for networks of their
// own, before it is read.
func wantsIsolation(args []string) bool {
	for _, arg := range args {
		if arg == "--" {
			break
		}
		if arg == "--isolate" || strings.HasPrefix(arg, "--isolate=") && arg != "--isolate="+isolateNever {
			return true
		}
	}
	return false
}
