package runner

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"banter/runner/scenario"
)

// fixed is what only one scenario at a time can have: a port, or the path of a
// Unix socket.
type fixed struct {
	port int
	path string
}

// need is a fixed port that a scenario uses: bound, so that nobody else may
// use it at that time, or (shared) only called, perhaps to see it refuse.
type need struct {
	fixed
	shared bool
}

// fixedPorts are the ports that a scenario names itself, each once. Servers that
// real ones take the place of are not bound; and a network of its own has all
// ports for itself.
func fixedPorts(sc *scenario.Scenario, opts Options) []need {
	var needs []need
	add := func(port fixed, shared bool) {
		if opts.Isolate {
			port.port = 0
		}
		i := slices.IndexFunc(needs, func(n need) bool { return n.fixed == port })
		switch {
		case port == fixed{}:
		case i < 0:
			needs = append(needs, need{port, shared})
		case !shared:
			needs[i].shared = false
		}
	}
	bind := func(a *scenario.Address) {
		switch {
		case a == nil, a.Tmp: // each run has a folder of its own
		case a.Transport == scenario.Unix:
			add(fixed{path: sc.Path(a.Path)}, false)
		default:
			add(fixed{port: a.Port}, false)
		}
	}
	for _, server := range sc.Servers {
		if _, elsewhere := opts.Connect[server.Name]; !elsewhere {
			bind(server.Bind)
		}
	}
	for _, process := range sc.Processes {
		add(fixed{port: process.Port}, false)
	}
	for _, client := range sc.Clients {
		bind(client.Bind)
		for _, step := range client.Steps {
			if connect, ok := step.Action.(scenario.Connect); ok {
				bind(connect.Bind)
				add(literalPort(sc, connect.Address), true)
			}
		}
	}
	return needs
}

// literalPort is the port, or the path, of an address without variables.
func literalPort(sc *scenario.Scenario, address scenario.Text) fixed {
	if len(address) != 1 || address[0].Open() {
		return fixed{}
	}
	text := string(address[0].Lit)
	if path, unix := strings.CutPrefix(text, "unix:"); unix {
		return fixed{path: sc.Path(path)}
	}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(text, "udp:"))
	if err != nil {
		return fixed{}
	}
	n, _ := strconv.Atoi(port)
	return fixed{port: n}
}

// ports says which fixed ports are in use, and which plays wait for them.
type ports struct {
	users   map[fixed]int   // of a port: how many share it, or bound
	waiting map[fixed][]int // plays, in order
	ready   []int           // plays that waited and now have their ports
	queued  int             // plays in waiting and ready
	needs   func(play int) []need
}

const binds = -1 // one user, who binds it

// acquire takes all the ports of a play. Where one is in use it takes none and
// leaves the play to wait.
func (p *ports) acquire(play int) bool {
	busy := p.try(play)
	if busy != (fixed{}) {
		p.waiting[busy] = append(p.waiting[busy], play)
		p.queued++
		return false
	}
	return true
}

// try takes all the ports of a play, or none and returns one that is in use.
func (p *ports) try(play int) (busy fixed) {
	for _, n := range p.needs(play) {
		if users := p.users[n.fixed]; users == binds || users > 0 && !n.shared {
			return n.fixed
		}
	}
	for _, n := range p.needs(play) {
		if n.shared {
			p.users[n.fixed]++
		} else {
			p.users[n.fixed] = binds
		}
	}
	return fixed{}
}

// takeReady returns the first play that has got the ports that it waited for.
func (p *ports) takeReady() (play int, ok bool) {
	if len(p.ready) == 0 {
		return 0, false
	}
	play, p.ready = p.ready[0], p.ready[1:]
	p.queued--
	return play, true
}

// release gives the ports of a play to those that wait for them.
func (p *ports) release(play int) {
	for _, n := range p.needs(play) {
		if n.shared {
			p.users[n.fixed]--
		} else {
			p.users[n.fixed] = 0
		}
	}
	for _, n := range p.needs(play) {
		queue := p.waiting[n.fixed]
		for len(queue) > 0 {
			busy := p.try(queue[0])
			if busy == n.fixed {
				break
			}
			if busy == (fixed{}) {
				p.ready = append(p.ready, queue[0])
			} else {
				p.waiting[busy] = append(p.waiting[busy], queue[0])
			}
			queue = queue[1:]
		}
		p.waiting[n.fixed] = queue
	}
}
