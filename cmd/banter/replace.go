package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
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
	file, err := createReport(path)
	if err != nil {
		return err
	}
	if _, err := file.Write(content); err != nil {
		file.discard()
		return err
	}
	now, err := os.ReadFile(file.to)
	if err == nil && !bytes.Equal(now, was) {
		err = errors.New("it was changed meanwhile; run it again")
	}
	if err != nil {
		file.discard()
		return err
	}
	return file.commit()
}
