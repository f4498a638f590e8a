package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"banter/runner"

	"github.com/spf13/cobra"
)

// perturbFlags are the flags that have scenarios played otherwise than they are
// written.
func perturbFlags(cmd *cobra.Command, to *runner.Perturbation) {
	cmd.Flags().Var(&value[runner.Perturbation]{to: to, kind: "N", parse: func(s string) (runner.Perturbation, error) {
		seed := to.Seed
		if n, err := strconv.Atoi(s); err == nil {
			if n < 1 {
				return *to, errors.New("must be 1 or more, or a list of changes")
			}
			return runner.Perturbation{Times: n, Seed: seed}, nil
		}
		p := runner.Perturbation{Seed: seed}
		for word := range strings.SplitSeq(s, ",") {
			c, err := runner.ParseChange(word)
			if err != nil {
				return *to, fmt.Errorf("is no number of runs, and %w", err)
			}
			p.Changes = append(p.Changes, c)
		}
		return p, nil
	}}, "perturb", "play each scenario N more times with its bytes cut elsewhere, or once with a list of changes")
	cmd.Flags().Var(&value[uint64]{to: &to.Seed, kind: "N", parse: func(s string) (uint64, error) {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return 0, errors.New("must be a whole number")
		}
		return n, nil
	}}, "seed", "what --perturb does is the same for the same seed (another each time)")
}

// seeded picks a seed where none was given, and says which.
func (a *app) seeded(cmd *cobra.Command, p *runner.Perturbation) error {
	given := cmd.Flags().Changed("seed")
	switch {
	case given && p.Times == 0:
		return errors.New("--seed is of --perturb N, which is not given")
	case p.Times > 0 && !given:
		p.Seed = uint64(rand.Uint32())
		fmt.Fprintf(a.stderr, "perturbed with --seed %d\n", p.Seed)
	}
	return nil
}
