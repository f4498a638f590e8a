package scenario

// What datagrams can't do: the checks of scripts that talk over UDP, and of
// those that don't.

// streamFrames are the frames of streams, as a sentence names them.
var streamFrames = map[FrameKind]string{
	FrameLine: "a line", FrameUntil: "what comes up to a delimiter", FrameBytes: "a number of bytes",
	FrameRest: "the rest of a stream", FrameSome: "some bytes", FrameLines: "lines",
	FrameLength: "a length and as many bytes", FrameAnyOrder: "frames in any order",
}

// packetServer complains about keys that have no meaning on a UDP server.
func (p *parser) packetServer(s *Server, n *node) {
	if p.doc.carriers[s.Name] != UDP {
		return
	}
	for _, e := range n.entries {
		switch e.key {
		case "congestion":
			p.errorf(e.pos, `"congestion" of a UDP server, which has no congestion control`)
		case "backlog", "accept", "at_once":
			p.errorf(e.pos, "%s of a UDP server, which accepts nobody: whose datagram comes is there", quote(e.key))
		case "tls":
			p.errorf(e.pos, `"tls" over UDP, which is no stream`)
		}
	}
}

// misfit complains about an expect of what can't come over the connection's
// transport.
func (f *flow) misfit(x *Expect, s *Step) bool {
	wrong := func(format string, args ...any) bool {
		f.p.errorf(x.Pos, format, args...)
		f.p.doc.broken[s] = true
		f.lost = true
		return true
	}
	refusal := x.Outcome == Refused || x.Outcome == Unreachable || x.Outcome == Pending
	if x.Outcome == Counters && f.via != TCP && f.open && !f.lost {
		return wrong(`"tcp" of a connection that is none of TCP: the kernel keeps no counters of it`)
	}
	if x.Outcome == Queued && len(x.Queue) > 0 && x.Queue[0].Server == "" && f.server != nil && f.server.Transport() != TCP {
		return wrong(`"queue" of a server that is none of TCP: the system does not tell how many wait`)
	}
	if f.via == Stdio && !f.lost {
		switch {
		case refusal, x.Outcome == PeerReset:
			return wrong("{%s} of a program, whose input and output have no such end; it is {eof}", x.Outcome.word())
		case x.Outcome == Timeout && s.Action.Word() == "connect":
			return wrong("{timeout} beside a connect to a program, which is started or is not")
		}
	}
	if f.via != UDP {
		if _, connect := s.Action.(Connect); refusal && !connect {
			return wrong("{%s} is how a connect ends; write {connect: ..., expect: {%[1]s}}", x.Outcome.word())
		}
		if x.Outcome == NoOutcome && x.Frame.Kind == FrameDatagram && !f.lost {
			return wrong(`"datagram" is of UDP; this is a stream of bytes: write line, until, bytes or rest`)
		}
		return false
	}
	frame, stream := streamFrames[x.Frame.Kind]
	switch {
	case f.lost:
	case refusal && f.server != nil:
		return wrong("{%s} in a UDP server's script; only a client's socket hears of it", x.Outcome.word())
	case x.Outcome == EOF || x.Outcome == PeerReset || x.Outcome == End:
		return wrong("{%s} on UDP, where nobody sees the other's end", x.Outcome.word())
	case x.Outcome == Timeout:
		return wrong("{timeout} on UDP, where a send waits for nobody; that nothing comes is {silence: 200ms}")
	case x.Outcome == NoOutcome && stream:
		return wrong("over UDP an expect takes a whole datagram, not %s; write {datagram, ...}", frame)
	}
	return false
}

// datagramSent complains about a payload that is no datagram.
func (f *flow) datagramSent(payload *Payload) {
	if f.via != UDP || f.lost {
		return
	}
	for i := range payload.Parts {
		if part := &payload.Parts[i]; part.Slice > 0 {
			f.p.errorf(part.Pos, `"slice" over UDP, where each send is one datagram; write a send for each`)
			return
		}
	}
	if n, known := payload.length(); known && n > MaxDatagram {
		f.p.errorf(payload.Pos, "%s are more than a datagram holds, which is %d", count(n, "byte"), MaxDatagram)
	}
}
