package scenario

import (
	"maps"
	"slices"
	"time"
)

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
	secure Pos    // the tls
	end    string // what saw the peer's end: {eof}, {rest}, {reset} or {end}
	endPos Pos
	gone   bool // the peer's reset took the connection away
	lost   bool // an error hides where the script is

	took    *bool            // the actor has taken something that it could echo
	others  map[string]*flow // further connections of the actor, by name
	isOther bool             // this is one of them
}

// flow checks the order of a script, which is a server's or (nil) a client's.
func (p *parser) flow(steps []*Step, server *Server) {
	f := &flow{p: p, server: server, open: server != nil, why: "there was no connect yet", took: new(bool)}
	if server != nil {
		f.via = server.Transport()
		if server.TLS != nil {
			f.secure = server.TLS.Pos
		}
	}
	f.steps(steps)
}

// followAlways checks what is done with messages that may come at any time. The
// script goes on after it, so the connection has to.
func (p *parser) followAlways(a *Always, server *Server, via Transport) {
	if a == nil {
		return
	}
	for _, r := range a.Rules {
		connects := false
		Walk(r.Steps, func(s *Step) { connects = connects || s.Action != nil && s.Action.Word() == "connect" })
		if connects {
			p.errorf(r.Pos, `a message of "always" can't connect: it is about the connection that it came on`)
			continue
		}
		f := &flow{p: p, server: server, via: via, open: true, took: new(bool)}
		f.expect(&Expect{Pos: a.Pos, Frame: a.Message, Match: Match{Size: -1}}, &Step{Pos: a.Pos, Action: &Expect{}}, nil)
		f.steps(r.Steps)
		if !f.lost && (!f.open || f.wrote.IsValid() || f.end != "") {
			p.errorf(r.Pos, `a message of "always" can't end the connection, on which the script goes on`)
		}
	}
}

func (f *flow) steps(steps []*Step) {
	for _, s := range steps {
		if f.p.doc.broken[s] {
			f.lost = true
			if c, ok := s.Action.(Connect); ok && s.Expect == nil {
				f.connect(s, c)
			}
			continue
		}
		f.step(s)
	}
}

// over follows a step on a further connection.
func (f *flow) over(name string, s *Step) {
	other := f.others[name]
	if c, ok := s.Action.(Connect); ok && c.As == name {
		if other == nil {
			other = &flow{p: f.p, server: f.server, isOther: true, why: "there was no connect yet", took: f.took}
		}
		if f.others == nil {
			f.others = map[string]*flow{}
		}
		f.others[name] = other
	}
	switch {
	case other != nil:
		other.step(s)
	case !f.lost:
		if names := slices.Sorted(maps.Keys(f.others)); len(names) > 0 {
			f.p.unknown(s.Pos, "connection", name, names)
		} else {
			f.p.errorf(s.Pos, "no connection %s yet; {connect: {to: ..., as: %s}} opens it", quote(name), name)
		}
		f.p.doc.broken[s] = true
	}
}

// loop follows steps that are played again and again: twice is enough to see
// whether they can follow themselves. What is in the second round is followed
// once, so that loops in loops in loops are not followed for ever.
func (f *flow) loop(s *Step, l Loop) {
	rounds := 2
	if l.Times == 1 || f.p.doc.again {
		rounds = 1
	}
	for round := range rounds {
		if round == 1 {
			f.p.doc.again = true
			defer func() { f.p.doc.again = false }()
		}
		switch {
		case !l.Counts() && !f.open && !f.lost && round == 1:
			return // so a loop that does not count ends as well
		case l.Until != nil:
			f.expect(l.Until, s, nil)
			f.end = ""
		case !l.Counts() && f.via == UDP && !f.lost && !l.Patient:
			f.fail(s.Pos, `"loop" until the peer's end over UDP, where nobody sees it; say "times" or "until"`)
		case !l.Counts() && f.end != "" && !f.lost:
			f.fail(s.Pos, `"loop" until the peer's end, after the %s in line %d, when it has come`, f.end, f.endPos.Line)
		case !l.Counts():
			f.needs(s)
		}
		f.steps(l.Steps)
	}
	if !l.Counts() && l.Until == nil && !f.lost {
		f.end, f.endPos = "end", s.Pos
	}
}

// dispatch follows each rule from where it stands: only one of them is played.
// One that closes ends the script.
func (f *flow) dispatch(s *Step, d Dispatch) {
	f.expect(&Expect{Pos: d.Pos, Frame: d.Message, Match: Match{Size: -1}}, s, nil)
	for _, r := range d.Rules {
		branch := *f
		branch.steps(r.Steps)
	}
}

// retry follows steps that begin anew, on a fresh connection.
func (f *flow) retry(s *Step, r Retry) {
	if f.open && !f.lost {
		f.fail(s.Pos, `"retry" while the connection of line %d is still open; it begins with a fresh one`, f.since.Line)
	}
	f.steps(r.Steps)
}

