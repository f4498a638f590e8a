package record

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"banter/runner/capture"
	"banter/runner/scenario"
)

// YAML is the script as a scenario file. An error is that of saving a payload, or
// that the file would be too large to be read.
func (s *Script) YAML() ([]byte, error) {
	s.err, s.files = nil, nil
	switch {
	case s.tooLarge != nil:
		return nil, s.tooLarge
	case len(s.Talks) == 0:
		return nil, errors.New("there is no conversation")
	}
	doc := scenario.NewMap()
	if s.Name != "" {
		doc.Set("name", scenario.NewText(s.Name))
	}
	if s.Description != "" {
		doc.Set("description", scenario.NewText(s.Description))
	}
	if s.EOL == scenario.LF && s.usesLines() {
		doc.Set("eol", scenario.NewWord("lf"))
	}
	doc.Set("servers", s.servers()).Set("clients", s.clients())
	out := scenario.Compose(doc)
	if s.err == nil && len(out) > scenario.MaxFileSize {
		return nil, fmt.Errorf("the conversations would be a scenario of %s, and it can have %s; %s",
			humanize.IBytes(uint64(len(out))), humanize.IBytes(scenario.MaxFileSize), fewer)
	}
	return out, s.err
}

// usesLines reports whether it matters how lines end.
func (s *Script) usesLines() bool {
	for _, t := range s.Talks {
		for _, turn := range t.Turns {
			if slices.ContainsFunc(turn.Units, func(u *Unit) bool { return u.Line }) {
				return true
			}
		}
	}
	return false
}

// servers is a server for each address.
func (s *Script) servers() *scenario.Value {
	all := scenario.NewMap().Tall()
	var names []string
	byName := map[string][]*Talk{}
	for _, t := range s.Talks {
		if byName[t.Server] == nil {
			names = append(names, t.Server)
		}
		byName[t.Server] = append(byName[t.Server], t)
	}
	for _, name := range names {
		all.Set(name, s.server(byName[name]))
	}
	return all
}

// server is a server with a script for each connection, or one for all where they
// are the same.
func (s *Script) server(talks []*Talk) *scenario.Value {
	one := talks[0]
	srv := scenario.NewMap()
	if one.Address != "" {
		srv.Behind("was " + one.Address)
	}
	if one.Datagrams {
		srv.Set("bind", scenario.NewWord("udp:127.0.0.1:0"))
	}
	if one.Refused {
		return srv.Set("start", scenario.NewWord("false"))
	}
	if !slices.ContainsFunc(talks, func(t *Talk) bool { return !t.startsTLS() }) {
		srv.Set("tls", scenario.NewWord("true"))
	}
	scripts := make([]*scenario.Value, len(talks))
	first, same := "", true
	for i, t := range talks {
		scripts[i] = s.script(t, capture.Server)
		text := composed(scripts[i])
		if i == 0 {
			first = text
		}
		same = same && text == first
	}
	if same {
		return srv.Set("steps", scripts[0]).Tall()
	}
	connections := scenario.NewMap().Tall()
	for i, t := range talks {
		connections.Set(t.Client, scripts[i])
	}
	return srv.Set("connections", connections).Tall()
}

func composed(v *scenario.Value) string {
	return string(scenario.Compose(scenario.NewMap().Set("steps", v)))
}

// startsTLS reports whether TLS is the first that happens.
func (t *Talk) startsTLS() bool { return len(t.Turns) > 0 && t.Turns[0].Kind == capture.TLS }

// clients is a client for each conversation.
func (s *Script) clients() *scenario.Value {
	all := scenario.NewMap().Tall()
	for _, t := range s.Talks {
		client := scenario.NewMap().Tall()
		if slices.ContainsFunc(t.Turns, func(turn *Turn) bool { return turn.Kind == capture.Gap }) {
			client.Set("note", scenario.NewText("bytes are missing in what this was made of; a comment says where"))
		}
		switch len(t.After) {
		case 0:
		case 1:
			client.Set("after", scenario.NewWord(t.After[0]))
		default:
			list := scenario.NewList()
			for _, name := range t.After {
				list.Add(scenario.NewWord(name))
			}
			client.Set("after", list)
		}
		steps := s.script(t, capture.Client)
		if client.Has("note") || client.Has("after") {
			steps = client.Set("steps", steps)
		}
		all.Set(t.Client, steps)
	}
	return all
}

