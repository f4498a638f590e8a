package report

import (
	"time"

	"banter/runner"
	"banter/runner/transcript"
)

// pairing has the events that are two views of one: what one actor did, and
// what the other one saw. Each of a pair leads to the other.
type pairing map[*transcript.Entry]*transcript.Entry

func (p pairing) join(a, b *transcript.Entry) {
	if a != nil && b != nil && p[a] == nil && p[b] == nil {
		p[a], p[b] = b, a
	}
}

func (p pairing) part(a *transcript.Entry) {
	if b := p[a]; b != nil {
		delete(p, a)
		delete(p, b)
	}
}

// pairs finds the pairs of the connection between two actors.
func pairs(a, b *runner.Actor) pairing {
	left, right := connection(a, b), connection(b, a)
	p := make(pairing, len(left)+len(right))
	p.begin(left, right)
	p.bytes(left, right)
	p.bytes(right, left)
	p.end(left, right)
	p.end(right, left)
	return p
}

// connection is the part of what an actor saw that belongs to the connection
// with its peer: a client may have had others, before and after.
func connection(actor, peer *runner.Actor) []*transcript.Entry {
	all := entries(actor.Observed)
	if actor.Server {
		return all
	}
	accepted := time.Duration(-1)
	if len(peer.Observed) > 0 && peer.Observed[0].Kind == transcript.Accept {
		accepted = peer.Observed[0].At
	}
	from, to := 0, len(all)
	nearest := time.Duration(-1)
	for i, e := range all {
		if e.Kind != transcript.Connect {
			continue
		}
		// The accept is noted at about the same time as the connect. Where there
		// is none, it is the last connection.
		if away := (e.At - accepted).Abs(); accepted < 0 || nearest < 0 || away < nearest {
			from, to, nearest = i, len(all), away
		} else if to == len(all) && e.Over == all[from].Over {
			to = i
		}
	}
	its := make([]*transcript.Entry, 0, to-from) // further connections go on at the same time
	for _, e := range all[from:to] {
		if e.Over == all[from].Over {
			its = append(its, e)
		}
	}
	return its
}

// begin joins a connect with its accept, and the two sides of a handshake.
func (p pairing) begin(left, right []*transcript.Entry) {
	p.join(first(left, transcript.TLS), first(right, transcript.TLS))
	p.join(first(left, transcript.Connect), first(right, transcript.Accept))
	p.join(first(left, transcript.Accept), first(right, transcript.Connect))
}

// bytes joins what one sent with what the other received, by their places in
// the stream.
func (p pairing) bytes(from, to []*transcript.Entry) {
	sent, received := only(from, transcript.Send), only(to, transcript.Recv)
	var sentTo, receivedTo int64 // the bytes up to and with the first of each
	for len(sent) > 0 && len(received) > 0 {
		s, r := sent[0], received[0]
		switch {
		case sentTo+s.Size <= receivedTo: // before r begins
			sentTo += s.Size
			sent = sent[1:]
		case receivedTo+r.Size <= sentTo:
			receivedTo += r.Size
			received = received[1:]
		default:
			p.join(s, r)
			if sentTo+s.Size <= receivedTo+r.Size {
				sentTo += s.Size
				sent = sent[1:]
			} else {
				receivedTo += r.Size
				received = received[1:]
			}
		}
	}
}

// end joins the end of a connection with how the other one saw it.
func (p pairing) end(from, to []*transcript.Entry) {
	p.join(first(from, transcript.Reset), first(to, transcript.PeerReset, transcript.PeerEnd))
	p.join(first(from, transcript.Shutdown), first(to, transcript.EOF, transcript.PeerEnd))
	p.join(first(from, transcript.Close), first(to, transcript.EOF, transcript.PeerReset, transcript.PeerEnd))
}

// first is the first event of one of the kinds, or nil. A shutdown counts that
// ends the sending.
func first(list []*transcript.Entry, kinds ...transcript.Kind) *transcript.Entry {
	for _, e := range list {
		for _, kind := range kinds {
			if e.Kind == kind && !(kind == transcript.Shutdown && e.Name == "read") {
				return e
			}
		}
	}
	return nil
}

func only(list []*transcript.Entry, kind transcript.Kind) []*transcript.Entry {
	found := make([]*transcript.Entry, 0, len(list))
	for _, e := range list {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}
