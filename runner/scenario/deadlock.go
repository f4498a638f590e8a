package scenario

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// course is how far the clients can come at best: where everything but the
// order between them goes well. Who is stuck even so is stuck in every run.
type course struct {
	*order
	byName map[string]*Client
	at     map[*Client]int // the step that is next, len(steps) at the end
	given  map[string]int  // signals
	there  map[string]int  // at meetings
	needed map[string]int  // at those without a number of parties
}

// notStarted is the place before a client's first step.
const notStarted = -1

// maxCourse is how many clients are followed: looking at each for each takes
// long with more, and nobody has written them by hand.
const maxCourse = 3000

// deadlocks complains about clients that wait for each other: one awaits what
// another gives only after it, or starts after it.
func (o *order) deadlocks() {
	if len(o.d.Clients) > maxCourse {
		return
	}
	c := &course{
		order: o, byName: map[string]*Client{}, at: map[*Client]int{},
		given: map[string]int{}, there: map[string]int{}, needed: map[string]int{},
	}
	for _, one := range o.d.Clients {
		c.byName[one.Name] = one
		c.at[one] = notStarted
	}
	for name, all := range o.meets {
		for i, g := range all {
			switch {
			case g.client == nil || g.again: // as many as one likes
				c.there[name] = math.MaxInt32
			case !slices.ContainsFunc(all[:i], func(other given) bool { return other.client == g.client }):
				c.needed[name] += max(g.client.Count, 1)
			}
		}
	}
	for moved := true; moved; {
		moved = false
		for _, one := range o.d.Clients {
			moved = c.advance(one) || moved
		}
	}
	c.complain()
}

// advance lets a client come as far as the others let it, and reports whether
// that is further than before.
func (c *course) advance(client *Client) (moved bool) {
	if c.at[client] == notStarted {
		if slices.ContainsFunc(client.After, func(n Name) bool { return !c.ended(c.byName[n.Name]) }) {
			return false
		}
		c.reach(client, 0)
		moved = true
	}
	for !c.ended(client) && c.passes(client.Steps[c.at[client]]) {
		c.reach(client, c.at[client]+1)
		moved = true
	}
	return moved
}

func (c *course) ended(client *Client) bool { return c.at[client] == len(client.Steps) }

// reach notes that a client is at a step: it gives its signals, and is at its
// meeting.
func (c *course) reach(client *Client, at int) {
	c.at[client] = at
	if c.ended(client) {
		return
	}
	step := client.Steps[at]
	for _, s := range append([]*Step{step}, parallelSteps(step)...) {
		switch a := s.Action.(type) {
		case Signal:
			c.given[a.Name] += max(client.Count, 1)
		case Meet:
			earlier := slices.ContainsFunc(c.meets[a.Name], func(g given) bool { return g.client == client && g.index < at })
			if c.there[a.Name] < math.MaxInt32 && !earlier {
				c.there[a.Name] += max(client.Count, 1)
			}
		}
	}
}

func parallelSteps(s *Step) []*Step {
	if a, ok := s.Action.(Parallel); ok {
		return a.Steps
	}
	return nil
}

// passes reports whether a step may end.
func (c *course) passes(s *Step) bool {
	switch a := s.Action.(type) {
	case Await:
		return c.signals[a.Signal].byMany || c.given[a.Signal] >= a.Times
	case Meet:
		parties := a.Parties
		if parties == 0 {
			parties = c.needed[a.Name]
		}
		return c.there[a.Name] >= parties
	case Parallel:
		return !slices.ContainsFunc(a.Steps, func(sub *Step) bool { return !c.passes(sub) })
	}
	return true // a loop may be played no time at all
}

// hold is a client that can't go on before another does.
type hold struct {
	by  *Client
	pos Pos
	how string // "ann awaits "go" of ben"
}

// holds is what holds a client that is stuck.
func (c *course) holds(client *Client) (all []hold) {
	add := func(by *Client, pos Pos, format string, args ...any) {
		all = append(all, hold{by, pos, fmt.Sprintf(format, args...)})
	}
	if c.at[client] == notStarted {
		for _, after := range client.After {
			if by := c.byName[after.Name]; !c.ended(by) {
				add(by, after.Pos, "%s starts after %s", client.Name, by.Name)
			}
		}
		return all
	}
	step := client.Steps[c.at[client]]
	for _, s := range append([]*Step{step}, parallelSteps(step)...) {
		if c.passes(s) {
			continue
		}
		switch a := s.Action.(type) {
		case Await:
			for _, by := range c.d.Clients {
				if indexes := c.signals[a.Signal].indexes[by]; by != client && len(indexes) > 0 && indexes[len(indexes)-1] > c.at[by] {
					add(by, s.Pos, "%s awaits %s of %s", client.Name, quote(a.Signal), by.Name)
				}
			}
		case Meet:
			for _, g := range c.meets[a.Name] {
				if g.client != client && g.index > c.at[g.client] {
					add(g.client, s.Pos, "%s meets %s at %s", client.Name, g.client.Name, quote(a.Name))
				}
			}
		}
	}
	return all
}

// complain complains about each circle of clients that hold each other.
func (c *course) complain() {
	const visiting, visited = 1, 2
	state := map[*Client]int{}
	var path []hold // how it came to the client that is visited
	var visit func(client *Client)
	visit = func(client *Client) {
		state[client] = visiting
		for _, h := range c.holds(client) {
			path = append(path, h)
			switch state[h.by] {
			case visiting:
				c.circle(path)
			case 0:
				visit(h.by)
			}
			path = path[:len(path)-1]
		}
		state[client] = visited
	}
	for _, client := range c.d.Clients {
		if state[client] == 0 && !c.ended(client) {
			visit(client)
		}
	}
}

// circle complains about the circle that a path ends with.
func (c *course) circle(path []hold) {
	last := path[len(path)-1]
	first := len(path) - 1
	for first > 0 && path[first-1].by != last.by {
		first--
	}
	circle := path[first:]
	if !slices.ContainsFunc(circle, func(h hold) bool { return !strings.Contains(h.how, " starts after ") }) {
		return // said already
	}
	var how []string
	pos := circle[0].pos
	for _, h := range circle {
		how = append(how, h.how)
		if h.pos.Line < pos.Line {
			pos = h.pos
		}
	}
	const most = 5
	if len(how) > most {
		how = append(how[:most], "and so on")
	}
	c.p.errorf(pos, "the clients wait for each other in a circle: %s", strings.Join(how, ", "))
}
