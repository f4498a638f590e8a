package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// within is in the environment of a banter that has been started in a user
// namespace.
const within = "BANTER_WITHIN"

// sheltered says that this process is in a user namespace that another one has
// made for it. That one hears what the terminal sends to both, and passes it on.
var sheltered = os.Getenv(within) != ""

// shelter plays the command in a user namespace, where it may make networks, if
// it asks for them and may not here. A process of several threads can't enter
// one, and Go's have several from the start: so it starts itself again. It
// reports false where there is no need, or no way.
func shelter(args []string) (status int, done bool) {
	if sheltered {
		os.Unsetenv(within) // it is not for the programs that are started
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
		return 0, false
	}
	if !wantsIsolation(args) || capable() {
		return 0, false
	}
	exe, err := os.Executable()
	if err != nil {
		return 0, false
	}
	// The kernel ends the other one when the thread ends that has started it.
	runtime.LockOSThread()
	cmd := exec.Command(exe)
	cmd.Args = os.Args
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), within+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER,
		// Who owns a file, and who programs run as, stays as it is.
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}},
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_NET_BIND_SERVICE},
		Pdeathsig:   syscall.SIGKILL,
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := cmd.Start(); err != nil {
		signal.Stop(signals)
		runtime.UnlockOSThread()
		return 0, false // and why there are no networks is said when one is to be made
	}
	go func() {
		for range signals {
			cmd.Process.Signal(syscall.SIGTERM)
		}
	}()
	err = cmd.Wait()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		if how, ok := ended.Sys().(syscall.WaitStatus); ok && how.Signaled() {
			return 128 + int(how.Signal()), true
		}
		return ended.ExitCode(), true
	}
	if err != nil {
		return statusUsage, true
	}
	return 0, true
}

// capable reports whether this process may make networks.
func capable() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_SYS_ADMIN) != 0
}
