package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// jsonLineMax is how long a line may be that is read again: far more than a
// case is written with.
const jsonLineMax = 64 << 20

// Recorded is a run that was read from JSON Lines.
type Recorded struct {
	Run     Run
	Plays   int     // that were read
	Summary Summary // of what was read; Interrupted and Elapsed are the run's own
	Cut     string  // what is missing at the end, where the summary is not there; else ""
}

// LineError is what is wrong with a line of JSON Lines.
type LineError struct {
	Line   int // from 1
	Column int // from 1, in bytes; 0: the line as a whole
	Err    error
}

func (e *LineError) Error() string {
	if e.Column > 0 {
		return fmt.Sprintf("%d:%d: %v", e.Line, e.Column, e.Err)
	}
	return fmt.Sprintf("%d: %v", e.Line, e.Err)
}

func (e *LineError) Unwrap() error { return e.Err }

// ReadJSONLines reads what NewJSONLines has written, of one run or of several
// one after the other, and hands each case to add. A file that ends too early is
// no error, but Recorded.Cut. An error is a *LineError, the reader's, or what add
// returned.
func ReadJSONLines(r io.Reader, add func(*Case) error) ([]Recorded, error) {
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, jsonLineMax)
	ended := true // the last line had its end
	scan.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		n, token, err := bufio.ScanLines(data, atEOF)
		ended = n > len(token)
		return n, token, err
	})
	in := jsonReader{add: add}
	for scan.Scan() {
		in.line++
		if err := in.read(scan.Bytes()); err != nil {
			var wrong *LineError
			if errors.As(err, &wrong) && !ended { // the last: it was cut
				break
			}
			return in.runs, err
		}
	}
	if errors.Is(scan.Err(), bufio.ErrTooLong) {
		return in.runs, &LineError{Line: in.line + 1, Err: fmt.Errorf("is longer than %d MiB", jsonLineMax>>20)}
	}
	if scan.Err() != nil {
		return in.runs, scan.Err()
	}
	in.cut()
	if len(in.runs) == 0 {
		return []Recorded{{Cut: "is empty"}}, nil
	}
	return in.runs, nil
}

type jsonReader struct {
	add    func(*Case) error
	runs   []Recorded
	open   bool // the last of the runs has no summary yet
	groups Groups
	line   int
}

func (in *jsonReader) read(line []byte) error {
	var head jsonHead
	if err := in.decode(line, &head); err != nil {
		return err
	}
	switch {
	case head.Version == 0:
		return in.errorf(`has no "version"; is it a report of JSON Lines ("banter run -o jsonl")?`)
	case head.Version != jsonVersion:
		return in.errorf("is version %d, and this banter reads version %d", head.Version, jsonVersion)
	case !in.open && head.Type != jsonRun:
		return in.errorf(`is a %q, and a "run" comes first`, head.Type)
	}
	switch head.Type {
	case jsonRun:
		in.cut()
		return in.begin(line)
	case jsonPlay:
		return in.play(line)
	case jsonSummary:
		return in.end(line)
	}
	return in.errorf("is a %q; there are run, play and summary", head.Type)
}

func (in *jsonReader) begin(line []byte) error {
	var run Run
	if err := in.decode(line, &run); err != nil {
		return err
	}
	if run.Shard < min(run.Shards, 1) || run.Shard > run.Shards {
		return in.errorf("is shard %d of %d, which can't be", run.Shard, run.Shards)
	}
	in.runs = append(in.runs, Recorded{Run: run})
	in.open, in.groups = true, Groups{}
	return nil
}

// playStatuses are those that a play can have: a flaky one is a scenario.
var playStatuses = []Status{Passed, Failed, Broken, Skipped, NotRun, Stopped}

func (in *jsonReader) play(line []byte) error {
	c := new(Case)
	if err := in.decode(line, c); err != nil {
		return err
	}
	switch {
	case c.Name == "":
		return in.errorf(`has no "name"`)
	case c.Round < 1:
		return in.errorf(`has "round" %d; it counts from 1`, c.Round)
	case !slices.Contains(playStatuses, c.Status):
		var names []string
		for _, s := range playStatuses {
			names = append(names, strconv.Quote(string(s)))
		}
		return in.errorf("has the status %q; there are %s", string(c.Status), strings.Join(names, ", "))
	}
	if wrong := c.impossible(); wrong != "" {
		return in.errorf("%s", wrong)
	}
	in.runs[len(in.runs)-1].Plays++
	in.groups.Add(&Case{Name: c.Name, File: c.File, Line: c.Line, Row: c.Row, Round: c.Round, Status: c.Status})
	return in.add(c)
}

// impossible says which number of a case can't be.
func (c *Case) impossible() string {
	if min(c.Line, c.Column, c.More) < 0 || c.Elapsed < 0 {
		return "has a number below 0"
	}
	for _, f := range c.Failures {
		if min(f.Line, f.Column, f.Step, f.Steps) < 0 || f.At < 0 || f.Start < 0 || f.Offset < f.Start {
			return fmt.Sprintf("has a failure %q with a number that can't be", f.Message)
		}
	}
	for _, a := range c.Actors {
		if min(a.Steps, a.Done, a.More) < 0 {
			return fmt.Sprintf("has an actor %q with a number below 0", a.Name)
		}
		for _, list := range [][]CaseEvent{a.Observed, a.Expected} {
			for _, e := range list {
				if e.At < 0 || e.Step < 0 || e.Size < int64(len(e.Data)) {
					return fmt.Sprintf("has an event %q of %q with a number that can't be", e.Kind, a.Name)
				}
			}
		}
	}
	return ""
}

func (in *jsonReader) end(line []byte) error {
	run := &in.runs[len(in.runs)-1]
	var said Summary
	if err := in.decode(line, &said); err != nil {
		return err
	}
	in.open = false
	run.Summary.Elapsed, run.Summary.Interrupted = said.Elapsed, said.Interrupted
	in.groups.Count(&run.Summary)
	if run.Summary != said {
		return in.errorf("counts %s in %s, and what is before it gives other counts: lines are missing or changed",
			count(said.Scenarios, "scenario"), count(said.Plays, "play"))
	}
	return nil
}

// cut notes that a run has no summary.
func (in *jsonReader) cut() {
	if !in.open {
		return
	}
	in.open = false
	run := &in.runs[len(in.runs)-1]
	in.groups.Count(&run.Summary)
	run.Cut = fmt.Sprintf("ends without a summary, with %d of %s", run.Summary.Scenarios, count(run.Run.Scenarios, "scenario"))
}

func (in *jsonReader) errorf(format string, args ...any) error {
	return &LineError{Line: in.line, Err: fmt.Errorf(format, args...)}
}

func (in *jsonReader) decode(line []byte, v any) error {
	err := json.Unmarshal(line, v)
	if err == nil {
		return nil
	}
	wrong := &LineError{Line: in.line, Err: err}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case len(bytes.TrimSpace(line)) == 0:
		wrong.Err = errors.New("is empty")
	case errors.As(err, &syntax):
		wrong.Column, wrong.Err = int(syntax.Offset), fmt.Errorf("is no JSON: %v", syntax)
	case errors.As(err, &kind) && kind.Field == "":
		wrong.Err = fmt.Errorf("is a JSON %s, and must be an object", kind.Value)
	case errors.As(err, &kind):
		wrong.Column, wrong.Err = int(kind.Offset), fmt.Errorf("%q is a JSON %s, which it can't be", kind.Field, kind.Value)
	}
	return wrong
}
