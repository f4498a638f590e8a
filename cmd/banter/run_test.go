package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestUseColor(t *testing.T) {
	for _, tt := range []struct {
		when     string
		terminal bool
		env      string // NAME=VALUE
		want     bool
	}{
		{"auto", true, "", true},
		{"auto", false, "", false},
		{"auto", true, "NO_COLOR=1", false},
		{"auto", true, "NO_COLOR=", true},
		{"auto", true, "TERM=dumb", false},
		{"auto", false, "CLICOLOR_FORCE=1", true},
		{"auto", false, "CLICOLOR_FORCE=0", false},
		{"always", false, "NO_COLOR=1", true},
		{"always", false, "TERM=dumb", true},
		{"never", true, "CLICOLOR_FORCE=1", false},
	} {
		name, value, _ := strings.Cut(tt.env, "=")
		getenv := func(key string) string {
			if key == name {
				return value
			}
			return ""
		}
		if got := useColor(tt.when, tt.terminal, getenv); got != tt.want {
			t.Errorf("--color %s, terminal %v, %s: %v", tt.when, tt.terminal, tt.env, got)
		}
	}
}

func TestVersionText(t *testing.T) {
	info := &debug.BuildInfo{
		Main:     debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}},
	}
	if got, want := versionText(info), "banter v1.2.3\ncommit abc (modified)\nbuilt with "; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q...", got, want)
	}
	if got, want := versionText(nil), "banter (devel)\ncommit unknown\nbuilt with "; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q...", got, want)
	}
	version = "v9"
	defer func() { version = "" }()
	if got, want := versionText(info), "banter v9\n"; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q...", got, want)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"greeting", "half-close", "reset"}
	for word, want := range map[string]string{
		"gretting": "greeting", "halfclose": "half-close", "rest": "reset", "x": "", "something": "", "": "",
	} {
		if got := nearest(word, names); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
}
