package scenario

import "strings"

// Transcript is what one actor is to see, word for word.
type Transcript struct {
	Pos   Pos    // of the actor's name
	Actor string // "ann", "greeter/ann"
	Lines []TranscriptLine
	Blank bool // it is still to be written; with Config.Update only
}

// TranscriptLine is one event in the text form that "banter run -v" prints.
type TranscriptLine struct {
	Pos  Pos
	Text string
}

// transcripts reads the mapping from actors to what they see. Blank lines and
// the blanks around a line mean nothing.
func (p *parser) transcripts(d *document) {
	e := d.transcript
	if e != nil && e.value.isNull() {
		d.Unwritten = e.pos
		p.unwritten(e.pos, `"transcript" has nothing below it`)
		return
	}
	if e == nil || !p.section(*e, "a transcript is a mapping from actors to what each sees, a line an event") {
		return
	}
	for _, one := range e.value.entries {
		p.transcriptActor(d, one)
		if one.value.isNull() {
			p.unwritten(one.pos, "the transcript of "+quote(one.key)+" is blank")
			d.Transcripts = append(d.Transcripts, Transcript{Pos: one.pos, Actor: one.key, Blank: true})
			continue
		}
		if s, ok := p.scalar(one, "a block of events, a line each"); ok {
			d.Transcripts = append(d.Transcripts, Transcript{Pos: one.pos, Actor: one.key, Lines: p.blockLines(one.value, s)})
		}
	}
}

// unwritten complains about a transcript that is still to be written, unless it
// is going to be.
func (p *parser) unwritten(pos Pos, what string) {
	if !p.config.Update {
		p.errorf(pos, `%s; "banter run --update" writes what comes`, what)
	}
}

// blockLines are the lines of a block that are not blank, without the blanks
// around them, each with its place if the block shows it.
func (p *parser) blockLines(n *node, s string) []TranscriptLine {
	source := strings.Split(string(p.source(n).text), "\n")
	var lines []TranscriptLine
	for i, text := range strings.Split(s, "\n") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		pos := n.pos
		if at := n.pos.Line + i; n.style == literalBlock && at < len(source) { // it begins below its indicator
			pos = p.pos(at+1, 1+max(0, strings.Index(source[at], text)))
		}
		lines = append(lines, TranscriptLine{Pos: pos, Text: text})
	}
	return lines
}

// transcriptActor complains about an actor that can't be: a client, or a
// server's connection.
func (p *parser) transcriptActor(d *document, e entry) {
	server, _, connection := strings.Cut(e.key, "/")
	switch {
	case !connection && !d.clientNames.has(e.key) && !d.clientNames.unknown:
		if d.serverNames.has(e.key) {
			p.errorf(e.pos, "%s is a server; what it sees on a connection is %s", quote(e.key), quote(e.key+"/CLIENT"))
			return
		}
		p.unknown(e.pos, "client", e.key, d.clientNames.list)
	case connection && !d.serverNames.has(server) && !d.serverNames.unknown:
		p.unknown(e.pos, "server", server, d.serverNames.list)
	}
}
