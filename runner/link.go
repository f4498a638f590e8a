package runner

import (
	"slices"

	"banter/runner/match"
	"banter/runner/scenario"
	"banter/runner/wire"
)

// link is a connection as its actor holds it. An actor has one, and perhaps
// further ones with names.
type link struct {
	conn    *wire.Conn
	stream  *match.Stream
	packets bool    // it is one of UDP
	child   *child  // the program that is the other side
	callee  *server // of UDP, to which nothing was sent yet
	host    string  // whom the connect called, as a certificate names it
	via     *scenario.Link
	over    bool    // the peer's end was taken
	cut     bool    // it was reset
	loose   bool    // a close looks at nothing more
	before  exactly // the last expect that was met
}

// further is a connection beside the first, by its name.
type further struct {
	name string
	link
}

// turn has the steps that follow be about a further connection, or no more.
func (a *actor) turn(n *further) {
	a.link, n.link = n.link, a.link
	if a.on == n {
		n = nil
	}
	a.on = n
	name := ""
	if n != nil {
		name = n.name
	}
	a.log.Over(name)
}

// other is the further connection of that name.
func (a *actor) other(name string) *further {
	for _, n := range a.others {
		if n.name == name {
			return n
		}
	}
	n := &further{name: name}
	a.others = append(a.others, n)
	return n
}

// playOver plays a step on the connection that it is about. Where it fails,
// that connection stays the one that the failure is about.
func (a *actor) playOver(step *scenario.Step) *Failure {
	name := step.Over
	if c, ok := step.Action.(scenario.Connect); ok && c.As != "" {
		name = c.As
	}
	if name == "" {
		return a.play(step)
	}
	n := a.other(name)
	a.turn(n)
	f := a.play(step)
	if f == nil {
		a.turn(n)
	}
	return f
}

// closeOthers closes further connections that the script leaves open.
func (a *actor) closeOthers() *Failure {
	for _, n := range a.others {
		if n.stream == nil {
			continue
		}
		a.turn(n)
		if f := a.close(scenario.CloseClean); f != nil {
			return f
		}
		a.turn(n)
	}
	return nil
}

// dropOthers closes all connections but the one that a failure is about, and
// those to be kept.
func (a *actor) dropOthers(kept []*further) {
	for _, n := range a.others {
		if slices.Contains(kept, n) {
			continue
		}
		on := a.on
		a.on = n
		n.link, a.link = a.link, n.link
		a.drop(false)
		n.link, a.link = a.link, n.link
		a.on = on
	}
}
