package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// finder collects scenario files, each once however often it is met.
type finder struct {
	files []string
	seen  map[string]bool
}

// Find returns the scenario files that are meant by paths, each once, in their
// order: files, folders (every *.yaml and *.yml below, sorted, but what is
// hidden), and Stdin. The errors say what is wrong with the paths.
func Find(paths []string) (files []string, errs []error) {
	f := finder{seen: map[string]bool{}}
	for _, path := range paths {
		if err := f.path(path); err != nil {
			errs = append(errs, err)
		}
	}
	return f.files, errs
}

func (f *finder) path(path string) error {
	if path == Stdin {
		f.add(path, path)
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return pathError(path, err)
	}
	if info.IsDir() {
		return f.folder(path, realPath(path))
	}
	f.add(path, realPath(path))
	return nil
}

// pathError is what is wrong with a path.
func pathError(path string, err error) error {
	switch {
	case path == "":
		return errors.New("a path is empty")
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: no such file or folder", path)
	}
	return fmt.Errorf("%s: %w", path, reason(err))
}

// folder adds every scenario file below a folder, sorted. What is hidden is
// for other programs, and what is no file (a pipe would keep us waiting) for
// those who name it.
func (f *finder) folder(folder, real string) error {
	found := false
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return pathError(path, err)
		}
		name := entry.Name()
		if path != folder && strings.HasPrefix(name, ".") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(name); entry.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		inside, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		target, kind := filepath.Join(real, inside), entry.Type()
		if kind&fs.ModeSymlink != 0 {
			info, err := os.Stat(path)
			if err != nil {
				return pathError(path, err)
			}
			target, kind = realPath(path), info.Mode() // a linked folder is no file
		}
		if !kind.IsRegular() {
			return nil
		}
		found = true
		f.add(path, target)
		return nil
	})
	if err == nil && !found {
		return fmt.Errorf("%s: no *.yaml or *.yml below it", folder)
	}
	return err
}

func (f *finder) add(path, real string) {
	if !f.seen[real] {
		f.seen[real] = true
		f.files = append(f.files, path)
	}
}

// realPath is what identifies a file, whichever way it is reached. A pipe of a
// shell's <(command) has a name, and nothing behind it.
func realPath(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(absolute); err == nil {
		return real
	}
	return absolute
}
