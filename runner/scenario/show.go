package scenario

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A payload of more than maxShown bytes is shown by its first shownStart.
const (
	maxShown   = 48
	shownStart = 24
)

// String is the payload in quotes, with escapes where a byte can't be printed.
// Of a long one it is the beginning and the length.
func (pl *Payload) String() string {
	if pl == nil {
		return `""`
	}
	return showParts(pl.Parts)
}

func showParts(parts []Part) string {
	out := shown(parts)
	if len(out) == 0 {
		return `""`
	}
	return strings.Join(out, " + ")
}

// shown are parts, neighbouring texts joined.
func shown(parts []Part) []string {
	var out []string
	var run Text
	flush := func() {
		if run != nil {
			out = append(out, run.quoted())
			run = nil
		}
	}
	for i := range parts {
		part := &parts[i]
		if part.plain() {
			run = append(run, part.Text...)
			continue
		}
		flush()
		out = append(out, part.show())
	}
	flush()
	return out
}

// plain reports whether a part is its text and no more.
func (part *Part) plain() bool {
	return part.File == "" && !part.Echo && part.Number == NoForm && part.Xor == nil && part.Fill == nil && part.Parts == nil && part.Any == nil && part.Length == nil && part.Times <= 1
}

// show is a part as a term of a sum.
func (part *Part) show() string {
	var terms []string
	if part.Length != nil {
		terms = append(terms, part.Length.String())
	}
	switch fill := part.Fill; {
	case fill != nil && fill.Random:
		terms = append(terms, fmt.Sprintf("fill random (%s, seed %d)", count(fill.Size, "byte"), fill.Seed))
	case fill != nil:
		terms = append(terms, fmt.Sprintf("fill %s (%s)", part.Text.quoted(), count(fill.Size, "byte")))
	case part.Parts != nil:
		terms = append(terms, shown(part.Parts)...)
	case part.File != "":
		terms = append(terms, "file "+strconv.Quote(filepath.Base(part.File)))
	case part.Any != nil:
		terms = append(terms, part.hex())
	case part.Echo:
		terms = append(terms, "what came")
	case part.Number != NoForm:
		terms = append(terms, part.Number.String()+" "+part.Text.plain())
	default:
		terms = append(terms, part.Text.quoted())
	}
	sum := strings.Join(terms, " + ")
	if part.Xor != nil {
		sum = fmt.Sprintf("(%s) xor %s", sum, part.Xor)
	}
	switch {
	case part.Times <= 1:
		return sum
	case len(terms) == 1:
		return fmt.Sprintf("%d × %s", part.Times, sum)
	}
	return fmt.Sprintf("%d × (%s)", part.Times, sum)
}

// String is the length as a report shows it.
func (l *Length) String() string {
	if l.Plus != 0 {
		return fmt.Sprintf("length %s (%+d)", l.Form, l.Plus)
	}
	return "length " + l.Form.String()
}

// String is the text in quotes, shortened.
func (t Text) String() string { return t.quoted() }

// quoted is a text in quotes, shortened; bytes that are hardly text are in
// hexadecimal.
func (t Text) quoted() string {
	if lit, ok := t.literal(); ok && unprintable(lit[:runeEnd(lit, min(len(lit), maxShown))]) && !t.secret() {
		return quotedHex(lit, nil)
	}
	total, known := 0, true
	for i := range t {
		text, isKnown := t[i].bytes()
		known = known && isKnown
		if isKnown {
			total += len(text)
		}
	}
	left := total
	if total > maxShown {
		left = shownStart
	}
	var out strings.Builder
	out.WriteByte('"')
	for i := range t {
		text, isKnown := t[i].bytes()
		if !isKnown {
			out.Write(text)
			continue
		}
		if len(text) > left {
			text = text[:runeEnd(text, left)]
		}
		out.WriteString(escape(text))
		if left -= len(text); left <= 0 && total > maxShown {
			break
		}
	}
	switch {
	case total <= maxShown:
		out.WriteByte('"')
	case known:
		fmt.Fprintf(&out, `…" (%d bytes)`, total)
	default:
		fmt.Fprintf(&out, `…" (more than %d bytes)`, total)
	}
	return out.String()
}

// secret reports whether any of a text is not to be shown.
func (t Text) secret() bool {
	return slices.ContainsFunc(t, func(s Segment) bool { return s.Secret })
}

// runeEnd is the last place at or before n that does not cut a character.
func runeEnd(b []byte, n int) int {
	for i := n; i > 0 && i > n-utf8.UTFMax; i-- {
		if i == len(b) || utf8.RuneStart(b[i]) {
			return i
		}
	}
	return n
}

// unprintable reports whether most of some bytes would be escaped.
func unprintable(b []byte) bool {
	isText, strange := utf8.Valid(b), 0
	for rest := b; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r >= utf8.RuneSelf && !isText || r != '\r' && r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			strange += size
		}
		rest = rest[size:]
	}
	return 2*strange > len(b)
}

// hex is a part with bytes that may be anything.
func (part *Part) hex() string {
	lit, _ := part.Text.literal()
	return quotedHex(lit, part.Any)
}

// quotedHex is bytes as the language has them in hexadecimal, those that may be
// anything as dots.
func quotedHex(lit []byte, wild []bool) string {
	var out strings.Builder
	out.WriteString(`hex "`)
	for i, b := range lit {
		if i > 0 {
			out.WriteByte(' ')
		}
		if i == shownStart && len(lit) > maxShown {
			fmt.Fprintf(&out, `…" (%d bytes)`, len(lit))
			return out.String()
		}
		if i < len(wild) && wild[i] {
			out.WriteString("..")
		} else {
			fmt.Fprintf(&out, "%02x", b)
		}
	}
	out.WriteByte('"')
	return out.String()
}
