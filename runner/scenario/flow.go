package scenario

// flow follows one script and complains about steps that can't come where
// they stand. After an error it stays silent until it knows again where the
// script is.
type flow struct {
	p      *parser
	server *Server   // whose script it is; nil for a client's
	via    Transport // of the connection

	open   bool
	why    string // it is not open
	since  Pos    // the connect
	wrote  Pos    // the shutdown of what is sent
	read   Pos    // the shutdown of what is received
	end    string // what saw the peer's end: {eof}, {rest}, {reset} or {end}
	endPos Pos
	gone   bool // the peer's reset took the connection away
	lost   bool // an error hides where the script is
}

// flow checks the order of a script, which is a server's or (nil) a client's.
func (p *parser) flow(steps []*Step, server *Server) {
	f := &flow{p: p, server: server, open: server != nil, why: "there was no connect yet"}
	if server != nil {
		f.via = server.Transport()
	}
	for _, s := range steps {
		if p.doc.broken[s] {
			f.lost = true
			if c, ok := s.Action.(Connect); ok && s.Expect == nil {
				f.connect(s, c)
			}
			continue
		}
		f.step(s)
	}
}

func (f *flow) step(s *Step) {
	switch a := s.Action.(type) {
	case Connect:
		f.connect(s, a)
		return
	case *Expect:
		f.expect(a, s, nil)
		return
	case Send:
		f.datagramSent(a.Payload)
		if f.needs(s) && f.wrote.IsValid() {
			f.fail(s.Pos, `"send" after the shutdown in line %d, which ended what is sent`, f.wrote.Line)
		}
	case Shutdown:
		if f.via == UDP {
			f.fail(s.Pos, `"shutdown" on UDP, where nobody sees an end`)
		}
		f.shutdown(s, a.How)
	case Close:
		if f.needsOpen(s) {
			f.closed("closed", s)
		}
	case Reset:
		switch {
		case !f.needsOpen(s):
		case f.via == UDP:
			f.fail(s.Pos, `"reset" on UDP, which has no connection to reset`)
		case f.via == Unix:
			f.fail(s.Pos, `"reset" on a Unix socket, which has no RST; the peer sees a reset where "close: {now}" leaves bytes unread`)
		default:
			f.closed("reset", s)
		}
	case Parallel:
		for _, sub := range a.Steps {
			f.step(sub)
		}
	}
	if s.Expect != nil {
		f.expect(s.Expect, s, s.Action)
	}
}

func (f *flow) connect(s *Step, c Connect) {
	if f.open && !f.lost {
		f.fail(s.Pos, `"connect" while the connection of line %d is still open; close it first`, f.since.Line)
	}
	*f = flow{p: f.p, server: f.server, via: c.Transport, open: true, since: s.Pos}
	if s.Expect == nil {
		return
	}
	if f.via == UDP && (s.Expect.Outcome == Refused || s.Expect.Outcome == Timeout) {
		f.fail(s.Expect.Pos, "{%s} beside a connect on UDP, which asks nobody; that a datagram was refused comes after its send", s.Expect.Outcome.word())
		return
	}
	switch s.Expect.Outcome {
	case Refused, Unreachable, Timeout:
		f.open = false
		f.why = "the connect in line " + line(s.Pos) + " expects {" + s.Expect.Outcome.word() + "}"
	default:
		f.expect(s.Expect, s, s.Action)
	}
}

// fail reports a step out of order; what follows from it is not reported.
func (f *flow) fail(pos Pos, format string, args ...any) {
	if !f.lost {
		f.p.errorf(pos, format, args...)
	}
	f.lost = true
}

// needsOpen reports whether there is a connection to close, and complains if
// not.
func (f *flow) needsOpen(s *Step) bool {
	if f.open || f.lost {
		return true
	}
	f.fail(s.Pos, `%s needs a connection, and %s`, quote(s.Action.Word()), f.why)
	return false
}

// needs reports whether there is a connection to talk on.
func (f *flow) needs(s *Step) bool {
	if !f.needsOpen(s) {
		return false
	}
	if f.gone {
		f.fail(s.Pos, "%s after the %s in line %d: the connection is gone", quote(s.Action.Word()), f.end, f.endPos.Line)
		return false
	}
	return !f.lost
}

func (f *flow) closed(how string, s *Step) {
	f.open = false
	f.why = "it was " + how + " in line " + line(s.Pos)
	if f.server == nil {
		f.why += "; connect again first"
	}
}

func (f *flow) shutdown(s *Step, how How) {
	if !f.needs(s) {
		return
	}
	if before := f.wrote; how != ShutRead && before.IsValid() {
		f.fail(s.Pos, `a second "shutdown"; the first is in line %d`, before.Line)
	}
	if before := f.read; how != ShutWrite && before.IsValid() {
		f.fail(s.Pos, `a second "shutdown" of what is received; the first is in line %d`, before.Line)
	}
	if how != ShutRead {
		f.wrote = s.Pos
	}
	if how != ShutWrite {
		f.read = s.Pos
	}
}

// expect follows a plain expect, or one that rides on an action.
func (f *flow) expect(x *Expect, s *Step, on Action) {
	if f.misfit(x, s) {
		return
	}
	if !f.open && !f.lost {
		why := f.why
		if on != nil && (on.Word() == "close" || on.Word() == "reset") {
			why = quote(on.Word()) + " ended it"
		}
		f.fail(x.Pos, `"expect" needs a connection, and %s`, why)
		return
	}
	_, send := on.(Send)
	switch {
	case f.gone:
		f.fail(x.Pos, `"expect" after the %s in line %d: the connection is gone`, f.end, f.endPos.Line)
		return
	case f.end == "" || x.Outcome == EOF || x.Outcome == End:
	case send && (x.Outcome == PeerReset || x.Outcome == Timeout): // how the send itself ends
	default:
		f.fail(x.Pos, "expects %s after the %s in line %d, when the peer's end has come", x.what(), f.end, f.endPos.Line)
		return
	}
	if x.Outcome == Silence {
		f.silence(x, s)
	}
	switch {
	case x.Outcome == PeerReset || x.Outcome == End:
		f.end, f.endPos, f.gone = x.what(), x.Pos, true
	case x.Outcome == EOF && f.end == "":
		f.end, f.endPos = "{eof}", x.Pos
	case x.Outcome == NoOutcome && x.Frame.Kind == FrameRest:
		f.end, f.endPos = "{rest}", x.Pos
	}
}

// what names what an expect waits for in a sentence.
func (x *Expect) what() string {
	switch x.Outcome {
	case NoOutcome:
		return "bytes"
	case Silence:
		return "silence"
	}
	return "{" + x.Outcome.word() + "}"
}

// silence complains about a silence that the step's timeout cuts short.
func (f *flow) silence(x *Expect, s *Step) {
	limit, what := f.p.doc.Timeout, "the scenario's timeout"
	if s.Within > 0 {
		limit, what = s.Within, `"within"`
	}
	if x.Silence > limit {
		f.p.errorf(x.Pos, "a silence of %s can't be waited for: %s is %s", timeString(x.Silence), what, timeString(limit))
	}
}
