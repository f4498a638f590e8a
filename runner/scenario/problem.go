package scenario

import (
	"fmt"
	"slices"
)

// Problem is something wrong with a scenario file: one line, with what would
// be right where that is known.
type Problem struct {
	Pos     Pos
	Warning bool // may be meant so; the file can be run
	Message string
}

// String is the problem as a compiler would print it.
func (p Problem) String() string {
	if p.Warning {
		return fmt.Sprintf("%s: warning: %s", p.Pos, p.Message)
	}
	return fmt.Sprintf("%s: %s", p.Pos, p.Message)
}

// Problems are all that is wrong with a file, in the order of their places.
type Problems []Problem

// HaveErrors reports whether any of them is more than a warning.
func (ps Problems) HaveErrors() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return !p.Warning })
}

// Warnings returns those that leave the file runnable.
func (ps Problems) Warnings() Problems { return ps.only(true) }

// Errors returns those that keep the file from being run.
func (ps Problems) Errors() Problems { return ps.only(false) }

func (ps Problems) only(warning bool) Problems {
	var out Problems
	for _, p := range ps {
		if p.Warning == warning {
			out = append(out, p)
		}
	}
	return out
}
