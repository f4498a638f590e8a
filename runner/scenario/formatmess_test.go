package scenario

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// formatted formats a source and checks what must be true of every one: it means
// the same, has the same comments and warnings, and is formatted then.
func formatted(t testing.TB, src []byte) []byte {
	t.Helper()
	out, problems, err := Format("x.yaml", src)
	switch {
	case err != nil:
		t.Fatalf("%v\n%s", err, numberedLines(src))
	case problems != nil:
		if out != nil {
			t.Errorf("something comes of what is wrong\n%s", src)
		}
		return nil
	}
	if ink(bytes.TrimPrefix(src, utf8BOM)) != ink(out) {
		t.Fatalf("more than blanks has changed (-source +formatted):\n%s", cmp.Diff(string(src), string(out)))
	}
	if was, now := meanings(t, src), meanings(t, out); !reflect.DeepEqual(was, now) {
		t.Fatalf("it means something else (-source +formatted):\n%s\n%s", cmp.Diff(was, now), numberedLines(src))
	}
	if was, now := warnings(src), warnings(out); !slices.Equal(was, now) {
		t.Fatalf("other warnings (-source +formatted):\n%s\n%s", cmp.Diff(was, now), numberedLines(src))
	}
	again, _, err := Format("x.yaml", out)
	if err != nil || !bytes.Equal(again, out) {
		t.Fatalf("formatted again it is another (-first +second): %v\n%s\n%s", err, cmp.Diff(string(out), string(again)), numberedLines(src))
	}
	return out
}

func numberedLines(src []byte) string {
	var b strings.Builder
	for i, line := range strings.Split(string(src), "\n") {
		fmt.Fprintf(&b, "%3d %q\n", i+1, line)
	}
	return b.String()
}

// meanings are the documents as YAML reads them: the scalars with their styles.
func meanings(t testing.TB, src []byte) (all []any) {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(src, utf8BOM)))
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, numberedLines(src))
		}
		all = append(all, meaning(&doc))
	}
}

func meaning(y *yaml.Node) any {
	if y.Kind == yaml.ScalarNode || y.Kind == yaml.AliasNode {
		return fmt.Sprintf("%d %q %d &%s", y.Kind, y.Value, y.Style, y.Anchor)
	}
	all := []any{fmt.Sprintf("%d %d &%s", y.Kind, y.Style, y.Anchor)}
	for _, c := range y.Content {
		all = append(all, meaning(c))
	}
	return all
}

var digits = regexp.MustCompile(`[0-9]+`)

// warnings are what Parse says, without places.
func warnings(src []byte) (all []string) {
	for _, p := range Parse("x.yaml", src).Problems {
		all = append(all, digits.ReplaceAllString(p.Message, "N"))
	}
	slices.Sort(all)
	return all
}

// Every file of the repository, right or wrong, is formatted or refused.
func TestFormatFiles(t *testing.T) {
	for name, src := range validSources(t) {
		t.Run(name, func(t *testing.T) {
			out := formatted(t, src)
			if strings.HasSuffix(name, ".yaml") && !strings.Contains(name, "testdata") && !bytes.Equal(out, src) {
				t.Errorf("it is not formatted; banter fmt -w does it")
			}
			formatted(t, append(utf8BOM, bytes.ReplaceAll(src, []byte("\n"), []byte("\r\n"))...))
		})
	}
	for _, src := range seeds(t) {
		formatted(t, src)
	}
}

// However deep a file is indented, what comes of it is the same.
func TestFormatIndentation(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	others := 0
	sources := validSources(t)
	names := slices.Sorted(maps.Keys(sources))
	names = names[:len(names)/raceSlowdown]
	for _, name := range names {
		want := formatted(t, sources[name])
		p := Config{}.newParser(name, want, false)
		tokens, err := (&tokenReader{all: p.places(), text: p.src.text}).read()
		if err != nil {
			t.Fatal(err)
		}
		src := indented(tokens, random)
		if !bytes.Equal(src, want) {
			others++
		}
		aligned := slices.ContainsFunc(tokens, func(t token) bool { return t.kind == commentToken && t.gap > 1 && t.was > t.gap })
		if got := formatted(t, src); !bytes.Equal(got, want) && !aligned { // those can meet others by chance
			t.Errorf("%s: another indentation gives another file (-usual +this):\n%s", name, cmp.Diff(string(want), string(got)))
		}
	}
	if others < len(names)/2 {
		t.Errorf("only %d of %d were indented otherwise", others, len(names))
	}
}

