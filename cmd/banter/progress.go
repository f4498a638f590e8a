package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"banter/runner"
	"banter/runner/report"
	"banter/runner/scenario"

	"golang.org/x/term"
)

// A progress line shows where a run has lasted so long, and is renewed so
// often.
const (
	progressAfter = 500 * time.Millisecond
	progressEvery = 200 * time.Millisecond
)

// wiped is what takes a progress line away, all rows of it where a terminal has
// become narrower since. For that the cursor waits at the line's beginning.
const wiped = "\r\x1b[J"

// progress is a line on a terminal that says how far a run is. It makes way
// for whatever else is written.
type progress struct {
	mu      sync.Mutex
	w       io.Writer
	columns func() int
	state   report.Progress      // without what runs
	running []*scenario.Scenario // in the order in which they have begun
	begin   time.Time
	shown   bool
	timer   *time.Timer
}

// newProgress returns the line for a run of so many plays, from now on; a total
// of 0 is not known.
func newProgress(w io.Writer, total int, columns func() int) *progress {
	l := &progress{w: w, columns: columns, state: report.Progress{Total: total}, begin: time.Now()}
	l.mu.Lock() // the timer may be quicker
	defer l.mu.Unlock()
	l.timer = time.AfterFunc(progressAfter, l.tick)
	return l
}

// watch has a suite tell the line what runs.
func (l *progress) watch(suite *runner.SuiteOptions) {
	if l != nil {
		suite.Began, suite.Ended = l.began, l.ended
	}
}

func (l *progress) began(s *scenario.Scenario) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = append(l.running, s)
}

func (l *progress) ended(p *runner.Play) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.running, p.Scenario)
	l.running = slices.Delete(l.running, i, i+1)
	l.state.Done++
	if p.Failed() {
		l.state.Failed++
	}
}

func (l *progress) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		return
	}
	state := l.state
	state.Elapsed = time.Since(l.begin)
	for _, s := range l.running {
		state.Running = append(state.Running, s.Name)
	}
	fmt.Fprintf(l.w, "%s%s\r", wiped, state.Line(l.columns()))
	l.shown = true
	l.timer.Reset(progressEvery)
}

// wipe takes the line away until it is renewed.
func (l *progress) wipe() {
	if l.shown {
		fmt.Fprint(l.w, wiped)
		l.shown = false
	}
}

// makeWay returns a writer to w before which the line is wiped. That of a nil line
// is w.
func (l *progress) makeWay(w io.Writer) io.Writer {
	if l == nil {
		return w
	}
	return behind{l, w}
}

type behind struct {
	line *progress
	w    io.Writer
}

func (b behind) Write(p []byte) (int, error) {
	b.line.mu.Lock()
	defer b.line.mu.Unlock()
	b.line.wipe()
	return b.w.Write(p)
}

// end takes the line away for good.
func (l *progress) end() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer.Stop()
	l.timer = nil
	l.wipe()
}

// progressOf is the line for a run: nil where nobody watches, or where only
// failures are to be seen.
func (a *app) progressOf(f *runFlags, scenarios int) *progress {
	file, ok := a.stderr.(*os.File)
	if !ok || f.quiet || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	total := scenarios * max(f.suite.Repeat, 1)
	if f.suite.UntilFail && f.suite.Repeat == 0 {
		total = 0
	}
	return newProgress(file, total, func() int {
		columns, _ := terminalWidth(file)
		return cmp.Or(columns, 80)
	})
}
