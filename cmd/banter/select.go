package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"banter/runner/scenario"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
)

// selection says which scenarios of the files are meant.
type selection struct {
	filter *regexp.Regexp
	tags   []string
}

func (s *selection) flags(cmd *cobra.Command) {
	cmd.Flags().Var(regex(&s.filter, "REGEX"), "filter", "only scenarios whose name matches")
	cmd.Flags().Var(words(&s.tags, "TAG"), "tag", "only scenarios with this tag; given again, with any of them")
	completeFrom(cmd, "filter", filterWords)
	completeFrom(cmd, "tag", tagWords)
}

// choices is how many names are listed where none was right.
const choices = 10

// of returns the scenarios that are meant. That there are none is an error
// that says what there would be.
func (s *selection) of(files []*scenario.File) ([]*scenario.Scenario, error) {
	var all, chosen []*scenario.Scenario
	for _, f := range files {
		all = append(all, f.Scenarios...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no scenarios in %s", counted(len(files), "file"))
	}
	tagged := false
	for _, sc := range all {
		if len(s.tags) > 0 && !slices.ContainsFunc(sc.Tags, func(t string) bool { return slices.Contains(s.tags, t) }) {
			continue
		}
		tagged = true
		if s.filter == nil || s.filter.MatchString(sc.Name) {
			chosen = append(chosen, sc)
		}
	}
	switch {
	case len(chosen) > 0:
		return chosen, nil
	case !tagged:
		return nil, fmt.Errorf("no scenario has the tag %s; %s", quotedList(s.tags), known(s.tags[0], tagsOf(all), "tags"))
	}
	asked := strings.Trim(s.filter.String(), "^$")
	return nil, fmt.Errorf("no scenario matches --filter %q; %s", s.filter, known(asked, namesOf(all), "scenarios"))
}

// known says what there is: all of it where that is little.
func known(asked string, names []string, what string) string {
	if len(names) == 0 {
		return "there are no " + what
	}
	if len(names) <= choices {
		return "there are: " + strings.Join(names, ", ")
	}
	if like := nearest(asked, names); like != "" {
		return fmt.Sprintf("did you mean %q?", like)
	}
	return fmt.Sprintf(`there are %d others ("banter list" shows them)`, len(names))
}

func namesOf(list []*scenario.Scenario) []string {
	var names []string
	for _, s := range list {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}

func tagsOf(list []*scenario.Scenario) []string {
	var tags []string
	for _, s := range list {
		tags = append(tags, s.Tags...)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// nearest is the name that is most like a word, or "" where none is.
func nearest(word string, names []string) string {
	best, found := max(1, (len(word)+1)/3)+1, ""
	for _, name := range names {
		if d := levenshtein.ComputeDistance(word, name); d < best {
			best, found = d, name
		}
	}
	return found
}

func quotedList(words []string) string {
	var quoted []string
	for _, w := range words {
		quoted = append(quoted, fmt.Sprintf("%q", w))
	}
	return strings.Join(quoted, " or ")
}

// counted is a number and what is counted: "1 file", "2 files".
func counted(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
