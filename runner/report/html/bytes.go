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

	linesOfText = 3 // before the one with the difference
	textBefore  = 400
	textAfter   = 2000
	textRows    = 16
)

// difference is the bytes that were wanted and those that came: as text where
// they are longer text, else as hex.
type difference struct {
	Text *comparison
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
	if max(len(f.Want), len(f.Got)) > perRow && report.IsText(f.Want) && report.IsText(f.Got) {
		var want []string
		if f.Want != nil {
			want = textLines(f.Want, f.Got, at)
		}
		got := textLines(f.Got, f.Want, at)
		if len(got) == 0 {
			got = []string{"nothing"}
		}
		c := compare(want, got, textRows)
		c.Right = came
		if want != nil {
			c.Left = "expected"
		}
		return &difference{Text: c}
	}

	d := &difference{}
	first := max(0, at/perRow-rowsBefore) * perRow
	last := (at/perRow + rowsAfter) * perRow
	for from := first; from < last; from += perRow {
		want, got := piece(f.Want, from), piece(f.Got, from)
		offset := f.Start + int64(from)
		// What is before the first wrong byte is right: where it is another one,
		// any would have done.
		right := at - from
		if len(want) > 0 && (bytes.Equal(want, got) || right >= perRow) {
			d.Rows = append(d.Rows, hexRow("", offset, got, got, 0))
			continue
		}
		if len(want) > 0 {
			d.Rows = append(d.Rows, hexRow("expected", offset, want, got, right))
		}
		switch {
		case len(got) > 0 && f.Want == nil: // nothing is known that should have come
			d.Rows = append(d.Rows, hexRow(came, offset, got, got, 0))
		case len(got) > 0:
			d.Rows = append(d.Rows, hexRow(came, offset, got, want, right))
		case from == first:
			d.Rows = append(d.Rows, byteRow{Label: came, Offset: offset, Hex: "nothing"})
		}
	}
	return d
}

func piece(data []byte, from int) []byte {
	return data[min(from, len(data)):min(from+perRow, len(data))]
}

// hexRow marks the bytes, from one on, that are not those of the other side.
func hexRow(label string, offset int64, data, other []byte, from int) byteRow {
	var hex, chars strings.Builder
	open := false
	for i, c := range data {
		bad := i >= from && (i >= len(other) || other[i] != c)
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

// textLines is text around a place, its lines with what ends them visible. It
// begins where both begin a line.
func textLines(data, other []byte, at int) []string {
	from := min(at, len(data), len(other))
	if other == nil {
		from = min(at, len(data))
	}
	for n := 0; from > 0 && at-from < textBefore; from-- {
		if data[from-1] == '\n' {
			if n++; n > linesOfText {
				break
			}
		}
	}
	for from > 0 && from < len(data) && !utf8.RuneStart(data[from]) {
		from--
	}
	var list []string
	for line := range bytes.Lines(data[from:min(len(data), at+textAfter)]) {
		list = append(list, report.Clean(strings.ReplaceAll(string(line), `\`, `\\`)))
	}
	if len(list) > 0 && from > 0 && data[from-1] != '\n' {
		list[0] = "…" + list[0]
	}
	return list
}
