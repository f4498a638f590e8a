package report

import (
	"bytes"
	"fmt"
	"strings"

	"banter/runner/scenario"
)

// sourceLines is how many lines of a scenario file are shown, the one in
// question included.
const sourceLines = 3

// source shows the place in the scenario file, with a caret below it.
func (st style) source(file *scenario.File, pos scenario.Pos, columns int) []string {
	if file == nil || !pos.IsValid() {
		return nil
	}
	source := file.Source
	if pos.File != file.Path {
		source = file.Included[pos.File]
	}
	first := max(1, pos.Line-sourceLines+1)
	text := linesOf(source, first, pos.Line)
	if text == nil {
		return nil
	}
	numbers := len(fmt.Sprint(pos.Line))
	room := columns - numbers - 3
	last := text[len(text)-1]
	column := width(Clean(firstRunes(last, pos.Col-1)))
	cut := 0
	if column >= room-10 {
		cut = column - room/2
	}
	var lines []string
	for i, line := range text {
		number := fmt.Sprintf("%*d ", numbers, first+i)
		lines = append(lines, strings.TrimRight(st.dim(number+"│")+" "+cutTo(Clean(line), cut, room), " "))
	}
	return append(lines, st.dim(strings.Repeat(" ", numbers+1)+"│")+" "+
		strings.Repeat(" ", max(0, column-cut))+st.fail("^"))
}

// linesOf returns the lines from first to last, or nil where there are not so
// many.
func linesOf(source []byte, first, last int) []string {
	var lines []string
	n := 0
	for line := range bytes.Lines(source) {
		n++
		if n >= first {
			lines = append(lines, strings.TrimRight(string(line), "\r\n"))
		}
		if n == last {
			return lines
		}
	}
	return nil
}

// firstRunes is the first n characters of s.
func firstRunes(s string, n int) string {
	for i := range s {
		if n <= 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// cutTo is s without its first columns, and clipped to so much room.
func cutTo(s string, cut, room int) string {
	if cut > 0 {
		s = cells.TruncateLeft(s, cut+1, "…")
	}
	return clip(s, room)
}
