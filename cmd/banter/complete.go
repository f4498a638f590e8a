package main

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"banter/runner/report"
	"banter/runner/scenario"

	"github.com/spf13/cobra"
)

// wordsOf finds the words that a flag can be given, each with what there is to say
// about it. Typed is what of one is there already.
type wordsOf func(files []*scenario.File, typed string) map[string]string

// completeFrom has the words of a flag come from the files that stand on the line
// before the cursor, or else from those in the working folder.
func completeFrom(cmd *cobra.Command, flag string, find wordsOf) {
	complete(cmd, flag, func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		directive := cobra.ShellCompDirectiveNoFileComp
		var list []string
		words := find(filesOnLine(args), typed)
		for _, word := range slices.Sorted(maps.Keys(words)) {
			if report.Clean(word) != word || strings.ContainsAny(word, "\t\n") {
				continue // the shell would get another one
			}
			if strings.HasSuffix(word, "=") {
				directive |= cobra.ShellCompDirectiveNoSpace
			}
			about, _, _ := strings.Cut(words[word], "\n")
			list = append(list, cobra.CompletionWithDesc(word, report.Clean(about)))
		}
		return list, directive
	})
}

func complete(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err) // there is no such flag
	}
}

// filesOnLine reads what can be read; what can't is for the command to say.
func filesOnLine(args []string) (files []*scenario.File) {
	var paths []string
	for _, path := range args {
		if path != scenario.Stdin {
			paths = append(paths, path)
		}
	}
	if len(args) == 0 {
		for _, pattern := range []string{"*.yaml", "*.yml"} {
			here, _ := filepath.Glob(pattern) // there is nothing wrong with the pattern
			paths = append(paths, here...)
		}
	}
	found, _ := scenario.Find(paths)
	for _, path := range found {
		if file, err := (scenario.Config{Allow: all}).Read(path, nil); err == nil {
			files = append(files, file)
		}
	}
	return files
}

func filterWords(files []*scenario.File, typed string) map[string]string {
	words := map[string]string{}
	for _, f := range files {
		for _, s := range f.Scenarios {
			word := regexp.QuoteMeta(s.Name)
			if strings.HasPrefix(typed, "^") {
				word = "^" + word + "$"
			}
			words[word] = s.Description
		}
	}
	return words
}

func tagWords(files []*scenario.File, _ string) map[string]string {
	words := map[string]string{}
	for _, f := range files {
		for _, tag := range tagsOf(f.Scenarios) {
			words[tag] = ""
		}
	}
	return words
}

func serverWords(files []*scenario.File, typed string) map[string]string {
	words := map[string]string{}
	if strings.Contains(typed, "=") {
		return words // an address
	}
	for _, f := range files {
		for _, s := range f.Scenarios {
			for _, srv := range s.Servers {
				words[srv.Name+"="] = srv.Note
			}
		}
	}
	return words
}

// variableWords are the variables that have a place for a value from outside, with
// an end.
func variableWords(end string) wordsOf {
	return func(files []*scenario.File, typed string) map[string]string {
		words := map[string]string{}
		if strings.Contains(typed, "=") {
			return words // a value
		}
		for _, f := range files {
			for name := range f.Takes {
				words[name+end] = ""
			}
		}
		return words
	}
}