// indented is a file with random columns for its lists and mappings.
func indented(tokens []token, random *rand.Rand) []byte {
	columns := map[*nesting]int{} // as they were
	begun := false
	for i := range tokens {
		t := &tokens[i]
		l := t.level
		if _, known := columns[l]; l != nil && l.up != nil && !known {
			columns[l] = l.col
			switch up, top := l.up.col, l.up.up == nil; {
			case begun: // behind a dash
				l.col = up + 2
			case top:
				l.col = random.IntN(4)
			default:
				l.col = up + 1 + random.IntN(6)
			}
		}
		if l != nil && l.up != nil {
			t.col = l.col + t.col - columns[l]
		}
		if t.kind != blockToken {
			begun = t.kind != lineEndToken
		}
	}
	return layOut(tokens)
}

// mess writes YAML as nobody should.
type mess struct {
	*rand.Rand
	strings.Builder
	anchors int
	keys    int
}

func (m *mess) one(of ...string) string { return of[m.IntN(len(of))] }

// trail ends a line.
func (m *mess) trail() {
	m.WriteString(m.one("", "", "", "  ", " # a comment", "   #another", " #  \t "))
	m.WriteByte('\n')
	for m.IntN(6) == 0 {
		m.WriteString(m.one("\n", "  \n", "# top\n", "    # deep\n", "            #\n"))
	}
}

func (m *mess) indent(n int) { m.WriteString(strings.Repeat(" ", n)) }

var messyTexts = []string{
	"a", "hello", "0x10", "a b", "a#b", "-x", "$", "x:y", "100%", "~", "null", "你好", "a ' b", `a " b`, "http://a/b?c", "é", "-", "...x", "a  b",
	"a long text that goes on and on and has nothing to say but that it is long and would be wrapped by those who do such things",
}

// scalar is a scalar in one line or more, in something at column n; -1 is the top.
func (m *mess) scalar(n int, flow bool) {
	text := messyTexts[m.IntN(len(messyTexts))]
	more := func() string {
		if m.IntN(4) > 0 {
			return " more"
		}
		return strings.Repeat("\n", 1+m.IntN(3)) + strings.Repeat(" ", n+1+m.IntN(5)) + m.one("more", "- more", "more ' text")
	}
	switch m.IntN(4) {
	case 0:
		m.WriteString(`"` + strings.NewReplacer(`"`, `\"`).Replace(text) + m.one("", `\r\n`, `\\`, more()) + `"`)
	case 1:
		m.WriteString("'" + strings.ReplaceAll(text+strings.ReplaceAll(m.one("", more()), "'", ""), "'", "''") + "'")
	default:
		if strings.ContainsAny(text, `"'`) || text == "-" || flow && strings.ContainsAny(text, "?") {
			text = "plain"
		}
		if m.IntN(5) == 0 && text[0] != '~' {
			text += strings.ReplaceAll(more(), "- ", "-")
		}
		m.WriteString(text)
	}
}

func (m *mess) key() string {
	m.keys++
	k := fmt.Sprintf("k%d", m.keys)
	return m.one(k, k, `"`+k+`"`, "'"+k+"'")
}

func (m *mess) blanks() { m.WriteString(m.one(" ", " ", " ", "  ", "     ")) }

// flow is a value in brackets, in something at column n.
func (m *mess) flow(n, depth int) {
	gap := func() {
		switch m.IntN(8) {
		case 0:
			m.WriteString(" # in brackets\n")
			m.indent(n + 1 + m.IntN(6))
		case 1:
			m.WriteString("\n")
			m.indent(n + 1 + m.IntN(6))
		case 2, 3:
			m.WriteString("  ")
		}
	}
	if depth > 3 || m.IntN(3) == 0 {
		m.scalar(n, true)
		return
	}
	list := m.IntN(2) == 0
	m.WriteString(map[bool]string{true: "[", false: "{"}[list])
	for i := range m.IntN(4) {
		if i > 0 {
			m.WriteString(",")
		}
		m.WriteString(m.one("", " "))
		gap()
		if !list || m.IntN(4) == 0 {
			m.WriteString(m.key() + m.one("", "", " ") + ": ")
			gap()
		}
		m.flow(n, depth+1)
		gap()
	}
	m.WriteString(m.one("", " ") + map[bool]string{true: "]", false: "}"}[list])
}

