package html

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"banter/runner"
	"banter/runner/report"
)

// who says whose failure it is.
func who(f *report.CaseFailure) string {
	if f.Actor == "" {
		return ""
	}
	name := clip(report.Clean(f.Actor), nameMax*2)
	if f.Step > 0 {
		name += fmt.Sprintf(", step %d of %d", f.Step, f.Steps)
	}
	if f.Over != "" {
		name += ", over " + clip(report.Clean(f.Over), nameMax)
	}
	return name + ": "
}

// body is what there is to see of a play.
type body struct {
	*report.Case
	Cause   *failure
	Others  []others
	Bytes   *difference
	Diagram template.HTML
	Kernel  []kernel
	Actors  int // that the diagram has no room for
	Diff    *comparison
	Source  *source
	Outputs []output
	Again   string
}

// kernel is what the kernel knew of a connection.
type kernel struct{ Actor, Text string }

// kernelMax is of how many connections that is shown.
const kernelMax = 12

func newKernel(actors []report.CaseActor) (list []kernel) {
	for i := range actors {
		for j := range actors[i].TCP {
			if len(list) < kernelMax {
				list = append(list, kernel{clip(report.Clean(actors[i].Name), nameMax*2), clip(report.Clean(actors[i].TCP[j].String()), columnsMax)})
			}
		}
	}
	return list
}

// ChangesText are the changes that make a scenario fail, where it passes as it is
// written.
func (b body) ChangesText() string {
	return clip(report.Clean(strings.Join(b.Changes, ", ")), 2*columnsMax)
}

type failure struct {
	Who, Message, Place string
	Notes               []string
}

// failuresMax is how many failures are shown after the first, notesMax how many
// of one's notes.
const (
	failuresMax = 8
	notesMax    = 8
)

func newFailure(f *report.CaseFailure) failure {
	v := failure{Who: strings.TrimSuffix(who(f), ": "), Message: clip(report.Clean(f.Message), 2*columnsMax)}
	if f.Line > 0 {
		v.Place = clip(report.Clean(fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)), columnsMax)
	}
	for _, note := range f.Notes[:min(len(f.Notes), notesMax)] {
		v.Notes = append(v.Notes, clip(report.Clean(note), columnsMax))
	}
	return v
}

func passing(c *report.Case) body {
	d, hidden := sequence(c, columnsPassed, rowsPassed)
	return body{Case: c, Diagram: d, Actors: hidden, Kernel: newKernel(c.Actors)}
}

// failing is a play that failed; in short, without pictures.
func failing(c *report.Case, short bool) body {
	b := body{Case: c, Again: again(c)}
	if c.Status == report.Broken {
		b.Cause = &failure{Message: "the run broke: " + clip(report.Clean(c.Reason), 2*columnsMax)}
	}
	if len(c.Failures) == 0 {
		return b
	}
	f := &c.Failures[0]
	cause := newFailure(f)
	b.Cause = &cause
	if short {
		return b
	}
	b.Others = newOthers(c.Failures[1:])
	b.Bytes = newDifference(f)
	b.Diagram, b.Actors = sequence(c, columnsFailed, rowsFailed)
	if i := slices.IndexFunc(c.Actors, func(a report.CaseActor) bool { return a.Name == f.Actor }); i >= 0 {
		b.Diff = newTranscript(&c.Actors[i])
	}
	b.Kernel = newKernel(c.Actors)
	b.Source = newSource(c)
	b.Outputs = newOutputs(c.Outputs)
	return b
}

// others are failures besides the cause, under the title that the text has for them.
type others struct {
	Title  string
	List   []failure
	Hidden int // more of them
}

func newOthers(failures []report.CaseFailure) (list []others) {
	after, waiting := others{Title: "After that"}, others{Title: "Still waiting"}
	for i := range failures {
		to, f := &after, newFailure(&failures[i])
		f.Notes = nil
		if failures[i].Kind == runner.Unfinished.String() {
			to, f.Message = &waiting, strings.TrimPrefix(f.Message, "was waiting: ")
		}
		if len(to.List) == failuresMax {
			to.Hidden++
			continue
		}
		to.List = append(to.List, f)
	}
	for _, o := range []others{after, waiting} {
		if len(o.List) > 0 {
			list = append(list, o)
		}
	}
	return list
}

// again is the command that plays just this scenario again, the last line of its
// picture.
func again(c *report.Case) string {
	lines := strings.Split(strings.TrimRight(c.Picture, "\n"), "\n")
	_, command, _ := strings.Cut(lines[len(lines)-1], "again: ")
	return report.Clean(command)
}

// output is what a program has printed, its last lines.
type output struct {
	Name, Status string
	Text         string
	Cut          bool // there is more before it
}

// How much of it is shown.
const (
	outputsMax  = 6
	outputLines = 60
	outputWidth = 300
)

func newOutputs(list []report.CaseOutput) (views []output) {
	for _, o := range list {
		data := slices.Concat(o.Head, o.Tail)
		if o.Cut > 0 {
			data = o.Tail
		}
		printed := strings.Split(strings.TrimRight(string(data), "\r\n"), "\n")
		v := output{Name: clip(report.Clean(o.Name), columnsMax), Status: clip(report.Clean(o.Status), columnsMax), Cut: o.Cut > 0 || len(printed) > outputLines}
		for i, line := range printed[max(0, len(printed)-outputLines):] {
			if i > 0 {
				v.Text += "\n"
			}
			v.Text += clip(report.Clean(strings.TrimRight(line, "\r")), outputWidth)
		}
		if len(views) < outputsMax && (v.Text != "" || v.Status != "") {
			views = append(views, v)
		}
	}
	return views
}
