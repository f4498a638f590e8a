// Package pcapng is the report that Wireshark opens: what the actors of a run saw
// as the packets that could have carried it.
package pcapng

import (
	"bytes"
	"strings"
	"time"

	"banter/runner/capture"
	"banter/runner/report"
)

// Conversations are what the actors of a case said to each other, by what both
// sides saw, or the one that is part of the run. Bytes that a case has not kept
// are a Gap.
func Conversations(c *report.Case) []capture.Conversation {
	var clients, servers []*leg
	for i := range c.Actors {
		a := &c.Actors[i]
		if a.Server {
			servers = append(servers, legsOf(a)...)
		} else {
			clients = append(clients, legsOf(a)...)
		}
	}
	var all []capture.Conversation
	for _, l := range clients {
		if l.is("unreachable") || l.is("timeout") {
			continue // nobody answered
		}
		var other *leg
		if !l.is("refused") {
			other = otherEnd(servers, l)
		}
		all = append(all, talk(c.Began, l, other))
	}
	for _, l := range servers {
		if !l.taken {
			all = append(all, talk(c.Began, nil, l))
		}
	}
	for i := range all {
		all[i].Number = i
	}
	return all
}

// leg is what one side saw of one connection.
type leg struct {
	client, server string
	events         []report.CaseEvent
	taken          bool // its other end is found
}

// legsOf are an actor's connections, in the order in which they began.
func legsOf(a *report.CaseActor) (all []*leg) {
	now := map[string]*leg{} // by what the connection is called
	for _, e := range a.Begun() {
		l := now[e.Over]
		switch e.Kind {
		case "stop", "start", "run":
			continue
		case "connect", "accept":
			l = &leg{client: a.Name, server: e.Name}
			if a.Server {
				l.server, l.client, _ = strings.Cut(a.Name, "/")
				l.client, _, _ = strings.Cut(l.client, "#")
			}
			now[e.Over] = l
			all = append(all, l)
		}
		if l != nil {
			l.events = append(l.events, e)
		}
	}
	return all
}

// is reports whether something is all that came of the connect.
func (l *leg) is(kind string) bool { return len(l.events) == 2 && l.events[1].Kind == kind }

// otherEnd finds what the server saw of a connection: of those with this client
// the first in which the same was said.
func otherEnd(servers []*leg, client *leg) *leg {
	for _, l := range servers {
		if l.taken || l.client != client.client || l.server != client.server ||
			!agree(client.bytes("send"), l.bytes("recv")) || !agree(l.bytes("send"), client.bytes("recv")) {
			continue
		}
		l.taken = true
		return l
	}
	return nil
}

// bytes is what was sent or received, as far as it is kept.
func (l *leg) bytes(kind string) (all []byte) {
	for _, e := range l.events {
		if e.Kind == kind {
			all = append(all, e.Data...)
			if int64(len(e.Data)) < e.Size {
				break
			}
		}
	}
	return all
}

// agree reports whether one is as far as the other goes.
func agree(a, b []byte) bool {
	n := min(len(a), len(b))
	return bytes.Equal(a[:n], b[:n])
}

// happening is something that one side saw.
type happening struct {
	capture.Event
	size   int64
	waited bool // it is the other side's doing
}

// talk puts together what the two ends of a connection saw. One may be nil.
func talk(began time.Time, client, server *leg) capture.Conversation {
	one := client
	if one == nil {
		one = server
	}
	c := capture.Conversation{Names: [2]string{one.client, one.server}}
	start := one.events[0].At
	if server != nil {
		start = min(start, server.events[0].At)
	}
	c.Began = began.Add(start)
	for _, e := range one.events {
		c.Datagrams = c.Datagrams || e.Datagram
	}
	m := merge{c: &c, start: start}
	if client == nil || server == nil {
		side := capture.Client
		if client == nil {
			side = capture.Server
		}
		for _, h := range happenings(one, side) {
			m.emit(h)
		}
		return c
	}
	m.sides = [2][]happening{happenings(client, capture.Client), happenings(server, capture.Server)}
	m.times()
	m.run()
	return c
}

