package scenario

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Editor writes values of a file anew and leaves every other byte as it is:
// comments, order, quoting, ends of line.
type Editor struct {
	config Config
	path   string
	source []byte
	all    *places
}

// Edit is a value that is written anew: an expect, or a transcript.
type Edit struct {
	place   string   // the path that leads to it
	splices []splice // with offsets from where it begins, in order
}

// Place identifies the value. It stays the same when other values are edited.
func (e *Edit) Place() string { return e.place }

// Same reports whether two edits write the same.
func (e *Edit) Same(other *Edit) bool {
	return e.place == other.place && slices.Equal(e.splices, other.splices)
}

// Why a value is left as it is.
var (
	errElsewhere = errors.New("it stands in another file")
	errNoPlace   = errors.New("it is no value of its own, as in a dialogue, and has to be changed by hand")
	errAlias     = errors.New("it is an alias (*) of something else")
	errForeign   = errors.New("an alias (*) uses it for something else too")
	errOnlyYAML  = errors.New("it is written in a way that can't be changed piece by piece")
	errNoChange  = errors.New("nothing in it says what came instead")
)

// Edit returns an editor of a file without errors.
func (c Config) Edit(file *File) *Editor {
	p := &parser{config: c, file: file, src: newSource(file.Path, file.Source), path: file.Path}
	return &Editor{config: c, path: file.Path, source: file.Source, all: p.places()}
}

// find finds what stands at a place.
func (ed *Editor) find(pos Pos, in map[mark]*place) (*place, error) {
	pl := in[mark{line: pos.Line, col: pos.Col}]
	switch {
	case pos.File != ed.path:
		return nil, errElsewhere
	case pl == nil:
		return nil, errNoPlace
	case pl.y.Kind == yaml.AliasNode:
		return nil, errAlias
	case !pl.demands() || pl.isForeign():
		return nil, errForeign
	}
	return pl, nil
}

// Place is an edit of what stands at a place that changes nothing.
func (ed *Editor) Place(pos Pos) Edit {
	if pl := ed.all.at[mark{line: pos.Line, col: pos.Col}]; pl != nil && pos.File == ed.path {
		return Edit{place: pl.path}
	}
	return Edit{}
}

// isForeign reports whether something in a value is used elsewhere in another
// sense.
func (pl *place) isForeign() bool {
	return pl.foreign || slices.ContainsFunc(pl.children, (*place).isForeign)
}

// edit makes an edit of the splices within a value.
func (ed *Editor) edit(pl *place, splices []splice) (Edit, error) {
	from := ed.all.begin(pl)
	s, ok := ed.all.span(pl)
	if !ok {
		return Edit{}, errOnlyYAML
	}
	text := ed.all.p.src.text
	splices = slices.DeleteFunc(splices, func(s splice) bool { return string(text[s.from:s.to]) == s.text })
	slices.SortStableFunc(splices, func(a, b splice) int { return cmp.Compare(a.from, b.from) })
	if len(splices) == 0 {
		return Edit{}, errNoChange
	}
	at := len(bytes.TrimRight(text[:from], " "))
	for i := range splices {
		sp := &splices[i]
		if sp.from < at || sp.to > max(s.to, nextLine(text, s.to)) { // it is in something that an alias stands for
			return Edit{}, errAlias
		}
		at = sp.to
		sp.from, sp.to = sp.from-from, sp.to-from
	}
	return Edit{place: pl.path, splices: splices}, nil
}

// Apply returns the source with edits. It fails where that would change, add or
// hide anything else.
func (ed *Editor) Apply(edits []Edit) ([]byte, error) {
	type piece struct {
		splice
		path string
	}
	var all []piece
	edited := map[string]bool{}
	for _, e := range edits {
		pl := ed.all.byPath(e.place)
		if pl == nil {
			return nil, errElsewhere
		}
		edited[e.place] = true
		from := ed.all.begin(pl)
		for _, sp := range e.splices {
			sp.from, sp.to = sp.from+from, sp.to+from
			all = append(all, piece{sp, e.place})
		}
	}
	slices.SortStableFunc(all, func(a, b piece) int { return cmp.Compare(a.from, b.from) })
	text := ed.all.p.src.text
	out := bytes.Clone(ed.source[:len(ed.source)-len(text)])
	at := 0
	for _, sp := range all {
		if sp.from < at {
			return nil, errOnlyYAML
		}
		out = append(append(out, text[at:sp.from]...), sp.text...)
		at = sp.to
	}
	out = append(out, text[at:]...)
	return out, ed.verify(out, edited)
}

// verify reads an edited source again: all that was not edited must be the
// same, and nothing wrong.
func (ed *Editor) verify(source []byte, edited map[string]bool) error {
	file := ed.config.Reread(ed.path, source)
	if errs := file.Problems.Errors(); len(errs) > 0 {
		return fmt.Errorf("with what came it would be wrong: %s", errs[0].Message)
	}
	after := ed.config.Edit(file).all
	if len(after.docs) != len(ed.all.docs) {
		return errOnlyYAML
	}
	for i := range after.docs {
		if !ed.all.docs[i].same(after.docs[i], edited) {
			return errOnlyYAML
		}
	}
	return nil
}

// same reports whether two values are the same but for what was edited.
func (pl *place) same(other *place, edited map[string]bool) bool {
	if edited[pl.path] {
		return pl.y.Anchor == other.y.Anchor
	}
	a, b := pl.y, other.y
	if a.Kind != b.Kind || a.Value != b.Value || a.Style != b.Style || a.Anchor != b.Anchor || len(pl.children) != len(other.children) {
		return false
	}
	for i, c := range pl.children {
		d := other.children[i]
		if c.key != nil && (d.key == nil || c.key.Value != d.key.Value || c.key.Style != d.key.Style) {
			return false
		}
		if !c.same(d, edited) {
			return false
		}
	}
	return true
}

// byPath finds a value by the path that leads to it.
func (all *places) byPath(path string) *place {
	var found *place
	var walk func(*place)
	walk = func(pl *place) {
		if pl.path == path {
			found = pl
		}
		for _, c := range pl.children {
			if found == nil && (c.path == path || strings.HasPrefix(path, c.path+"\x00")) {
				walk(c)
			}
		}
	}
	for _, doc := range all.docs {
		if doc.path == path || strings.HasPrefix(path, doc.path+"\x00") {
			walk(doc)
		}
	}
	return found
}
