package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"banter/runner/capture"
	"banter/runner/transcript"
)

// Live writes what goes over connections while it does, a line for what one side
// has said. It is not for several goroutines.
type Live struct {
	w       io.Writer
	style   style
	columns int
	own     capture.Side
}

// NewLive returns a report for people, as one of the sides sees it.
func NewLive(w io.Writer, own capture.Side, opts TextOptions) *Live {
	l := &Live{w: w, own: own, style: newStyle(opts.Color), columns: opts.Columns}
	if l.columns == 0 {
		l.columns = lineMax
	}
	return l
}

// Begin says that a connection has begun, by its number and whose it is.
func (l *Live) Begin(number int, from string) error {
	return l.line(number, "", "connection from "+Clean(from))
}

// Cut says that a connection has been cut, and why.
func (l *Live) Cut(number int, why string) error {
	return l.line(number, "", l.style.fail("cut:")+" "+Clean(why))
}

// liveMost is how many lines are written in one go: what goes by more quickly is
// not read by anybody.
const liveMost = 50

// Events writes what was said: ">" by the own side, "<" by the other.
func (l *Live) Events(number int, events []capture.Event, datagrams bool) error {
	for lines := 0; len(events) > 0; lines++ {
		if lines == liveMost {
			return l.line(number, "", l.style.dim(fmt.Sprintf("⋮ %s more", count(len(events), "event"))))
		}
		e, n := events[0], 1
		if e.Kind == capture.Data && !datagrams {
			for n < len(events) && events[n].Kind == capture.Data && events[n].From == e.From {
				n++
			}
		}
		if err := l.line(number, duration(e.At), l.said(events[:n])); err != nil {
			return err
		}
		events = events[n:]
	}
	return nil
}

// said is events of one side and one kind in a line.
func (l *Live) said(events []capture.Event) string {
	e := events[0]
	arrow := "> "
	if e.From != l.own {
		arrow = "< "
	}
	switch e.Kind {
	case capture.EOF:
		return arrow + "eof"
	case capture.Reset:
		return arrow + "reset"
	case capture.Refused:
		return "refused"
	case capture.TLS:
		return "tls"
	}
	var data bytes.Buffer
	size := int64(0)
	for _, e := range events {
		size += int64(len(e.Data))
		data.Write(e.Data[:min(len(e.Data), max(0, l.columns-data.Len()))])
	}
	return arrow + transcript.Quote(data.Bytes(), size, max(20, l.columns-liveNumber-liveTime-20))
}

// The columns of what stands in front of a line.
const (
	liveNumber = 5
	liveTime   = 12
)

func (l *Live) line(number int, at, text string) error {
	front := ""
	if number > 0 {
		front = pad(fmt.Sprint(number), liveNumber-1) + " "
	}
	front += padLeft(at, liveTime-2) + "  "
	_, err := fmt.Fprintln(l.w, l.style.dim(front)+clip(text, max(20, l.columns-width(front))))
	return err
}

// Lines shows bytes as a person reads them: a line that ends as it should and
// can be printed as it is, other text in quotes, and all else in rows of hex.
func Lines(data, eol []byte) (lines []string) {
	if !isText(data) {
		for row := range slices.Chunk(data, hexRow) {
			if len(lines) == hexRows {
				return append(lines, fmt.Sprintf("⋮ %d bytes more", len(data)-hexRows*hexRow))
			}
			lines = append(lines, pad(hex(row, nil), 3*hexRow+1)+"│"+dots(row))
		}
		return lines
	}
	for len(data) > 0 {
		line := data
		if n := bytes.IndexByte(data, '\n') + 1; n > 0 {
			line = data[:n]
		}
		data = data[len(line):]
		text, whole := bytes.CutSuffix(line, eol)
		shown := string(text)
		if !whole || len(eol) == 0 || Clean(shown) != shown || strings.HasPrefix(shown, `"`) {
			shown = transcript.Quote(line, int64(len(line)), len(line))
		}
		lines = append(lines, shown)
	}
	return lines
}

// How many bytes stand in a row, and how many rows are shown of bytes that come at
// once.
const (
	hexRow  = 16
	hexRows = 64
)