// step is a step that is to be written.
type step struct {
	word    string          // "": the value is all of it; a comment, if there is none
	value   *scenario.Value // nil: the word stands alone
	comment string
	turn    *Turn // of bytes
}

// script is one side's steps.
func (s *Script) script(t *Talk, side capture.Side) *scenario.Value {
	w := &scripting{speller: speller{s, t, side}}
	if side == capture.Client {
		w.connect()
	}
	for i, turn := range t.Turns {
		if w.done {
			break
		}
		w.turn(turn, t.Turns[i+1:])
	}
	switch {
	case w.done:
	case t.Datagrams || side == capture.Client && !w.ended[side]:
		w.add("close", nil)
	case !w.ended[side.Other()]:
		w.expect("eof")
	}
	return w.list()
}

// scripting is a script that is being written.
type scripting struct {
	speller
	steps []step
	ended [2]bool // the sides that send no more
	done  bool    // the connection is closed
}

func (w *scripting) add(word string, value *scenario.Value) {
	w.steps = append(w.steps, step{word: word, value: value})
}

func (w *scripting) expect(outcome string) {
	w.add("expect", scenario.NewMap().Set(outcome, nil))
}

func (w *scripting) connect() {
	t := w.t
	for _, name := range t.Await {
		w.add("await", scenario.NewWord(name))
	}
	to := scenario.NewWord(t.Server)
	if t.Told != "" {
		to = scenario.NewTemplate("127.0.0.1:${" + t.Told + "}")
	}
	if t.startsTLS() && !slices.ContainsFunc(w.s.Talks, func(o *Talk) bool { return o.Server == t.Server && !o.startsTLS() }) {
		to = scenario.NewMap().Set("to", to).Set("tls", unverified())
	}
	w.add("connect", to)
	if t.Refused {
		w.steps[len(w.steps)-1] = step{word: "", value: scenario.NewMap().Set("connect", to).Set("expect", scenario.NewMap().Set("refused", nil))}
		w.done = true
	}
	if t.Guessed {
		w.steps[len(w.steps)-1].comment = "who connected is a guess: the capture has no handshake"
	}
}

// unverified is TLS with whatever certificate the server has: that of the real
// one is not known here.
func unverified() *scenario.Value {
	return scenario.NewMap().Set("verify", scenario.NewWord("false"))
}

// turn writes what a turn is to the side.
func (w *scripting) turn(turn *Turn, later []*Turn) {
	own := turn.From == w.side
	if own {
		for _, name := range turn.Await {
			w.add("await", scenario.NewWord(name))
		}
	}
	switch turn.Kind {
	case capture.Data:
		if own {
			w.steps = append(w.steps, step{"send", w.payload(turn, turn.Units), turn.cuts(w.s.EOL.Bytes()), turn})
		} else {
			for _, x := range w.expects(turn) {
				w.steps = append(w.steps, step{"expect", x, "", turn})
			}
		}
	case capture.Gap:
		w.gap(turn)
	case capture.TLS:
		w.tls(turn)
	case capture.EOF:
		w.eof(own, later)
	case capture.Reset:
		w.reset(own)
	}
	if !own && turn.Signal != "" {
		w.add("signal", scenario.NewWord(turn.Signal))
	}
}

// gap says that bytes are missing, in the place of a step.
func (w *scripting) gap(turn *Turn) {
	missing := "bytes"
	if turn.Missing >= 0 {
		missing = plural(turn.Missing, "byte")
	}
	w.steps = append(w.steps, step{comment: fmt.Sprintf("%s of the %s are missing here: the capture does not have them", missing, [...]string{"client", "server"}[turn.From])})
}

func (w *scripting) tls(turn *Turn) {
	all := !slices.ContainsFunc(w.s.Talks, func(o *Talk) bool { return o.Server == w.t.Server && !o.startsTLS() })
	switch {
	case turn == w.t.Turns[0] && all:
	case w.side == capture.Server:
		w.add("tls", nil)
	default:
		w.add("tls", unverified())
	}
}

