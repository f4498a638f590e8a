package html

import (
	"fmt"
	"html"
	"html/template"
	"strings"
	"time"
	"unicode/utf8"

	"banter/runner/report"
)

// What a diagram is drawn with, in CSS pixels. Text is monospaced, and so its
// room is known.
const (
	cell      = 7.2 // a column of text
	rowHeight = 28
	headRoom  = 46 // the names of the actors
	timeRoom  = 70 // at the left of all
	gapMin    = 130
	besideGap = 12 // between an actor's line and the text beside it
)

// How much of it there is.
const (
	columnsFailed, rowsFailed = 8, 60
	columnsPassed, rowsPassed = 6, 24
	labelMax                  = 34 // columns of text
	nameMax                   = 22
	titleMax                  = 200 // of the text that shows up over a label
)

// diagram draws a sequence. What others wrote gets into it through text alone.
type diagram struct {
	strings.Builder
	*report.Sequence
	x      []int                                       // of the columns
	y      map[*report.SequenceRow]int                 // of the rows that are shown
	sent   map[*report.SequenceRow]*report.SequenceRow // where an arrow ends that begins further up
	width  int
	height int
	last   time.Duration // that was written
}

// sequence is a play's diagram as SVG, and how many actors it has no room for.
func sequence(c *report.Case, columns, rows int) (svg template.HTML, hidden int) {
	d := &diagram{Sequence: c.Sequence(columns, rows), y: map[*report.SequenceRow]int{}, sent: map[*report.SequenceRow]*report.SequenceRow{}, last: -1}
	if len(d.Rows) == 0 {
		return "", 0
	}
	d.layOut()
	names := make([]string, len(d.Actors))
	for i, a := range d.Actors {
		names[i] = a.Name
	}
	fmt.Fprintf(d, `<svg class="seq" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="group"><title>Sequence diagram of %s</title>`,
		d.width, d.height, text(clip(strings.Join(names, ", "), titleMax)))
	d.bands()
	d.columns()
	for _, row := range d.Rows {
		if to := d.sent[row]; to != nil {
			d.arrow(row.Actor, to.Actor, d.y[row], d.y[to], row.Event, row.Event.Datagram)
		}
	}
	for _, row := range d.Rows {
		d.row(row)
	}
	d.WriteString("</svg>")
	return template.HTML(d.String()), d.Hidden // of constants, numbers and text
}

// text is what others wrote, made visible and harmless.
func text(s string) string { return html.EscapeString(report.Clean(s)) }

// layOut gives each column and each row its place.
func (d *diagram) layOut() {
	// The room between each column and the next; the last is what follows it.
	gaps := make([]float64, len(d.Actors))
	for i := range gaps {
		gaps[i] = gapMin
	}
	half := func(i int) float64 { return cell*float64(report.Width(d.name(i)))/2 + 14 }
	for i := range len(gaps) - 1 {
		gaps[i] = max(gaps[i], half(i)+half(i+1)+10)
	}
	last := len(gaps) - 1
	gaps[last] = half(last) + 8
	for i, row := range d.Rows {
		d.y[row] = headRoom + rowHeight*i + rowHeight*3/4
		if d.y[row.Sent] > 0 {
			d.sent[row.Sent] = row
		}
	}
	for _, row := range d.Rows {
		label, beside := d.label(row)
		room := cell * float64(report.Width(label))
		switch {
		case row.Actor < 0:
		case beside:
			gaps[row.Actor] = max(gaps[row.Actor], room+2*besideGap+6)
		default:
			if from, to := d.ends(row); to-from == 1 || from-to == 1 {
				gaps[min(from, to)] = max(gaps[min(from, to)], room+40)
			}
		}
	}
	x := timeRoom + max(half(0)-26, 12)
	for _, gap := range gaps {
		d.x = append(d.x, int(x))
		x += gap
	}
	d.width = int(x)
	d.height = headRoom + rowHeight*len(d.Rows) + 8
}

func (d *diagram) name(i int) string { return clip(report.Clean(d.Actors[i].Name), nameMax) }

// bands are what is behind all else: the row of the cause.
func (d *diagram) bands() {
	for _, row := range d.Rows {
		if row.Failed != nil && !row.Late {
			fmt.Fprintf(d, `<rect class="band" x="0" y="%d" width="%d" height="%d" rx="4"/>`, d.y[row]-rowHeight*3/4+2, d.width, rowHeight)
		}
	}
}

