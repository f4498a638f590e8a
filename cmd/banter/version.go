package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set where a release is built: -ldflags "-X main.version=v1.2.3".
var version string

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which banter this is",
		Long: `Version says which banter this is: its version, its commit, and what it was built
with.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.version() },
	}
}

func (a *app) version() error {
	info, _ := debug.ReadBuildInfo()
	fmt.Fprint(a.stdout, versionText(info))
	return nil
}

// versionText is what is known of a build; info may be nil.
func versionText(info *debug.BuildInfo) string {
	number, commit, modified := version, "unknown", ""
	if info != nil {
		if number == "" {
			number = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				commit = s.Value
			case "vcs.modified":
				if s.Value == "true" {
					modified = " (modified)"
				}
			}
		}
	}
	if number == "" {
		number = "(devel)"
	}
	return fmt.Sprintf("banter %s\ncommit %s%s\nbuilt with %s for %s/%s\n",
		number, commit, modified, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// versionNumber is the version alone.
func versionNumber() string {
	info, _ := debug.ReadBuildInfo()
	first, _, _ := strings.Cut(versionText(info), "\n")
	return strings.TrimPrefix(first, "banter ")
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("takes no arguments, and there is %q", args[0])
	}
	return nil
}
