package match

import "bytes"

// maxDatagram is as long as a datagram can be, in bytes.
const maxDatagram = 64 << 10

// NewPackets makes a stream of a source that brings a datagram with each read.
// Frames take one whole, and taken is called once for each.
func NewPackets(src Source, taken func([]byte)) *Stream {
	return &Stream{src: src, taken: taken, packets: true}
}

// packet waits for a datagram and keeps it. An error is told once: on UDP the
// refusal of one datagram is no end.
func (s *Stream) packet() error {
	if s.held {
		return nil
	}
	if s.buf == nil {
		s.buf = make([]byte, maxDatagram)
	}
	n, err := s.src.Read(s.buf[:maxDatagram])
	if err != nil {
		return err
	}
	s.ahead, s.held = s.buf[:n], true
	return nil
}

// datagram takes one, and judges it as a whole.
func (s *Stream) datagram(e *Expectation) *Mismatch {
	if err := s.packet(); err != nil {
		if e.Equals != nil {
			return shortOf(e.Equals, 0, err, nil)
		}
		return brokenOff(err, 0, "0 bytes", nil)
	}
	p := s.ahead
	s.ahead, s.held = nil, false
	s.datagrams++
	s.taken(p)
	m := e.Judge(p)
	if m != nil {
		m.Got = bytes.Clone(p)
	}
	return m
}
