package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// replaceFile puts another content into a file, at once: whoever reads it sees
// all of the one or all of the other. The file must be as it was when it was
// read. A link stays a link, and the permissions are kept.
func replaceFile(path string, was, content []byte) error {
	if err := replace(path, was, content); err != nil {
		return fmt.Errorf("%s: not updated: %w", path, reason(err))
	}
	return nil
}

func replace(path string, was, content []byte) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("it is no regular file")
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(real, os.O_RDWR, 0) // it may not be ours to write
	if err != nil {
		return err
	}
	file.Close()
	temporary, err := os.CreateTemp(filepath.Dir(real), "."+filepath.Base(real)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // where it was renamed there is none
	_, err = temporary.Write(content)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Chmod(temporary.Name(), info.Mode().Perm())
	}
	if err != nil {
		return err
	}
	now, err := os.ReadFile(real)
	switch {
	case err != nil:
		return err
	case !bytes.Equal(now, was):
		return errors.New("it was changed meanwhile; run it again")
	}
	return os.Rename(temporary.Name(), real)
}
