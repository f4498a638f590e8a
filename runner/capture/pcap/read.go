// Package pcap reads conversations from capture files, and writes them as such.
package pcap

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"banter/runner/capture"
)

// MaxKept is how many bytes of conversations Read keeps, if nothing else is said.
const MaxKept = 64 << 20

// ReadOptions say what is wanted of a capture.
type ReadOptions struct {
	Stream *Stream // only this conversation; nil: all
	Port   uint16  // only those of a server with this port; 0: all
	Lossy  bool    // what the capture does not have is a Gap, and no error
	Max    int64   // bytes that are kept; 0: MaxKept
}

// Stream is a conversation by its number in a capture, from 0, as Wireshark
// counts: those of TCP and those of UDP for themselves.
type Stream struct {
	Datagrams bool
	Number    int
}

// ParseStream reads "3" or "tcp:3", and "udp:3".
func ParseStream(s string) (Stream, error) {
	protocol, number, found := strings.Cut(s, ":")
	if !found {
		protocol, number = "tcp", s
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || protocol != "tcp" && protocol != "udp" {
		return Stream{}, fmt.Errorf("is not a stream's number, such as 3 (of TCP) or udp:3")
	}
	return Stream{protocol == "udp", n}, nil
}

// String is the stream as ParseStream reads it.
func (s Stream) String() string {
	if s.Datagrams {
		return "udp:" + strconv.Itoa(s.Number)
	}
	return strconv.Itoa(s.Number)
}

// Read reads the conversations of a capture: a file of pcap or pcapng, also
// compressed with gzip, or what "tshark -z follow,tcp,yaml,0" prints. Of packets
// it knows Ethernet (with VLANs), Linux cooked (both versions), loopback and raw
// IP, of IPv4 and IPv6. It keeps what is asked for and no more.
//
// Bytes that the capture does not have, as packets were lost or cut, are an error
// that names the packet as Wireshark counts, from 1, unless opts.Lossy.
func Read(r io.Reader, opts ReadOptions) ([]capture.Conversation, error) {
	if opts.Max == 0 {
		opts.Max = MaxKept
	}
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(4)
	if err != nil && len(head) == 0 {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty")
		}
		return nil, err
	}
	if isFollow(head) {
		return readFollow(in, opts)
	}
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		plain, err := gzip.NewReader(in)
		if err != nil {
			return nil, truncated(err)
		}
		in = bufio.NewReaderSize(plain, 64<<10)
		if head, err = in.Peek(4); err != nil && len(head) == 0 {
			return nil, truncated(err)
		}
	}
	return readPackets(in, head, opts)
}

// packets is where packets come from.
type packets interface {
	ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

func readPackets(in io.Reader, head []byte, opts ReadOptions) ([]capture.Conversation, error) {
	s := newStreams(opts)
	var from packets
	var link func(gopacket.CaptureInfo) layers.LinkType
	switch {
	case bytes.Equal(head, []byte{0x0a, 0x0d, 0x0d, 0x0a}):
		ng, err := pcapgo.NewNgReader(in, pcapgo.NgReaderOptions{WantMixedLinkType: true})
		if err != nil {
			return nil, fmt.Errorf("the file's head is wrong: %w", truncated(err))
		}
		link = func(ci gopacket.CaptureInfo) layers.LinkType { return ci.AncillaryData[0].(layers.LinkType) }
		from = ng
	case isPcap(head):
		pc, err := pcapgo.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("the file's head is wrong: %w", truncated(err))
		}
		all := pc.LinkType() & 0xffff // above are flags
		link = func(gopacket.CaptureInfo) layers.LinkType { return all }
		from = pc
	default:
		return nil, errors.New("is no capture: neither pcap nor pcapng, nor what tshark's follow,tcp,yaml prints")
	}
	for n := 1; ; n++ {
		data, ci, err := from.ZeroCopyReadPacketData()
		switch {
		case errors.Is(err, io.EOF) && ci.CaptureLength == 0:
			return s.finish()
		case err != nil:
			err = fmt.Errorf("packet %d: %w", n, truncated(err))
			if opts.Lossy && errors.Is(err, errTruncated) {
				return s.finish() // the end is missing, as it may of every connection
			}
			return nil, err
		}
		if err := s.packet(n, link(ci), data, ci); err != nil {
			if lack, ok := errors.AsType[*placedError](err); ok {
				return nil, lack
			}
			return nil, fmt.Errorf("packet %d: %w", n, err)
		}
	}
}

// isPcap reports whether a file begins as pcap: with times in micro- or
// nanoseconds, of either byte order.
func isPcap(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if magic := order.Uint32(head); magic == 0xa1b2c3d4 || magic == 0xa1b23c4d {
			return true
		}
	}
	return false
}

var errTruncated = errors.New("the file ends in the middle")

// truncated says that the file ends too early, where that is what an error means.
func truncated(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errTruncated
	}
	return err
}
