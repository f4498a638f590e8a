// Package update brings scenario files up to date with what came: expects that
// failed take it, and transcripts that are written out say it.
//
//	u := update.New(config, files)
//	for {
//		runner.PlayAll(ctx, scenariosOf(u.Files()), opts, u.Hear)
//		if !u.Next() {
//			break
//		}
//	}
//
// It changes no file: Changes says what is to be written. An expect is changed
// once at most, so that this comes to an end.
package update

import (
	"errors"
	"slices"
	"strings"

	"banter/runner"
	"banter/runner/scenario"
)

// Update is scenario files on their way to what came.
type Update struct {
	config scenario.Config
	files  []*file
}

// file is one of them. Its edits are always those of the file as it was: when one
// turns out wrong it is taken back.
type file struct {
	was, now *scenario.File
	first    *scenario.Editor // of the file as it was
	editor   *scenario.Editor // of the file as it is now
	edits    []edit
	left     []Left           // of this round
	wanted   []edit           // of this round
	closed   map[string]error // places that are left alone from now on, and why
	changed  bool             // by the last Next
}

// edit is a change of an expect or of transcripts.
type edit struct {
	scenario.Edit
	pos         scenario.Pos // now
	transcripts int          // 0: an expect
}

// Left is something that was not brought up to date, and why.
type Left struct {
	Pos scenario.Pos
	Why string
}

// Change is what became of a file.
type Change struct {
	Was, Now             *scenario.File
	Expects, Transcripts int // how many are changed
}

var errTwice = errors.New("something else comes each time; that has to be changed by hand")

// New begins with files that have no errors, which were read with the config.
func New(config scenario.Config, files []*scenario.File) *Update {
	u := &Update{config: config}
	for _, f := range files {
		e := config.Edit(f)
		u.files = append(u.files, &file{was: f, now: f, first: e, editor: e, closed: map[string]error{}})
	}
	return u
}

// Files are the files as they are now.
func (u *Update) Files() []*scenario.File {
	out := make([]*scenario.File, len(u.files))
	for i, f := range u.files {
		out[i] = f.now
	}
	return out
}

// Changed reports whether the last Next has changed the file of a scenario.
func (u *Update) Changed(s *scenario.Scenario) bool {
	return slices.ContainsFunc(u.files, func(f *file) bool { return f.now == s.File && f.changed })
}

// Hear learns from a play of one of the scenarios.
func (u *Update) Hear(p runner.Play) {
	i := slices.IndexFunc(u.files, func(f *file) bool { return f.now == p.Scenario.File })
	if i < 0 || p.Err != nil || p.NotRun || p.Result.Passed() {
		return
	}
	f := u.files[i]
	otherwise := false // it fails
	for i := range p.Result.Failures {
		failure := &p.Result.Failures[i]
		otherwise = otherwise || !failure.Written
		if failure.Missed != nil {
			f.expect(&p.Result, failure, i == 0)
		}
	}
	if !otherwise {
		f.transcripts(&p.Result)
	}
}

// expect has an expect that failed take what came. An end may be what follows from
// a failure of the peer, so it counts only if it is what came first.
func (f *file) expect(r *runner.Result, failure *runner.Failure, first bool) {
	m := failure.Missed
	if came, ok := extended(r, failure); ok {
		e, err := f.editor.Expect(m.Before.Expect, came)
		f.want(edit{Edit: e, pos: m.Before.Expect.Pos}, err)
		return
	}
	kind := m.Want.Frame
	if m.Expect == nil || m.Ended && (!first || kind != scenario.FrameExact && kind != scenario.FrameRest) {
		return
	}
	x := m.Expect
	came, err := whatCame(r, failure)
	e := f.editor.Place(x.Pos)
	if err == nil {
		var made scenario.Edit
		if made, err = f.editor.Expect(x, came); err == nil {
			e = made
		}
	}
	f.want(edit{Edit: e, pos: x.Pos}, masked(err, m.Secret))
}

// masked is an error that shows nothing secret.
func masked(err error, secret [][]byte) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, s := range secret {
		text = strings.ReplaceAll(text, string(s), "***")
	}
	return errors.New(text)
}

