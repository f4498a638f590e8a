package pcap_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"banter/runner/capture"
	"banter/runner/capture/pcap"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// someConversation makes up a conversation that can be written and read: times
// differ, and neighbouring bytes of a side are no longer than a packet.
func someConversation(r *rand.Rand, port uint16) capture.Conversation {
	host := "127.0.0.1"
	if r.IntN(3) == 0 {
		host = "::1"
	}
	c := capture.Conversation{
		Client: netip.AddrPortFrom(netip.MustParseAddr(host), port), Server: netip.AddrPortFrom(netip.MustParseAddr(host), 7890),
		Datagrams: r.IntN(4) == 0, Began: began.Add(time.Duration(r.IntN(1e6)) * time.Microsecond),
	}
	at := time.Duration(0)
	add := func(kind capture.Kind, from capture.Side, data []byte) {
		at += time.Duration(1+r.IntN(1000)) * time.Microsecond
		c.Events = append(c.Events, capture.Event{Kind: kind, From: from, At: at, Data: data})
	}
	if !c.Datagrams && r.IntN(8) == 0 {
		add(capture.Refused, capture.Client, nil)
		c.Events[0].At = 0
		return c
	}
	for range r.IntN(12) {
		data := make([]byte, 1+r.IntN(1400))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		from := capture.Side(r.IntN(2))
		if c.Datagrams && len(c.Events) == 0 {
			from = capture.Client
		}
		add(capture.Data, from, data)
	}
	if c.Datagrams {
		if len(c.Events) == 0 {
			add(capture.Data, capture.Client, []byte{})
		}
		c.Began = c.Began.Add(c.Events[0].At) // nothing comes before the first datagram
		for i, first := 0, c.Events[0].At; i < len(c.Events); i++ {
			c.Events[i].At -= first
		}
		return c
	}
	first := capture.Side(r.IntN(2))
	switch r.IntN(4) {
	case 0:
		add(capture.Reset, first, nil)
	case 1:
		add(capture.EOF, first, nil)
		add(capture.Data, first.Other(), []byte("still there"))
		add(capture.EOF, first.Other(), nil)
	case 2:
		c.Open = true
	default:
		add(capture.EOF, first, nil)
		add(capture.EOF, first.Other(), nil)
	}
	return c
}

// write writes conversations as pcapng.
func write(t testing.TB, convs ...capture.Conversation) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := pcap.NewWriter(&out, "test")
	if err == nil {
		err = w.Write(convs, "a comment")
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func read(t testing.TB, file []byte, opts pcap.ReadOptions) []capture.Conversation {
	t.Helper()
	convs, err := pcap.Read(bytes.NewReader(file), opts)
	if err != nil {
		t.Fatal(err)
	}
	return convs
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		var convs []capture.Conversation
		counts := map[bool]int{}
		for i := range 1 + r.IntN(5) {
			c := someConversation(r, uint16(40000+i))
			convs = append(convs, c)
		}
		// Streams are numbered as they begin.
		for i := range convs {
			for j := range convs[:i] {
				if convs[i].Began.Before(convs[j].Began) {
					convs[i], convs[j] = convs[j], convs[i]
				}
			}
		}
		for i := range convs {
			convs[i].Number = counts[convs[i].Datagrams]
			counts[convs[i].Datagrams]++
		}
		got := read(t, write(t, convs...), pcap.ReadOptions{})
		if !reflect.DeepEqual(convs, got) {
			t.Fatalf("seed %d:\n%s", seed, cmp.Diff(convs, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })))
		}
	}
}

// packet is a packet of a capture, from its IP header on.
type packet struct {
	at   time.Time
	data []byte
	full int // bytes before it was cut
}

// packetsOf are the packets that have been written.
func packetsOf(t testing.TB, file []byte) (all []packet) {
	t.Helper()
	ng, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, ci, err := ng.ReadPacketData()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, packet{ci.Timestamp, data, ci.Length})
	}
}

