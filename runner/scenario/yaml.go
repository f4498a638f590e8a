package scenario

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"

	"gopkg.in/yaml.v3"
)

// The bounds that keep a hostile file from costing more than it weighs.
const (
	maxDepth  = 64       // of nested lists and mappings
	maxVisits = 10_000   // of aliases, when all are followed
	maxNodes  = 600_000  // of values, when all aliases are followed
	maxText   = 16 << 20 // bytes of text, in the same way
)

// node is a checked YAML value: a scalar, a list or a mapping whose keys are
// distinct texts. An alias is the node that it stands for, so a node may have
// several parents, but never itself below it.
type node struct {
	src     *source // that it stands in; nil: the file's own
	pos     Pos
	kind    nodeKind
	style   nodeStyle
	value   string // of a scalar, as spelled
	items   []*node
	entries []entry

	anchor string // what & calls it
	named  bool   // some alias uses that

	off    int // in the source, plus one; 0: not looked up yet
	depth  int // of what is below
	visits int // of aliases below
	nodes  int // here and below, aliases followed
	text   int // bytes, in the same way
}

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	pos   Pos
	value *node
	json  bool // the key is as in JSON: in double quotes, and in brackets
}

type nodeKind uint8

const (
	scalarNode nodeKind = iota
	listNode
	mappingNode
)

type nodeStyle uint8

const (
	plain nodeStyle = iota
	singleQuoted
	doubleQuoted
	literalBlock
	foldedBlock
)

// isNull reports whether nothing is written: a blank, ~ or null.
func (n *node) isNull() bool {
	if n.kind != scalarNode || n.style != plain {
		return false
	}
	switch n.value {
	case "", "~", "null", "Null", "NULL":
		return true
	}
	return false
}

// size is how many nodes there are in n.
func (n *node) size() int {
	all := 1
	for _, item := range n.items {
		all += item.size()
	}
	for _, e := range n.entries {
		all += e.value.size()
	}
	return all
}

// entry returns the value of a key, or nil.
func (n *node) entry(key string) *node {
	for i := range n.entries {
		if n.entries[i].key == key {
			return n.entries[i].value
		}
	}
	return nil
}

// documents reads the file's YAML documents into checked trees. Documents
// that are empty or that have an error which hides their meaning are left
// out; whole says that there was none of the latter.
func (p *parser) documents() (docs []*node, whole bool) {
	trees, err := readYAML(bytes.NewReader(p.src.text))
	if err == nil {
		return p.convert(trees, p.pos)
	}
	whole = true
	lost := 0
	for i, d := range p.drafts() {
		trees, ok := d.read()
		if ok {
			var more []*node
			more, ok = p.convert(trees, d.pos)
			docs = append(docs, more...)
		}
		if ok {
			continue
		}
		whole = false
		if lost++; lost == maxMends || i == 0 && d.shares() {
			break // what the first gave to the others is missing there
		}
	}
	return docs, whole
}

// convert checks the trees of documents; at says where in the file a place of
// theirs is.
func (p *parser) convert(trees []*yaml.Node, at func(line, col int) Pos) (docs []*node, whole bool) {
	whole = true
	for i, tree := range trees {
		if len(tree.Content) == 0 {
			continue
		}
		if i == 1 && !whole && p.drafts()[0].shares() {
			break
		}
		c := &converter{p: p, at: at}
		n := c.convert(tree.Content[0], 1)
		switch {
		case c.failed:
			whole = false
		case !n.isNull():
			docs = append(docs, n)
		}
	}
	return docs, whole
}

// errYAMLPanic stands for a panic inside of yaml.v3, which hostile input can
// provoke.
var errYAMLPanic = errors.New("yaml: the YAML reader gave up on this file")

// decodeYAML reads the next document.
func decodeYAML(decoder *yaml.Decoder, into *yaml.Node) (err error) {
	defer func() {
		if recover() != nil {
			err = errYAMLPanic
		}
	}()
	return decoder.Decode(into)
}

