package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"

	"banter/runner"
	"banter/runner/report"
	"banter/runner/scenario"

	"github.com/spf13/cobra"
)

func (a *app) mergeCommand() *cobra.Command {
	var wanted []wantedReport
	cmd := &cobra.Command{
		Use:   "merge [FLAGS] FILE...",
		Short: "Join the JSON Lines of several runs into one report",
		Long: `Merge reads the reports of several runs, as "banter run -o jsonl" writes them,
and joins them into one: as text, or in any of the formats. Shards are put in the
order that one run would have had, and one that is missing is named.

The exit status is that of the whole: 0 if all passed, 1 if a scenario failed, 2
if a file is wrong, ends too early or is missing, and 130 if a run was interrupted.`,
		Example: `  banter merge shard-*.jsonl
  banter merge -o junit=report.xml -o github shard-1.jsonl shard-2.jsonl`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New(`give the reports that "banter run -o jsonl=FILE" has written`)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.merge(args, wanted) },
	}
	cmd.Flags().SortFlags = false
	reportFlag(cmd, &wanted)
	return cmd
}

// merged is what several reports have together.
type merged struct {
	run     report.Run
	summary report.Summary // its Elapsed is that of the longest: shards run side by side
	parts   []part
	cut     bool // something is missing
}

// part is one of the runs, and what was played in it.
type part struct {
	run   report.Run
	cases []*report.Case
}

func (a *app) merge(files []string, wanted []wantedReport) error {
	var m merged
	for i, file := range files {
		for _, other := range files[:i] {
			if file == other || file != scenario.Stdin && other != scenario.Stdin && sameFile(file, other) {
				return fmt.Errorf("%s is given twice", file)
			}
		}
		if err := a.mergeFile(&m, file); err != nil {
			return err
		}
	}
	if missing := m.missing(); missing != "" {
		a.errorf("banter merge", "no file has %s", missing)
		m.cut = true
	}
	out, err := a.openReports(wanted, reporting{who: "banter merge", run: m.run, sources: files})
	if err != nil {
		return err
	}
	defer out.discard()
	failed := false
	for _, c := range m.inOrder() {
		failed = failed || c.Status.Bad()
		if err := out.add(runner.Play{}, c); err != nil {
			return err
		}
	}
	if err := out.close(m.summary.Elapsed, m.summary.Interrupted || m.cut); err != nil {
		return err
	}
	switch {
	case m.cut:
		return status(statusUsage)
	case m.summary.Interrupted:
		return status(statusInterrupted)
	case failed:
		return status(statusFailed)
	}
	return nil
}

// mergeFile adds what is in a file, and says what is not.
func (a *app) mergeFile(m *merged, path string) error {
	in, name := a.stdin, scenario.StdinName
	if path != scenario.Stdin {
		file, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, reason(err))
		}
		defer file.Close()
		in, name = file, path
	}
	var cases []*report.Case
	runs, err := report.ReadJSONLines(in, func(c *report.Case) error {
		cases = append(cases, c)
		return nil
	})
	var line *report.LineError
	switch {
	case errors.As(err, &line):
		return fmt.Errorf("%s:%w", name, err)
	case err != nil:
		return fmt.Errorf("%s: %w", name, reason(err))
	}
	for _, r := range runs {
		m.add(&r)
		m.parts = append(m.parts, part{r.Run, cases[:r.Plays]})
		cases = cases[r.Plays:]
		switch {
		case r.Cut != "":
			a.errorf("banter merge", "%s %s", name, r.Cut)
		case r.Summary.Interrupted:
			a.errorf("banter merge", "%s: the run was interrupted", name)
		}
	}
	return nil
}

// add takes in what is known of a run beside its cases.
func (m *merged) add(r *report.Recorded) {
	if m.run.Began.IsZero() || r.Run.Began.Before(m.run.Began) && !r.Run.Began.IsZero() {
		m.run.Began = r.Run.Began
	}
	if m.run.Flags == nil {
		m.run.Flags = r.Run.Flags
	}
	m.run.Banter = versionNumber()
	m.run.Scenarios += r.Run.Scenarios
	m.summary.Elapsed = max(m.summary.Elapsed, r.Summary.Elapsed)
	m.summary.Interrupted = m.summary.Interrupted || r.Summary.Interrupted
	m.cut = m.cut || r.Cut != ""
}

// shards are the parts by the index of their shard, if all of them are shards of as
// many: of total. Otherwise there are none.
func (m *merged) shards() (byIndex map[int][]part, total int) {
	byIndex = map[int][]part{}
	for _, p := range m.parts {
		if total = p.run.Shards; total == 0 || total != m.parts[0].run.Shards {
			return nil, 0
		}
		byIndex[p.run.Shard] = append(byIndex[p.run.Shard], p)
	}
	return byIndex, total
}

// missing names the shards that are not there: "shard 2/3", "shard 2/9 and 3 more".
func (m *merged) missing() string {
	byIndex, total := m.shards()
	for i := 1; i <= total; i++ {
		if byIndex[i] != nil {
			continue
		}
		text := fmt.Sprintf("shard %d/%d", i, total)
		if more := total - len(byIndex) - 1; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		return text
	}
	return ""
}

// inOrder returns all cases in the order of the files or, where these are the shards
// of one run, in the order that it would have had: shard.of gave them the scenarios
// by turns.
func (m *merged) inOrder() []*report.Case {
	byIndex, total := m.shards()
	var all []*report.Case
	place := map[*report.Case]int{}
	for _, p := range m.parts {
		var scenarios report.Groups
		nth := map[*report.Group]int{}
		for _, c := range p.cases {
			scenario := scenarios.Add(c)
			if _, known := nth[scenario]; !known {
				nth[scenario] = len(nth)
			}
			place[c] = nth[scenario]*total + p.run.Shard
		}
		all = append(all, p.cases...)
	}
	if len(byIndex) == len(m.parts) {
		slices.SortStableFunc(all, func(a, b *report.Case) int { return cmp.Compare(place[a], place[b]) })
	}
	return all
}
