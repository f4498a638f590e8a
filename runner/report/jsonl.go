package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

// jsonVersion is in each line of JSON Lines. It grows where a reader of the
// lines before could take something wrong; a property more is none of that.
const jsonVersion = 1

// The types of lines. The first is of the run, the last its summary.
const (
	jsonRun     = "run"
	jsonPlay    = "play"
	jsonSummary = "summary"
)

type jsonHead struct {
	Version int    `json:"version"`
	Type    string `json:"type"`
}

// jsonLines writes JSON Lines, a line as soon as it is known.
type jsonLines struct {
	w   io.Writer
	run *Run // until it is written
	b   bytes.Buffer
	enc *json.Encoder
}

// NewJSONLines returns a report of JSON Lines, one JSON text a line: the run,
// each play as it comes, the summary. JSONSchema describes them.
// ReadJSONLines reads them again.
func NewJSONLines(w io.Writer, run Run) Format {
	j := &jsonLines{w: w, run: &run}
	j.enc = json.NewEncoder(&j.b)
	j.enc.SetEscapeHTML(false)
	return j
}

func (j *jsonLines) Add(c *Case) error {
	if err := j.begin(); err != nil {
		return err
	}
	return j.line(struct {
		jsonHead
		*Case
	}{jsonHead{jsonVersion, jsonPlay}, c})
}

func (j *jsonLines) Close(s Summary) error {
	if err := j.begin(); err != nil {
		return err
	}
	return j.line(struct {
		jsonHead
		Summary
	}{jsonHead{jsonVersion, jsonSummary}, s})
}

func (j *jsonLines) begin() error {
	if j.run == nil {
		return nil
	}
	run := *j.run
	j.run = nil
	return j.line(struct {
		jsonHead
		Run
	}{jsonHead{jsonVersion, jsonRun}, run})
}

func (j *jsonLines) line(v any) error {
	j.b.Reset()
	if err := j.enc.Encode(v); err != nil {
		return err
	}
	_, err := j.w.Write(visibleJSON(j.b.Bytes()))
	return err
}

// visibleJSON is a line of JSON in which characters that a terminal could act
// on are escaped: JSON does so itself for the first 32 only.
func visibleJSON(line []byte) []byte {
	if bytes.IndexFunc(line, hiddenInJSON) < 0 {
		return line
	}
	out := make([]byte, 0, len(line)+64)
	for len(line) > 0 {
		r, n := utf8.DecodeRune(line)
		switch {
		case !hiddenInJSON(r):
			out = append(out, line[:n]...)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		line = line[n:]
	}
	return out
}

func hiddenInJSON(r rune) bool {
	return r >= 0x7f && !unicode.IsPrint(r)
}

// JSONSchema is the schema of a line of JSON Lines, a JSON Schema of draft
// 2020-12.
//
//go:embed report.schema.json
var JSONSchema []byte
