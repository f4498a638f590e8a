//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// unbuffered has a terminal hand over keys as they are pressed, without showing
// them, until restore is called. All else is as it was: Ctrl-C and Ctrl-Z are
// signals. While the program is stopped, the terminal is as it was.
func unbuffered(terminal int) (restore func()) {
	was, err := unix.IoctlGetTermios(terminal, getTermios)
	if err != nil {
		return func() {}
	}
	mode := *was
	mode.Lflag &^= unix.ICANON | unix.ECHO
	mode.Cc[unix.VMIN], mode.Cc[unix.VTIME] = 1, 0
	var mu sync.Mutex
	over := false
	set := func(mode *unix.Termios, last bool) {
		mu.Lock()
		defer mu.Unlock()
		if !over && inForeground(terminal) {
			unix.IoctlSetTermios(terminal, setTermios, mode)
		}
		over = over || last
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGTSTP, unix.SIGCONT, unix.SIGQUIT)
	set(&mode, false)
	go func() {
		for s := range signals {
			switch s {
			case unix.SIGTSTP:
				set(was, false)
				syscall.Kill(os.Getpid(), unix.SIGSTOP)
			case unix.SIGCONT:
				set(&mode, false)
			case unix.SIGQUIT:
				set(was, true)
				signal.Reset(unix.SIGQUIT)
				syscall.Kill(os.Getpid(), unix.SIGQUIT)
			}
		}
	}()
	return sync.OnceFunc(func() {
		set(was, true)
		signal.Stop(signals)
		close(signals)
	})
}

// inForeground reports whether the terminal is this program's to use: in the
// background it would be stopped for that.
func inForeground(terminal int) bool {
	group, err := unix.IoctlGetInt(terminal, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