// eof writes that a side sends no more: the side itself closes, if nothing comes
// after that, and the other waits for it, if it has not closed already.
func (w *scripting) eof(own bool, later []*Turn) {
	if w.ended[w.side] && own || w.ended[w.side.Other()] && !own {
		return
	}
	if !own {
		w.ended[w.side.Other()] = true
		w.expect("eof")
		return
	}
	w.ended[w.side] = true
	comes, resets, isReset := false, false, false // by the other side, by this one, by the other
	for _, turn := range later {
		switch {
		case turn.Kind == capture.Data && turn.From != w.side:
			comes = true
		case turn.Kind == capture.Reset && turn.From == w.side:
			resets = true
		case turn.Kind == capture.Reset:
			isReset = true
		}
	}
	switch {
	case w.ended[w.side.Other()]: // the script ends, which closes
		w.done = true
		if len(w.steps) > 0 && !w.steps[len(w.steps)-1].isEOF() {
			w.add("close", nil)
		}
	case comes && resets: // it looks at nothing that comes
		w.add("close", scenario.NewMap().Set("now", nil))
		w.done = true
	case comes || resets || isReset:
		w.add("shutdown", nil)
	default:
		w.add("close", nil)
		w.done = true
	}
}

func (st step) isEOF() bool {
	text := ""
	if st.value != nil {
		text, _ = st.value.OneLine(0)
	}
	return st.word == "expect" && text == "{eof}"
}

// reset writes how a connection breaks off.
func (w *scripting) reset(own bool) {
	switch {
	case own:
		w.add("reset", nil)
	case w.ended[w.side.Other()]: // the end was seen, and whatever else comes is too late
		w.add("close", scenario.NewMap().Set("discard", nil))
	default:
		w.expect("reset")
	}
	w.done = true
}

// cuts says how a turn came where that is not as its units would have it, nor
// because it is long.
func (turn *Turn) cuts(eol string) string {
	if len(turn.Pieces) < 2 || len(turn.data) > longTurn {
		return ""
	}
	ends := map[int]bool{}
	at := 0
	for _, u := range turn.Units {
		at += len(u.appendTo(nil, eol))
		ends[at] = true
	}
	at, odd := 0, false
	for _, n := range turn.Pieces[:len(turn.Pieces)-1] {
		at += n
		odd = odd || !ends[at] && n < 1024
	}
	switch {
	case !odd:
		return ""
	case len(turn.Pieces) > 6:
		return fmt.Sprintf("sent in %d pieces", len(turn.Pieces))
	}
	sizes := strings.Trim(strings.ReplaceAll(fmt.Sprint(turn.Pieces), " ", ", "), "[]")
	return fmt.Sprintf("sent in %d pieces: %s bytes", len(turn.Pieces), sizes)
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return humanize.Comma(n) + " " + what + "s"
}

// list is the steps as a list. A question and its answer share a line if they fit.
func (w *scripting) list() *scenario.Value {
	all := scenario.NewList().Tall()
	indent := 8
	var above []string
	put := func(v *scenario.Value) {
		for _, comment := range above {
			v.Above(comment)
		}
		above = nil
		all.Add(v)
	}
	for i := 0; i < len(w.steps); i++ {
		st := w.steps[i]
		if st.word == "" && st.value == nil {
			above = append(above, st.comment)
			continue
		}
		if i+1 < len(w.steps) {
			if both := st.with(w.steps[i+1], w.side); both != nil {
				if line, fits := both.OneLine(indent); fits && indent+len(line)+len(st.comment) <= 110 {
					put(both.Behind(st.comment + w.steps[i+1].comment))
					i++
					continue
				}
			}
		}
		switch {
		case st.value == nil:
			put(scenario.NewWord(st.word).Behind(st.comment))
		case st.word == "":
			put(st.value.Behind(st.comment))
		default:
			put(scenario.NewMap().Set(st.word, st.value).Behind(st.comment))
		}
	}
	if len(above) > 0 { // nothing comes after it
		put(scenario.NewWord("close"))
	}
	return all
}

// with is a step and the one after it as one: what a client asks and is answered,
// or a server.
func (st step) with(next step, side capture.Side) *scenario.Value {
	if st.turn == nil || next.turn == nil || st.comment != "" && next.comment != "" {
		return nil
	}
	switch {
	case side == capture.Client && st.word == "send" && next.word == "expect":
		return scenario.NewMap().Set("send", st.value).Set("expect", next.value)
	case side == capture.Server && st.word == "expect" && next.word == "send":
		return scenario.NewMap().Set("expect", st.value).Set("answer", next.value)
	}
	return nil
}
