package program

import "syscall"

// attributes keep a Ctrl-C at the terminal from the program: it is ended in
// order.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// wait waits until the program has ended.
func (p *Program) wait() Status {
	p.cmd.Wait()
	return Status{Code: p.cmd.ProcessState.ExitCode()}
}

func (p *Program) reap() {}

// terminate can't ask here: it kills.
func (p *Program) terminate() { p.kill() }

// kill ends the program alone. What it has started is not known here.
func (p *Program) kill() { p.cmd.Process.Kill() }

type member struct{ name string }

func (p *Program) members() []member {
	if _, ended := p.HasEnded(); ended {
		return nil
	}
	return []member{{name: p.cmd.Args[0]}}
}
