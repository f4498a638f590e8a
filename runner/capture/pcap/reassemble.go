package pcap

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"banter/runner/capture"
)

// direction is what one side of a TCP connection has sent so far.
type direction struct {
	known   bool   // next is
	guessed bool   // the SYN was not seen: next is from the first packet
	next    uint32 // the first byte that is still to come
	early   []early
	held    int // bytes of early
	fin     bool
	finSeq  uint32
	ended   bool
	acked   uint32 // the other side has everything before it
	ackedBy int    // the packet that said so
	isAcked bool
	stuckAt int // what the flow had of packets when the other side had more than was seen; 0: it has not
}

// early is a segment that came before one that is still to come.
type early struct {
	seq     uint32
	data    []byte
	packet  int
	missing int
	at      time.Duration
}

// The most that is kept of segments that came too early; behind that, those
// before them are lost.
const (
	maxEarly     = 4096
	maxEarlyHeld = 16 << 20
	patience     = 64 // packets of the flow, when the other side has what was not seen
)

// before reports whether a sequence number is smaller.
func before(a, b uint32) bool { return int32(a-b) < 0 }

// segment takes a segment of TCP.
func (s *streams) segment(f *flowState, from capture.Side, seg *segment, n int, at time.Duration) error {
	d, other := &f.dirs[from], &f.dirs[from.Other()]
	if f.reset {
		return nil
	}
	if seg.rst {
		return s.rst(f, from, at)
	}
	if seg.syn {
		if from == capture.Server {
			f.answer = true
		}
		seg.seq++ // it counts as a byte
		if !d.known || d.guessed && len(f.c.Events) == 0 {
			d.known, d.guessed, d.next = true, false, seg.seq
		}
	}
	if !d.known {
		d.known, d.guessed, d.next = true, true, seg.seq
	}
	if seg.ack {
		if !other.known {
			other.known, other.guessed, other.next = true, true, seg.acked
		}
		if !other.isAcked || before(other.acked, seg.acked) {
			other.acked, other.ackedBy, other.isAcked = seg.acked, n, true
		}
	}
	if err := s.data(f, from, seg, n, at); err != nil {
		return err
	}
	if seg.fin && !d.fin {
		d.fin, d.finSeq = true, seg.seq+uint32(len(seg.payload)+seg.missing)
	}
	if err := s.drain(f, from, at, false); err != nil {
		return err
	}
	return s.patient(f, from.Other(), at)
}

// data takes a segment's bytes, as far as they are new.
func (s *streams) data(f *flowState, from capture.Side, seg *segment, n int, at time.Duration) error {
	d := &f.dirs[from]
	size := len(seg.payload) + seg.missing
	if size == 0 || d.ended {
		return nil
	}
	seq, data := seg.seq, seg.payload
	if before(seq, d.next) {
		old := int(int32(d.next - seq))
		if acked := d.isAcked && !before(d.acked, seq+uint32(size)); d.guessed && !acked {
			return s.lack(f, fmt.Errorf("has bytes that come before all others that were seen of its side"))
		}
		if old >= size {
			return nil
		}
		data = data[min(old, len(data)):]
		seq = d.next
	}
	if seq != d.next {
		if len(d.early) >= maxEarly || d.held >= maxEarlyHeld {
			if err := s.gap(f, from, at); err != nil {
				return err
			}
		}
		if !d.hold(early{seq, bytes.Clone(data), n, seg.missing, at}) {
			return nil
		}
		return s.keep(len(data))
	}
	return s.take(f, from, data, seg.missing, at)
}

// hold keeps a segment that came too early in its place, if it is not there yet.
func (d *direction) hold(e early) bool {
	i, _ := slices.BinarySearchFunc(d.early, e, func(a, b early) int {
		return cmp.Compare(int32(a.seq-d.next), int32(b.seq-d.next))
	})
	if i < len(d.early) && d.early[i].seq == e.seq && len(d.early[i].data) >= len(e.data) {
		return false
	}
	d.early = slices.Insert(d.early, i, e)
	d.held += len(e.data)
	return true
}

// placedError is an error that names its packet itself.
type placedError struct{ text string }

func (e *placedError) Error() string { return e.text }

func bytesText(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return humanize.Comma(n) + " bytes"
}

// take takes bytes that are the next ones, and behind them some that are missing.
func (s *streams) take(f *flowState, from capture.Side, data []byte, missing int, at time.Duration) error {
	d := &f.dirs[from]
	d.next += uint32(len(data) + missing)
	d.stuckAt = 0
	if len(data) > 0 {
		if err := s.add(f, capture.Event{Kind: capture.Data, From: from, At: at, Data: bytes.Clone(data)}); err != nil {
			return err
		}
	}
	if missing > 0 {
		return s.add(f, capture.Event{Kind: capture.Gap, From: from, At: at, Missing: int64(missing)})
	}
	return nil
}

