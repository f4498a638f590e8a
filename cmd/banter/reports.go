package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"banter/runner"
	"banter/runner/report"
)

// destination is one report of a run and where it goes.
type destination struct {
	name  string      // of the format
	file  *reportFile // nil: standard output
	path  string      // of file, as it was given
	add   func(runner.Play, *report.Case) error
	close func(report.Summary) error
	err   error // it is lost
	done  bool
}

// reports are all reports of a run.
type reports struct {
	app    *app
	who    string // the command, for what is said of them
	list   []*destination
	opts   report.TextOptions // of the pictures
	cases  bool               // some report is made from cases
	groups report.Groups      // for the summary
}

// reporting says how reports are opened.
type reporting struct {
	who     string
	run     report.Run
	sources []string                                    // files that no report may take the place of
	opts    report.TextOptions                          // of the pictures
	text    func(w io.Writer, toFile bool) *report.Text // the text report, where it is made from plays; else nil
}

// openReports opens all reports that are wanted, and that for people on standard
// output where nothing else goes there. Whatever is wrong with one is said before
// anything is played.
func (a *app) openReports(wanted []wantedReport, how reporting) (*reports, error) {
	r := &reports{app: a, who: how.who, opts: how.opts}
	stdout := ""
	for _, w := range wanted {
		if w.file != "" {
			continue
		}
		if stdout != "" {
			return nil, fmt.Errorf("--report: %s and %s can't both go to standard output; give one of them a file, as in %s=report%s",
				stdout, w.name, w.name, w.extension)
		}
		if _, terminal := terminalWidth(a.stdout.w); terminal && w.binary {
			return nil, fmt.Errorf("--report: %s is nothing for a terminal; give it a file, as in %s=report%s", w.name, w.name, w.extension)
		}
		stdout = w.name
	}
	if stdout == "" {
		wanted = append([]wantedReport{{format: &formats[0]}}, wanted...)
	}
	for _, w := range wanted {
		if err := r.open(w, &how); err != nil {
			r.discard()
			return nil, err
		}
	}
	return r, nil
}

func (r *reports) open(wanted wantedReport, how *reporting) error {
	d := &destination{name: wanted.name, path: wanted.file}
	var w io.Writer = r.app.stdout
	if d.path != "" {
		if err := r.vacant(d.path, how.sources); err != nil {
			return fmt.Errorf("--report %s=%s: %w", d.name, d.path, err)
		}
		var err error
		if d.file, err = createReport(d.path); err != nil {
			return fmt.Errorf("--report %s=%s: %w", d.name, d.path, reason(err))
		}
		w = d.file
	}
	r.list = append(r.list, d)
	if d.name == textFormat && how.text != nil {
		text := how.text(w, d.file != nil)
		d.add = func(p runner.Play, _ *report.Case) error { return text.Add(p) }
		d.close = func(s report.Summary) error { return text.Close(s.Elapsed) }
		return nil
	}
	format, err := wanted.open(w, how.run)
	if err != nil {
		return fmt.Errorf("--report %s: %w", d.name, err)
	}
	r.cases = true
	d.add = func(_ runner.Play, c *report.Case) error { return format.Add(c) }
	d.close = format.Close
	return nil
}

// vacant complains about a report file that is another report's, or no report.
func (r *reports) vacant(path string, sources []string) error {
	for _, d := range r.list {
		if d.path != "" && sameFile(d.path, path) {
			return fmt.Errorf("the report %s goes to the same file", d.name)
		}
	}
	for _, source := range sources {
		if sameFile(source, path) {
			return fmt.Errorf("%s is read by this call", source)
		}
	}
	return nil
}

// sameFile reports whether two paths lead to the same file, which need not be
// there yet. A device is no file that two would spoil.
func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return infoA.Mode()&os.ModeDevice == 0 && os.SameFile(infoA, infoB)
	}
	absA, errA := filepath.Abs(a)
	absB, errB := filepath.Abs(b)
	return errA == nil && errB == nil && absA == absB
}

// play reports a play. An error is that of standard output, without which there
// is no point in going on.
func (r *reports) play(p runner.Play) error {
	var c *report.Case
	if r.cases {
		c = report.NewCase(p, r.opts)
	}
	return r.add(p, c)
}

func (r *reports) add(p runner.Play, c *report.Case) error {
	if c != nil {
		r.groups.Add(&report.Case{Name: c.Name, File: c.File, Line: c.Line, Row: c.Row, Round: c.Round, Status: c.Status})
	}
	for _, d := range r.list {
		if d.err != nil {
			continue
		}
		if d.err = d.add(p, c); d.err != nil && d.file == nil {
			return d.err
		}
	}
	return nil
}

// close ends all reports, and says which are lost.
func (r *reports) close(elapsed time.Duration, interrupted bool) error {
	s := report.Summary{Elapsed: elapsed, Interrupted: interrupted}
	r.groups.Count(&s)
	var lost error
	for _, d := range r.list {
		if d.err == nil {
			d.err = d.close(s)
		}
		d.done = true
		switch {
		case d.file == nil:
		case d.err == nil:
			d.err = d.file.commit()
		default:
			d.file.discard()
		}
		switch {
		case d.err == nil:
		case d.file == nil && r.app.stdout.err != nil:
			lost = d.err // which is said at the end
		case d.file == nil:
			lost = d.err
			r.app.errorf(r.who, "%s: %v", d.name, d.err)
		default:
			lost = d.err
			r.app.errorf(r.who, "%s: %v; there is no report %s", d.path, reason(d.err), d.name)
		}
	}
	if lost != nil {
		return status(statusUsage)
	}
	return nil
}

// discard leaves no report where none was ended.
func (r *reports) discard() {
	for _, d := range r.list {
		if !d.done && d.file != nil {
			d.file.discard()
		}
	}
}
