package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// Bounds of cases: a document is read anew for each of them.
const (
	maxCaseNodes  = 5_000_000 // of YAML, in all cases of a file
	maxWrongCases = 20        // those after so many with mistakes are not read
)

// cases reads a document once for each row of its cases, each a scenario. What
// it shares is that of a document which should have none.
func (p *parser) cases(n *node, from shared, mayShare bool) (share *shared) {
	rows := p.rows(n)
	if rows == nil { // said already; what else is wrong can be said too
		rows = []*node{nil}
	}
	size := n.size()
	first, suggestions := len(p.file.Problems), p.suggestions
	var in []int // which row each problem is of
	read, wrong := 0, 0
	for i, row := range rows {
		if p.caseNodes += size; p.caseNodes > maxCaseNodes && i > 0 {
			p.errorf(row.pos, "the cases of the file are too many for its size: it would be read %d times", len(rows))
			break
		}
		before := len(p.file.Problems)
		p.suggestions = suggestions // so that each row has the same words for the same mistake
		var s *Scenario
		if s, share = p.scenario(n, from, mayShare, row); share != nil {
			p.errorf(n.entry("cases").pos, `"cases" beside no servers and clients; they belong to a scenario`)
			return share
		}
		if s != nil && row != nil {
			s.Case = showRow(row)
			if s.Name != "" && !strings.Contains(n.entry("name").value, "${") {
				s.Name = fmt.Sprintf("%s[%d]", s.Name, i+1)
			}
		}
		if s != nil {
			p.file.Scenarios = append(p.file.Scenarios, s)
		}
		for range p.file.Problems[before:] {
			in = append(in, i)
		}
		read++
		if p.file.Problems[before:].HaveErrors() {
			wrong++
		}
		if wrong == maxWrongCases {
			break
		}
	}
	p.perCase(first, in, rows[:read])
	return nil
}

// perCase says of the problems that a document has from an index on in which of
// its cases they are, where they are not in all of them.
func (p *parser) perCase(from int, in []int, rows []*node) {
	first, times := map[Problem]int{}, map[Problem]map[int]bool{}
	for i, row := range in {
		q := p.file.Problems[from+i]
		if times[q] == nil {
			first[q], times[q] = row, map[int]bool{}
		}
		times[q][row] = true
	}
	for i := range in {
		q := &p.file.Problems[from+i]
		if len(times[*q]) < len(rows) {
			q.Message += fmt.Sprintf(" (in the case %s)", showRow(rows[first[*q]]))
		}
	}
}

// rows are the rows of a document's cases: nil if there are none, for which
// there is a complaint.
func (p *parser) rows(n *node) (rows []*node) {
	list := n.entry("cases")
	const want = `"cases" must be a list of mappings from variables to texts, such as [{user: ann}, {user: bob}]`
	switch {
	case list.isNull():
		p.errorf(list.pos, `"cases" has no rows`)
		return nil
	case !p.list(list, want):
		return nil
	case len(list.items) == 0:
		p.errorf(list.pos, `"cases" has no rows`)
		return nil
	}
	var columns []string // of the first
	for i, row := range list.items {
		if !p.mapping(row, want) {
			continue
		}
		if rows = append(rows, row); list.items[0].kind != mappingNode {
			continue // nobody knows what this one should have
		}
		here := map[string]bool{}
		for _, c := range row.entries {
			here[c.key] = true
			if i == 0 {
				columns = append(columns, c.key)
			}
		}
		missing := slices.DeleteFunc(slices.Clone(columns), func(name string) bool { return here[name] })
		if len(row.entries)+len(missing) == len(columns) {
			for _, name := range missing {
				p.errorf(row.pos, "this case has no %s, which the first one has", quote(name))
			}
			continue
		}
		known := map[string]bool{}
		for _, name := range columns {
			known[name] = true
		}
		for _, c := range row.entries {
			if !known[c.key] {
				near := p.nearest(c.key, missing)
				p.errorf(c.pos, "%s is not in the first case%s", quote(c.key), p.hint(c.key, columns))
				missing = slices.DeleteFunc(missing, func(name string) bool { return name == near })
			}
		}
		for _, name := range missing {
			p.errorf(row.pos, "this case has no %s, which the first one has", quote(name))
		}
	}
	return rows
}

// columns are the variables of a document's cases.
func columns(n *node) (all []entry) {
	if list := n.entry("cases"); list != nil && len(list.items) > 0 {
		all = list.items[0].entries
	}
	return all
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
	if let := n.entry("let"); let != nil {
		for _, v := range let.entries {
			d.letNames[v.key] = v.pos
		}
	}
	for _, c := range columns(n) { // one that is missing in this row was said to be
		if _, given := d.vars[c.key]; !given {
			d.vars[c.key] = constant{pos: c.pos, rank: sharedVar}
		}
	}
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
	d.uncomputed = map[string]bool{}
	for _, v := range d.lets {
		d.uncomputed[v.key] = true
	}
	d.Lets, _ = p.definitions(d.lets, func(_ Pos, name string) { delete(d.uncomputed, name) })
}

// isFragment complains about a fragment that is no list of steps: it may be that
// nobody does it.
func (p *parser) isFragment(f entry) {
	if f.value.kind != listNode {
		p.script(f.value, f.pos, "the fragment "+quote(f.key))
	}
}
