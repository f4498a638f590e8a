// Package html is the report that is a page: one file with all that it needs,
// which opens from disk, and reads with scripts off, on paper and on a phone.
package html

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"banter/runner/report"
)

// A page stays below 10 MiB however many scenarios there were. Those that did
// not pass have all there is to see of them while there is room, then the
// message alone; those that passed have their diagram, then a line, and are
// counted alone in the end.
const (
	roomFailed = 5 << 20
	roomCauses = 1 << 20
	roomPassed = 2 << 20
	roomLines  = 3 << 19
)

// openMax is how many scenarios that did not pass are shown unfolded.
const openMax = 8

//go:embed page.tmpl style.css script.js
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"clean":    report.Clean,
	"prose":    prose,
	"duration": report.Duration,
	"style":    func() template.CSS { return template.CSS(content("style.css")) },
	"script":   func() template.JS { return template.JS(content("script.js")) },
}).ParseFS(files, "page.tmpl"))

// prose is text with its lines, each clean.
func prose(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i, line := range lines {
		lines[i] = report.Clean(line)
	}
	return strings.Join(lines, "\n")
}

func content(name string) string {
	data, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(data)
}

// policy lets nothing of the page do anything but its own style and script.
var policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'",
	hash(content("style.css")), hash(content("script.js")))

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// pageReport collects what there is to show, and writes it in the end: what
// came of it all stands on top.
type pageReport struct {
	w      io.Writer
	run    report.Run
	groups report.Groups
	bodies map[*report.Group]template.HTML

	failed, causes, passed int // bytes of the bodies
}

// New returns a report that writes a page to w when it is closed.
func New(w io.Writer, run report.Run) report.Format {
	return &pageReport{w: w, run: run, bodies: map[*report.Group]template.HTML{}}
}

// Add takes a case in.
func (r *pageReport) Add(c *report.Case) error {
	outline := *c.Slim()
	outline.Picture, outline.Description = "", ""
	if len(outline.Failures) > 0 {
		first := outline.Failures[0]
		first.Want, first.Got, first.Notes = nil, nil, nil
		outline.Failures = []report.CaseFailure{first}
	}
	group := r.groups.Add(&outline)
	if group.Case != &outline {
		return nil
	}
	var body bytes.Buffer
	if !c.Status.Bad() {
		if r.passed > roomPassed || len(c.Actors) == 0 && c.Description == "" {
			return nil
		}
		if err := templates.ExecuteTemplate(&body, "passed", passing(c)); err != nil {
			return err
		}
		r.passed += body.Len()
	} else {
		if err := templates.ExecuteTemplate(&body, "failed", failing(c, r.failed > roomFailed)); err != nil {
			return err
		}
		switch {
		case r.failed <= roomFailed:
			r.failed += body.Len()
		case r.causes <= roomCauses:
			r.causes += body.Len()
		default:
			return nil
		}
	}
	r.bodies[group] = template.HTML(body.String())
	return nil
}

// Close writes the page.
func (r *pageReport) Close(s report.Summary) error {
	v := pageView{Policy: policy, Run: r.run, Summary: &s}
	v.sections(r)
	return templates.ExecuteTemplate(r.w, "page", v)
}

// pageView is what the page's template shows.
type pageView struct {
	Policy   string
	Run      report.Run
	Summary  *report.Summary
	Sections []*section
	Counts   []count
}

// count is the scenarios of a status.
type count struct {
	Status report.Status
	N      int
	X, W   float64 // its place in the bar, of 1000
}

// section is the scenarios of one status.
type section struct {
	Status    report.Status
	Title     string
	Scenarios []entry
	Hidden    int // there was no room for
}

// entry is one scenario.
type entry struct {
	*report.Group
	ID   string
	Open bool
	Body template.HTML
}

// order is that of the sections, what matters most first.
var order = []struct {
	status report.Status
	title  string
}{
	{report.Broken, "The run broke"}, {report.Failed, "Failed"}, {report.Flaky, "Flaky"},
	{report.Stopped, "Stopped"}, {report.NotRun, "Not run"}, {report.Skipped, "Skipped"}, {report.Passed, "Passed"},
}

