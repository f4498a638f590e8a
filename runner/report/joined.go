package report

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// joined is the text of cases that were played elsewhere.
type joined struct {
	w      io.Writer
	groups Groups
}

// NewJoined returns a report for people of cases that were recorded: the
// pictures of what failed, in its first failed round, and a summary.
func NewJoined(w io.Writer) Format { return &joined{w: w} }

func (j *joined) Add(c *Case) error {
	g := j.groups.Add(c.Slim())
	if !c.Status.Bad() || g.Failed > 1 {
		return nil
	}
	_, err := io.WriteString(j.w, c.picture()+"\n\n")
	return err
}

func (j *joined) Close(s Summary) error {
	var b strings.Builder
	for _, g := range j.groups.List {
		word := "FAIL"
		if g.Status == Flaky {
			word = "FLAKY"
		}
		if g.Failed > 0 && g.Plays > 1 {
			fmt.Fprintf(&b, "%-5s %s   %d of %d runs failed\n", word, Clean(g.Case.Name), g.Failed, g.Plays)
		}
	}
	b.WriteString(s.line() + "\n")
	_, err := io.WriteString(j.w, b.String())
	return err
}

// line is a summary in one line: "3 scenarios, 2 passed, 1 failed   0.12 s".
func (s *Summary) line() string {
	text := pad(s.counts()+"  ", summaryColumns-6)
	return text + padLeft(fmt.Sprintf("%.2f s", s.Elapsed.Round(10*time.Millisecond).Seconds()), 6)
}

// counts are a summary's, without those that are 0.
func (s *Summary) counts() string {
	parts := []string{count(s.Scenarios, "scenario")}
	failed := Failed
	if s.Flaky > 0 {
		failed = Status(fmt.Sprintf("%s (%d %s)", Failed, s.Flaky, Flaky))
	}
	for _, part := range []struct {
		n    int
		what Status
	}{
		{s.Passed, Passed}, {s.Failed + s.Flaky, failed}, {s.Broken, Broken}, {s.Skipped, Skipped}, {s.NotRun, NotRun},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	return strings.Join(parts, ", ")
}
