// Package report turns what came of scenarios into what people and machines
// read. It opens no socket and plays nothing.
package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"banter/runner"
	"banter/runner/scenario"
)

// TextOptions say how a text report looks.
type TextOptions struct {
	Passing bool     // a line for each scenario that passed
	Verbose bool     // the transcripts too
	Quiet   bool     // failures, and nothing else
	Repeats bool     // scenarios are played more than once
	Color   bool     // for a terminal that shows it
	Columns int      // of the terminal; 0: there is none, and 100 are taken
	Names   int      // columns of the longest name; 0: not known
	Command string   // that plays a scenario again; "": run
	Flags   []string // of it, that it needs to come out the same
	Again   string   // that whole command, where it is another program's; "": banter's
}

// Text writes results for people, as they come: a line for what passed, one
// screen for what failed.
type Text struct {
	w     io.Writer
	opts  TextOptions
	piped bool // the columns are not those of a terminal
	style style

	scenarios, plays       int
	passed, failed, notRun int
	skipped                int
	current                *scenario.Scenario
	rounds                 map[*scenario.Scenario]*rounds
	repeated               []*rounds // in order
	open                   bool      // the last thing written was no picture
}

// rounds is what came of one scenario, with TextOptions.Repeats.
type rounds struct {
	scenario       *scenario.Scenario
	passed, failed int
	elapsed        time.Duration
	told           bool // it has its line
}

// The columns of a line.
const (
	defaultColumns = 100
	columnsMin     = 40
	placeColumns   = 60 // a place that has no room goes on in the next line; with fewer, it is left out
	columnsMax     = 120
	nameMin        = 17
	nameMax        = 40
	timeColumns    = 8
	summaryColumns = 66
	indent         = "      "
	notRunMax      = 20 // how many that were not run are named
)

// NewText returns a report that is written to w.
func NewText(w io.Writer, opts TextOptions) *Text {
	piped := opts.Columns == 0
	if piped {
		opts.Columns = defaultColumns
	}
	opts.Columns = min(max(opts.Columns, columnsMin), columnsMax)
	opts.Names = min(max(opts.Names, nameMin), nameMax)
	return &Text{w: w, opts: opts, piped: piped, style: newStyle(opts.Color), rounds: map[*scenario.Scenario]*rounds{}}
}

// Add reports a play. The error is the writer's.
func (t *Text) Add(p runner.Play) error {
	var b strings.Builder
	if p.Scenario != t.current {
		t.endRounds(&b)
		t.current = p.Scenario
	}
	if p.Round == 1 {
		t.scenarios++
	}
	var r *rounds
	if t.opts.Repeats && !p.NotRun && p.Result.Skipped == "" {
		r = t.roundsOf(p.Scenario)
	}
	switch {
	case p.Stopped && p.Round > 1:
		// What is known of the scenario is known from its other rounds.
	case p.NotRun, p.Stopped:
		t.stopped(&b, &p)
	case p.Result.Skipped != "":
		t.skip(&b, &p)
	case p.Failed():
		t.plays++
		t.failed++
		if r == nil || r.failed == 0 {
			t.picture(&b, &p)
		}
		if r != nil {
			r.failed++
		}
	default:
		t.plays++
		t.passed++
		if r == nil || t.opts.Verbose {
			t.line(&b, &p)
		}
		if r != nil {
			r.passed++
			r.elapsed += p.Result.Elapsed
		}
	}
	return t.write(&b)
}

// Close ends the report with its summary. The error is the writer's.
func (t *Text) Close(elapsed time.Duration) error {
	var b strings.Builder
	t.endRounds(&b)
	passed, failed := t.passed, fmt.Sprintf("%d failed", t.failed)
	if t.opts.Repeats {
		passed, failed = t.judge(&b)
	}
	if t.opts.Quiet {
		return t.write(&b)
	}
	if t.notRun > notRunMax {
		fmt.Fprintf(&b, "%s%d more were not run\n", indent, t.notRun-notRunMax)
	}
	if t.skipped > notRunMax {
		fmt.Fprintf(&b, "%s%d more were skipped\n", indent, t.skipped-notRunMax)
	}
	parts := []string{count(t.scenarios, "scenario")}
	if t.opts.Repeats {
		parts = append(parts, count(t.plays, "run"))
	}
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(passed, "passed")
	if t.failed > 0 {
		parts = append(parts, failed)
	}
	add(t.skipped, "skipped")
	add(t.notRun, "not run")
	seconds := fmt.Sprintf("%.2f s", elapsed.Seconds())
	summary := pad(strings.Join(parts, ", ")+"  ", min(summaryColumns, t.opts.Columns)-len(seconds)) + seconds
	switch {
	case t.failed > 0:
		summary = t.style.fail(summary)
	case t.notRun == 0:
		summary = t.style.ok(summary)
	}
	b.WriteString(summary + "\n")
	return t.write(&b)
}

