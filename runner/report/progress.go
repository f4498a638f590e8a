package report

import (
	"fmt"
	"strings"
	"time"
)

// Progress is how far a run is.
type Progress struct {
	Done, Failed int
	Total        int      // plays; 0: nobody knows
	Running      []string // names, those first that have run for the longest
	Elapsed      time.Duration
}

// The columns of the parts of a progress line.
const (
	barColumns = 20
	runningMin = 12 // less is no help
)

// Line is a line for a terminal of so many columns, the last of which stays
// empty: some terminals go on to the next line from there. What there is no room
// for is left out: first the bar, then the names, then the time.
func (p Progress) Line(columns int) string {
	if columns--; columns <= 0 {
		return ""
	}
	parts := []string{fmt.Sprintf("%d played", p.Done)}
	if p.Total > 0 {
		parts[0] = fmt.Sprintf("%d of %d", p.Done, p.Total)
	}
	if p.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", p.Failed))
	}
	left := p.left()
	line := strings.Join(append(parts, left), "  ")
	if width(line) > columns {
		return clip(strings.Join(parts, "  "), columns)
	}
	room := columns - width(line) - 2
	if bar := barColumns + 2 + 2; p.Total > 0 && room >= bar+runningMin {
		line = p.bar() + "  " + line
		room -= bar
	}
	if room >= runningMin && len(p.Running) > 0 {
		line += "  " + p.running(room)
	}
	return line
}

// bar is how much is done.
func (p Progress) bar() string {
	done := barColumns * min(p.Done, p.Total) / p.Total
	bar := strings.Repeat("=", done)
	if done < barColumns {
		bar += ">"
	}
	return "[" + pad(bar, barColumns) + "]"
}

// left is how long it will take at the rate so far, and how long it has taken
// where nobody knows.
func (p Progress) left() string {
	if p.Total == 0 || p.Done == 0 {
		return fmt.Sprintf("%.0f s", p.Elapsed.Seconds())
	}
	left := time.Duration(float64(p.Elapsed) / float64(p.Done) * float64(max(0, p.Total-p.Done)))
	switch {
	case left < 90*time.Second:
		return fmt.Sprintf("%.0f s left", left.Seconds())
	case left < 90*time.Minute:
		return fmt.Sprintf("%.0f min left", left.Minutes())
	}
	return fmt.Sprintf("%.0f h left", left.Hours())
}

// running is as many of the names as there is room for, and how many more there
// are.
func (p Progress) running(room int) string {
	names := make([]string, min(len(p.Running), room/3))
	for i := range names {
		names[i] = clip(Clean(p.Running[i]), room)
	}
	for n := len(names); n > 0; n-- {
		text, more := strings.Join(names[:n], ", "), ""
		if n < len(p.Running) {
			more = fmt.Sprintf(" and %d more", len(p.Running)-n)
		}
		switch {
		case width(text+more) <= room:
			return text + more
		case n == 1 && room-len(more) >= runningMin/2:
			return clip(text, room-len(more)) + more
		}
	}
	return fmt.Sprintf("%d running", len(p.Running))
}
