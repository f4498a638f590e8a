package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"banter/runner"
	"banter/runner/transcript"
)

// Serving writes what servers see while they serve, as it comes. The errors
// are the writer's.
type Serving interface {
	// Ready says where the servers listen.
	Ready([]runner.Listening) error
	// Happened says what a connection sees.
	Happened(name string, news []transcript.Entry) error
	// Served says that a connection has ended, and what was wrong with it.
	Served(runner.Actor, []runner.Failure) error
	// Close says what came of it all.
	Close(runner.Play) error
}

// NewServing returns a report for people.
func NewServing(w io.Writer, opts TextOptions) Serving {
	return &servingText{Text: NewText(w, opts)}
}

type servingText struct {
	*Text
	last string // the connection that the last line is about
}

func (t *servingText) Ready(list []runner.Listening) error {
	names, addresses := 0, 0
	for _, l := range list {
		names, addresses = max(names, width(Clean(l.Server))), max(addresses, width(Clean(l.Address)))
	}
	var b strings.Builder
	for _, l := range list {
		line := pad(Clean(l.Server), names) + "   " + pad(Clean(l.Address), addresses)
		switch {
		case l.Others:
			line += "   and every other address of this machine"
		case l.Every:
			line += "   for this machine alone; --allow-net opens it to others"
		}
		if l.CA != "" {
			line += "   TLS, trusted with " + Clean(l.CA)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	t.open = true
	return t.write(&b)
}

func (t *servingText) Happened(name string, news []transcript.Entry) error {
	var b strings.Builder
	t.about(&b, name)
	for _, e := range news {
		b.WriteString("  " + clip(Clean(seenText(&e.Event)), lineMax) + "\n")
	}
	return t.write(&b)
}

// seenText is an event, or a piece of one, whose checksum nobody knows.
func seenText(e *transcript.Event) string {
	if e.Size == int64(len(e.Data)) || e.Sum != 0 {
		return e.String()
	}
	piece := *e
	piece.Data, piece.Size = nil, 0
	limit := transcript.Whole
	if e.Size > transcript.Whole {
		limit = 32
	}
	return strings.TrimSuffix(piece.String(), `""`) + transcript.Quote(e.Data, e.Size, limit)
}

func (t *servingText) Served(a runner.Actor, failures []runner.Failure) error {
	var b strings.Builder
	for i := range failures {
		t.about(&b, a.Name)
		b.WriteString("  " + t.style.fail("✗") + " " + stepText(&failures[i]) + "\n")
	}
	return t.write(&b)
}

// about writes whose lines follow, if it is not whose the last ones are.
func (t *servingText) about(b *strings.Builder, name string) {
	if name != t.last {
		b.WriteString(Clean(name) + ":\n")
	}
	t.last = name
}

func (t *servingText) Close(p runner.Play) error { return t.Add(p) }

// stepText is a failure below the name of whose it is.
func stepText(f *runner.Failure) string {
	text := Clean(f.Message)
	if f.Step > 0 {
		text = fmt.Sprintf("step %d of %d: %s", f.Step, f.Steps, text)
	}
	if f.Pos.IsValid() {
		text += fmt.Sprintf(" (line %d)", f.Pos.Line)
	}
	return text
}

// NewServingJSON returns a report for programs: a line of JSON for all servers
// that listen, then one for each connection, then one for the scenario.
func NewServingJSON(w io.Writer) Serving {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return servingJSON{e}
}

type servingJSON struct{ *json.Encoder }

type (
	listeningJSON struct {
		Server  string `json:"server"`
		Address string `json:"address"`
		CA      string `json:"ca,omitempty"`
	}
	failureJSON struct {
		Actor   string   `json:"actor,omitempty"`
		At      string   `json:"at,omitempty"`
		Step    int      `json:"step,omitempty"`
		Message string   `json:"message"`
		Notes   []string `json:"notes,omitempty"`
	}
)

func (j servingJSON) Ready(list []runner.Listening) error {
	out := make([]listeningJSON, len(list))
	for i, l := range list {
		out[i] = listeningJSON{l.Server, l.Address, l.CA}
	}
	return j.Encode(struct {
		Listening []listeningJSON `json:"listening"`
	}{out})
}

// Happened does nothing: a program reads a transcript at once.
func (j servingJSON) Happened(string, []transcript.Entry) error { return nil }

func (j servingJSON) Served(a runner.Actor, failures []runner.Failure) error {
	events := make([]string, len(a.Observed))
	for i, e := range a.Observed {
		events[i] = e.String()
	}
	return j.Encode(struct {
		Connection string        `json:"connection"`
		Transcript []string      `json:"transcript"`
		Failures   []failureJSON `json:"failures"`
	}{a.Name, events, failuresJSON(failures)})
}

func (j servingJSON) Close(p runner.Play) error {
	return j.Encode(struct {
		Scenario string        `json:"scenario"`
		Passed   bool          `json:"passed"`
		Failures []failureJSON `json:"failures"`
	}{p.Scenario.Name, !p.Failed(), failuresJSON(p.Result.Failures)})
}

func failuresJSON(list []runner.Failure) []failureJSON {
	out := make([]failureJSON, len(list))
	for i, f := range list {
		out[i] = failureJSON{Actor: f.Actor, Step: f.Step, Message: f.Message, Notes: f.Notes}
		if f.Pos.IsValid() {
			out[i].At = f.Pos.String()
		}
	}
	return out
}
