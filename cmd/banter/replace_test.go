package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.yaml")
	write(t, path, "before")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.yaml")
	if err := os.Symlink(path, link); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	} else if err != nil {
		link = path
	}
	is := func(want string) {
		t.Helper()
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 {
			t.Errorf("there is something beside it: %v, %v", entries, err)
		}
	}

	if err := replaceFile(link, []byte("before"), []byte("after")); err != nil {
		t.Error(err)
	}
	is("after")
	if info, err := os.Lstat(link); err != nil || link != path && info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is none any more: %v", err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Errorf("the permissions are others: %v, %v", info.Mode(), err)
	}

	err := replaceFile(path, []byte("before"), []byte("more"))
	if err == nil || err.Error() != path+": not updated: it was changed meanwhile; run it again" {
		t.Error(err)
	}
	is("after")

	for _, gone := range []string{filepath.Join(dir, "gone.yaml"), dir} {
		if err := replaceFile(gone, nil, []byte("x")); err == nil || !strings.HasPrefix(err.Error(), gone+": ") || strings.Count(err.Error(), gone) > 1 {
			t.Error(err)
		}
	}
	is("after")
}
