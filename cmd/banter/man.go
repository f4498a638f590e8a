package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the manual pages",
		Long: `Man writes the manual pages into a folder, which it makes if it is not there:
banter.1 and one for each command, banter-run.1 and so on.`,
		Example: `  banter man man1 && man -l man1/banter-run.1
  banter man "$DESTDIR/usr/share/man/man1"      for a package`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("give one folder, as in %q", cmd.CommandPath()+" man1")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.man(cmd.Root(), args[0]) },
	}
}

// man writes a page for a command and for each of those below it.
func (a *app) man(root *cobra.Command, dir string) error {
	date, err := builtOn()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("%s: %w", dir, reason(err))
	}
	for _, cmd := range append([]*cobra.Command{root}, commands(root)...) {
		path := filepath.Join(dir, pageName(cmd)+".1")
		if err := os.WriteFile(path, []byte(manPage(cmd, date)), 0o666); err != nil {
			return fmt.Errorf("%s: %w", path, reason(err))
		}
	}
	return nil
}

// builtOn is the date of the pages: that of the sources, where it is known.
func builtOn() (time.Time, error) {
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" { // https://reproducible-builds.org/specs/source-date-epoch/
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return time.Time{}, errors.New("SOURCE_DATE_EPOCH is not a number of seconds")
		}
		return time.Unix(seconds, 0).UTC(), nil
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if t, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
				return t, nil
			}
		}
	}
	return time.Now(), nil
}

// commands are those that a command has and that have a page.
func commands(cmd *cobra.Command) (list []*cobra.Command) {
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			list = append(list, c)
		}
	}
	return list
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage is the help of a command in the macros of mdoc(7).
func manPage(cmd *cobra.Command, date time.Time) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(".Dd %s", date.Format("January 2, 2006"))
	line(".Dt %s 1", strings.ToUpper(pageName(cmd)))
	line(".Os banter")
	line(".Sh NAME\n.Nm %s\n.Nd %s", pageName(cmd), roff(lowerFirst(cmd.Short)))
	line(".Sh SYNOPSIS\n%s", synopsis(cmd))
	line(".Sh DESCRIPTION\n%s", filled(cmd.Long))
	if below := commands(cmd); len(below) > 0 {
		line(".Pp\nThe commands are:\n.Bl -tag -width Ds")
		for _, c := range below {
			line(".It Xr %s 1\n%s", pageName(c), filled(c.Short+"."))
		}
		line(".El")
	}
	cmd.InitDefaultHelpFlag()
	line(".Sh OPTIONS\n.Bl -tag -width Ds")
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { line(".It %s\n%s", flagItem(f), filled(flagText(f))) })
	line(".El")
	if cmd.Example != "" {
		line(".Sh EXAMPLES\n.Bd -literal\n%s\n.Ed", roff(cmd.Example))
	}
	line(".Sh SEE ALSO")
	if cmd.HasParent() {
		line(".Xr %s 1", pageName(cmd.Parent()))
	} else {
		line("%s", strings.Join(seeAlso(commands(cmd)), " ,\n"))
	}
	return b.String()
}

func seeAlso(list []*cobra.Command) (lines []string) {
	for _, c := range list {
		lines = append(lines, ".Xr "+pageName(c)+" 1")
	}
	slices.Sort(lines)
	return lines
}

// synopsis is a command's use: what is in brackets can be left out.
func synopsis(cmd *cobra.Command) string {
	words := []string{".Nm", cmd.Root().Name()}
	if cmd.HasParent() {
		words = append(words, "Cm", cmd.Name())
	}
	for _, word := range strings.Fields(cmd.Use)[1:] {
		bare := strings.Trim(word, "[]")
		for range strings.Count(word, "[") {
			words = append(words, "Oo")
		}
		switch name := strings.TrimLeft(bare, "-"); {
		case name == "":
			words = append(words, "Cm", roff(bare))
		case name != bare:
			words = append(words, strings.Repeat("Fl ", len(bare)-len(name))+roff(name))
		default:
			words = append(words, "Ar", roff(bare))
		}
		for range strings.Count(word, "]") {
			words = append(words, "Oc")
		}
	}
	return strings.Join(words, " ")
}

// flagItem is a flag and its value.
func flagItem(f *pflag.Flag) string {
	item := "Fl Fl " + roff(f.Name)
	if f.Shorthand != "" {
		item = "Fl " + f.Shorthand + " , " + item
	}
	switch {
	case f.Value.Type() == "bool":
		return item
	case f.NoOptDefVal != "":
		return item + ` Ns Oo = Ns Ar ` + roff(f.Value.Type()) + " Oc"
	}
	return item + " Ar " + roff(f.Value.Type())
}

func flagText(f *pflag.Flag) string {
	text := strings.ToUpper(f.Usage[:1]) + f.Usage[1:]
	if f.DefValue != "" && f.Value.Type() != "bool" {
		text += " (default " + f.DefValue + ")"
	}
	return text + "."
}

// filled is paragraphs of text that may be filled. A sentence begins a line.
func filled(text string) string {
	var paragraphs []string
	for p := range strings.SplitSeq(text, "\n\n") {
		var lines []string
		line := ""
		for _, word := range strings.Fields(p) {
			if line != "" && (len(line)+len(word) > 70 || strings.HasSuffix(line, ".") && !strings.HasSuffix(line, "..")) {
				lines, line = append(lines, line), ""
			}
			line = strings.TrimPrefix(line+" "+word, " ")
		}
		paragraphs = append(paragraphs, roff(strings.Join(append(lines, line), "\n")))
	}
	return strings.Join(paragraphs, "\n.Pp\n")
}

// roff is text in which nothing means anything to roff(7).
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