// columns are the actors' names, and a line down from each.
func (d *diagram) columns() {
	for i, a := range d.Actors {
		name := d.name(i)
		w := int(cell*float64(report.Width(name))) + 20
		class := "who"
		if a.Server {
			class += " srv"
		}
		fmt.Fprintf(d, `<path class="life" d="M%d %dV%d"/>`, d.x[i], headRoom-8, d.height-4)
		fmt.Fprintf(d, `<g class="%s"><rect x="%d" y="8" width="%d" height="28" rx="6"/><text x="%d" y="26"%s>%s</text></g>`,
			class, d.x[i]-w/2, w, d.x[i], fit(name), text(name))
	}
}

// label is the text of a row, and whether it stands beside its actor's line and
// not on an arrow.
func (d *diagram) label(row *report.SequenceRow) (label string, beside bool) {
	switch {
	case row.Folded > 0:
		return fmt.Sprintf("%d more", row.Folded), true
	case row.Failed != nil:
		return clip(report.Clean(failedLabel(row.Failed)), labelMax+8), true
	case row.Left != "":
		return clip(report.Clean(row.Left), labelMax), true
	case d.sent[row] != nil: // the label stands where nothing crosses it
		return both(row.Event, d.sent[row].Event), false
	case row.To < 0 && d.y[row.Sent] > 0:
		return "", false
	case row.To < 0:
		return sign(row.Event) + row.Event.Label(labelMax-4), true
	}
	return both(row.Event, row.Seen), false
}

// ends are the columns that the arrow of a row goes from and to; -1: it has
// none.
func (d *diagram) ends(row *report.SequenceRow) (from, to int) {
	switch {
	case row.To >= 0:
		return row.Actor, row.To
	case d.sent[row] != nil:
		return row.Actor, d.sent[row].Actor
	}
	return -1, -1
}

// failedLabel is what an actor wanted when it failed.
func failedLabel(f *report.CaseFailure) string {
	if f.Action != "" {
		return f.Action
	}
	return f.Message
}

// sign says which way the bytes went that stand beside a line.
func sign(e *report.CaseEvent) string {
	switch {
	case !e.Bytes():
		return ""
	case e.Kind == "send":
		return over(e) + "> "
	}
	return over(e) + "< "
}

// over names the further connection that an event is about.
func over(e *report.CaseEvent) string {
	if e.Over == "" {
		return ""
	}
	return "[" + clip(report.Clean(e.Over), nameMax/2) + "] "
}

// both is what two saw of one event: what was sent, and what came of it where
// that is not the same.
func both(e, seen *report.CaseEvent) string {
	switch {
	case e.Bytes() && !e.SameBytes(seen):
		return over(e) + e.Label(labelMax/2) + " → " + seen.Label(labelMax/2)
	case e.Bytes() && len(seen.Data) > len(e.Data):
		return over(e) + seen.Label(labelMax)
	case e.Bytes():
		return over(e) + e.Label(labelMax)
	case e.Kind == "connect", e.Kind == "tls" && e.Name == "", e.Kind == "reset" && seen.Kind == "peer_reset":
		return over(e) + e.Kind
	case e.Kind == "tls":
		return clip(report.Clean(over(e)+"tls "+e.Name), labelMax)
	}
	end := *seen
	end.Over = "" // it is that of e
	return clip(e.Label(labelMax/2)+" → "+strings.TrimPrefix(end.Label(labelMax/2), "< "), labelMax)
}

// fit makes the browser take just the room that was reckoned with for text
// that is not of one width, whatever font it has for it.
func fit(label string) string {
	if w := report.Width(label); w != utf8.RuneCountInString(label) {
		return fmt.Sprintf(` textLength="%d"`, int(cell*float64(w)))
	}
	return ""
}

