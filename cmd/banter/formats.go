package main

import (
	"io"

	"banter/runner/report"
)

// format is a report for machines that --report takes.
type format struct {
	name      string
	extension string // of the files that it is usually written to
	binary    bool   // nothing that a terminal could show
	open      func(w io.Writer, run report.Run) report.Format
}

// formats are all reports but the text for people, in the order of the help.
var formats = []format{}
