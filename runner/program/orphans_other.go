//go:build !linux

package program

// Adopt does nothing here: what a program leaves behind outside of its group is
// not known.
func Adopt() (end func()) { return func() {} }
