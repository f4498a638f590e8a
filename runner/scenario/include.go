package scenario

import (
	"path/filepath"
	"slices"
	"strings"
)

// maxIncluded bounds the files that a file includes, directly or not.
const maxIncluded = 100

// inclusion is a file that is included, read once.
type inclusion struct {
	root *node // nil if it is wrong
	src  *source
}

// includable are the keys that a file can bring in.
var includable = []string{"include", "vars", "let", "define", "files", "processes"}

// included calls read with each file that a document includes, and before that
// with those that these include.
func (p *parser) included(n *node, read func(root *node)) {
	value := n.entry("include")
	if value == nil {
		return
	}
	e := entry{key: "include", pos: n.pos, value: value}
	items := []*node{value}
	if value.kind == listNode {
		items = value.items
		if len(items) == 0 {
			p.errorf(value.pos, `"include" has no files`)
		}
	}
	for _, item := range items {
		name, ok := p.fixed(entry{key: e.key, pos: item.pos, value: item}, "the name of a file, or a list of them")
		if !ok {
			continue
		}
		path := p.beside(item, name)
		if at := slices.Index(p.including, path); at >= 0 {
			circle := append(slices.Clone(p.including[at:]), path)
			for i := range circle {
				circle[i] = filepath.Base(circle[i])
			}
			p.errorf(item.pos, "the files include each other in a circle: %s", strings.Join(circle, " includes "))
			continue
		}
		inc := p.include(item.pos, name, path)
		if inc == nil || inc.root == nil {
			continue
		}
		p.including = append(p.including, path)
		p.included(inc.root, read)
		read(inc.root)
		p.including = p.including[:len(p.including)-1]
	}
}

// beside is a path that is written in a file, relative to that file's folder.
func (p *parser) beside(n *node, name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	dir := p.dir
	if n.src != nil {
		dir = n.src.dir
	}
	return filepath.Join(dir, name)
}

// include reads a file, once.
func (p *parser) include(pos Pos, name, path string) *inclusion {
	if inc, known := p.inclusions[path]; known {
		return inc
	}
	inc := &inclusion{}
	if p.inclusions == nil {
		p.inclusions = map[string]*inclusion{}
	}
	p.inclusions[path] = inc
	if len(p.inclusions) > maxIncluded {
		p.errorf(pos, "more than %d files are included", maxIncluded)
		return nil
	}
	if !p.opens {
		p.errorf(pos, "%s can't be included: this text is read without a folder", quote(name))
		return nil
	}
	if err := p.doc.MayRead(path); err != nil {
		p.errorf(pos, "%s", err)
		return nil
	}
	if err := readable(path); err != nil {
		p.errorf(pos, "the file %s %s", quote(name), err)
		return nil
	}
	text, err := Source(path, nil)
	if err != nil {
		p.errorf(pos, "the file %s can't be read: %s", quote(name), reason(err))
		return nil
	}
	if p.file.Included == nil {
		p.file.Included = map[string][]byte{}
	}
	p.file.Included[path] = text

	outer, outerPath := p.src, p.path
	defer func() { p.src, p.path = outer, outerPath }()
	p.src, p.path = newSource(path, text), path
	inc.src = p.src
	if !p.isText(text) {
		return inc
	}
	docs, whole := p.documents()
	switch {
	case !whole:
		return inc
	case len(docs) == 0:
		p.errorf(p.pos(1, 1), "the file is empty; what is included has %s", strings.Join(includable, ", "))
		return inc
	case len(docs) > 1:
		p.errorf(docs[1].pos, "a second document; a file that is included has one")
		return inc
	}
	root := docs[0]
	if !p.mapping(root, "a file that is included must be a mapping") {
		return inc
	}
	inc.root = root
	for _, e := range root.entries {
		if contains(includable, e.key) {
			continue
		}
		if slices.ContainsFunc(documentKeys, func(f field[document]) bool { return f.key == e.key }) {
			p.errorf(e.pos, "%s can't be included; what can be is %s", quote(e.key), strings.Join(includable, ", "))
			continue
		}
		p.errorf(e.pos, "unknown key %s in a file that is included%s", quote(e.key), p.hint(e.key, includable))
	}
	return inc
}
