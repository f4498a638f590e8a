package pcap

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"banter/runner/capture"
)

// streams are the conversations of a capture while it is read.
type streams struct {
	opts   ReadOptions
	flows  map[tuple]*flowState
	last   *flowState // most packets belong to the one before them
	lastOf tuple
	counts [2]int // of TCP and of UDP
	wanted []*flowState
	kept   int64           // bytes, and what they are kept in
	ports  map[uint16]bool // of servers, for a hint
}

// tuple is two ends, the lower first, and a protocol.
type tuple struct {
	low, high end
	protocol  uint8
}

type end struct {
	addr [16]byte
	port uint16
}

func (e end) less(o end) bool {
	if c := bytes.Compare(e.addr[:], o.addr[:]); c != 0 {
		return c < 0
	}
	return e.port < o.port
}

// flowState is a conversation so far. There may be very many, so what is not
// wanted has next to nothing.
type flowState struct {
	isn uint32 // the client's, if the handshake was seen
	syn bool
	*wanted
}

// wanted is a conversation that is kept.
type wanted struct {
	client  end
	answer  bool // the server's SYN was seen
	packets int
	now     time.Duration // since it began
	c       capture.Conversation
	dirs    [2]direction
	reset   bool
}

// The bounds of reading.
const (
	maxFlows  = 1 << 20
	eventSize = 64 // bytes that an event takes beside its data
)

func newStreams(opts ReadOptions) *streams {
	return &streams{opts: opts, flows: map[tuple]*flowState{}, ports: map[uint16]bool{}}
}

// packet takes a packet.
func (s *streams) packet(n int, link layers.LinkType, data []byte, ci gopacket.CaptureInfo) error {
	ip, missing, err := network(link, data, ci.Length-len(data))
	if err != nil || ip == nil {
		return err
	}
	seg, ok := transport(ip, missing)
	if !ok {
		return nil
	}
	f, err := s.flow(&seg, ci.Timestamp)
	if err != nil || f.wanted == nil {
		return err
	}
	if seg.fragment {
		return s.lack(f, errors.New("is a fragment of an IP packet, and those are not put together"))
	}
	if seg.missing > 0 {
		full := len(seg.payload) + seg.missing
		if err := s.lack(f, fmt.Errorf("was cut when it was captured: %d of its %d bytes of payload are not there", seg.missing, full)); err != nil {
			return err
		}
	}
	from := capture.Client
	if seg.src != f.client {
		from = capture.Server
	}
	f.now = max(f.now, ci.Timestamp.Sub(f.c.Began)) // clocks may be set back
	at := f.now
	f.packets++
	if seg.protocol == protocolUDP {
		err = s.add(f, capture.Event{Kind: capture.Data, From: from, At: at, Data: bytes.Clone(seg.payload)})
		if seg.missing > 0 && err == nil {
			err = s.add(f, capture.Event{Kind: capture.Gap, From: from, At: at, Missing: int64(seg.missing)})
		}
		return err
	}
	return s.segment(f, from, &seg, n, at)
}

// flow finds the conversation that a packet belongs to, or begins it.
func (s *streams) flow(seg *segment, at time.Time) (*flowState, error) {
	key := tuple{seg.src, seg.dst, seg.protocol}
	if seg.dst.less(seg.src) {
		key.low, key.high = seg.dst, seg.src
	}
	f := s.last
	if f == nil || s.lastOf != key {
		f = s.flows[key]
	}
	opens := seg.syn && !seg.ack
	if f == nil || opens && f.syn && f.isn != seg.seq || opens && !f.syn && seg.protocol == protocolTCP {
		if len(s.flows) >= maxFlows {
			return nil, fmt.Errorf("there are more than %d conversations", maxFlows)
		}
		f = s.begin(seg, at)
		s.flows[key] = f
	}
	s.last, s.lastOf = f, key
	return f, nil
}