// drain takes what came too early and can be taken now, and the end. It is late
// where there was no point in waiting for what was missing: it happened when it
// came, and the other side may have answered.
func (s *streams) drain(f *flowState, from capture.Side, at time.Duration, late bool) error {
	d := &f.dirs[from]
	for len(d.early) > 0 && !before(d.next, d.early[0].seq) {
		e := d.early[0]
		d.early = d.early[1:]
		d.held -= len(e.data)
		s.kept -= int64(len(e.data)) + eventSize
		old := int(d.next - e.seq)
		if old >= len(e.data)+e.missing {
			continue
		}
		missing := min(e.missing, len(e.data)+e.missing-old)
		when := at
		if late {
			when = e.at
		}
		if err := s.take(f, from, e.data[min(old, len(e.data)):], missing, when); err != nil {
			return err
		}
	}
	if d.fin && !d.ended && !before(d.next, d.finSeq) {
		d.ended = true
		d.next = d.finSeq + 1
		return s.add(f, capture.Event{Kind: capture.EOF, From: from, At: at})
	}
	return nil
}

// patient gives up on bytes that the other side has had for a while.
func (s *streams) patient(f *flowState, from capture.Side, at time.Duration) error {
	d := &f.dirs[from]
	if !d.known || !d.isAcked || d.ended || len(d.early) == 0 || !before(d.next, d.acked) {
		return nil
	}
	if d.stuckAt == 0 {
		d.stuckAt = f.packets
	}
	if f.packets-d.stuckAt < patience {
		return nil
	}
	return s.gap(f, from, at)
}

// gap passes over bytes that did not come, up to those that have.
func (s *streams) gap(f *flowState, from capture.Side, at time.Duration) error {
	d := &f.dirs[from]
	e := d.early[0]
	missing := int64(e.seq - d.next)
	if !s.opts.Lossy {
		return &placedError{fmt.Sprintf("stream %d: %s before packet %d are not in the capture; --lossy marks what is missing", f.c.Number, bytesText(missing), e.packet)}
	}
	d.next = e.seq
	d.stuckAt = 0
	if err := s.add(f, capture.Event{Kind: capture.Gap, From: from, At: e.at, Missing: missing}); err != nil {
		return err
	}
	return s.drain(f, from, at, true)
}

// rst takes a reset. After both have ended it has no meaning.
func (s *streams) rst(f *flowState, from capture.Side, at time.Duration) error {
	if f.dirs[capture.Client].ended && f.dirs[capture.Server].ended {
		return nil
	}
	kind := capture.Reset
	if f.syn && !f.answer && from == capture.Server && len(f.c.Events) == 0 {
		kind, from = capture.Refused, capture.Client
	}
	for side := range f.dirs {
		if err := s.rest(f, capture.Side(side), at); err != nil {
			return err
		}
	}
	f.reset = true
	return s.add(f, capture.Event{Kind: kind, From: from, At: at})
}

// close ends a conversation with the capture.
func (s *streams) close(f *flowState) error {
	if f.c.Datagrams || f.reset {
		return nil
	}
	at := time.Duration(0)
	if n := len(f.c.Events); n > 0 {
		at = f.c.Events[n-1].At
	}
	for side := range f.dirs {
		if err := s.rest(f, capture.Side(side), at); err != nil {
			return err
		}
	}
	return nil
}

// rest takes what there still is of a side, past what did not come.
func (s *streams) rest(f *flowState, from capture.Side, at time.Duration) error {
	d := &f.dirs[from]
	for len(d.early) > 0 {
		if err := s.gap(f, from, at); err != nil {
			return err
		}
	}
	if missing := int64(int32(d.acked - d.next)); d.known && d.isAcked && !d.ended && missing > 0 {
		if missing == 1 { // the FIN
			d.ended = true
			return s.add(f, capture.Event{Kind: capture.EOF, From: from, At: at})
		}
		if !s.opts.Lossy {
			return &placedError{fmt.Sprintf("stream %d: packet %d acknowledges %s that are not in the capture; --lossy marks what is missing", f.c.Number, d.ackedBy, bytesText(missing))}
		}
		d.next = d.acked
		if err := s.add(f, capture.Event{Kind: capture.Gap, From: from, At: at, Missing: missing}); err != nil {
			return err
		}
	}
	if d.fin && !d.ended {
		d.ended = true
		return s.add(f, capture.Event{Kind: capture.EOF, From: from, At: at})
	}
	return nil
}
