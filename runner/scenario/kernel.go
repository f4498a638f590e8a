package scenario

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// CounterKind is what a counter of the kernel counts.
type CounterKind uint8

// The kinds of counters.
const (
	CountOf CounterKind = iota // segments, or events
	BytesOf
	TimeOf // microseconds
	NameOf // no number
)

// TCPCounter is a counter that Linux keeps of a TCP connection.
type TCPCounter struct {
	Kind  CounterKind
	Grows bool   // it never falls
	Means string // a few words for people, as the documentation has them
}

// congestion is the counter that is none: the name of the algorithm.
const congestion = "congestion"

// TCPCounters are the counters that a scenario can expect something of, by their
// names: those of struct tcp_info in linux/tcp.h without tcpi_ in front, but for
// "retransmits", which is tcpi_total_retrans, and "congestion", which is the
// option TCP_CONGESTION of tcp(7).
var TCPCounters = map[string]TCPCounter{
	congestion:       {NameOf, false, "the congestion control algorithm"},
	"retransmits":    {CountOf, true, "segments that were sent again (`tcpi_total_retrans`)"},
	"bytes_retrans":  {BytesOf, true, "bytes that were sent again"},
	"dsack_dups":     {CountOf, true, "segments that the peer had already, as it said (RFC 2883)"},
	"lost":           {CountOf, false, "segments on their way that are taken for lost"},
	"unacked":        {CountOf, false, "segments that were sent and not acknowledged"},
	"sacked":         {CountOf, false, "of those, what the peer has out of order (RFC 2018)"},
	"reordering":     {CountOf, false, "how far segments are known to overtake each other"},
	"reord_seen":     {CountOf, true, "how often that was seen of what we sent"},
	"rcv_ooopack":    {CountOf, true, "segments that came out of order"},
	"rtt":            {TimeOf, false, "the smoothed round-trip time"},
	"rttvar":         {TimeOf, false, "how much it varies"},
	"min_rtt":        {TimeOf, false, "the shortest of late"},
	"rto":            {TimeOf, false, "how long it takes until an unanswered segment is sent again"},
	"snd_mss":        {BytesOf, false, "the most that a segment takes that we send"},
	"rcv_mss":        {BytesOf, false, "what the segments seem to take that come"},
	"pmtu":           {BytesOf, false, "the most that a packet takes on the path"},
	"snd_cwnd":       {CountOf, false, "the congestion window, in segments"},
	"snd_ssthresh":   {CountOf, false, "where slow start ends, in segments"},
	"snd_wnd":        {BytesOf, false, "the window that the peer has offered"},
	"rcv_wnd":        {BytesOf, false, "the window that we have offered"},
	"notsent_bytes":  {BytesOf, false, "bytes that were written and never sent yet"},
	"bytes_sent":     {BytesOf, true, "bytes that were sent, those sent again as well"},
	"bytes_acked":    {BytesOf, true, "bytes that the peer has acknowledged"},
	"bytes_received": {BytesOf, true, "bytes that came; the end (FIN) counts as one"},
	"segs_out":       {CountOf, true, "segments that were sent"},
	"segs_in":        {CountOf, true, "segments that came"},
	"data_segs_out":  {CountOf, true, "of those sent, the ones with data"},
	"data_segs_in":   {CountOf, true, "of those that came, the ones with data"},
	"delivered":      {CountOf, true, "segments of data that the peer has"},
	"busy_time":      {TimeOf, true, "how long there was something to send"},
	"rwnd_limited":   {TimeOf, true, "how long the peer's window held us back"},
	"sndbuf_limited": {TimeOf, true, "how long our own buffer did (`sndbuf`)"},
}

// Comparison says what a number must be.
type Comparison struct {
	Pos    Pos
	Op     string // "", ">", ">=", "<" or "<=": "" is exactly
	Number int64
	text   string // as written
}

// Holds reports whether a number is as it must be.
func (c *Comparison) Holds(n int64) bool {
	switch c.Op {
	case ">":
		return n > c.Number
	case ">=":
		return n >= c.Number
	case "<":
		return n < c.Number
	case "<=":
		return n <= c.Number
	}
	return n == c.Number
}

// Never reports whether a number that only grows can't become as it must be.
func (c *Comparison) Never(n int64) bool {
	return !c.Holds(n) && c.Op != ">" && c.Op != ">=" && n >= c.Number
}

// String is the comparison as it is written.
func (c *Comparison) String() string { return c.text }

// Counted is what must be true of a counter of the connection.
type Counted struct {
	Comparison
	Counter string // of TCPCounters
	Name    string // in place of a number, of the congestion control algorithm
}

// QueueLength is what must be true of the connections that wait in a server's
// backlog.
type QueueLength struct {
	Comparison
	Server string
}

