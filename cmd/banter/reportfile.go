package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// reportFile is a file that is written under another name, beside the one that
// it takes the place of: there is a whole report or none. What is no regular file,
// a pipe or a device, is written as it comes.
type reportFile struct {
	*bufio.Writer
	file *os.File
	to   string // that it is renamed to; "": it is written directly
}

// createReport opens a report file. That it can't be written is found here, as
// far as it can be.
func createReport(path string) (*reportFile, error) {
	r := &reportFile{to: path}
	perm, exists := fs.FileMode(0o666), false
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("is a folder")
	default:
		file, err := os.OpenFile(path, os.O_WRONLY, 0) // it may not be ours to write
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			r.file, r.Writer, r.to = file, bufio.NewWriter(file), ""
			return r, nil
		}
		file.Close()
		perm, exists = info.Mode().Perm(), true
		if r.to, err = filepath.EvalSymlinks(path); err != nil { // a link stays a link
			return nil, err
		}
	}
	name := filepath.Join(filepath.Dir(r.to), "."+filepath.Base(r.to)+"."+rand.Text()[:8])
	if r.file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm); err != nil {
		return nil, err
	}
	r.Writer = bufio.NewWriterSize(r.file, 64<<10)
	now, err := r.file.Stat()
	if err == nil && exists && now.Mode().Perm() != perm { // the umask has taken some
		err = r.file.Chmod(perm)
	}
	if err != nil {
		r.discard()
		return nil, err
	}
	return r, nil
}

// Write writes through where somebody may be reading along.
func (r *reportFile) Write(p []byte) (int, error) {
	n, err := r.Writer.Write(p)
	if r.to == "" && err == nil {
		err = r.Flush()
	}
	return n, err
}

// commit puts the file in its place. If it can't, there is none.
func (r *reportFile) commit() error {
	if err := r.Flush(); err != nil {
		r.discard()
		return err
	}
	if r.to == "" {
		return r.file.Close()
	}
	err := r.file.Sync()
	if err = errors.Join(err, r.file.Close()); err == nil {
		err = os.Rename(r.file.Name(), r.to)
	}
	if err != nil {
		os.Remove(r.file.Name())
	}
	return err
}

// discard leaves what was there before.
func (r *reportFile) discard() {
	r.file.Close()
	if r.to != "" {
		os.Remove(r.file.Name())
	}
}