func (v *pageView) sections(r *pageReport) {
	used, open, x := 0, 0, 0.0
	for _, o := range order {
		s := &section{Status: o.status, Title: o.title}
		for i, g := range r.groups.List {
			if g.Status != o.status {
				continue
			}
			used += 700 + len(g.Case.Name) + len(g.Case.File) + len(g.Case.Tags)*20 + len(g.Failures)*200
			if used > roomLines {
				s.Hidden++
				continue
			}
			e := entry{Group: g, ID: fmt.Sprintf("s%d", i+1), Body: r.bodies[g]}
			if g.Status.Bad() && open < openMax && e.Body != "" {
				e.Open = true
				open++
			}
			s.Scenarios = append(s.Scenarios, e)
		}
		if n := len(s.Scenarios) + s.Hidden; n > 0 {
			w := 1000 * float64(n) / float64(len(r.groups.List))
			v.Sections = append(v.Sections, s)
			v.Counts = append(v.Counts, count{o.status, n, x, w})
			x += w
		}
	}
}

// Headline says in a line what came of it.
func (v pageView) Headline() string {
	s := v.Summary
	switch bad := s.Bad(); {
	case s.Scenarios == 0:
		return "No scenarios"
	case bad > s.Flaky && s.Flaky > 0:
		return fmt.Sprintf("%d of %s failed, %d flaky", bad-s.Flaky, report.Count(s.Scenarios, "scenario"), s.Flaky)
	case bad > s.Flaky:
		return fmt.Sprintf("%d of %s failed", bad, report.Count(s.Scenarios, "scenario"))
	case bad > 0:
		return fmt.Sprintf("%d of %s flaky", bad, report.Count(s.Scenarios, "scenario"))
	case s.Passed == s.Scenarios:
		return fmt.Sprintf("%s passed", report.Count(s.Scenarios, "scenario"))
	}
	return fmt.Sprintf("%d of %s passed", s.Passed, report.Count(s.Scenarios, "scenario"))
}

// Began is when the run began.
func (v pageView) Began() string { return v.Run.Began.UTC().Format("2 January 2006, 15:04:05 UTC") }

// BeganAt is the same for machines.
func (v pageView) BeganAt() string { return v.Run.Began.UTC().Format(time.RFC3339) }

// Place is where a scenario stands.
func (e entry) Place() string {
	if e.Case.Line == 0 {
		return clip(report.Clean(e.Case.File), columnsMax)
	}
	return fmt.Sprintf("%s:%d", clip(report.Clean(e.Case.File), columnsMax), e.Case.Line)
}

// Name is the scenario's.
func (e entry) Name() string { return clip(report.Clean(e.Case.Name), columnsMax) }

// Message is what was wrong first.
func (e entry) Message() string {
	switch c := e.Case; {
	case len(c.Failures) > 0:
		f := &c.Failures[0]
		return clip(who(f)+report.Clean(f.Message), columnsMax)
	default:
		return clip(report.Clean(c.Reason), columnsMax)
	}
}

// Rounds says how many of them failed.
func (e entry) Rounds() string {
	if e.Plays < 2 {
		return ""
	}
	if e.Group.Failed == 0 {
		return fmt.Sprintf("%d runs", e.Plays)
	}
	return fmt.Sprintf("%d of %d runs failed", e.Group.Failed, e.Plays)
}

// Mean is how long a play took.
func (e entry) Mean() string {
	if e.Plays == 0 {
		return ""
	}
	return report.Duration(e.Elapsed / time.Duration(e.Plays))
}

// RoundsFailed are the rounds that failed, those that failed alike together, if
// there is more to say of them than that of the first.
func (e entry) RoundsFailed() (list []roundsView) {
	for _, c := range e.Failures {
		message := entry{Group: &report.Group{Case: c}}.Message()
		i := slices.IndexFunc(list, func(v roundsView) bool { return v.Message == message })
		if i < 0 {
			list = append(list, roundsView{fmt.Sprintf("run %d", c.Round), message})
			continue
		}
		list[i].Rounds = strings.Replace(list[i].Rounds, "run ", "runs ", 1) + fmt.Sprintf(", %d", c.Round)
	}
	if e.Plays < 2 || len(list) == 1 && e.Status != report.Flaky {
		return nil
	}
	return list
}

// RoundsMore is how many more there were.
func (e entry) RoundsMore() int { return e.Group.Failed - len(e.Failures) }

type roundsView struct{ Rounds, Message string }
