package runner

import (
	"fmt"
	"slices"

	"banter/runner/scenario"
	"banter/runner/wire"
)

// admit gives an accepted connection its name and its script.
func (s *server) admit(conn *wire.Conn) *actor {
	p := s.p
	p.mu.Lock()
	at := pair{local: conn.Remote, remote: conn.Local}
	call := p.names[at]
	delete(p.names, at)
	for d := range p.dials {
		if call.client == nil && d.remote == conn.Local && d.local() == conn.Remote {
			call = d.caller
			delete(p.dials, d)
			s.pending++
		}
	}
	client := call.client
	a := &actor{p: p, ctx: p.ctx, server: s, pos: s.decl.Pos, nth: s.accepted, rested: make(chan struct{}), scope: &scope{p: p}}
	a.rank = [3]int{slices.Index(p.servers, s), len(p.clients), a.nth}
	who, part := "", ""
	switch {
	case client == nil && a.nth < len(s.guests):
		s.outsiders++
		g := s.guests[a.nth]
		who, part = g.name, g.script.Client
		if g.index > 0 {
			a.scope.set("index", bytesOf(fmt.Sprint(g.index)))
		}
	case client == nil:
		s.outsiders++
		who = fmt.Sprint(s.outsiders)
	default:
		part = client.client.Name
		who = client.place.name
		s.named[who]++
		if n := s.named[who]; n > 1 {
			who = fmt.Sprintf("%s#%d", who, n)
		}
		a.rank[1] = client.rank[1]
		a.peer = client.place.name
		client.peer = s.decl.Name + "/" + who
		if index, ok := client.scope.seen("index"); ok {
			a.scope.set("index", index)
		}
	}
	a.place = &place{name: s.decl.Name + "/" + who, aside: s.decl.Always.Steps()}
	a.cast(part)
	a.attach(conn)
	a.via = call.via
	p.open[conn] = struct{}{}
	p.accepted = append(p.accepted, a)
	p.mu.Unlock()

	p.order.join(a.place)
	p.mu.Lock()
	s.accepted++
	s.busy++
	if client != nil {
		s.pending--
	}
	p.progress.Broadcast()
	p.mu.Unlock()
	if call.via != nil {
		if err := p.harm(conn, &call.via.Out, &call.via.Back); err != nil {
			p.fail(Failure{Kind: Environment, Actor: a.place.name, Pos: call.via.Pos, At: p.now(), Message: "link " + call.via.Name + ": " + err.Error()})
		}
	}
	p.tellAccepted(a, conn)
	return a
}

// cast gives an accepted connection its part: the script that it runs, as the
// peer of a client where it is one's.
func (a *actor) cast(client string) {
	decl := a.server.decl
	switch {
	case decl.Steps != nil:
		a.place.steps = decl.Steps
	case decl.ReplyAfter != nil:
		a.place.steps = []*scenario.Step{
			{Pos: decl.ReplyAfter.Pos, Action: decl.ReplyAfter},
			{Pos: decl.Reply.Pos, Action: scenario.Send{Payload: decl.Reply}},
			{Pos: decl.Reply.Pos, Action: scenario.Close{}},
		}
	case decl.Reply != nil:
		a.reply = decl.Reply
		a.pos = decl.Reply.Pos
	case decl.Connections == nil:
		a.place.steps = []*scenario.Step{{Pos: decl.Pos, Action: scenario.Close{}}}
	case decl.ByClient:
		i := slices.IndexFunc(decl.Connections, func(c *scenario.Script) bool {
			return c.Client == client
		})
		switch {
		case i < 0 && client == "" && a.server.guests != nil:
			a.uncast = fmt.Sprintf("connection %d came; connections lists %d", a.nth+1, len(a.server.guests))
			return
		case i < 0:
			a.uncast = "connections has no script for this client"
			return
		}
		a.place.steps, a.pos = decl.Connections[i].Steps, decl.Connections[i].Pos
	case a.nth >= len(decl.Connections):
		a.uncast = fmt.Sprintf("connection %d came; connections lists %d", a.nth+1, len(decl.Connections))
	default:
		a.place.steps, a.pos = decl.Connections[a.nth].Steps, decl.Connections[a.nth].Pos
	}
}