// transcripts has the transcripts that are written out say what was seen.
func (f *file) transcripts(r *runner.Result) {
	seen := func(name string) ([]string, bool) {
		for i := range r.Actors {
			if a := &r.Actors[i]; a.Name == name {
				var lines []string
				for _, e := range a.Observed {
					lines = append(lines, e.String())
				}
				return lines, true
			}
		}
		return nil, false
	}
	if at := r.Scenario.Unwritten; at.IsValid() && len(r.Actors) > 0 {
		var all []scenario.Seen
		for i := range r.Actors {
			name := r.Actors[i].Name
			lines, _ := seen(name)
			all = append(all, scenario.Seen{Actor: name, Lines: lines})
		}
		e, err := f.editor.Transcripts(at, all)
		f.want(edit{Edit: e, pos: at, transcripts: len(all)}, err)
	}
	for i := range r.Failures {
		for j := range r.Scenario.Transcripts {
			t := &r.Scenario.Transcripts[j]
			if r.Failures[i].Actor != t.Actor {
				continue
			}
			lines, _ := seen(t.Actor)
			e, err := f.editor.Transcript(t, lines)
			f.want(edit{Edit: e, pos: t.Pos, transcripts: 1}, err)
		}
	}
}

// want notes an edit, or why there is none.
func (f *file) want(e edit, err error) {
	if err != nil && !f.isEdited(e.Place()) { // else it was in vain
		f.leave(e.pos, err)
		return
	}
	f.wanted = append(f.wanted, e)
}

func (f *file) isEdited(path string) bool {
	return slices.ContainsFunc(f.edits, func(e edit) bool { return e.Place() == path })
}

func (f *file) leave(pos scenario.Pos, why error) {
	l := Left{pos, why.Error()}
	if !slices.Contains(f.left, l) {
		f.left = append(f.left, l)
	}
}

// Next makes the edits that were learnt of, and reports whether any file has
// changed. The scenarios of those are then to be played again.
func (u *Update) Next() bool {
	changed := false
	for _, f := range u.files {
		f.changed = f.next(u.config)
		changed = changed || f.changed
	}
	return changed
}

func (f *file) next(config scenario.Config) bool {
	fresh := f.fresh()
	f.wanted = nil
	source, err := f.first.Apply(bare(append(slices.Clip(f.edits), fresh...)))
	if err == nil {
		f.edits = append(f.edits, fresh...)
	} else { // one at a time shows which of them it is
		all := append(f.edits, fresh...)
		f.edits, source = nil, f.was.Source
		for _, e := range all {
			s, err := f.first.Apply(bare(append(slices.Clip(f.edits), e)))
			if err != nil {
				f.closed[e.Place()] = err
				f.leave(e.pos, err)
				continue
			}
			f.edits, source = append(f.edits, e), s
		}
	}
	if string(source) == string(f.now.Source) {
		return false
	}
	f.now, f.left = config.Reread(f.was.Path, source), nil
	f.editor = config.Edit(f.now)
	return true
}

// fresh are the wanted edits of places that were not edited. A place for which
// two different edits are wanted, now or one after the other, is given up.
func (f *file) fresh() []edit {
	var out []edit
	for _, e := range f.wanted {
		path := e.Place()
		here := func(o edit) bool { return o.Place() == path }
		if f.closed[path] != nil {
			f.leave(e.pos, f.closed[path])
			continue
		}
		if i := slices.IndexFunc(out, here); i >= 0 && e.Same(&out[i].Edit) {
			continue
		}
		if slices.ContainsFunc(out, here) || f.isEdited(path) {
			f.closed[path] = errTwice
			out, f.edits = slices.DeleteFunc(out, here), slices.DeleteFunc(f.edits, here)
			f.leave(e.pos, errTwice)
			continue
		}
		out = append(out, e)
	}
	return out
}

func bare(edits []edit) []scenario.Edit {
	out := make([]scenario.Edit, len(edits))
	for i := range edits {
		out[i] = edits[i].Edit
	}
	return out
}

// Changes are the files that are not as they were.
func (u *Update) Changes() []Change {
	var out []Change
	for _, f := range u.files {
		if len(f.edits) == 0 {
			continue
		}
		c := Change{Was: f.was, Now: f.now}
		for _, e := range f.edits {
			if e.transcripts == 0 {
				c.Expects++
			}
			c.Transcripts += e.transcripts
		}
		out = append(out, c)
	}
	return out
}

// Left is what the last round could not bring up to date.
func (u *Update) Left() []Left {
	var out []Left
	for _, f := range u.files {
		out = append(out, f.left...)
	}
	return out
}
