package scenario

import (
	"bytes"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// place is a value as it stands in the source: where it begins and ends, and
// what it is in. Other than a node it is no alias's.
type place struct {
	y        *yaml.Node
	parent   *place
	key      *yaml.Node // in a mapping
	path     string     // the keys and numbers that lead here
	flow     bool       // inside of [ ] or { }
	children []*place
	foreign  bool // an alias uses it where it is not what is to come
}

// span is a piece of the source, from its first byte to the one behind its last.
type span struct{ from, to int }

// places are the values of a file, by where they begin. It is for files that
// have no errors.
type places struct {
	p    *parser
	docs []*place
	at   map[mark]*place // offsets left out
	keys map[mark]*place // the same by the place of their key
}

func (p *parser) places() *places {
	all := &places{p: p, at: map[mark]*place{}, keys: map[mark]*place{}}
	aliases := map[*yaml.Node][]*place{}
	decoder := yaml.NewDecoder(bytes.NewReader(p.src.text))
	for {
		var doc yaml.Node
		if err := decodeYAML(decoder, &doc); err != nil {
			break // its end
		}
		if len(doc.Content) > 0 {
			all.docs = append(all.docs, all.add(doc.Content[0], nil, nil, strconv.Itoa(len(all.docs)), aliases))
		}
	}
	for y, users := range aliases {
		if target := all.at[mark{line: y.Line, col: y.Column}]; target != nil {
			for _, user := range users {
				target.foreign = target.foreign || !user.demands()
			}
		}
	}
	return all
}

// add adds a value, and all that is in it.
func (all *places) add(y *yaml.Node, parent *place, key *yaml.Node, path string, aliases map[*yaml.Node][]*place) *place {
	pl := &place{y: y, parent: parent, key: key, path: path}
	if parent != nil {
		pl.flow = parent.flow || parent.y.Style&yaml.FlowStyle != 0
	}
	if key != nil {
		all.keys[mark{line: key.Line, col: key.Column}] = pl
	}
	switch y.Kind {
	case yaml.AliasNode:
		aliases[y.Alias] = append(aliases[y.Alias], pl)
		return pl
	case yaml.MappingNode:
		for i := 0; i+1 < len(y.Content); i += 2 {
			k := y.Content[i]
			pl.children = append(pl.children, all.add(y.Content[i+1], pl, k, path+"\x00"+k.Value, aliases))
		}
	case yaml.SequenceNode:
		for i, item := range y.Content {
			pl.children = append(pl.children, all.add(item, pl, nil, path+"\x00"+strconv.Itoa(i), aliases))
		}
	}
	if m := (mark{line: y.Line, col: y.Column}); all.at[m] == nil {
		all.at[m] = pl
	}
	return pl
}

// demands reports whether a value says what is to come.
func (pl *place) demands() bool {
	for ; pl != nil; pl = pl.parent {
		if pl.key == nil {
			continue
		}
		switch pl.key.Value {
		case "expect", "after", "when", "until", "stdout", "transcript":
			return true
		case "send", "reply", "answer", "let", "vars":
			return false
		}
	}
	return false
}

// child is the value of a key, or nil.
func (pl *place) child(key string) *place {
	for _, c := range pl.children {
		if c.key != nil && c.key.Value == key {
			return c
		}
	}
	return nil
}

// node is a scalar's place as the parser sees it.
func (all *places) node(pl *place) *node {
	return &node{pos: all.p.pos(pl.y.Line, pl.y.Column), style: styleOf(pl.y), value: pl.y.Value, anchor: pl.y.Anchor}
}

// begin is where a value begins, behind its anchor and comments. A value that is
// not written begins behind its key.
func (all *places) begin(pl *place) int {
	text := all.p.src.text
	at := all.p.src.offset(pl.y.Line, pl.y.Column)
	if pl.y.Anchor != "" {
		at += len("&") + len(pl.y.Anchor)
		for {
			at = len(text) - len(bytes.TrimLeftFunc(text[at:], isBlank))
			if at == len(text) || text[at] != '#' {
				break
			}
			at = lineEnd(text, at)
		}
	}
	return at
}

// span is where a value stands. It is false where that can't be told.
func (all *places) span(pl *place) (span, bool) {
	text := all.p.src.text
	s := span{from: all.begin(pl)}
	ok := true
	switch pl.y.Kind {
	case yaml.AliasNode:
		s.to = s.from + len("*") + len(pl.y.Value)
	case yaml.ScalarNode:
		switch styleOf(pl.y) {
		case plain:
			s.to, _ = all.p.plainEnd(all.node(pl))
			s.from = min(s.from, s.to) // an anchor, and nothing more
		case singleQuoted:
			s.to = singleEnd(text, s.from)
		case doubleQuoted:
			s.to = s.from + quotedEnd(text[s.from:])
		default:
			var b block
			b, ok = all.block(pl)
			s.to = b.to
		}
	default:
		s.to = s.from
		for _, c := range pl.children {
			var inner span
			if inner, ok = all.span(c); !ok {
				return s, false
			}
			s.to = max(s.to, inner.to)
		}
		if pl.y.Style&yaml.FlowStyle != 0 && strings.IndexByte("[{", text[s.from]) >= 0 {
			s.to = flowEnd(text, max(s.to, s.from+1))
		}
	}
	return s, ok
}

// singleEnd is where a single-quoted scalar ends.
func singleEnd(text []byte, from int) int {
	for i := from + 1; i < len(text); i++ {
		if text[i] != '\'' {
			continue
		}
		if i+1 == len(text) || text[i+1] != '\'' {
			return i + 1
		}
		i++
	}
	return len(text)
}

// flowEnd finds the bracket that closes a list or a mapping, behind the last
// value in it.
func flowEnd(text []byte, at int) int {
	for ; at < len(text); at++ {
		switch text[at] {
		case ']', '}':
			return at + 1
		case '#':
			at = lineEnd(text, at) - 1
		}
	}
	return at
}

// lineEnd is where a line ends: at its line feed, or the carriage return before
// that.
func lineEnd(text []byte, at int) int {
	end := bytes.IndexByte(text[at:], '\n')
	if end < 0 {
		return len(text)
	}
	end += at
	if end > at && text[end-1] == '\r' {
		end--
	}
	return end
}

// lineStart is where the line begins that an offset is in.
func lineStart(text []byte, at int) int { return bytes.LastIndexByte(text[:at], '\n') + 1 }

// nextLine is where the line after an offset begins.
func nextLine(text []byte, at int) int {
	end := bytes.IndexByte(text[at:], '\n')
	if end < 0 {
		return len(text)
	}
	return at + end + 1
}

// leadingBlanks is how many blanks a line begins with.
func leadingBlanks(text []byte, at int) int {
	n := 0
	for at+n < len(text) && text[at+n] == ' ' {
		n++
	}
	return n
}

// block is where a block scalar stands.
type block struct {
	from, head int    // its | or >, and the end of what stands there: "|2-"
	lines      []span // of its text, without line ends and with indentation; of blank ones at the end only those that count
	to         int    // the end of the last of them
	indent     int    // of the text; -1: it has none
}

// block finds a block scalar. It is false where only YAML itself could tell.
func (all *places) block(pl *place) (block, bool) {
	text := all.p.src.text
	b := block{from: all.begin(pl), indent: -1}
	b.head = b.from + 1
	explicit := false
	for b.head < len(text) && strings.IndexByte("+-0123456789", text[b.head]) >= 0 {
		explicit = explicit || text[b.head] >= '0' // and not + or -
		b.head++
	}
	b.to = lineEnd(text, b.head)
	count := -1 // not known
	if styleOf(pl.y) == literalBlock {
		value := pl.y.Value
		if strings.IndexByte(string(text[b.from:b.head]), '+') < 0 {
			value = strings.TrimRight(value, "\n")
		}
		count = strings.Count(value, "\n")
		if value != "" && !strings.HasSuffix(value, "\n") {
			count++
		}
	} else if explicit {
		return b, false
	}
	at := nextLine(text, b.to)
	for len(b.lines) != count && at < len(text) {
		line := span{at, lineEnd(text, at)}
		blank := len(bytes.TrimSpace(text[line.from:line.to])) == 0
		indent := leadingBlanks(text, at)
		if b.indent < 0 && !blank {
			b.indent = indent
		}
		if count < 0 && !blank && (indent < b.indent || indent == 0) {
			break
		}
		b.lines = append(b.lines, line)
		at = nextLine(text, at)
	}
	for count < 0 && len(b.lines) > 0 && len(bytes.TrimSpace(text[b.lines[len(b.lines)-1].from:b.lines[len(b.lines)-1].to])) == 0 {
		b.lines = b.lines[:len(b.lines)-1]
	}
	if n := len(b.lines); n > 0 {
		b.to = b.lines[n-1].to
	}
	return b, !explicit || b.indent >= 0
}
