package program

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// attributes make the program the leader of a session of its own, which a
// Ctrl-C at the terminal does not reach: it is ended in order. And it does not
// outlive this process, also where that is killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

// wait waits until the program has ended, and leaves it to reap: as long as it
// is there, its number is nobody else's, and its group can be signalled.
func (p *Program) wait() Status {
	var info unix.Siginfo
	for unix.Waitid(unix.P_PID, p.PID(), &info, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	// Three numbers of 32 bits, and then si_pid, si_uid and si_status, see sigaction(2).
	fields := (*[3]int32)(unsafe.Add(unsafe.Pointer(&info), 8+unsafe.Alignof(uintptr(0))))
	if info.Code == 1 { // CLD_EXITED
		return Status{Code: int(fields[2])}
	}
	return Status{Signal: unix.SignalName(syscall.Signal(fields[2]))}
}

func (p *Program) reap() { p.cmd.Wait() }

func (p *Program) terminate() { p.signal(unix.SIGTERM) }

func (p *Program) kill() { p.signal(unix.SIGKILL) }

// signal signals the group, and those who have left it.
func (p *Program) signal(sig syscall.Signal) {
	unix.Kill(-p.PID(), sig)
	for _, m := range p.members() {
		if m.group == p.PID() {
			continue
		}
		if q, err := os.FindProcess(m.pid); err == nil {
			if now, ok := processStat(m.pid); ok && now.started == m.started {
				q.Signal(sig)
			}
			q.Release()
		}
	}
}

// member is a process.
type member struct {
	pid, parent, group, session int
	started                     uint64 // in clock ticks since the machine's start
	name                        string
	dead                        bool // it has ended, and its parent has not asked yet
}

// members are the processes of the program that live: its session, its group,
// all that these have started, and those who have made themselves independent
// and still have its marker in their environment, or its standard error open.
func (p *Program) members() []member {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	leader, ok := processStat(p.PID())
	if !ok {
		return nil
	}
	pipe := p.pipeName()
	var all []member
	in := map[int]bool{p.PID(): true}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		m, ok := processStat(pid)
		if !ok || m.started < leader.started {
			continue
		}
		all = append(all, m)
		if m.session == p.PID() || m.group == p.PID() || !m.dead && (p.marked(pid) || holds(pid, pipe)) {
			in[pid] = true
		}
	}
	for again := true; again; {
		again = false
		for _, m := range all {
			if !in[m.pid] && in[m.parent] {
				in[m.pid], again = true, true
			}
		}
	}
	var members []member
	for _, m := range all {
		if in[m.pid] && !m.dead {
			members = append(members, m)
		}
	}
	return members
}

// marked reports whether a process has the program's marker.
func (p *Program) marked(pid int) bool {
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	return err == nil && bytes.Contains(env, []byte(p.marker))
}

// pipeName is what the system calls the pipe that the program prints to.
func (p *Program) pipeName() string {
	info, err := p.stderr.Stat()
	if err != nil {
		return ""
	}
	return fmt.Sprintf("pipe:[%d]", info.Sys().(*syscall.Stat_t).Ino)
}

// holds reports whether another program has a pipe open. One that this process
// is just starting still has copies of all that is open here, until it is
// executed; so that is looked at first.
func holds(pid int, pipe string) bool {
	exe, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe")
	return err == nil && exe != ownExe() && slices.Contains(openFiles(pid), pipe)
}

var ownExe = sync.OnceValue(func() string {
	exe, _ := os.Readlink("/proc/self/exe")
	return exe
})

// openFiles are the files, pipes and sockets that a process has open, as the
// system names them. There are none of one that has ended, or is somebody
// else's.
func openFiles(pid int) (names []string) {
	dir := "/proc/" + strconv.Itoa(pid) + "/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if name, err := os.Readlink(dir + "/" + e.Name()); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// processStat reads what the system says of a process, see proc_pid_stat(5).
func processStat(pid int) (member, bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return member{}, false
	}
	s := string(text)
	open, end := strings.IndexByte(s, '('), strings.LastIndexByte(s, ')')
	if open < 0 || end < open {
		return member{}, false
	}
	fields := strings.Fields(s[end+1:]) // from the third field on
	if len(fields) < 20 {
		return member{}, false
	}
	m := member{pid: pid, name: s[open+1 : end], dead: fields[0] == "Z" || fields[0] == "X"}
	var errs [4]error
	m.parent, errs[0] = strconv.Atoi(fields[1])
	m.group, errs[1] = strconv.Atoi(fields[2])
	m.session, errs[2] = strconv.Atoi(fields[3])
	m.started, errs[3] = strconv.ParseUint(fields[19], 10, 64)
	return m, errors.Join(errs[:]...) == nil
}
