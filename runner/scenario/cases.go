package scenario

import (
	"fmt"
	"strings"
)

// rows are the rows of a document's cases: it is a scenario for each of them.
func (p *parser) rows(n *node) []*node {
	var e entry
	for _, e = range n.entries {
		if e.key == "cases" {
			break
		}
	}
	if e.key != "cases" {
		return nil
	}
	const want = `"cases" must be a list of mappings from variables to texts, such as [{user: ann}, {user: bob}]`
	switch {
	case e.value.isNull():
		p.errorf(e.pos, `"cases" has no rows`)
		return nil
	case !p.list(e.value, want):
		return nil
	case len(e.value.items) == 0:
		p.errorf(e.value.pos, `"cases" has no rows`)
		return nil
	}
	var rows []*node
	for _, row := range e.value.items {
		if !p.mapping(row, want) {
			continue
		}
		for _, column := range e.value.items[0].entries {
			if row.entry(column.key) == nil {
				p.errorf(row.pos, "this case has no %s, which the first one has", quote(column.key))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// showRow is a row of cases in a few words.
func showRow(row *node) string {
	var all []string
	for _, e := range row.entries {
		all = append(all, fmt.Sprintf("%s=%s", e.key, shorten(e.value.value)))
	}
	return shorten(strings.Join(all, ", "))
}

// values reads what texts may need: the constants of a document, the names of
// what is let, and fragments.
func (p *parser) values(d *document, n, row *node, rank rank) {
	if row != nil {
		p.constants(d, row.entries, caseVar)
	}
	for _, e := range n.entries {
		switch e.key {
		case "vars":
			if p.section(e, `"vars" are a mapping from variables to texts`) {
				p.constants(d, e.value.entries, rank)
			}
		case "let":
			if p.section(e, `"let" is a mapping from variables to payloads`) {
				d.lets = append(d.lets, e.value.entries...)
			}
		case "define":
			if p.section(e, `"define" is a mapping from fragments to their steps`) {
				for _, f := range e.value.entries {
					if p.validName(f.pos, f.key, "a fragment's name") {
						p.isFragment(f)
						d.fragments[f.key] = &fragment{entry: f, own: n.pos}
					}
				}
			}
		}
	}
}

// lets reads the variables that are computed when the scenario starts.
func (p *parser) lets(d *document) {
	d.Lets, _ = p.definitions(d.lets, func(_ Pos, name string) {
		d.letNames.add(name)
	})
}

// isFragment complains about a fragment that is no list of steps: it may be that
// nobody does it.
func (p *parser) isFragment(f entry) {
	if f.value.kind != listNode {
		p.script(f.value, f.pos, "the fragment "+quote(f.key))
	}
}
