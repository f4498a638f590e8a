package scenario

import (
	"bytes"
	"slices"
	"strings"
)

// A file that nobody has typed is composed of Values. What fits into a line is
// put into one, as people do.

// Value is a value of a file that is to be written: a text, a list or a mapping.
type Value struct {
	kind   valueKind
	text   string
	keys   []string
	values []*Value // of a list or a mapping; nil: the key stands alone
	tall   bool
	above  []string
	behind string
}

type valueKind uint8

const (
	kindWord valueKind = iota
	kindText
	kindLines
	kindList
	kindMap
)

// composedWidth is how long a line may get, in bytes, before a value is given
// several.
const composedWidth = 110

// NewWord is a word of the language, a name or a number, written as it is.
func NewWord(word string) *Value { return &Value{kind: kindWord, text: word} }

// NewText is a text to the letter: what would be a variable in it is escaped. It
// must be UTF-8.
func NewText(text string) *Value { return NewTemplate(EscapeDollars(text)) }

// NewTemplate is a text in which ${name} is a variable.
func NewTemplate(text string) *Value { return &Value{kind: kindText, text: text} }

// NewLines is texts without line breaks, a list or a block.
func NewLines(templates []string) *Value {
	v := &Value{kind: kindLines}
	for _, line := range templates {
		v.values = append(v.values, NewTemplate(line))
	}
	return v
}

// NewList is a list.
func NewList(items ...*Value) *Value { return &Value{kind: kindList, values: items} }

// NewMap is a mapping without keys.
func NewMap() *Value { return &Value{kind: kindMap} }

// Set adds a key to a mapping, with a value, or nil for a key that takes none.
func (v *Value) Set(key string, value *Value) *Value {
	v.keys, v.values = append(v.keys, key), append(v.values, value)
	return v
}

// Add adds an item to a list.
func (v *Value) Add(items ...*Value) { v.values = append(v.values, items...) }

// Has reports whether a mapping has a key.
func (v *Value) Has(key string) bool { return slices.Contains(v.keys, key) }

// Tall has each item or key in a line of its own, however short they are.
func (v *Value) Tall() *Value {
	v.tall = true
	return v
}

// Above puts a comment into a line above an entry of a list.
func (v *Value) Above(comment string) *Value {
	v.above = append(v.above, comment)
	return v
}

// Behind puts a comment behind a value, in its first line.
func (v *Value) Behind(comment string) *Value {
	v.behind = comment
	return v
}

// EscapeDollars is a text in which ${ has no meaning.
func EscapeDollars(text string) string { return strings.ReplaceAll(text, "${", "${$}{") }

// OneLine is the value in one line, and whether it may be written so and fits
// with so many bytes in front of it.
func (v *Value) OneLine(before int) (string, bool) {
	if v.hasTall() {
		return "", false
	}
	text := v.flow(v.kind >= kindLines)
	return text, before+len(text) <= composedWidth
}

func (v *Value) hasTall() bool {
	if v == nil {
		return false
	}
	if v.tall || len(v.above) > 0 || v.kind == kindText && strings.Count(v.text, "\n") > 2 && v.block() != nil {
		return true
	}
	return slices.ContainsFunc(v.values, func(one *Value) bool { return one.hasTall() || one != nil && one.behind != "" })
}

