//go:build linux

package main

import (
	"path/filepath"
	"testing"
)

const completedFile = `name: smtp.relay (1)
description: Relays to the next one.
tags: [mail, smoke]
vars: {user: ann}
servers: {relay: {reply: x, note: the next one}, other: {listen: false}}
clients: {ann: [{connect: relay}, {send: "${user}"}, {expect: x}]}
---
name: smtp.quit
tags: [mail, slow]
cases: [{n: a}, {n: b}]
clients: {ann: [wait: 1ms]}
---
name: m-greeting
clients: {ann: [wait: 1ms]}
`

// Shells complete names, tags, servers and variables from the files on the line,
// such that the word is what is meant.
func TestCompletion(t *testing.T) {
	for _, shell := range []struct {
		name string
		args []string
		load string // has the shell learn it
	}{
		{"bash", []string{"--norc", "--noprofile", "-i"}, "bind 'set bell-style none'; source <(banter completion bash); echo rea''dy\n"},
		{"zsh", []string{"-f", "-i"}, "unsetopt beep; PS1='> '; autoload -U compinit; compinit -D -u; source <(banter completion zsh); echo rea''dy\n"},
		{"fish", []string{"--no-config", "-i"}, "banter completion fish | source; echo rea''dy\n"},
	} {
		t.Run(shell.name, func(t *testing.T) {
			program := installed(t, shell.name)
			dir := t.TempDir()
			write(t, filepath.Join(dir, "c.yaml"), completedFile)
			x := onTerminal(t, dir, program, shell.args...)
			x.types(shell.load)
			x.shows(`ready`)
			for _, line := range []struct{ typed, shows string }{
				{"banter run c.yaml --filter m\t\n", `1 scenario, 1 passed`}, // four names have an m
				{"banter run c.yaml --filter=m\t\n", `1 scenario, 1 passed`},
				{"banter run c.yaml --filter ^m\t\n", `\$[^$]*1 scenario, 1 passed`},
				{"banter list c.yaml --filter smtp\trel\t\n", `smtp\.relay \(1\)   mail`},
				{"banter run c.yaml --tag sl\t\n", `2 scenarios, 2 passed`},
				{"banter run c.yaml --filter relay --connect oth\t127.0.0.1:1\n", `1 scenario, 1 passed`},
				{"banter run c.yaml --filter relay --var us\tbob\n", `1 scenario, 1 passed`},
			} {
				x.types(line.typed)
				x.shows(line.shows)
			}
		})
	}
}
