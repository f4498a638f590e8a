package report

import "time"

// Group is what came of one scenario, in all of its rounds.
type Group struct {
	Case     *Case         // what stands for it: the first round that did not pass, or else the first
	Status   Status        // Flaky where rounds differ
	Plays    int           // rounds that were played to their end
	Failed   int           // of Plays: those that failed or broke
	Elapsed  time.Duration // of all plays
	Failures []*Case       // rounds that failed or broke, GroupFailures of them at most

	last int // round
}

// GroupFailures is how many failures of a group are kept.
const GroupFailures = 10

// Groups are the cases of a run, by scenario, in the order in which they came.
// The zero value is ready to use.
type Groups struct {
	List []*Group

	byKey map[groupKey]*Group
}

type groupKey struct {
	file, name, row string
	line            int
}

// Add takes a case in. It is kept, so a report that needs only part of it adds
// that part.
func (g *Groups) Add(c *Case) *Group {
	if g.byKey == nil {
		g.byKey = map[groupKey]*Group{}
	}
	key := groupKey{c.File, c.Name, c.Row, c.Line}
	group := g.byKey[key]
	if group == nil || c.Round <= group.last { // of another run
		group = &Group{Case: c, Status: c.Status}
		g.byKey[key] = group
		g.List = append(g.List, group)
	}
	group.add(c)
	return group
}

func (g *Group) add(c *Case) {
	g.last = c.Round
	switch c.Status {
	case NotRun, Stopped, Skipped:
		return // what is known is known from other rounds
	}
	g.Plays++
	g.Elapsed += c.Elapsed
	if c.Status.Bad() {
		if g.Failed == 0 {
			g.Case = c
		}
		g.Failed++
		if len(g.Failures) < GroupFailures {
			g.Failures = append(g.Failures, c)
		}
	}
	switch {
	case g.Plays == 1:
		g.Case, g.Status = c, c.Status
	case 0 < g.Failed && g.Failed < g.Plays:
		g.Status = Flaky
	}
}

// Count fills in what a summary counts.
func (g *Groups) Count(s *Summary) {
	s.Scenarios = len(g.List)
	for _, group := range g.List {
		s.Plays += group.Plays
		switch group.Status {
		case Passed:
			s.Passed++
		case Failed:
			s.Failed++
		case Flaky:
			s.Flaky++
		case Broken:
			s.Broken++
		case Skipped:
			s.Skipped++
		case NotRun, Stopped:
			s.NotRun++
		}
	}
}

// Slim is the case without what was said on the wire and without its source:
// what reports need that tell failures by their pictures.
func (c *Case) Slim() *Case {
	slim := *c
	slim.Actors, slim.Outputs, slim.Source = nil, nil, nil
	return &slim
}
