//go:build race

package scenario

// raceSlowdown divides the sizes of tests that the race detector makes slow.
const raceSlowdown = 16
