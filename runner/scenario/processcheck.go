package scenario

// What can be said of processes when the whole document is read.

// processPorts complains about processes that have the port of another one, or of
// a server that plays beside them.
func (p *parser) processPorts(d *document) {
	byPort := map[int]*Process{}
	for _, c := range d.Processes {
		if c.Port == 0 {
			continue
		}
		if other := byPort[c.Port]; other != nil {
			p.errorf(c.Pos, "port %d is that of process %s already, in line %d; only one of two can have it", c.Port, quote(other.Name), other.Pos.Line)
		}
		byPort[c.Port] = c
	}
	for _, s := range d.Servers {
		if s.Bind == nil || s.Bind.Port == 0 {
			continue
		}
		if c := byPort[s.Bind.Port]; c != nil && c.Serves != s.Name {
			p.errorf(s.Bind.Pos, "port %d is that of process %s, in line %d; only one of two can have it", s.Bind.Port, quote(c.Name), c.Pos.Line)
		}
	}
}

// servedSteps complains about steps that only the declared server could obey,
// where a real one may take its place.
func (p *parser) servedSteps(d *document) {
	if len(d.served) == 0 {
		return
	}
	d.eachScript(func(steps []*Step) {
		Walk(steps, func(s *Step) {
			if a, stops := s.Action.(Stop); stops && d.served[a.Server] != "" {
				p.errorf(a.Pos, "stops server %s, and process %s, which serves it, can't stop to listen and go on", quote(a.Server), quote(d.served[a.Server]))
			}
		})
	})
}

// eachScript calls f with every script of the document.
func (d *document) eachScript(f func([]*Step)) {
	for _, s := range d.Servers {
		f(s.Steps)
		for _, c := range s.Connections {
			f(c.Steps)
		}
	}
	for _, c := range d.Clients {
		f(c.Steps)
	}
}

// processSteps complains about steps with processes that can't be.
func (p *parser) processSteps(d *document) {
	byName := map[string]*Process{}
	for _, c := range d.Processes {
		byName[c.Name] = c
	}
	absent := func(pos Pos, c *Process) (is bool) {
		if is = c != nil && c.Serves != ""; is {
			p.errorf(pos, "process %s is there only with --real, when it serves %s; steps that do without it name that", quote(c.Name), quote(c.Serves))
		}
		return is
	}
	stopped := map[string]bool{}
	d.eachScript(func(steps []*Step) {
		Walk(steps, func(s *Step) {
			if a, ok := s.Action.(StopProcess); ok {
				stopped[a.Name] = true
			}
		})
	})
	d.eachScript(func(steps []*Step) {
		Walk(steps, func(s *Step) {
			switch a := s.Action.(type) {
			case Connect:
				if c := byName[a.Process]; c != nil && !absent(a.Pos, c) && !c.Ported {
					p.errorf(a.Pos, `process %s has no port to connect to; give it "port: free", and ${%[2]s.port} to the program`, quote(c.Name), c.Name)
				}
			case AwaitOutput:
				absent(s.Pos, byName[a.Process])
			case StopProcess:
				absent(a.Pos, byName[a.Name])
			case StartProcess:
				if c := byName[a.Name]; c != nil && !absent(a.Pos, c) && c.Exit == Lasting && !stopped[a.Name] {
					p.errorf(a.Pos, "starts process %s, which runs already: nothing stops it", quote(a.Name))
				}
			}
		})
	})
}