// readYAML reads all documents, or those before the first error.
func readYAML(r io.Reader) ([]*yaml.Node, error) {
	decoder := yaml.NewDecoder(r)
	var trees []*yaml.Node
	for {
		var doc yaml.Node
		if err := decodeYAML(decoder, &doc); err == io.EOF {
			return trees, nil
		} else if err != nil {
			return trees, err
		}
		trees = append(trees, &doc)
	}
}

// converter turns one document's yaml.Nodes into nodes and refuses what the
// language has no use for.
type converter struct {
	p       *parser
	at      func(line, col int) Pos
	anchors map[*yaml.Node]*node // nil while it is being converted
	failed  bool                 // what was left out hides the document's meaning
}

// fail reports an error that leaves no document to look at, once.
func (c *converter) fail(pos Pos, format string, args ...any) *node {
	if !c.failed {
		c.p.errorf(pos, format, args...)
	}
	c.failed = true
	return &node{pos: pos}
}

func (c *converter) convert(y *yaml.Node, depth int) *node {
	pos := c.at(y.Line, y.Column)
	if c.failed {
		return &node{pos: pos}
	}
	if depth > maxDepth {
		return c.fail(pos, "nested more than %d deep", maxDepth)
	}
	if y.Style&yaml.TaggedStyle != 0 { // and what is tagged is read on, as if it were not
		c.p.errorf(pos, "the tag %s has no meaning here; if it is text, put it in quotes", quote(y.Tag))
	}
	if y.Kind == yaml.AliasNode {
		return c.alias(y, pos, depth)
	}
	if y.Anchor != "" {
		if c.anchors == nil {
			c.anchors = map[*yaml.Node]*node{}
		}
		c.anchors[y] = nil
	}
	n := &node{src: c.p.src, pos: pos, anchor: y.Anchor, nodes: 1}
	switch y.Kind {
	case yaml.ScalarNode:
		n.value = y.Value
		n.style = styleOf(y)
		n.text = len(n.value)
		if y.Style&yaml.TaggedStyle != 0 && n.style == plain && !strings.HasPrefix(y.Tag, "!!") {
			n.value = strings.TrimSpace(y.Tag + " " + y.Value) // which is what was meant
			n.style = singleQuoted
		}
		if n.style == plain && n.value == "" && bytes.HasPrefix(c.p.from(n), []byte("!")) {
			c.p.errorf(pos, `the tag "!" has no meaning here; if it is text, put it in quotes`)
			n.value, n.style = "!", singleQuoted
		}
		if n.style == plain && !c.p.mended[pos] {
			c.p.lookalikes(pos, n.value, false)
			c.p.dashBehind(n)
		}
	case yaml.SequenceNode:
		n.kind = listNode
		n.items = make([]*node, len(y.Content))
		for i, item := range y.Content {
			n.items[i] = c.child(n, item, depth+1)
		}
	case yaml.MappingNode:
		n.kind = mappingNode
		c.mapping(n, y, depth)
	default:
		return c.fail(pos, "the YAML reader gave a node that it does not name")
	}
	if n.nodes > maxNodes {
		return c.fail(pos, "the aliases unfold to more than %d values", maxNodes)
	}
	if n.text > maxText {
		return c.fail(pos, "the aliases unfold to more than %s of text", sizeString(maxText))
	}
	if n.visits > maxVisits {
		return c.fail(pos, "the aliases are followed more than %d times", maxVisits)
	}
	if y.Anchor != "" {
		c.anchors[y] = n
	}
	return n
}

// child converts a value below n and adds its measures to n's.
func (c *converter) child(n *node, y *yaml.Node, depth int) *node {
	child := c.convert(y, depth)
	n.depth = max(n.depth, child.depth+1)
	n.visits = min(n.visits+child.visits, math.MaxInt32)
	n.nodes = min(n.nodes+child.nodes, math.MaxInt32)
	n.text = min(n.text+child.text, math.MaxInt32)
	if y.Kind == yaml.AliasNode {
		n.visits++
	}
	return child
}

