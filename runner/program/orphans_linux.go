package program

import (
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Adopt has this process inherit what programs leave behind when they end, so
// that end finds also those who have left nothing to find them by. It is for
// the main function of a program that starts no others: the system has one such
// setting for all of a process. Call end when all programs are stopped.
func Adopt() (end func()) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return func() {}
	}
	return endOrphans
}

// orphanTime is how long those have who are told to end.
const orphanTime = time.Second

func endOrphans() {
	sig := unix.SIGTERM
	told := map[int]bool{}
	for began := time.Now(); time.Since(began) < orphanTime+killTime; time.Sleep(time.Millisecond) {
		if sig == unix.SIGTERM && time.Since(began) > orphanTime {
			sig = unix.SIGKILL
			clear(told)
		}
		all := children()
		if len(all) == 0 {
			return
		}
		for _, pid := range all {
			if !told[pid] {
				unix.Kill(pid, sig)
				told[pid] = true
			}
			unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
	}
}

// children are the processes whose parent this one is.
func children() (pids []int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if m, ok := processStat(pid); ok && m.parent == os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}