func (f *flow) step(s *Step) {
	if s.Over != "" {
		plain := *s
		plain.Over = ""
		f.over(s.Over, &plain)
		return
	}
	switch a := s.Action.(type) {
	case Connect:
		if a.As != "" && !f.isOther {
			f.over(a.As, s)
			return
		}
		f.connect(s, a)
		return
	case Loop:
		f.loop(s, a)
		return
	case Retry:
		f.retry(s, a)
		return
	case Dispatch:
		f.dispatch(s, a)
		return
	case *Expect:
		f.expect(a, s, nil)
		return
	case Send:
		f.datagramSent(a.Payload)
		f.echoed(a.Payload)
		if f.needs(s) && f.wrote.IsValid() {
			f.fail(s.Pos, `"send" after the shutdown in line %d, which ended what is sent`, f.wrote.Line)
		}
	case Shutdown:
		if f.via == UDP {
			f.fail(s.Pos, `"shutdown" on UDP, where nobody sees an end`)
		}
		f.shutdown(s, a.How)
	case StartTLS:
		f.startTLS(s)
	case Let:
		for i := range a.Definitions {
			f.echoed(a.Definitions[i].Payload)
		}
	case Close:
		if f.needsOpen(s) {
			f.closed("closed", s)
		}
	case Reset:
		switch {
		case !f.needsOpen(s):
		case f.via == UDP:
			f.fail(s.Pos, `"reset" on UDP, which has no connection to reset`)
		case f.via == Stdio:
			f.fail(s.Pos, `"reset" of a program, whose input and output have none; "close: {now}" ends it at once`)
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

// echoed complains about an echo of nothing.
func (f *flow) echoed(payload *Payload) {
	if payload.echoes() && !*f.took && !f.lost {
		f.p.errorf(payload.Pos, `"echo" before anything came that could be sent back`)
	}
}

func (f *flow) connect(s *Step, c Connect) {
	if f.open && !f.lost {
		f.fail(s.Pos, `"connect" while the connection of line %d is still open; close it first`, f.since.Line)
	}
	*f = flow{p: f.p, server: f.server, via: c.Transport, open: true, since: s.Pos, others: f.others, isOther: f.isOther, took: f.took}
	if c.TLS != nil {
		f.secure = c.TLS.Pos
	}
	if s.Expect == nil {
		return
	}
	if f.via == UDP && (s.Expect.Outcome == Refused || s.Expect.Outcome == Timeout || s.Expect.Outcome == Pending) {
		f.fail(s.Expect.Pos, "{%s} beside a connect on UDP, which asks nobody; that a datagram was refused comes after its send", s.Expect.Outcome.word())
		return
	}
	switch outcome := s.Expect.Outcome; {
	case f.via != Stdio && (outcome == Refused || outcome == Unreachable || outcome == Timeout || outcome == Pending):
		f.pending(s)
		f.open = false
		f.why = "the connect in line " + line(s.Pos) + " expects {" + s.Expect.Outcome.word() + "}"
	default:
		f.expect(s.Expect, s, s.Action)
	}
}

// pendingTime is how long a system waits before it asks a second time for a
// connection, see RFC 6298.
const pendingTime = time.Second

// pending complains about too little time to tell that a connect is pending.
func (f *flow) pending(s *Step) {
	if s.Expect.Outcome != Pending || f.via == Unix {
		return
	}
	limit, what := f.p.doc.Timeout, "the scenario's timeout"
	if s.Within > 0 {
		limit, what = s.Within, `"within"`
	}
	if limit <= pendingTime {
		f.p.errorf(s.Expect.Pos, "{pending} takes more than %s, after which the system asks a second time: %s is %s",
			timeString(pendingTime), what, timeString(limit))
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
	if f.misfit(x, s) || x.Outcome == Queued { // for which no connection is needed
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
	case x.Outcome == TLSError && !f.secure.IsValid() && !f.lost:
		f.fail(x.Pos, "{tls_error} on a connection without TLS; it needs a step \"tls\", or the key at the connect or the server")
		return
	case f.gone:
		f.fail(x.Pos, `"expect" after the %s in line %d: the connection is gone`, f.end, f.endPos.Line)
		return
	case f.end == "" || x.Outcome == EOF || x.Outcome == End || x.Outcome == Counters:
	case send && (x.Outcome == PeerReset || x.Outcome == Timeout): // how the send itself ends
	default:
		f.fail(x.Pos, "expects %s after the %s in line %d, when the peer's end has come", x.what(), f.end, f.endPos.Line)
		return
	}
	if x.Outcome == Silence {
		f.silence(x, s)
	}
	switch {
	case x.Outcome == PeerReset || x.Outcome == End || x.Outcome == TLSError:
		f.end, f.endPos, f.gone = x.what(), x.Pos, true
	case x.Outcome == EOF && f.end == "":
		f.end, f.endPos = "{eof}", x.Pos
	case x.Outcome == NoOutcome && x.Frame.Kind == FrameRest:
		f.end, f.endPos = "{rest}", x.Pos
	}
	*f.took = *f.took || x.Outcome == NoOutcome
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
