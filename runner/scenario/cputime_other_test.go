//go:build !linux

package scenario

import "time"

// cpuTime is how long f takes.
func cpuTime(f func()) time.Duration {
	begin := time.Now()
	f()
	return time.Since(begin)
}
