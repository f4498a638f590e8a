package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// product is a file that is to be written when all is known, at once: until then
// another one of that name stays as it is. That it can be written is found out at
// the start.
type product struct {
	path      string
	temporary *os.File // nil: it is a device or a pipe, which nothing can replace
}

// newProduct begins a file.
func newProduct(path string) (*product, error) {
	p := &product{path: path}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a folder; give a file in it", path)
	case err == nil && !info.Mode().IsRegular():
		return p, nil
	case err == nil:
		if real, err := filepath.EvalSymlinks(path); err == nil { // a link stays a link
			p.path = real
		}
	}
	p.temporary, err = os.CreateTemp(filepath.Dir(p.path), "."+filepath.Base(p.path)+".*")
	if err != nil {
		return nil, fmt.Errorf("%s: can't be written: %w", path, reason(err))
	}
	mode := os.FileMode(0o644)
	if info != nil {
		mode = info.Mode().Perm()
	}
	if err := p.temporary.Chmod(mode); err != nil {
		p.discard()
		return nil, fmt.Errorf("%s: can't be written: %w", path, reason(err))
	}
	return p, nil
}

// write writes the content; where that fails it can be tried again with less.
func (p *product) write(content []byte) error {
	if p.temporary == nil {
		return os.WriteFile(p.path, content, 0o644)
	}
	if err := p.temporary.Truncate(0); err != nil {
		return err
	}
	if _, err := p.temporary.WriteAt(content, 0); err != nil {
		return err
	}
	return p.temporary.Sync()
}

// finish has the file be there.
func (p *product) finish() error {
	if p.temporary == nil {
		return nil
	}
	err := errors.Join(p.temporary.Close(), os.Rename(p.temporary.Name(), p.path))
	if err != nil {
		os.Remove(p.temporary.Name())
	}
	p.temporary = nil
	return err
}

// discard has nothing be written, unless it has been.
func (p *product) discard() {
	if p.temporary != nil {
		p.temporary.Close()
		os.Remove(p.temporary.Name())
		p.temporary = nil
	}
}
