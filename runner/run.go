package runner

import (
	"context"
	"time"

	"banter/runner/scenario"
)

// Options are what a run is told beside its scenario.
type Options struct {
	Timeout time.Duration // of a step that has no within, in place of the scenario's; 0: the scenario's
	Slow    float64       // every timeout is multiplied by it; 0 is 1
}

// Run plays a scenario over the operating system's sockets.
func Run(ctx context.Context, s *scenario.Scenario, opts Options) (Result, error) {
	panic("being written")
}