func (d *diagram) row(row *report.SequenceRow) {
	y := d.y[row]
	label, beside := d.label(row)
	class := "row"
	if row.Late && row.Failed == nil {
		class += " late"
	}
	if row.Folded > 0 {
		fmt.Fprintf(d, `<text class="fold" x="%d" y="%d">⋮ %s</text>`, timeRoom+8, y, text(label))
		return
	}
	x := d.x[row.Actor]
	if row.Left != "" {
		fmt.Fprintf(d, `<g class="left"><circle cx="%d" cy="%d" r="3.5"/><text x="%d" y="%d"%s>%s</text></g>`,
			x, y-4, x+besideGap, y, fit(label), text(label))
		return
	}
	if row.Failed != nil {
		class += " bad"
	}
	fmt.Fprintf(d, `<g class="%s">`, class)
	// An event that took long has one time for two sides: it does not go back.
	if when := report.Duration(row.At); row.At >= d.last && when != report.Duration(d.last) {
		line := y
		if from, _ := d.ends(row); from >= 0 {
			line = y - 6 // that of the text over the arrow
		}
		fmt.Fprintf(d, `<text class="time" x="%d" y="%d">%s</text>`, timeRoom-14, line, when)
		d.last = row.At
	}
	switch {
	case row.Failed != nil:
		fmt.Fprintf(d, `<circle cx="%d" cy="%d" r="8"/><path d="M%d %dl7 7m0-7l-7 7"/>`, x, y-4, x-3, y-8)
		d.beside(x+4, y, label, row.Failed.Message)
	case beside:
		fmt.Fprintf(d, `<circle class="dot" cx="%d" cy="%d" r="3"/>`, x, y-4)
		d.beside(x, y, label, full(row.Event, label))
	case d.sent[row] != nil:
		d.onArrow((x+d.x[d.sent[row].Actor])/2, y-6, label, full(row.Event, label))
	case row.Sent != nil:
		// The other half has all of it.
	default:
		d.arrow(row.Actor, row.To, y, y, row.Event, row.Event.Datagram || row.Seen.Datagram)
		d.onArrow((x+d.x[row.To])/2, y-6, label, full(row.Event, label))
	}
	d.WriteString("</g>")
}

// full is the text of an event, if it is more than what its label shows.
func full(e *report.CaseEvent, label string) string {
	if long := e.Label(titleMax); e.Bytes() && !strings.Contains(label, long) {
		return long
	}
	return ""
}

func (d *diagram) beside(x, y int, label, title string) {
	fmt.Fprintf(d, `<text x="%d" y="%d"%s>%s%s</text>`, x+besideGap, y, fit(label), text(label), titled(title))
}

func (d *diagram) onArrow(x, y int, label, title string) {
	fmt.Fprintf(d, `<text class="on" x="%d" y="%d"%s>%s%s</text>`, x, y, fit(label), text(label), titled(title))
}

func titled(title string) string {
	if title == "" {
		return ""
	}
	return "<title>" + text(clip(title, titleMax)) + "</title>"
}

// arrow goes from one column to another. What is no bytes is drawn in its own
// way; a reset ends in a cross, the end of a direction in a bar.
func (d *diagram) arrow(from, to, y1, y2 int, e *report.CaseEvent, datagram bool) {
	x1, x2, dir := d.x[from], d.x[to], 1
	if x2 < x1 {
		dir = -1
	}
	class := "ctl"
	if e.Bytes() {
		class = "dat"
		if datagram {
			class += " gram"
		}
	}
	x1, x2 = x1+dir*3, x2-dir*4
	head := fmt.Sprintf("m%d-5l%d 5l%d 5", -8*dir, 8*dir, -8*dir)
	switch e.Kind {
	case "reset", "peer_reset":
		head = fmt.Sprintf("m%d-5l9 10m0-10l-9 10", -5)
		x2 -= dir * 6
	case "shutdown", "close", "eof", "peer_end":
		head = fmt.Sprintf("m%d-5l%d 5l%d 5m%d-11v12", -10*dir, 8*dir, -8*dir, 10*dir)
	case "tls":
		head += fmt.Sprintf("M%d %dl%d 5l%d 5", x1+8*dir, y1-5, -8*dir, 8*dir)
	}
	fmt.Fprintf(d, `<path class="%s" d="M%d %dL%d %d%s"/>`, class, x1, y1, x2, y2, head)
	if e.Kind == "connect" {
		fmt.Fprintf(d, `<circle class="dot" cx="%d" cy="%d" r="3"/>`, d.x[to], y2)
	}
}

// clip cuts text that is already clean.
func clip(s string, columns int) string { return report.Clip(s, columns) }
