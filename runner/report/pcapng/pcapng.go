package pcapng

import (
	"fmt"
	"io"

	"banter/runner/capture/pcap"
	"banter/runner/report"
)

// file is a capture file that is being written.
type file struct{ w *pcap.Writer }

// New is a report of the packets that could have carried what the actors saw.
func New(w io.Writer) (report.Format, error) {
	out, err := pcap.NewWriter(w, "banter")
	if err != nil {
		return nil, err
	}
	return &file{out}, nil
}

// Add writes a play's conversations.
func (f *file) Add(c *report.Case) error {
	name := c.Name
	if c.Row != "" {
		name += " " + c.Row
	}
	if c.Round > 1 {
		name = fmt.Sprintf("%s, round %d", name, c.Round)
	}
	return f.w.Write(Conversations(c), name)
}

// Close writes what is left.
func (f *file) Close(report.Summary) error { return f.w.Close() }