// comparison reads what a number must be.
func (p *parser) comparison(e entry, kind CounterKind) (c Comparison, ok bool) {
	want := map[CounterKind]string{
		CountOf: `a number such as 3, or what it must be, such as ">0" or "<=3"`,
		BytesOf: `a size such as 4KiB, or what it must be, such as ">0" or "<=4KiB"`,
		TimeOf:  `a time such as 50ms, or what it must be, such as "<50ms"`,
	}[kind]
	s, ok := p.fixed(e, want)
	if !ok {
		return c, false
	}
	c.Pos, c.text = e.value.pos, s
	rest := strings.TrimLeft(s, "<>=")
	c.Op = s[:len(s)-len(rest)]
	rest = strings.TrimSpace(rest)
	if kind == TimeOf {
		d, err := time.ParseDuration(rest)
		c.Number, ok = d.Microseconds(), err == nil && d >= 0
	} else {
		c.Number, ok = plainNumber(rest, kind)
	}
	if c.Op == "=" || c.Op == "==" {
		c.Op = ""
	}
	if !ok || !slices.Contains([]string{"", "<", "<=", ">", ">="}, c.Op) {
		p.errorf(e.value.pos, "%s must be %s, not %s", quote(e.key), want, asWritten(s))
		return c, false
	}
	if c.Op == "<" && c.Number == 0 {
		p.errorf(e.value.pos, "%s can't be less than nothing", quote(e.key))
		return c, false
	}
	if c.Op == ">=" && c.Number == 0 {
		p.errorf(e.value.pos, "%s is always %s", quote(e.key), s)
		return c, false
	}
	return c, true
}

// plainNumber is a number, of bytes perhaps with a unit.
func plainNumber(s string, kind CounterKind) (int64, bool) {
	number := s
	if kind == BytesOf {
		number = strings.TrimSpace(strings.TrimRight(s, "KMGTiB"))
	}
	if !isDigits(number) || len(number) > 15 || number[0] == '0' && number != "0" {
		return 0, false
	}
	if kind == CountOf || number == s {
		n, err := strconv.ParseInt(number, 10, 64)
		return n, err == nil
	}
	n, err := humanize.ParseBytes(s)
	return int64(min(n, math.MaxInt64)), err == nil
}

// expectTCP reads what must be true of the counters of the connection.
func (p *parser) expectTCP(d *expectation, e entry) {
	p.setOutcome(d, e)
	const want = `a mapping from counters to what they must be, such as {retransmits: ">0"}`
	if e.value.isNull() {
		p.blank(e, want)
		d.wrong = true
		return
	}
	if !d.check(p.mapping(e.value, `"tcp" must be `+want)) {
		return
	}
	if len(e.value.entries) == 0 {
		p.errorf(e.value.pos, `"tcp" must be %s`, want)
		d.wrong = true
	}
	for _, one := range e.value.entries {
		counter, known := TCPCounters[one.key]
		if !known {
			names := slices.Sorted(maps.Keys(TCPCounters))
			p.errorf(one.pos, "unknown counter %s%s", quote(one.key), p.hint(strings.TrimPrefix(one.key, "tcpi_"), names))
			d.wrong = true
			continue
		}
		c := Counted{Counter: one.key}
		var ok bool
		if counter.Kind == NameOf {
			c.Name, ok = p.congestion(one)
			c.Comparison = Comparison{Pos: one.value.pos, text: c.Name}
		} else {
			c.Comparison, ok = p.comparison(one, counter.Kind)
		}
		if d.check(ok) {
			d.TCP = append(d.TCP, c)
		}
	}
}

// congestion reads the name of a congestion control algorithm. Which there are
// is known when the scenario runs.
func (p *parser) congestion(e entry) (string, bool) {
	const most = 15 // TCP_CA_NAME_MAX counts a zero byte
	const want = "the name of a congestion control algorithm, such as cubic"
	s, ok := p.fixed(e, want)
	if ok && (s == "" || len(s) > most || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "") {
		p.errorf(e.value.pos, "%s must be %s, not %s", quote(e.key), want, quote(s))
		return "", false
	}
	return s, ok
}

// expectQueue reads how many connections must wait in a server's backlog: the
// script's own server's, or those that are named.
func (p *parser) expectQueue(d *expectation, e entry) {
	p.setOutcome(d, e)
	length := func(server string, e entry) {
		if c, ok := p.comparison(e, CountOf); d.check(ok) {
			d.Queue = append(d.Queue, QueueLength{c, server})
		}
	}
	switch {
	case e.value.kind == mappingNode && len(e.value.entries) > 0:
		for _, one := range e.value.entries {
			name := &node{kind: scalarNode, pos: one.pos, value: one.key}
			if _, ok := p.serverName(entry{key: e.key, pos: one.pos, value: name}); !d.check(ok) {
				continue
			}
			if t := p.doc.carriers[one.key]; t != TCP {
				p.errorf(one.pos, "%s is no server of TCP; of others the system does not tell how many wait", quote(one.key))
				d.wrong = true
				continue
			}
			length(one.key, one)
		}
	case e.value.kind == scalarNode && !e.value.isNull() && !p.doc.inServer:
		example := cmp.Or(slices.Concat(p.doc.serverNames.list, []string{"greeter"})[0], "greeter")
		p.errorf(e.value.pos, "of which server? write {queue: {%s: %s}}", example, shorten(e.value.value))
		d.wrong = true
	case e.value.kind == scalarNode && !e.value.isNull():
		length("", e)
	default:
		p.errorf(e.value.pos, `"queue" must be a number of connections, or a mapping from servers to it`)
		d.wrong = true
	}
}

// kernelString is what is expected of the kernel, in a few words.
func (x *Expect) kernelString() string {
	var parts []string
	for _, c := range x.TCP {
		parts = append(parts, fmt.Sprintf("%s: %s", c.Counter, c.text))
	}
	for _, q := range x.Queue {
		if q.Server == "" {
			return x.Outcome.word() + " " + q.text
		}
		parts = append(parts, fmt.Sprintf("%s: %s", q.Server, q.text))
	}
	return fmt.Sprintf("%s {%s}", x.Outcome.word(), strings.Join(parts, ", "))
}