// text is a block scalar in something at column n.
func (m *mess) text(n int) {
	digit, chomp := "", m.one("", "-", "+")
	indent := n + 1 + m.IntN(5)
	if m.IntN(3) == 0 {
		digit = fmt.Sprint(indent - max(n, 0))
		if n < 0 {
			indent++
			digit = fmt.Sprint(indent)
		}
	}
	head := []string{digit, chomp}
	m.Shuffle(2, func(i, j int) { head[i], head[j] = head[j], head[i] })
	m.WriteString(m.one("|", "|", ">") + strings.Join(head, "") + m.one("", "  ", " # of a block") + "\n")
	for i := range m.IntN(5) {
		if m.IntN(3) == 0 {
			m.WriteString(m.one("\n", strings.Repeat(" ", min(indent, 1))+"\n", strings.Repeat(" ", indent)+"\n"))
			continue
		}
		m.indent(indent)
		if i > 0 && m.IntN(4) == 0 || digit != "" && m.IntN(4) == 0 {
			m.WriteString(m.one("  ", "\t"))
		}
		m.WriteString(m.one("text", "# no comment", "- no list", "key: value", "blanks behind   ", "%d", "“x”") + "\n")
	}
	for m.IntN(3) == 0 {
		m.WriteString(m.one("\n", strings.Repeat(" ", indent)+"\n", " \n"))
	}
}

// value is a value behind a colon or a dash, of what stands at column n, and the
// end of its line.
func (m *mess) value(n, depth int, listed bool) {
	anchored := ""
	if m.IntN(8) == 0 {
		m.anchors++
		anchored = fmt.Sprintf(" &a%d", m.anchors)
	}
	switch kind := m.IntN(9); {
	case kind == 0 && m.anchors > 1:
		m.blanks()
		m.WriteString("*a1")
		m.trail()
	case kind <= 2:
		m.WriteString(anchored)
		m.blanks()
		m.scalar(n, false)
		m.trail()
	case kind == 3:
		m.WriteString(anchored)
		m.trail()
		m.indent(n + 1 + m.IntN(5))
		m.scalar(n, false)
		m.trail()
	case kind == 4:
		m.WriteString(anchored)
		m.blanks()
		m.flow(n, 0)
		m.trail()
	case kind == 5:
		m.WriteString(anchored)
		m.blanks()
		m.text(n)
	case depth > 3:
		m.WriteString(" x")
		m.trail()
	case listed && anchored == "" && m.IntN(2) == 0: // in the line of the dash
		blanks := 1 + m.IntN(4)
		m.indent(blanks)
		m.block(n+1+blanks, depth, true)
	default:
		m.WriteString(anchored)
		m.trail()
		col := n + 1 + m.IntN(5)
		m.block(col, depth, false)
	}
}

// block is a list or a mapping at a column; begun says that it begins in a line
// that is there.
func (m *mess) block(col, depth int, begun bool) {
	list := m.IntN(2) == 0
	for range 1 + m.IntN(3) {
		if !begun {
			m.indent(col)
		}
		begun = false
		if list {
			m.WriteString("-")
			m.value(col, depth+1, true)
			continue
		}
		if m.IntN(12) == 0 {
			m.WriteString("?  " + m.key() + "\n")
			m.indent(col)
			m.WriteString(":")
			m.value(col, depth+1, false)
			continue
		}
		m.WriteString(m.key() + m.one("", "", "", " ") + ":")
		if m.IntN(6) == 0 && depth < 3 { // a list no deeper than its key
			m.trail()
			for range 1 + m.IntN(2) {
				m.indent(col)
				m.WriteString("-")
				m.value(col, depth+1, true)
			}
			continue
		}
		m.value(col, depth+1, false)
	}
}

func makeMess(seed uint64) []byte {
	m := &mess{Rand: rand.New(rand.NewPCG(seed, 0))}
	for i := range 1 + m.IntN(3) {
		if i > 0 {
			m.WriteString(m.one("", "...\n"))
		}
		if i > 0 || m.IntN(3) == 0 {
			m.WriteString(m.one("---\n", "--- # another\n", "---  \n\n"))
		}
		m.anchors = 0
		m.block(m.IntN(2)*m.IntN(3), 0, false)
		for m.IntN(3) == 0 {
			m.trail()
		}
	}
	src := m.String()
	switch m.IntN(6) {
	case 0:
		src = strings.ReplaceAll(src, "\n", "\r\n")
	case 1:
		src = "\ufeff" + src
	case 2:
		src = strings.TrimRight(src, "\n")
	}
	return []byte(src)
}

func TestFormatMess(t *testing.T) {
	const all = 800 / raceSlowdown
	refused := 0
	for seed := range uint64(all) {
		src := makeMess(seed)
		if formatted(t, src) == nil {
			refused++
		}
	}
	if refused > all/4 {
		t.Errorf("%d of %d are no YAML", refused, all)
	}
}

func FuzzFormat(f *testing.F) {
	for _, src := range seeds(f) {
		f.Add(src)
	}
	f.Add([]byte("a: &000:000\nb: c"))
	for seed := range uint64(50) {
		f.Add(makeMess(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) { formatted(t, src) })
}
