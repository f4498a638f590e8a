package runner

import (
	"errors"
	"fmt"
	"time"

	"banter/runner/scenario"
	"banter/runner/wire"
)

// What the kernel knows of connections and of servers.

// TCP is what the kernel kept of a connection of TCP until that was closed.
type TCP struct {
	Over        string // of a further connection of its actor; "": of the first
	Congestion  string // the control algorithm
	Retransmits int64  // segments that were sent again
	RTT         time.Duration
	SendWindow  int64         // in bytes: what the peer had offered
	RecvWindow  int64         // in bytes: what we had
	HeldBack    time.Duration // by the peer's window
}

// note keeps what the kernel knows of the connection that is about to be closed,
// if anybody wants to know, and if it is one of TCP.
func (a *actor) note() {
	if !a.p.opts.Kernel || a.conn == nil {
		return
	}
	info, err := a.conn.TCPInfo()
	if err != nil {
		return
	}
	get := func(name string) int64 {
		n, _ := info.Counter(name)
		return n
	}
	t := TCP{
		Congestion: info.Congestion, Retransmits: get("retransmits"),
		RTT: microseconds(get("rtt")), SendWindow: get("snd_wnd"), RecvWindow: get("rcv_wnd"), HeldBack: microseconds(get("rwnd_limited")),
	}
	if a.on != nil {
		t.Over = a.on.name
	}
	a.kept = append(a.kept, t)
}

func microseconds(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// unmet is something that the kernel says and that is not as expected, "" if all
// is. Never says that it can't become so.
type unmet struct {
	text  string
	never bool
}

// The first pause between two looks at what the kernel says, and the longest.
const (
	lookSoon = 200 * time.Microsecond
	lookLate = 10 * time.Millisecond
)

// kernel waits until what the kernel says is as expected, as long as it can be.
func (a *actor) kernel(e *scenario.Expect) *Failure {
	look := a.counters
	if e.Outcome == scenario.Queued {
		look = a.queued
	}
	for pause := lookSoon; ; pause = min(2*pause, lookLate) {
		u, err := look(e)
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			return a.failure(Environment, "%q: this system does not tell; Linux does", e)
		case err != nil:
			return a.failure(Environment, "%s: %s", e, wire.Reason(err))
		case u.text == "":
			return nil
		case u.never:
			return a.failure(Differs, "%s", u.text)
		case a.ending() || !time.Now().Before(a.deadline):
			return a.late("%s", u.text)
		}
		timer := time.NewTimer(min(pause, time.Until(a.deadline)))
		select {
		case <-timer.C:
		case <-a.ctx.Done():
		}
		timer.Stop()
	}
}

// counters looks at those of the connection.
func (a *actor) counters(e *scenario.Expect) (u unmet, err error) {
	if a.conn == nil {
		return u, errors.New("the connection is gone")
	}
	info, err := a.conn.TCPInfo()
	if err != nil {
		return u, err
	}
	for _, want := range e.TCP {
		if want.Name != "" {
			if info.Congestion != want.Name {
				return unmet{fmt.Sprintf("%s is %s, where %s was expected", want.Counter, info.Congestion, want.Name), true}, nil
			}
			continue
		}
		n, known := info.Counter(want.Counter)
		if !known {
			return u, errors.ErrUnsupported
		}
		if !want.Holds(n) {
			counter := scenario.TCPCounters[want.Counter]
			u.text = fmt.Sprintf("%s is %s, where %s was expected", want.Counter, counted(n, counter.Kind), want.String())
			u.never = counter.Grows && want.Never(n)
			return u, nil
		}
	}
	return u, nil
}

// counted is a counter's value as a scenario would have it.
func counted(n int64, kind scenario.CounterKind) string {
	if kind == scenario.TimeOf {
		return microseconds(n).String()
	}
	return fmt.Sprint(n)
}

// queued looks at the backlogs of servers.
func (a *actor) queued(e *scenario.Expect) (u unmet, err error) {
	for _, want := range e.Queue {
		s := a.server
		if want.Server != "" {
			s = a.p.server(want.Server)
		}
		a.p.mu.Lock()
		ln, listens := s.ln, s.listening && !s.closed
		a.p.mu.Unlock()
		switch {
		case s.real != "":
			return u, fmt.Errorf("%s is a real server at %s, and only its own system knows", s.decl.Name, s.real)
		case !listens:
			u.text = fmt.Sprintf("%s does not listen", s.decl.Name)
			return u, nil
		}
		n, _, err := ln.Queue()
		if err != nil {
			return u, err
		}
		if !want.Holds(int64(n)) {
			u.text = fmt.Sprintf("waiting in the backlog of %s: %d, where %s was expected", s.decl.Name, n, want.String())
			return u, nil
		}
	}
	return u, nil
}