// happenings are one side's events.
func happenings(l *leg, side capture.Side) (all []happening) {
	ended := false
	add := func(kind capture.Kind, from capture.Side, e report.CaseEvent) {
		h := happening{Event: capture.Event{Kind: kind, From: from, At: e.At, Data: e.Data}, size: e.Size, waited: from != side}
		all = append(all, h)
	}
	for i, e := range l.events {
		switch e.Kind {
		case "send":
			add(capture.Data, side, e)
		case "recv":
			add(capture.Data, side.Other(), e)
		case "eof", "peer_end":
			// A close half-closes, and then reads to the peer's end.
			if next := i + 1; !ended && next < len(l.events) && l.events[next].Kind == "close" && l.events[next].Step == e.Step {
				add(capture.EOF, side, e)
				ended = true
			}
			add(capture.EOF, side.Other(), e)
		case "shutdown", "close":
			if !ended && e.Name != "read" {
				add(capture.EOF, side, e)
				ended = true
			}
		case "reset":
			add(capture.Reset, side, e)
			ended = true
		case "peer_reset":
			add(capture.Reset, side.Other(), e)
			ended = true
		case "refused":
			add(capture.Refused, side, e)
		case "tls":
			add(capture.TLS, side, e)
		}
	}
	return all
}

// merge puts two sides' events into an order that both can have seen.
type merge struct {
	c     *capture.Conversation
	start time.Duration
	sides [2][]happening
	sent  [2]int64 // bytes of the sides that have been put in
	taken [2]int64 // bytes that the sides have received
	ended [2]bool
	tls   bool
	reset bool
}

// times dates an end by when the other side saw it: its own side tells of it
// later.
func (m *merge) times() {
	for side := range m.sides {
		for i := range m.sides[side] {
			h := &m.sides[side][i]
			if h.Kind != capture.EOF || h.waited {
				continue
			}
			for _, seen := range m.sides[1-side] {
				if seen.Kind == capture.EOF && seen.waited {
					h.At = min(h.At, seen.At)
				}
			}
		}
	}
}

func (m *merge) run() {
	for len(m.sides[0])+len(m.sides[1]) > 0 {
		next, blocked := -1, -1
		for side := range m.sides {
			m.settle(capture.Side(side))
			switch {
			case len(m.sides[side]) == 0:
			case m.sides[side][0].waited:
				blocked = side
			case next < 0 || m.sides[side][0].At < m.sides[next][0].At:
				next = side
			}
		}
		if next < 0 {
			if next = blocked; next < 0 {
				return
			}
		}
		h := m.sides[next][0]
		m.sides[next] = m.sides[next][1:]
		if !h.waited || h.Kind == capture.Reset {
			m.emit(h)
		}
	}
}

// settle passes over what a side has seen of what is put in already.
func (m *merge) settle(side capture.Side) {
	for len(m.sides[side]) > 0 {
		h := m.sides[side][0]
		switch {
		case !h.waited:
			return
		case h.Kind == capture.Data && m.taken[side]+h.size <= m.sent[side.Other()]:
			m.taken[side] += h.size
		case h.Kind == capture.EOF && m.ended[side.Other()], h.Kind == capture.Reset && m.reset:
		default:
			return
		}
		m.sides[side] = m.sides[side][1:]
	}
}

// emit adds an event to the conversation.
func (m *merge) emit(h happening) {
	h.At = max(h.At-m.start, 0)
	switch {
	case m.reset:
		return
	case h.Kind == capture.TLS:
		if m.tls {
			return // the other side has said so
		}
		m.tls = true
	case h.Kind == capture.EOF && m.c.Datagrams:
		return
	case h.Kind == capture.EOF:
		m.ended[h.From] = true
	case h.Kind == capture.Reset:
		m.reset = true
	case h.Kind == capture.Data:
		m.sent[h.From] += h.size
	}
	if n := len(m.c.Events); n > 0 {
		h.At = max(h.At, m.c.Events[n-1].At)
	}
	if missing := h.size - int64(len(h.Data)); missing > 0 && h.Kind == capture.Data {
		if len(h.Data) > 0 {
			m.c.Events = append(m.c.Events, h.Event)
		}
		h.Event = capture.Event{Kind: capture.Gap, From: h.From, At: h.At, Missing: missing}
	}
	m.c.Events = append(m.c.Events, h.Event)
}