// begin is a new conversation.
func (s *streams) begin(seg *segment, at time.Time) *flowState {
	f := &flowState{syn: seg.syn, isn: seg.seq}
	if seg.syn && seg.ack {
		f.isn = seg.acked - 1 // the client's SYN comes late, or is not there
	}
	client, server := seg.src, seg.dst
	udp, guessed := seg.protocol == protocolUDP, false
	count := &s.counts[0]
	if udp {
		count = &s.counts[1]
	}
	number := *count
	*count++
	switch port := s.opts.Port; {
	case seg.syn && !seg.ack:
	case seg.syn, port != 0 && seg.src.port == port && seg.dst.port != port:
		client, server = server, client
	case udp, port != 0 && seg.dst.port == port:
	default:
		// Clients' ports are picked by their systems, from the upper half.
		guessed = true
		if seg.src.port < seg.dst.port {
			client, server = server, client
		}
	}
	if len(s.ports) < 100 {
		s.ports[server.port] = true
	}
	if s.opts.Port != 0 && server.port != s.opts.Port || s.opts.Stream != nil && *s.opts.Stream != (Stream{udp, number}) {
		return f
	}
	f.wanted = &wanted{client: client, c: capture.Conversation{
		Number: number, Client: client.addrPort(), Server: server.addrPort(), Datagrams: udp, Guessed: guessed, Began: at,
	}}
	s.wanted = append(s.wanted, f)
	return f
}

// lack is the error that something is not in the capture, or nil where that is
// fine.
func (s *streams) lack(f *flowState, err error) error {
	if s.opts.Lossy {
		return nil
	}
	return fmt.Errorf("stream %s: %w; --lossy marks what is missing", Stream{f.c.Datagrams, f.c.Number}, err)
}

// keep counts an event that is kept.
func (s *streams) keep(n int) error {
	if s.kept += int64(n) + eventSize; s.kept > s.opts.Max {
		return fmt.Errorf("the conversations have more than %s; --stream and --port pick some", humanize.IBytes(uint64(s.opts.Max)))
	}
	return nil
}

// add adds an event to a conversation. One that is from before others stands
// before those of the other side.
func (s *streams) add(f *flowState, e capture.Event) error {
	if err := s.keep(len(e.Data)); err != nil {
		return err
	}
	events := f.c.Events
	i := len(events)
	for i > 0 && events[i-1].At > e.At && events[i-1].From != e.From {
		i--
	}
	if i > 0 {
		e.At = max(e.At, events[i-1].At)
	}
	f.c.Events = slices.Insert(events, i, e)
	return nil
}

// finish is all conversations, when the file has ended.
func (s *streams) finish() ([]capture.Conversation, error) {
	var all []capture.Conversation
	unanswered := 0
	for _, f := range s.wanted {
		if err := s.close(f); err != nil {
			return nil, err
		}
		if f.syn && !f.answer && len(f.c.Events) == 0 {
			unanswered++
			continue
		}
		f.c.Open = !f.c.Datagrams && !slices.ContainsFunc(f.c.Events, func(e capture.Event) bool {
			return e.Kind == capture.EOF || e.Kind == capture.Reset || e.Kind == capture.Refused
		})
		all = append(all, f.c)
	}
	if len(all) > 0 {
		return all, nil
	}
	switch stream := s.opts.Stream; {
	case unanswered > 0:
		return nil, errors.New("nobody answers in it: there is nothing but attempts to connect")
	case s.counts[0]+s.counts[1] == 0:
		return nil, errors.New("has no packet of TCP or UDP")
	case stream != nil && s.opts.Port != 0:
		return nil, fmt.Errorf("has no stream %s with a server at port %d", stream, s.opts.Port)
	case stream != nil:
		count := s.counts[0]
		if stream.Datagrams {
			count = s.counts[1]
		}
		if count == 0 {
			return nil, fmt.Errorf("has no stream %s, nor any other of that protocol", stream)
		}
		return nil, fmt.Errorf("has no stream %s; the last one is %s", stream, Stream{stream.Datagrams, count - 1})
	}
	var ports []string
	for port := range s.ports {
		ports = append(ports, strconv.Itoa(int(port)))
	}
	slices.Sort(ports)
	return nil, fmt.Errorf("has no server at port %d; there are servers at %s", s.opts.Port, strings.Join(ports[:min(len(ports), 20)], ", "))
}