// flow is the value in one line, inside of brackets or not.
func (v *Value) flow(inside bool) string {
	switch v.kind {
	case kindWord:
		return v.text
	case kindText:
		return spell(v.text, v.style(), inside)
	}
	all := make([]string, len(v.values))
	for i, one := range v.values {
		switch {
		case one == nil:
			all[i] = v.keys[i]
		case v.kind == kindMap:
			all[i] = v.keys[i] + ": " + one.flow(true)
		default:
			all[i] = one.flow(true)
		}
	}
	if v.kind == kindMap {
		return "{" + strings.Join(all, ", ") + "}"
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// style is how a text in one line is written: without quotes where no check would
// doubt it, and in single ones where that saves escapes.
func (v *Value) style() nodeStyle {
	switch {
	case writtenOut(v.text) != "":
		return doubleQuoted
	case strings.ContainsAny(v.text, "\"\\") && !strings.Contains(v.text, "'"):
		return singleQuoted
	case strings.ContainsFunc(v.text, func(r rune) bool { return r >= 0x80 }):
		return doubleQuoted
	}
	return plain
}

// block is the lines of a text or of lines as a block with its indicator in
// front, nil if they can't be one.
func (v *Value) block() []string {
	text := v.text
	if v.kind == kindText && !strings.Contains(text, "\n") {
		return nil
	}
	if v.kind == kindLines {
		for _, one := range v.values {
			text += one.text + "\n"
		}
	}
	lines, indicator, ok := blockLines(text)
	if !ok || writtenOut(text) != "" || slices.ContainsFunc(lines, func(line string) bool { return strings.TrimRight(line, " \t") != line }) {
		return nil
	}
	return append([]string{indicator}, lines...)
}

// Compose is a file with a document of each of the mappings.
func Compose(documents ...*Value) []byte {
	c := &composer{}
	for i, doc := range documents {
		if i > 0 {
			c.out.WriteString("---\n")
		}
		c.entries(doc, 0)
	}
	return c.out.Bytes()
}

type composer struct{ out bytes.Buffer }

func (c *composer) indent(n int) { c.out.WriteString(strings.Repeat(" ", n)) }

// column is how many bytes the line has so far.
func (c *composer) column() int { return c.out.Len() - bytes.LastIndexByte(c.out.Bytes(), '\n') - 1 }

// endLine ends a line, with a comment if there is one.
func (c *composer) endLine(comment string) {
	if comment != "" {
		c.out.WriteString(" # " + comment)
	}
	c.out.WriteByte('\n')
}

// entries writes a mapping, whose first line has been indented.
func (c *composer) entries(v *Value, indent int) {
	for i, key := range v.keys {
		one := v.values[i]
		if i > 0 {
			c.indent(indent)
		}
		if one != nil {
			for _, comment := range one.above {
				c.out.WriteString("# " + comment + "\n")
				c.indent(indent)
			}
		}
		c.out.WriteString(key)
		comment := ""
		if i == 0 {
			comment = v.behind
		}
		if one != nil || len(v.keys) > 1 { // alone it is a word, beside others a key
			c.out.WriteByte(':')
		}
		if one == nil {
			c.endLine(comment)
			continue
		}
		c.value(one, indent+2, comment)
	}
}

// value writes what stands behind a colon.
func (c *composer) value(v *Value, indent int, comment string) {
	if v.behind != "" {
		comment = v.behind
	}
	text, fits := v.OneLine(c.column() + 1)
	block := v.block()
	switch {
	case fits, v.kind == kindWord, v.kind == kindText && block == nil:
		if !fits {
			text = v.flow(false)
		}
		c.out.WriteString(" " + text)
		c.endLine(comment)
	case block != nil && v.kind <= kindLines:
		c.out.WriteString(" " + block[0])
		c.endLine(comment)
		for _, line := range block[1:] {
			if line != "" {
				c.indent(indent)
			}
			c.out.WriteString(line + "\n")
		}
	case v.kind == kindMap:
		c.endLine(comment)
		c.indent(indent)
		bare := *v
		bare.behind = "" // it is written
		c.entries(&bare, indent)
	default:
		c.endLine(comment)
		for _, item := range v.values {
			c.item(item, indent)
		}
	}
}

// item writes an entry of a list.
func (c *composer) item(v *Value, indent int) {
	for _, comment := range v.above {
		c.indent(indent)
		c.out.WriteString("# " + comment + "\n")
	}
	bare := *v
	bare.above = nil
	c.indent(indent)
	c.out.WriteByte('-')
	_, fits := bare.OneLine(indent + 2)
	switch {
	case v.kind == kindMap && (!fits || len(v.keys) == 1 && v.values[0] != nil):
		c.out.WriteByte(' ')
		c.entries(&bare, indent+2)
	default:
		c.value(&bare, indent+2, "")
	}
}
