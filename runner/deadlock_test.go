package runner_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"banter/runner/scenario"
)

// Check sees a deadlock between clients where a run has one, and nowhere else:
// scripts made by chance, of nothing but order, are played all the same.
func TestDeadlocksAreThoseOfARun(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	names := []string{"ann", "ben", "cat", "dan"}
	circles, passed := 0, 0
	for range 400 {
		var b strings.Builder
		b.WriteString("timeout: 60s\nclients:\n")
		for i, name := range names {
			fmt.Fprintf(&b, "  %s:\n", name)
			if other := r.IntN(3 * len(names)); other < len(names) && other != i {
				fmt.Fprintf(&b, "    after: %s\n", names[other])
			}
			b.WriteString("    steps:\n      - wait: 1us\n")
			for range r.IntN(4) {
				signal := "abc"[r.IntN(3)]
				switch r.IntN(7) {
				case 0, 1, 2:
					fmt.Fprintf(&b, "      - signal: %c\n", signal)
				case 3:
					fmt.Fprintf(&b, "      - await: {signal: %c, times: %d}\n", signal, 1+r.IntN(2))
				case 4:
					fmt.Fprintf(&b, "      - await: %c\n", signal)
				case 5:
					fmt.Fprintf(&b, "      - parallel: [{signal: %c}, {await: %c}]\n", signal, "abc"[r.IntN(3)])
				case 6:
					if !strings.Contains(b.String()[strings.LastIndex(b.String(), "steps:"):], "meet") {
						b.WriteString("      - meet: here\n")
					}
				}
			}
		}
		file := scenario.Parse("x.yaml", []byte(b.String()))
		circle := false
		for _, p := range file.Problems.Errors() {
			circle = circle || strings.Contains(p.Message, "in a circle")
		}
		if !circle && file.Problems.HaveErrors() {
			continue // signals that are given nowhere, or not so often
		}
		result := play(t, file.Scenarios[0])
		if result.Passed() == circle {
			t.Fatalf("passed: %v, but check says\n%v\nof\n%s", result.Passed(), file.Problems, b.String())
		}
		if circle {
			circles++
		} else {
			passed++
		}
	}
	if circles < 20 || passed < 20 {
		t.Errorf("%d circles, %d without", circles, passed)
	}
}
