// Package program starts programs of the system, hears what they print, sees
// where they listen, and ends them together with all that they have started.
// It knows nothing of scenarios.
//
//	p, err := program.Start(program.Command{Args: []string{"redis-server"}, Output: output})
//	if err != nil {
//		return err // it is not installed, or may not be run
//	}
//	defer p.Stop(time.Second)
//	err = p.AwaitListening(ctx, 6379)
package program

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// Command says what to start.
type Command struct {
	// Args are the program and its arguments. A program without a slash in its
	// name is looked up on the PATH.
	Args   []string
	Dir    string   // that it starts in; "": this process's
	Env    []string // "NAME=value", beside this process's environment
	Output *Output  // hears what it prints

	// Piped has the program's standard input and output be the pipes In and
	// Out, so that Output hears its standard error alone. Otherwise it reads
	// nothing, and Output hears both.
	Piped bool

	// Thread runs something on a thread of its own, which ends with it, in what
	// the program is to be in; or tells it why there is none. Nil: any thread.
	Thread func(run func(error))
}

// Program is a program that was started. It has to be stopped, also if it ends
// by itself.
type Program struct {
	In, Out *os.File // where its input is written to and its output read from, if it is piped

	cmd    *exec.Cmd
	marker string // in the environment of all that it starts
	output *Output
	stderr *os.File // what Output hears
	heard  chan struct{}

	ended  chan struct{}
	status Status // once ended is closed
	stop   sync.Once
	killed []string
}

// Status is how a program has ended.
type Status struct {
	Code   int    // that it has exited with
	Signal string // that has killed it, "SIGKILL"; "": it has exited
}

// String is the status in words: "exit status 1", "killed by SIGKILL".
func (s Status) String() string {
	if s.Signal != "" {
		return "killed by " + s.Signal
	}
	return fmt.Sprintf("exit status %d", s.Code)
}

// Marker is the variable in the environment of a program and all that it
// starts, by which those are found that have left its session.
const Marker = "BANTER_PROGRAM"

// Start starts a program.
func Start(c Command) (*Program, error) {
	p := &Program{output: c.Output, heard: make(chan struct{}), ended: make(chan struct{})}
	p.marker = Marker + "=" + rand.Text()
	p.cmd = exec.Command(c.Args[0], c.Args[1:]...)
	p.cmd.Dir = c.Dir
	p.cmd.Env = append(append(os.Environ(), c.Env...), p.marker)
	p.cmd.SysProcAttr = attributes()
	if c.Dir != "" {
		if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() { // which the system would say of the program
			return nil, fmt.Errorf("there is no folder %s to start it in", c.Dir)
		}
	}
	var theirs []*os.File
	pipe := func(toThem bool) (ours, their *os.File, err error) {
		r, w, err := os.Pipe()
		if toThem {
			r, w = w, r
		}
		theirs = append(theirs, w)
		return r, w, err
	}
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
	}()
	var err error
	if p.stderr, p.cmd.Stderr, err = pipe(false); err != nil {
		return nil, err
	}
	p.cmd.Stdout = p.cmd.Stderr
	if c.Piped {
		if p.In, p.cmd.Stdin, err = pipe(true); err == nil {
			p.Out, p.cmd.Stdout, err = pipe(false)
		}
	}
	if err == nil {
		err = p.start(c.Thread)
	}
	if err != nil {
		p.closePipes()
		p.stderr.Close()
		return nil, reason(err)
	}
	c.Output.begin()
	go p.hear()
	return p, nil
}

// start starts the program, and sees it end. Linux kills it when the thread
// that has started it ends, which is to be when this process does; so the
// thread stays until the program has ended.
func (p *Program) start(onThread func(run func(error))) error {
	if onThread == nil {
		onThread = func(run func(error)) {
			go func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				run(nil)
			}()
		}
	}
	started := make(chan error)
	onThread(func(err error) {
		if err == nil {
			err = p.cmd.Start()
		}
		started <- err
		if err == nil {
			p.status = p.wait()
			close(p.ended)
		}
	})
	return <-started
}

// reason is why a program can't be started, in a few words.
func reason(err error) error {
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("it is not installed: there is no such program on the PATH")
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such program, or none that its first line names")
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*exec.Error](err); ok {
		return e.Err
	}
	return err
}

// hear hands what the program prints to its Output, until nobody is left who
// could print.
func (p *Program) hear() {
	defer close(p.heard)
	defer p.output.end()
	buf := make([]byte, 32<<10)
	for {
		n, err := p.stderr.Read(buf)
		p.output.write(buf[:n])
		if err != nil {
			return
		}
	}
}

// PID is the program's process, which is the leader of its group and session.
func (p *Program) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the program has ended. What it has started may live on.
func (p *Program) Ended() <-chan struct{} { return p.ended }

// Heard is closed when nobody is left who could print.
func (p *Program) Heard() <-chan struct{} { return p.heard }

// HasEnded reports whether the program has ended, and how.
func (p *Program) HasEnded() (Status, bool) {
	select {
	case <-p.ended:
		return p.status, true
	default:
		return Status{}, false
	}
}

// Alone reports whether nothing is left of the program: it has ended, and what
// it has started has.
func (p *Program) Alone() bool {
	_, ended := p.HasEnded()
	return ended && len(p.members()) == 0
}

// killTime is how long those take who are killed, and those who hold the
// program's pipes without being found.
const killTime = 5 * time.Second

// Stop ends the program and all that it has started: SIGTERM, and SIGKILL for
// those who are left after grace. It returns the names of the latter, when all
// have ended and what they have printed was heard.
func (p *Program) Stop(grace time.Duration) (killed []string) {
	p.stop.Do(func() {
		p.closePipes()
		p.terminate()
		if !p.gone(grace) {
			for _, m := range p.members() {
				p.killed = append(p.killed, m.name)
			}
			for began := time.Now(); time.Since(began) < killTime; {
				p.kill()
				if p.gone(50 * time.Millisecond) { // nobody was started in the meantime
					break
				}
			}
		}
		p.reap()
		select {
		case <-p.heard:
		case <-time.After(killTime):
		}
		p.stderr.Close()
		<-p.heard
	})
	return p.killed
}

// closePipes gives up what is ours of the pipes.
func (p *Program) closePipes() {
	if p.In != nil {
		p.In.Close()
	}
	if p.Out != nil {
		p.Out.Close()
	}
}

// gone waits until nothing is left of the program, and reports whether that
// came about in time.
func (p *Program) gone(within time.Duration) bool {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		return false
	}
	pause := time.NewTimer(0)
	defer pause.Stop()
	for d := time.Millisecond; ; d = min(2*d, 20*time.Millisecond) {
		if len(p.members()) == 0 {
			return true
		}
		pause.Reset(d)
		select {
		case <-pause.C:
		case <-timer.C:
			return len(p.members()) == 0
		}
	}
}
