package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"banter/runner"
	"banter/runner/report"
	"banter/runner/scenario"

	"github.com/fsnotify/fsnotify"
	"github.com/spf13/cobra"
)

// settled is how long the files must have been left alone before they are read:
// what saves one does so in several steps.
const settled = 100 * time.Millisecond

// namedMax is how many files that have changed, and scenarios that still fail, are
// named.
const namedMax = 5

// errQuit is why a watch ends where somebody pressed the key for it.
var errQuit = errors.New("quit")

// canWatch complains about what does not go together with --watch.
func (f *runFlags) canWatch(paths []string) error {
	switch {
	case !f.watch:
	case f.update:
		return errors.New("--watch and --update exclude each other: what is written would be the next change")
	case f.suite.UntilFail:
		return errors.New("--watch plays again by itself, and so excludes --until-fail")
	case f.shard.total > 0:
		return errors.New("--watch plays what changes, and so excludes --shard")
	case slices.Contains(paths, scenario.Stdin):
		return errors.New("--watch can't watch standard input (-); give a file")
	}
	return nil
}

// watch is files that are watched, and what came of them.
type watch struct {
	*app
	cmd    *cobra.Command
	flags  *runFlags
	paths  []string
	notify notifier
	keys   *keyboard
	files  []*watchedFile // in the order in which they are played
	of     map[*scenario.File]*watchedFile
	wrong  string // with the paths; "": nothing
	status error  // of the last run
	begun  bool
}

// watch plays what is selected of the files that the paths mean, and then again
// what has changed, until the user has enough.
func (a *app) watch(cmd *cobra.Command, paths []string, f *runFlags) error {
	system, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("--watch: nothing can be watched here: %w", err)
	}
	defer system.Close()
	ctx, stop := interruptible(cmd.Context())
	defer stop()
	ctx, quit := context.WithCancelCause(ctx)
	defer quit(nil)
	keys := a.keyboard(ctx, func() { quit(errQuit) })
	defer keys.restore()

	w := &watch{app: a, cmd: cmd, flags: f, paths: paths, keys: keys}
	w.notify = notifier{Watcher: system, told: map[string]bool{}}
	w.round(ctx, false)
	next := time.NewTimer(settled) // something may have changed since it was read
	for {
		if a.stdout.err != nil {
			return nil // nobody can be told any more
		}
		select {
		case <-ctx.Done():
			if context.Cause(ctx) == errQuit {
				return w.verdict()
			}
			if w.status != status(statusInterrupted) { // else it was said
				a.errorf("banter run", "interrupted")
			}
			return status(statusInterrupted)
		case <-keys.enter:
			w.round(ctx, true)
			next.Reset(settled)
		case e := <-system.Events:
			if w.notify.concerns(e.Name) {
				next.Reset(settled)
			}
		case <-system.Errors: // what has changed is not known
			next.Reset(settled)
		case <-next.C:
			if w.round(ctx, false) {
				next.Reset(settled)
			}
		}
	}
}

// round looks at the files, and plays what has changed, or all. It reports whether
// there was anything to do.
func (w *watch) round(ctx context.Context, all bool) bool {
	for _, problem := range w.notify.look(w.paths, w.files) {
		w.errorf(w.cmd.CommandPath(), "--watch: %v", problem)
	}
	changed := w.refresh()
	if all {
		for _, f := range w.files {
			f.pending = true
		}
		changed = []string{"all again"}
	}
	if len(changed) == 0 {
		return false
	}
	if w.begun {
		if len(changed) > namedMax {
			changed = []string{counted(len(changed), "file")}
		}
		fmt.Fprintf(w.stderr, "\n%s  %s\n", time.Now().Format(time.TimeOnly), report.Clean(strings.Join(changed, ", ")))
	}
	w.begun = true
	if w.status = w.playPending(ctx); ctx.Err() != nil || w.flags.quiet {
		return true
	}
	w.tellWhatFails()
	how := "Ctrl-C ends"
	if w.keys.enter != nil {
		how = "Enter plays all again, q ends"
	}
	fmt.Fprintf(w.stderr, "watching %s; %s\n", counted(len(w.files), "file"), how)
	return true
}

