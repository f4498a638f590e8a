package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"banter/runner"
	"banter/runner/scenario"

	"github.com/spf13/pflag"
)

// realServers is a flag that can be given again: a server's name, and where the
// real one is that takes its place.
func realServers(to *map[string]string, kind string) pflag.Value {
	return &value[map[string]string]{to: to, kind: kind, parse: func(s string) (map[string]string, error) {
		name, address, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return *to, errors.New("must be NAME=ADDRESS, as in greeter=127.0.0.1:7890")
		}
		if other, twice := (*to)[name]; twice {
			return *to, fmt.Errorf("is a second address for %s, which is at %s already", name, other)
		}
		if _, err := scenario.ParseAddress(address); err != nil {
			return *to, fmt.Errorf("has no address: %w", err)
		}
		servers := map[string]string{name: address}
		maps.Copy(servers, *to)
		return servers, nil
	}}
}

// checkConnect says which of the servers that are to be replaced is in none of the
// scenarios, can't be where it is said to be, or is replaced by a process already.
func checkConnect(servers map[string]string, real runner.Real, scenarios []*scenario.Scenario) error {
	var names []string
	found := map[string]bool{}
	for _, s := range scenarios {
		for _, c := range s.Processes {
			if address, ok := servers[c.Serves]; ok && real != runner.RealNever {
				return fmt.Errorf("--connect %s=%s: with --real the process %s serves it", c.Serves, address, c.Name)
			}
		}
		for _, srv := range s.Servers {
			if !slices.Contains(names, srv.Name) {
				names = append(names, srv.Name)
			}
			address, ok := servers[srv.Name]
			if !ok {
				continue
			}
			found[srv.Name] = true
			if _, err := srv.StandIn(address); err != nil {
				return fmt.Errorf("--connect %s=%s: %w", srv.Name, address, err)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		if !found[name] {
			return fmt.Errorf("--connect %s: no such server; %s", name, known(name, names, "servers"))
		}
	}
	return nil
}

// connectWords are the flags that say the same again.
func connectWords(servers map[string]string) (words []string) {
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		words = append(words, "--connect", name+"="+servers[name])
	}
	return words
}
