package pcap_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"banter/runner/capture"
	"banter/runner/capture/pcap"
)

func BenchmarkWrite(b *testing.B) {
	w, err := pcap.NewWriter(io.Discard, "test")
	if err != nil {
		b.Fatal(err)
	}
	convs := []capture.Conversation{hello()}
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Write(convs, "greeting"); err != nil {
			b.Fatal(err)
		}
	}
}

// Bulk in packets of 1460 bytes, and exchanges of six.
func BenchmarkRead(b *testing.B) {
	for name, size := range map[string]int{"bulk": 1460, "exchanges": 6} {
		b.Run(name, func(b *testing.B) {
			c := hello()
			c.Events = nil
			for i := range 20_000 {
				c.Events = append(c.Events, capture.Event{Kind: capture.Data, From: capture.Side(i % 2), At: time.Duration(i) * time.Microsecond, Data: make([]byte, size)})
			}
			file := write(b, hello(), c)
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				if _, err := pcap.Read(bytes.NewReader(file), pcap.ReadOptions{Stream: &pcap.Stream{}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
