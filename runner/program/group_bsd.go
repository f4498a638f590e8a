//go:build unix && !linux

package program

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes make the program the leader of a session of its own, which a
// Ctrl-C at the terminal does not reach: it is ended in order.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// wait waits until the program has ended.
func (p *Program) wait() Status {
	p.cmd.Wait()
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return Status{Signal: unix.SignalName(status.Signal())}
	}
	return Status{Code: status.ExitStatus()}
}

func (p *Program) reap() {}

func (p *Program) terminate() { unix.Kill(-p.PID(), unix.SIGTERM) }

func (p *Program) kill() { unix.Kill(-p.PID(), unix.SIGKILL) }

type member struct{ name string }

// members says only whether somebody is left in the program's group. Those who
// have left it are not known here.
func (p *Program) members() []member {
	if unix.Kill(-p.PID(), 0) == unix.ESRCH {
		return nil
	}
	return []member{{name: p.cmd.Args[0]}}
}