// refresh reads the files that have changed, and says what has.
func (w *watch) refresh() (changed []string) {
	paths, errs := scenario.Find(w.paths)
	if wrong := fmt.Sprint(errs); len(errs) > 0 {
		if wrong == w.wrong {
			return nil
		}
		w.wrong = wrong
		return []string{"files are gone"}
	}
	if w.wrong != "" {
		w.wrong = ""
		changed = append(changed, "files are there")
	}
	old := map[string]*watchedFile{}
	for _, f := range w.files {
		old[f.path] = f
	}
	w.files = nil
	for _, path := range paths {
		f := cmp.Or(old[path], &watchedFile{path: path})
		delete(old, path)
		w.files = append(w.files, f)
		if f.refresh(w.flags.config) {
			changed = append(changed, path)
		}
	}
	for path := range old {
		changed = append(changed, path+" is gone")
	}
	return changed
}

// playPending plays what is selected of the files that have changed, once there is
// nothing wrong with any of them.
func (w *watch) playPending(ctx context.Context) error {
	if w.wrong != "" {
		_, errs := scenario.Find(w.paths)
		for _, err := range errs {
			w.errorf(w.cmd.CommandPath(), "%v", err)
		}
		return status(statusUsage)
	}
	var files, pending []*scenario.File
	unreadable := false
	w.of = map[*scenario.File]*watchedFile{}
	for _, f := range w.files {
		f.played = false
		w.of[f.file] = f
		if f.err != nil {
			w.errorf(w.cmd.CommandPath(), "%s: %v", f.path, reason(f.err))
			unreadable = true
			continue
		}
		files = append(files, f.file)
		if f.pending {
			pending = append(pending, f.file)
		}
	}
	problems, bad := w.errorsShown(pending)
	if problems > 0 {
		fmt.Fprintf(w.stderr, "%s in %s; nothing was run\n", counted(problems, "error"), counted(bad, "file"))
	}
	if problems > 0 || unreadable {
		return status(statusUsage)
	}
	chosen, err := w.flags.of(files)
	if err = cmp.Or(err, unusedValues(w.flags.config, files)); err == nil {
		err = w.ready(w.flags, chosen)
	}
	if err != nil {
		w.errorf(w.cmd.CommandPath(), "%v", err)
		return status(statusUsage)
	}
	chosen = slices.DeleteFunc(chosen, func(s *scenario.Scenario) bool { return !w.of[s.File].pending })
	for _, f := range w.files {
		if f.played = f.pending; f.played {
			f.pending, f.failing = false, nil
		}
	}
	if len(chosen) == 0 {
		return w.status // it is what it was
	}
	w.warn(chosen)
	w.flags.heard = w.hear
	return w.app.play(ctx, files, chosen, w.flags)
}

// verdict is what has come of it in the end: the last plays of all files count.
func (w *watch) verdict() error {
	if w.status == nil && slices.ContainsFunc(w.files, func(f *watchedFile) bool { return len(f.failing) > 0 }) {
		return status(statusFailed)
	}
	return w.status
}

// hear keeps in mind what fails, and what --fail-fast has left for the next time.
func (w *watch) hear(p runner.Play) {
	f := w.of[p.Scenario.File]
	f.pending = f.pending || p.NotRun
	if p.Failed() && !slices.Contains(f.failing, p.Scenario) {
		f.failing = append(f.failing, p.Scenario)
	}
}

// tellWhatFails names what has failed before and was not played this time.
func (w *watch) tellWhatFails() {
	var names []string
	for _, f := range w.files {
		if f.played {
			continue
		}
		for _, s := range f.failing {
			names = append(names, fmt.Sprintf("%s (%s:%d)", s.Name, s.Pos.File, s.Pos.Line))
		}
	}
	if more := len(names) - namedMax; more > 0 {
		names = append(names[:namedMax], fmt.Sprintf("%d more", more))
	}
	if len(names) > 0 {
		fmt.Fprintf(w.stderr, "failed before, and not played now: %s\n", report.Clean(strings.Join(names, ", ")))
	}
}