// classic is a file of pcap, of packets with something in front of each, of a link type.
func classic(t testing.TB, link layers.LinkType, head []byte, packets []packet) []byte {
	t.Helper()
	var out bytes.Buffer
	w := pcapgo.NewWriterNanos(&out)
	if err := w.WriteFileHeader(1<<18, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		data := append(bytes.Clone(head), p.data...)
		ci := gopacket.CaptureInfo{Timestamp: p.at, CaptureLength: len(data), Length: len(head) + p.full}
		if err := w.WritePacket(ci, data); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// hello is a short conversation, whose greeting comes in three packets.
func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func hello() capture.Conversation {
	c := capture.Conversation{
		Client: netip.MustParseAddrPort("127.0.0.1:40000"), Server: netip.MustParseAddrPort("127.0.0.1:7890"), Began: began,
	}
	for i, say := range []string{"hello", "hh", "hh", "hh"} {
		e := capture.Event{Kind: capture.Data, From: capture.Server, At: time.Duration(i+1) * time.Millisecond, Data: []byte(say)}
		if i == 0 {
			e.From = capture.Client
		}
		c.Events = append(c.Events, e)
	}
	c.Events = append(c.Events, capture.Event{Kind: capture.EOF, From: capture.Client, At: 5 * time.Millisecond},
		capture.Event{Kind: capture.EOF, From: capture.Server, At: 6 * time.Millisecond})
	return c
}

// told is what a conversation is, without its times.
func told(convs []capture.Conversation) string {
	var b strings.Builder
	for _, c := range convs {
		fmt.Fprintf(&b, "%v %v guessed=%v:", c.Client, c.Server, c.Guessed)
		for _, e := range c.Events {
			fmt.Fprintf(&b, " %s", [...]string{"C", "S"}[e.From])
			switch e.Kind {
			case capture.Data:
				fmt.Fprintf(&b, "%q", e.Data)
			case capture.Gap:
				fmt.Fprintf(&b, "gap%d", e.Missing)
			default:
				fmt.Fprintf(&b, "%v", [...]string{"", "", "EOF", "RST", "REFUSED", "TLS"}[e.Kind])
			}
		}
		b.WriteByte('\n')
	}
	return strings.TrimSpace(b.String())
}

const helloTold = `127.0.0.1:40000 127.0.0.1:7890 guessed=false: C"hello" S"hh" S"hh" S"hh" CEOF SEOF`

func TestLinkTypes(t *testing.T) {
	packets := packetsOf(t, write(t, hello()))
	ethernet := append(make([]byte, 12), 0x08, 0x00)
	vlans := append(make([]byte, 12), 0x88, 0xa8, 0, 1, 0x81, 0x00, 0, 2, 0x08, 0x00)
	sll := append(make([]byte, 14), 0x08, 0x00)
	sll2 := append([]byte{0x08, 0x00}, make([]byte, 18)...)
	for _, one := range []struct {
		link layers.LinkType
		head []byte
	}{
		{1, ethernet}, {1, vlans}, {113, sll}, {276, sll2}, {0, []byte{2, 0, 0, 0}}, {108, []byte{0, 0, 0, 2}},
		{101, nil}, {12, nil}, {14, nil}, {228, nil},
	} {
		if got := told(read(t, classic(t, one.link, one.head, packets), pcap.ReadOptions{})); got != helloTold {
			t.Errorf("link type %d: %s", one.link, got)
		}
	}
	// What fills a frame up is no payload.
	padded := packetsOf(t, write(t, hello()))
	for i := range padded {
		padded[i].data = append(padded[i].data, 0, 0, 0, 0, 0, 0)
		padded[i].full += 6
	}
	if got := told(read(t, classic(t, 1, ethernet, padded), pcap.ReadOptions{})); got != helloTold {
		t.Errorf("padded: %s", got)
	}
}

// The packets of hello: 1 to 3 the handshake, 4 "hello", 5 its ACK, 6, 8 and 10
// the greeting, each followed by its ACK, 12 and 14 the FINs.
func TestDisorder(t *testing.T) {
	for name, order := range map[string][]int{
		"as it was":             {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
		"out of order":          {1, 2, 3, 4, 5, 8, 10, 6, 7, 9, 11, 12, 13, 14, 15},
		"in reverse":            {1, 2, 3, 4, 5, 10, 8, 6, 7, 9, 11, 12, 13, 14, 15},
		"twice":                 {1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 8, 6, 9, 10, 8, 10, 11, 12, 12, 13, 14, 14, 15},
		"acknowledged too soon": {1, 2, 3, 4, 5, 7, 6, 9, 8, 10, 11, 12, 13, 14, 15},
		"the answer first":      {2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
		"without a SYN":         {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
		"only data":             {1, 2, 4, 6, 8, 10, 12, 14},
	} {
		got := told(read(t, classic(t, 101, nil, pick(t, order)), pcap.ReadOptions{}))
		if got != helloTold {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// pick is packets of hello in an order, from 1.
func pick(t testing.TB, order []int) (out []packet) {
	t.Helper()
	all := packetsOf(t, write(t, hello()))
	for i, n := range order {
		p := all[n-1]
		p.at = began.Add(time.Duration(i) * time.Millisecond)
		out = append(out, p)
	}
	return out
}

// A packet that is sent again may have more in it than before.
func TestOverlap(t *testing.T) {
	packets := pick(t, []int{1, 2, 3, 4, 5, 6, 8, 10, 12, 14})
	both := append(bytes.Clone(packets[5].data), "hh"...) // 6 and 8 in one
	binary.BigEndian.PutUint16(both[2:], uint16(len(both)))
	again := packet{packets[6].at, both, len(both)}
	for _, order := range [][]packet{
		{packets[0], packets[1], packets[2], packets[3], packets[5], again, packets[6], packets[7], packets[8], packets[9]},
		{packets[0], packets[1], packets[2], packets[3], packets[7], packets[6], again, packets[8], packets[9]},
		{packets[0], packets[1], packets[2], packets[3], again, packets[7], packets[6], packets[8], packets[9]},
	} {
		convs := read(t, classic(t, 101, nil, order), pcap.ReadOptions{})
		var server []byte
		for _, e := range convs[0].Events {
			if e.From == capture.Server {
				server = append(server, e.Data...)
			}
		}
		if string(server) != "hhhhhh" || len(convs[0].Events) < 5 {
			t.Errorf("%s", told(convs))
		}
	}
}

func TestWithoutHandshake(t *testing.T) {
	file := classic(t, 101, nil, pick(t, []int{4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}))
	guessed := strings.Replace(helloTold, "false", "true", 1)
	if got := told(read(t, file, pcap.ReadOptions{})); got != guessed {
		t.Errorf("%s", got)
	}
	if got := told(read(t, file, pcap.ReadOptions{Port: 7890})); got != helloTold {
		t.Errorf("with the port: %s", got)
	}
	want := `127.0.0.1:7890 127.0.0.1:40000 guessed=false: S"hello" C"hh" C"hh" C"hh" SEOF CEOF`
	if got := told(read(t, file, pcap.ReadOptions{Port: 40000})); got != want {
		t.Errorf("with the other port: %s", got)
	}
	server := classic(t, 101, nil, pick(t, []int{6, 8, 10}))
	if _, err := pcap.Read(bytes.NewReader(server), pcap.ReadOptions{Port: 25}); err == nil || err.Error() != "has no server at port 25; there are servers at 7890" {
		t.Errorf("with a port of nobody: %v", err)
	}
	// The second packet of the greeting comes first.
	file = classic(t, 101, nil, pick(t, []int{8, 6, 10, 12, 14}))
	if _, err := pcap.Read(bytes.NewReader(file), pcap.ReadOptions{}); err == nil || !strings.Contains(err.Error(), "packet 2: stream 0: has bytes that come before all others") {
		t.Errorf("%v", err)
	}
}

func TestWhatIsMissing(t *testing.T) {
	cut := pick(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	cut[7].data = cut[7].data[:41]
	for _, one := range []struct {
		name, err, lossy string
		packets          []packet
	}{
		{"a packet in the middle", "stream 0: 2 bytes before packet 8 are not in the capture; --lossy marks what is missing",
			`C"hello" S"hh" Sgap2 S"hh" CEOF SEOF`, pick(t, []int{1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15})},
		{"the last packets", "stream 0: packet 7 acknowledges 4 bytes that are not in the capture; --lossy marks what is missing",
			`C"hello" S"hh" Sgap4`, pick(t, []int{1, 2, 3, 4, 5, 6, 11})},
		{"a packet that was cut", "packet 8: stream 0: was cut when it was captured: 1 of its 2 bytes of payload are not there; --lossy marks what is missing",
			`C"hello" S"hh" S"h" Sgap1 S"hh" CEOF SEOF`, cut},
	} {
		t.Run(one.name, func(t *testing.T) {
			file := classic(t, 101, nil, one.packets)
			if _, err := pcap.Read(bytes.NewReader(file), pcap.ReadOptions{}); err == nil || err.Error() != one.err {
				t.Errorf("%v", err)
			}
			got := told(read(t, file, pcap.ReadOptions{Lossy: true}))
			if _, events, _ := strings.Cut(got, ": "); events != one.lossy {
				t.Errorf("lossy: %s", got)
			}
		})
	}
}

func TestWhatIsNoCapture(t *testing.T) {
	whole := classic(t, 101, nil, pick(t, []int{1, 2, 3, 4, 5}))
	hostile := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(hostile[24+8:], 0xffffff00)
	ng := write(t, hello())
	for _, one := range []struct {
		name, err string
		file      []byte
	}{
		{"nothing", "the file is empty", nil},
		{"a text", "is no capture: neither pcap nor pcapng, nor what tshark's follow,tcp,yaml prints", []byte("name: greeting\n")},
		{"a short text", "is no capture: neither pcap nor pcapng, nor what tshark's follow,tcp,yaml prints", []byte("a")},
		{"a head alone", "the file's head is wrong: the file ends in the middle", whole[:20]},
		{"no packets", "has no packet of TCP or UDP", whole[:24]},
		{"the end is missing", "packet 5: the file ends in the middle", whole[:len(whole)-1]},
		{"half a packet's head", "packet 2: the file ends in the middle", whole[:24+16+44+8]},
		{"a length beyond all", "packet 1: capture length exceeds snap length: 4294967040 > 262144", hostile},
		{"the end of pcapng is missing", "packet 15: the file ends in the middle", ng[:len(ng)-1]},
		{"another link type", "packet 1: is of link type 127 (RadioTap), which can't be read; Ethernet, Linux cooked, loopback and raw IP can",
			classic(t, 127, nil, pick(t, []int{1}))},
		{"a link type of which nobody knows", "packet 1: is of link type 147, which can't be read; Ethernet, Linux cooked, loopback and raw IP can",
			classic(t, 147, nil, pick(t, []int{1}))},
		{"nobody answers", "nobody answers in it: there is nothing but attempts to connect", classic(t, 101, nil, pick(t, []int{1, 1}))},
	} {
		if _, err := pcap.Read(bytes.NewReader(one.file), pcap.ReadOptions{}); err == nil || err.Error() != one.err {
			t.Errorf("%s: %v", one.name, err)
		}
	}
}

func TestWhatIsAskedFor(t *testing.T) {
	second := hello()
	second.Client = netip.MustParseAddrPort("127.0.0.1:40001")
	second.Began = began.Add(time.Second)
	udp := capture.Conversation{Client: second.Client, Server: netip.MustParseAddrPort("127.0.0.1:53"), Datagrams: true, Began: began,
		Events: []capture.Event{{Kind: capture.Data, Data: []byte("ask")}}}
	file := write(t, hello(), second, udp)
	for _, one := range []struct {
		opts pcap.ReadOptions
		want string
	}{
		{pcap.ReadOptions{Stream: &pcap.Stream{}}, helloTold},
		{pcap.ReadOptions{Stream: &pcap.Stream{Number: 1}}, strings.Replace(helloTold, "40000", "40001", 1)},
		{pcap.ReadOptions{Stream: &pcap.Stream{Datagrams: true}}, `127.0.0.1:40001 127.0.0.1:53 guessed=false: C"ask"`},
		{pcap.ReadOptions{Port: 53}, `127.0.0.1:40001 127.0.0.1:53 guessed=false: C"ask"`},
		{pcap.ReadOptions{Stream: &pcap.Stream{Number: 2}}, "has no stream 2; the last one is 1"},
		{pcap.ReadOptions{Port: 25}, "has no server at port 25; there are servers at 53, 7890"},
		{pcap.ReadOptions{Port: 53, Stream: &pcap.Stream{}}, "has no stream 0 with a server at port 53"},
		{pcap.ReadOptions{Max: 100}, "packet 5: the conversations have more than 100 B; --stream and --port pick some"},
		{pcap.ReadOptions{Max: 600, Stream: &pcap.Stream{}}, helloTold},
	} {
		convs, err := pcap.Read(bytes.NewReader(file), one.opts)
		got := told(convs)
		if err != nil {
			got = err.Error()
		}
		if got != one.want {
			t.Errorf("%+v: %s", one.opts, got)
		}
	}
}

// A port that is used again is another conversation.
func TestPortUsedAgain(t *testing.T) {
	one, two := hello(), hello()
	two.Began = began.Add(time.Minute)
	first, second := packetsOf(t, write(t, one)), packetsOf(t, write(t, two))
	for i := range second {
		// Another initial sequence number, on both sides.
		tcp := second[i].data[20:]
		binary.BigEndian.PutUint32(tcp[4:], binary.BigEndian.Uint32(tcp[4:])+1e6)
		if i > 0 {
			binary.BigEndian.PutUint32(tcp[8:], binary.BigEndian.Uint32(tcp[8:])+1e6)
		}
	}
	got := told(read(t, classic(t, 101, nil, append(first, second...)), pcap.ReadOptions{}))
	if got != helloTold+"\n"+helloTold {
		t.Errorf("%s", got)
	}
}

func TestExtensionHeaders(t *testing.T) {
	c := hello()
	c.Client, c.Server = addr("[::1]:40000"), addr("[::1]:7890")
	packets := packetsOf(t, write(t, c))
	for i := range packets {
		// Hop by hop, and for the destination; neither says anything.
		head, rest := bytes.Clone(packets[i].data[:40]), packets[i].data[40:]
		next := head[6]
		head[6] = 0
		binary.BigEndian.PutUint16(head[4:], uint16(len(rest)+16))
		data := append(head, 60, 0, 1, 4, 0, 0, 0, 0, next, 0, 1, 4, 0, 0, 0, 0)
		packets[i].data = append(data, rest...)
		packets[i].full = len(packets[i].data)
	}
	want := strings.ReplaceAll(helloTold, "127.0.0.1", "[::1]")
	if got := told(read(t, classic(t, 101, nil, packets), pcap.ReadOptions{})); got != want {
		t.Errorf("%s", got)
	}
}

func TestFragments(t *testing.T) {
	packets := pick(t, []int{1, 2, 3, 4, 5, 6})
	packets[3].data = bytes.Clone(packets[3].data)
	packets[3].data[6] = 0x20 // more fragments follow
	_, err := pcap.Read(bytes.NewReader(classic(t, 101, nil, packets)), pcap.ReadOptions{})
	if want := "packet 4: stream 0: is a fragment of an IP packet, and those are not put together; --lossy marks what is missing"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}
