package runner

import (
	"errors"
	"net/netip"
	"os/exec"
	"slices"
	"time"

	"banter/runner/program"
	"banter/runner/scenario"
	"banter/runner/wire"
)

// All processes of a run.

// enlist makes the processes that are to play, and finds ports for them. It
// reports whether it could.
func (p *play) enlist() bool {
	awaited, restarted := map[string]bool{}, map[string]bool{}
	for _, steps := range scripts(p.scenario) {
		p.spawns = p.spawns || slices.ContainsFunc(steps, spawns)
		scenario.Walk(steps, func(s *scenario.Step) {
			switch act := s.Action.(type) {
			case scenario.AwaitOutput:
				awaited[act.Process] = true
			case scenario.StartProcess:
				restarted[act.Name] = true
			}
		})
	}
	for _, decl := range p.scenario.Processes {
		keep := program.ForReport
		if awaited[decl.Name] || decl.Ready.Kind == scenario.ReadyOutput {
			keep = program.ForAwait
		}
		c := &process{
			p: p, decl: decl, idle: p.serve != nil || decl.Serves != "" && !p.playsFor(decl.Serves),
			output: program.NewOutput(keep, restarted[decl.Name]), heard: map[string]int64{},
		}
		p.processes = append(p.processes, c)
		if err := c.locate(); err != nil {
			p.fail(c.failure(Environment, "%s", err))
			return false
		}
	}
	return true
}

// locate gives the process its address, and to the server that it plays for.
func (c *process) locate() (err error) {
	if !c.decl.Ported {
		return nil
	}
	port := c.decl.Port
	if port == 0 {
		if port, c.release, err = wire.FreePort(c.p.network); err != nil {
			return err
		}
	}
	at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
	c.addr = wire.TCP(at)
	serves := c.p.server(c.decl.Serves)
	if serves != nil && serves.packets() {
		c.addr = wire.UDP(at)
	}
	if serves != nil && !c.idle {
		return serves.replace(c.addr.String())
	}
	return nil
}

// scripts are all scripts of a scenario.
func scripts(s *scenario.Scenario) (all [][]*scenario.Step) {
	for _, srv := range s.Servers {
		all = append(all, srv.Steps)
		for _, c := range srv.Connections {
			all = append(all, c.Steps)
		}
	}
	for _, c := range s.Clients {
		all = append(all, c.Steps)
	}
	return all
}

// process is the process of that name, or nil.
func (p *play) process(name string) *process {
	for _, c := range p.processes {
		if c.decl.Name == name {
			return c
		}
	}
	return nil
}

// processAt is the process that has an address, or nil.
func (p *play) processAt(to wire.Addr) *process {
	for _, c := range p.processes {
		if c.decl.Ported && c.addr.AddrPort == to.AddrPort {
			return c
		}
	}
	return nil
}

// ownValue is what a variable stands for that the run itself has: its folder,
// or the address of a process.
func (p *play) ownValue(name string) (v value, known bool, err error) {
	if name == "tmp" {
		dir, err := p.folder()
		return bytesOf(dir), true, err
	}
	c := p.process(name)
	if c == nil {
		return value{}, false, nil
	}
	return bytesOf(c.addr.String()), true, nil
}

// launch starts the processes one after the other, each when the one before is
// ready, and reports whether all are.
func (p *play) launch() bool {
	for _, c := range p.processes {
		if c.idle {
			continue
		}
		f := c.prepare()
		if f == nil {
			f = c.start(p.ctx)
		}
		if f != nil {
			p.fail(*f)
			p.end()
			return false
		}
	}
	return true
}

// outlast waits for the processes that have to end by themselves.
func (p *play) outlast() {
	limit := p.timeout(0)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for _, c := range p.processes {
		p.mu.Lock()
		prog, ends := c.prog, c.ends
		p.mu.Unlock()
		if c.decl.Exit == scenario.Lasting || prog == nil || ends {
			continue
		}
		if _, ended := prog.HasEnded(); ended {
			continue
		}
		select {
		case <-prog.Ended():
		case <-timer.C:
			p.fail(c.failure(TimedOut, "timeout after %s: it had not ended by itself, with %s", limit, program.Status{Code: c.decl.Exit}))
			p.end()
			return
		case <-p.ctx.Done():
			p.fail(c.failure(Unfinished, "was waiting: it had not ended by itself, with %s", program.Status{Code: c.decl.Exit}))
			return
		}
	}
}

// dieTime is how long a program has to end by itself whose connections have
// ended where they should not: that it did is what the report has to say first.
const dieTime = 500 * time.Millisecond

// die lets programs end that are about to.
func (p *play) die() {
	p.mu.Lock()
	cut := slices.ContainsFunc(p.failures, func(f Failure) bool { return f.Kind == Short || f.Kind == Ended })
	p.mu.Unlock()
	if !cut || p.ctx.Err() != nil {
		return
	}
	timer := time.NewTimer(dieTime)
	defer timer.Stop()
	for _, c := range p.processes {
		if c.prog == nil || c.decl.Exit != scenario.Lasting {
			continue
		}
		select {
		case <-c.prog.Ended():
		case <-timer.C:
			return
		}
	}
}

// dismiss ends the processes, the last one first.
func (p *play) dismiss() {
	p.die()
	for _, c := range slices.Backward(p.processes) {
		interrupted := p.ctx.Err() != nil
		p.mu.Lock()
		runs := c.runs()
		p.mu.Unlock()
		if runs { // what it says to its end explains no failure before that
			said := printed(c.decl.Name, c.output)
			c.said = &said
		}
		if unwilling := c.stop(p.grace()); unwilling != "" && !interrupted {
			c.said = nil
			p.fail(c.failure(TimedOut, "%s", unwilling))
		}
	}
	p.watching.Wait()
}

// outputs are what the processes have printed, and how those ended that nobody
// has ended.
func (p *play) outputs() (all []Output) {
	for _, c := range p.processes {
		if c.idle {
			continue
		}
		out := printed(c.decl.Name, c.output)
		switch status, ended := c.status(); {
		case ended:
			out.Status = status.String()
		case c.said != nil:
			out = *c.said
		}
		all = append(all, out)
	}
	return append(all, p.printed...)
}

// printed is what somebody has printed, as a result has it.
func printed(name string, output *program.Output) Output {
	out := Output{Name: name}
	out.Head, out.Tail, out.Cut = output.Kept()
	return out
}

// missing says what the scenario requires and is not here, "" if all is.
func missing(s *scenario.Scenario, opts Options) string {
	for _, name := range s.Requires {
		switch name {
		case scenario.RequiresReorder, scenario.RequiresLoss, scenario.RequiresIsolation:
			if !opts.Isolate {
				return opts.unisolated("it")
			}
			if err := wire.CanReorder(); name == scenario.RequiresReorder && err != nil {
				return "no segments can be reordered here: " + err.Error()
			}
			continue
		}
		if _, err := exec.LookPath(name); err != nil && !errors.Is(err, exec.ErrDot) {
			return name + " is not installed"
		}
	}
	return ""
}