// judge says which scenarios failed that were played more than once, and how
// often. One that failed in some of its rounds has failed, and is flaky.
func (t *Text) judge(b *strings.Builder) (passed int, failed string) {
	failures, flaky := 0, 0
	for _, r := range t.repeated {
		switch {
		case r.failed > 0:
		case r.passed > 0:
			passed++
			continue
		default: // it was interrupted
			continue
		}
		failures++
		mark := "FAIL"
		if r.passed > 0 {
			mark = "FLAKY"
			flaky++
		}
		if n := r.passed + r.failed; n > 1 {
			blanks := strings.Repeat(" ", 6-len(mark))
			fmt.Fprintf(b, "%s%s   %d of %d runs failed\n", t.style.fail(mark)+blanks, Clean(r.scenario.Name), r.failed, n)
		}
	}
	failed = fmt.Sprintf("%d failed", failures)
	if flaky > 0 {
		failed += fmt.Sprintf(" (%d flaky)", flaky)
	}
	return passed, failed
}

func (t *Text) write(b *strings.Builder) error {
	if b.Len() == 0 {
		return nil
	}
	_, err := io.WriteString(t.w, b.String())
	return err
}

// line reports a play that passed.
func (t *Text) line(b *strings.Builder, p *runner.Play) {
	if t.opts.Quiet || !t.opts.Passing {
		return
	}
	t.columns(b, t.style.ok("ok")+"    ", p.Scenario, duration(p.Result.Elapsed), Clean(p.Result.Note))
	if t.opts.Verbose {
		writeIndented(b, transcripts(&p.Result, passingMax))
	}
}

func (t *Text) roundsOf(s *scenario.Scenario) *rounds {
	r := t.rounds[s]
	if r == nil {
		r = &rounds{scenario: s}
		t.rounds[s] = r
		t.repeated = append(t.repeated, r)
	}
	return r
}

// endRounds has one line for the rounds of a scenario that came together. One
// that comes again (with --until-fail) had its line in the first round.
func (t *Text) endRounds(b *strings.Builder) {
	r := t.rounds[t.current]
	if r == nil || r.told || r.failed > 0 || r.passed == 0 || !t.opts.Passing || t.opts.Verbose || t.opts.Quiet {
		return
	}
	r.told = true
	more := ""
	if r.passed > 1 {
		more = count(r.passed, "run")
	}
	t.columns(b, t.style.ok("ok")+"    ", r.scenario, duration(r.elapsed/time.Duration(r.passed)), more)
}

// stopped reports a play that never began or was broken off, because the run
// was.
func (t *Text) stopped(b *strings.Builder, p *runner.Play) {
	t.notRun++
	if t.opts.Quiet || t.notRun > notRunMax {
		return
	}
	what := "not run"
	if !p.NotRun {
		what = "stopped"
	}
	t.columns(b, t.style.dim("-")+"     ", p.Scenario, what, "")
}

// skip reports a scenario that was not to be played, and why.
func (t *Text) skip(b *strings.Builder, p *runner.Play) {
	if p.Round > 1 {
		return
	}
	t.skipped++
	if !t.opts.Quiet && t.skipped <= notRunMax {
		t.columns(b, t.style.dim("skip")+"  ", p.Scenario, "", Clean(p.Result.Skipped))
	}
}

func (t *Text) columns(b *strings.Builder, mark string, s *scenario.Scenario, middle, more string) {
	names := min(t.opts.Names, t.opts.Columns-len("ok      ")-timeColumns)
	line := mark + pad(Clean(s.Name), names) + "  " + padLeft(middle, timeColumns)
	if place := "   " + Clean(path(s)); t.opts.Columns >= placeColumns || width(line+place) <= t.opts.Columns {
		line += place
	}
	if more != "" {
		line += "   " + more
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	t.open = true
}

// picture writes a failure, with a blank line between it and what is around.
func (t *Text) picture(b *strings.Builder, p *runner.Play) {
	if t.open {
		b.WriteByte('\n')
	}
	b.WriteString(strings.Join(t.failure(p), "\n") + "\n\n")
	t.open = false
}

// Picture is what a text report shows of a play that failed, 40 lines at most
// unless opts.Verbose: lines of text with nothing in them that a terminal or a
// log would act on, apart from the colours of opts.Color.
func Picture(p runner.Play, opts TextOptions) string {
	return strings.Join(NewText(nil, opts).failure(&p), "\n") + "\n"
}

// path is the file that a scenario is in.
func path(s *scenario.Scenario) string {
	if s.File != nil {
		return s.File.Path
	}
	return s.Pos.File
}

func writeIndented(b *strings.Builder, lines []string) {
	for _, line := range lines {
		b.WriteString(strings.TrimRight(indent+line, " ") + "\n")
	}
}
