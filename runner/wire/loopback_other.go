//go:build !linux

package wire

func narrow(int) error { return nil }

// canNarrow reports whether a socket that is bound to every address can be held
// to the loopback ones.
var canNarrow = func() bool { return false }
