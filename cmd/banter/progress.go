package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// A progress line shows where a run has lasted so long, and is renewed so
// often.
const (
	progressAfter = 500 * time.Millisecond
	progressEvery = 200 * time.Millisecond
)

// progress is a line on a terminal that says how far a run is. It makes way
// for whatever else is written.
type progress struct {
	mu                   sync.Mutex
	w                    io.Writer
	total, known, failed int // plays; a total of 0 is not known
	begin                time.Time
	shown                bool
	timer                *time.Timer
}

// newProgress returns the line for a run of so many plays, from now on.
func newProgress(w io.Writer, total int) *progress {
	l := &progress{w: w, total: total, begin: time.Now()}
	l.timer = time.AfterFunc(progressAfter, l.tick)
	return l
}

func (l *progress) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		return
	}
	fmt.Fprintf(l.w, "\r\x1b[K%s", l.text(time.Since(l.begin)))
	l.shown = true
	l.timer.Reset(progressEvery)
}

func (l *progress) text(elapsed time.Duration) string {
	text := fmt.Sprintf("%d played", l.known)
	if l.total > 0 {
		text = fmt.Sprintf("%d of %d played", l.known, l.total)
	}
	if l.failed > 0 {
		text += fmt.Sprintf(", %d failed", l.failed)
	}
	return fmt.Sprintf("%s  %.1f s", text, elapsed.Seconds())
}

// wipe takes the line away until it is renewed.
func (l *progress) wipe() {
	if l.shown {
		fmt.Fprint(l.w, "\r\x1b[K")
		l.shown = false
	}
}

// played counts a play, and lets write report it. A nil line only does that.
func (l *progress) played(failed bool, write func() error) error {
	if l == nil {
		return write()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known++
	if failed {
		l.failed++
	}
	l.wipe()
	return write()
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
	return newProgress(file, total)
}
