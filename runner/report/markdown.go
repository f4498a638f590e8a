package report

import (
	"fmt"
	"strings"
	"unicode"
)

// What a summary in Markdown has at most, beside its room.
const (
	markdownRows     = 1000 // of the table
	markdownPictures = 50
)

// markdown is a run as Markdown: what did not pass as a table, and its pictures.
// It takes room bytes at most.
func markdown(s *Summary, groups []*Group, room int) string {
	var b strings.Builder
	title := "✅ "
	if s.Bad() > 0 || s.Interrupted {
		title = "❌ "
	}
	fmt.Fprintf(&b, "## %sbanter: %s, %.2f s\n\n", title, s.counts(), s.Elapsed.Seconds())
	if s.Interrupted {
		b.WriteString("The run was interrupted.\n\n")
	}
	var bad []*Group
	for _, g := range groups {
		if g.Status.Bad() {
			bad = append(bad, g)
		}
	}
	const ending = 100 // bytes for the line that says what was left out
	room -= ending
	full := false
	add := func(text string) {
		if full = full || b.Len()+len(text) > room; !full {
			b.WriteString(text)
		}
	}
	for i, g := range bad[:min(len(bad), markdownRows)] {
		if i == 0 {
			add("| | scenario | place | |\n|---|---|---|---|\n")
		}
		file, line, _ := g.Case.place()
		add(fmt.Sprintf("| %s | %s | %s:%d | %s |\n", g.Status, markdownText(g.Case.Name), markdownText(file), line, markdownText(g.Cause())))
	}
	for _, g := range bad[:min(len(bad), markdownPictures)] {
		picture := g.Case.picture()
		fence := fenceFor(picture)
		add(fmt.Sprintf("\n### %s\n\n%stext\n%s\n%[2]s\n", markdownText(g.Case.Name), fence, picture))
	}
	if full || len(bad) > markdownPictures {
		b.WriteString("\nThere are more failures than there is room for here; the log has them all.\n")
	}
	if b.Len() > room+ending {
		return "" // there was no room for anything
	}
	return b.String()
}

// markdownText is text in which nothing is Markdown or HTML.
func markdownText(s string) string {
	var b strings.Builder
	for _, r := range clip(Clean(s), oneLineMax) {
		if r < unicode.MaxASCII && (unicode.IsPunct(r) || unicode.IsSymbol(r)) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fenceFor is a fence that no line of a text ends.
func fenceFor(text string) string {
	longest, run := 2, 0
	for _, r := range text {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return strings.Repeat("`", longest+1)
}