// alias returns the node that an alias stands for.
func (c *converter) alias(y *yaml.Node, pos Pos, depth int) *node {
	target, seen := c.anchors[y.Alias]
	if !seen || target == nil {
		return c.fail(pos, "the alias *%s stands inside of what it names", shorten(y.Value))
	}
	if depth+target.depth > maxDepth {
		return c.fail(pos, "nested more than %d deep", maxDepth)
	}
	target.named = true
	return target
}

// mapping fills in the entries of n, each key once. A key is found again by
// its hash where there are many: comparing each with each takes minutes for a
// megabyte of them.
func (c *converter) mapping(n *node, y *yaml.Node, depth int) {
	n.entries = make([]entry, 0, len(y.Content)/2)
	var first map[string]Pos
	if len(y.Content) > 32 {
		first = make(map[string]Pos, len(y.Content)/2)
	}
	var merged []*node
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		e := entry{key: key.Value, pos: c.at(key.Line, key.Column), json: y.Style&yaml.FlowStyle != 0 && styleOf(key) == doubleQuoted}
		switch {
		case key.Kind != yaml.ScalarNode:
			c.fail(e.pos, "a key must be a word, not a list, a mapping or an alias")
			return
		case key.Style&yaml.TaggedStyle != 0:
			c.fail(e.pos, "the tag %s has no meaning here", quote(key.Tag))
			return
		case key.Value == "<<" && styleOf(key) == plain:
			c.p.errorf(e.pos, `"<<" (merging mappings) is not part of the language; write the keys out`)
			merged = append(merged, c.child(n, value, depth+1))
			continue
		case key.Value == "" && styleOf(key) == plain:
			c.fail(e.pos, "a key is missing before the colon")
			return
		}
		if styleOf(key) == plain {
			c.p.lookalikes(e.pos, e.key, true)
		}
		if key.Anchor != "" { // a key has nothing that an alias could use
			c.fail(e.pos, "an anchor (&%s) on a key; put it on the value", shorten(key.Anchor))
			return
		}
		e.value = c.child(n, value, depth+1)
		if at, twice := earlier(n.entries, first, e.key); twice {
			c.p.errorf(e.pos, "%s a second time; the first is in line %d", quote(e.key), at.Line)
			continue
		}
		if first != nil {
			first[e.key] = e.pos
		}
		n.entries = append(n.entries, e)
	}
	n.take(merged)
}

// take adds the entries of others whose keys n has not, so that none of them is
// missed only because "<<" is an error.
func (n *node) take(others []*node) {
	if len(others) == 0 {
		return
	}
	known := map[string]bool{}
	for _, e := range n.entries {
		known[e.key] = true
	}
	for _, other := range others {
		for _, e := range other.entries {
			if !known[e.key] {
				known[e.key] = true
				n.entries = append(n.entries, e)
			}
		}
	}
}

// earlier finds the first place of a key in a mapping.
func earlier(entries []entry, first map[string]Pos, key string) (Pos, bool) {
	if first != nil {
		pos, ok := first[key]
		return pos, ok
	}
	for i := range entries {
		if entries[i].key == key {
			return entries[i].pos, true
		}
	}
	return Pos{}, false
}

func styleOf(y *yaml.Node) nodeStyle {
	switch {
	case y.Style&yaml.DoubleQuotedStyle != 0:
		return doubleQuoted
	case y.Style&yaml.SingleQuotedStyle != 0:
		return singleQuoted
	case y.Style&yaml.LiteralStyle != 0:
		return literalBlock
	case y.Style&yaml.FoldedStyle != 0:
		return foldedBlock
	}
	return plain
}

// kindName names what a value is, for "must be ..., not a list".
func (n *node) kindName() string {
	switch {
	case n.kind == listNode:
		return "a list"
	case n.kind == mappingNode && len(n.entries) > 0 && spelling(n.entries[0].key) != "":
		return "a mapping; " + spelling(n.entries[0].key)
	case n.kind == mappingNode:
		return "a mapping"
	case n.isNull():
		return "blank"
	case n.style == plain && spelling(n.value) != "":
		return quote(n.value) + "; " + spelling(n.value)
	}
	return quote(n.value)
}
