//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package main

// unbuffered would have a terminal hand over keys as they are pressed. Here they
// come with the next Enter, line by line.
func unbuffered(int) (restore func()) { return func() {} }

func inForeground(int) bool { return true }
