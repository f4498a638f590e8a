package html

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
	"unicode/utf8"

	"banter/runner/report"
)

// How many bytes are shown of a failure.
const (
	perRow     = 16
	rowsBefore = 2 // of hex, before the one with the difference
	rowsAfter  = 4
	textBefore = 300
	textAfter  = 700
)

// difference is the bytes that were wanted and those that came: as text where
// they are longer text, else as hex.
type difference struct {
	Text bool
	Rows []byteRow
}

// byteRow is bytes of one side, or of both where they are the same.
type byteRow struct {
	Label  string // "expected", "received", "unread"; "": both
	Offset int64
	Hex    template.HTML
	Text   template.HTML
}

func newDifference(f *report.CaseFailure) *difference {
	if len(f.Want) == 0 && len(f.Got) == 0 {
		return nil
	}
	came := "received"
	if f.Kind == "unread" && f.Want == nil {
		came = "unread"
	}
	at := int(min(max(f.Offset-f.Start, 0), int64(max(len(f.Want), len(f.Got)))))
	long := max(len(f.Want), len(f.Got)) > perRow
	if long && report.IsText(f.Want) && report.IsText(f.Got) {
		d := &difference{Text: true}
		want, got := marked(f.Want, f.Got, at)
		if f.Want != nil {
			d.Rows = append(d.Rows, byteRow{Label: "expected", Text: want})
		}
		d.Rows = append(d.Rows, byteRow{Label: came, Text: got})
		return d
	}

	d := &difference{}
	first := max(0, at/perRow-rowsBefore) * perRow
	last := (at/perRow + rowsAfter) * perRow
	for from := first; from < last; from += perRow {
		want, got := piece(f.Want, from), piece(f.Got, from)
		offset := f.Start + int64(from)
		if len(want) > 0 && bytes.Equal(want, got) {
			d.Rows = append(d.Rows, hexRow("", offset, got, got))
			continue
		}
		if len(want) > 0 {
			d.Rows = append(d.Rows, hexRow("expected", offset, want, got))
		}
		switch {
		case len(got) > 0 && f.Want == nil: // nothing is known that should have come
			d.Rows = append(d.Rows, hexRow(came, offset, got, got))
		case len(got) > 0:
			d.Rows = append(d.Rows, hexRow(came, offset, got, want))
		case from == first:
			d.Rows = append(d.Rows, byteRow{Label: came, Offset: offset, Hex: "nothing"})
		}
	}
	return d
}

func piece(data []byte, from int) []byte {
	return data[min(from, len(data)):min(from+perRow, len(data))]
}

// hexRow marks the bytes that are not those of the other side.
func hexRow(label string, offset int64, data, other []byte) byteRow {
	var hex, chars strings.Builder
	open := false
	for i, c := range data {
		bad := i >= len(other) || other[i] != c
		if open && !bad {
			hex.WriteString("</mark>")
			chars.WriteString("</mark>")
		}
		if i > 0 {
			hex.WriteByte(' ')
		}
		if bad && !open {
			hex.WriteString("<mark>")
			chars.WriteString("<mark>")
		}
		open = bad
		fmt.Fprintf(&hex, "%02x", c)
		if ' ' <= c && c <= '~' {
			chars.WriteString(text(string(c)))
		} else {
			chars.WriteString("·")
		}
	}
	if open {
		hex.WriteString("</mark>")
		chars.WriteString("</mark>")
	}
	return byteRow{label, offset, template.HTML(hex.String()), template.HTML(chars.String())}
}

// marked is text of both sides around a place, with all marked that lies
// between what is the same at the beginning and at the end.
func marked(want, got []byte, at int) (template.HTML, template.HTML) {
	from := max(0, at-textBefore)
	if nl := bytes.LastIndexByte(want[:min(from, len(want))], '\n'); nl >= 0 && from-nl < 200 {
		from = nl + 1
	}
	for from > 0 && from < len(want) && !utf8.RuneStart(want[from]) {
		from--
	}
	tail := 0
	if want != nil {
		tail = sameEnd(want[min(at, len(want)):], got[min(at, len(got)):])
	}
	side := func(data []byte, tail int) template.HTML {
		if len(data) == 0 {
			return "nothing"
		}
		var b strings.Builder
		if from > 0 {
			b.WriteString(`<span class="dim">…</span>`)
		}
		from, at := min(from, len(data)), min(at, len(data))
		end := min(len(data)-tail, at+textAfter)
		lines(&b, data[from:at])
		if at < end && want != nil {
			b.WriteString("<mark>")
			lines(&b, data[at:end])
			b.WriteString("</mark>")
		} else {
			lines(&b, data[at:end])
		}
		last := min(len(data), max(end, at+textAfter))
		lines(&b, data[end:last])
		if last < len(data) {
			b.WriteString(`<span class="dim">…</span>`)
		}
		return template.HTML(b.String())
	}
	return side(want, tail), side(got, tail)
}

// sameEnd is how many bytes of the end of both are the same, whole characters
// of them.
func sameEnd(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	for n > 0 && !utf8.RuneStart(a[len(a)-n]) {
		n--
	}
	return n
}

// lines writes text with what ends its lines visible, and lines that end.
func lines(b *strings.Builder, data []byte) {
	for line := range bytes.Lines(data) {
		body := bytes.TrimRight(line, "\r\n")
		b.WriteString(text(strings.ReplaceAll(string(body), `\`, `\\`)))
		if end := line[len(body):]; len(end) > 0 {
			fmt.Fprintf(b, `<span class="dim">%s</span>`, text(string(end)))
			if line[len(line)-1] == '\n' {
				b.WriteByte('\n')
			}
		}
	}
}
