package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"banter/runner/scenario"

	"github.com/fsnotify/fsnotify"
)

// watchedFile is a scenario file that is watched.
type watchedFile struct {
	path    string
	file    *scenario.File
	err     error            // why it could not be read
	stamps  map[string]stamp // of it, and of the files that it includes and that its runs read
	pending bool             // it is to be played
	played  bool             // in the last run
	failing []*scenario.Scenario
}

// stamp is another one whenever a file has changed. The zero stamp is no file.
type stamp struct{ modified, size int64 }

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime().UnixNano(), info.Size()}
}

// refresh reads the file if it has changed, or something that it needs has, and
// reports whether it was read.
func (f *watchedFile) refresh(config scenario.Config) bool {
	now := map[string]stamp{f.path: stampOf(f.path)}
	for path := range f.stamps {
		now[path] = stampOf(path)
	}
	same := maps.Equal(now, f.stamps)
	if same && f.err == nil && !f.file.Problems.HaveErrors() {
		return false
	}
	was := f.file
	f.file, f.err = config.Read(f.path, nil)
	if same && was != nil && f.err == nil && slices.Equal(was.Problems, f.file.Problems) {
		return false // as wrong as it was; what it misses may have come, else
	}
	f.pending = true
	f.stamps = map[string]stamp{}
	need := func(path string) {
		stamp, known := now[path]
		if !known {
			stamp = stampOf(path)
		}
		f.stamps[path] = stamp
	}
	need(f.path)
	if f.err == nil {
		for path := range f.file.Included {
			need(path)
		}
		for _, path := range f.file.Reads {
			need(path)
		}
	}
	return true
}

// notifier has the system say what happens in folders.
type notifier struct {
	*fsnotify.Watcher
	needed map[string]bool // what matters, by the names that events have
	told   map[string]bool // folders that can't be watched, which was said
}

// look watches the folders that paths mean and those of the files, and says which
// of them can't be.
func (n *notifier) look(paths []string, files []*watchedFile) (problems []error) {
	n.needed = map[string]bool{}
	folders := map[string]bool{}
	need := func(path string) {
		name, real := places(path)
		n.needed[name], n.needed[real] = true, true
		folders[filepath.Dir(name)], folders[filepath.Dir(real)] = true, true
	}
	for _, path := range paths {
		need(path)
		_, root := places(path)
		filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil || !entry.IsDir(): // what can't be read is said elsewhere
			case strings.HasPrefix(entry.Name(), ".") && path != root:
				return fs.SkipDir
			default:
				n.needed[path], folders[path] = true, true
			}
			return nil
		})
	}
	for _, f := range files {
		for path := range f.stamps {
			need(path)
		}
	}
	for folder := range folders {
		err := n.Add(folder)
		switch {
		case err == nil, errors.Is(err, fs.ErrNotExist), n.told[folder]:
			continue
		case errors.Is(err, syscall.ENOSPC):
			err = errors.New("the system's limit of watches is reached (sysctl fs.inotify.max_user_watches)")
		}
		n.told[folder] = true
		problems = append(problems, fmt.Errorf("%s can't be watched: %w", folder, reason(err)))
	}
	return problems
}

// places are where a path is, and where the links in it lead to.
func places(path string) (name, real string) {
	name, err := filepath.Abs(path)
	if err != nil {
		name = path
	}
	if real, err = filepath.EvalSymlinks(name); err != nil {
		real = name
	}
	return name, real
}

// concerns reports whether a change of this name may have changed a file that is
// watched, or have made one.
func (n *notifier) concerns(name string) bool {
	if n.needed[name] {
		return true
	}
	if !n.needed[filepath.Dir(name)] { // it is beside what is watched
		return false
	}
	ext := filepath.Ext(name)
	info, err := os.Stat(name)
	return ext == ".yaml" || ext == ".yml" || err == nil && info.IsDir()
}
