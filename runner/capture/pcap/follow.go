package pcap

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"banter/runner/capture"
)

// What "tshark -q -z follow,tcp,yaml,0" prints is YAML of one form:
//
//	peers:
//	  - peer: 0
//	    host: 127.0.0.1
//	    port: 40000
//	packets:
//	  - packet: 4
//	    peer: 0
//	    timestamp: 1796047858.478786707
//	    data: !!binary |
//	      aGVsbG8=
//
// It is read line by line, as that form and no other.

// isFollow reports whether a file begins as tshark's YAML, or a text that may be
// it further on.
func isFollow(head []byte) bool {
	return bytes.Equal(head, []byte("peer")) || head[0] == '#' || bytes.Equal(head, []byte("---\n"))
}

// missing is what tshark puts where bytes are missing.
var missingText = regexp.MustCompile(`^\[(\d+) bytes missing in capture file\]\.?\x00?$`)

// followed is what is read so far.
type followed struct {
	opts  ReadOptions
	c     capture.Conversation
	peers [2]netip.AddrPort
	host  [2]netip.Addr
	kept  int64
	state string // "", "peers", "packets"
	peer  int    // the one that is spoken of
	now   *followedPacket
}

// followedPacket is an entry of the packets.
type followedPacket struct {
	number string
	peer   int
	at     time.Time
	data   strings.Builder // base64
	isData bool
}

func readFollow(r *bufio.Reader, opts ReadOptions) ([]capture.Conversation, error) {
	f := &followed{opts: opts, peer: -1}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), 1<<20)
	for n := 1; lines.Scan(); n++ {
		if err := f.line(strings.TrimRight(lines.Text(), "\r")); err != nil {
			if placed, ok := errors.AsType[*placedError](err); ok {
				return nil, placed
			}
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if err := f.end(); err != nil {
		return nil, err
	}
	return f.conversation()
}

func (f *followed) line(line string) error {
	text := strings.TrimSpace(line)
	switch {
	case text == "" || strings.HasPrefix(text, "#") || text == "---" || strings.HasPrefix(text, "==="):
		return nil
	case line == "peers:" || line == "packets:":
		f.state = strings.TrimSuffix(line, ":")
		return nil
	case f.now != nil && f.now.isData && strings.HasPrefix(line, "      "):
		if f.kept += int64(len(text)); f.kept > f.opts.Max {
			return fmt.Errorf("the conversation has more than %d MiB", f.opts.Max>>20)
		}
		f.now.data.WriteString(text)
		return nil
	}
	item := strings.HasPrefix(text, "- ")
	key, value, found := strings.Cut(strings.TrimPrefix(text, "- "), ":")
	value = strings.TrimSpace(value)
	switch {
	case !found || f.state == "" || line[0] != ' ':
		return errors.New("is not what tshark's follow,tcp,yaml prints")
	case f.state == "peers":
		return f.peersLine(key, value)
	}
	if item {
		if err := f.end(); err != nil {
			return err
		}
		f.now = &followedPacket{peer: -1}
	}
	if f.now == nil {
		return errors.New("is not what tshark's follow,tcp,yaml prints")
	}
	return f.packetLine(key, value)
}

func (f *followed) peersLine(key, value string) error {
	var err error
	switch key {
	case "peer":
		f.peer, err = strconv.Atoi(value)
		if err != nil || f.peer < 0 || f.peer > 1 {
			return fmt.Errorf("there are peers 0 and 1, and not %s", strconv.Quote(value))
		}
		return nil
	case "host", "port":
		if f.peer < 0 {
			return errors.New("nothing says whose it is")
		}
	}
	switch key {
	case "host":
		f.host[f.peer], err = netip.ParseAddr(strings.Trim(value, `"'`))
	case "port":
		var port uint64
		port, err = strconv.ParseUint(value, 10, 16)
		f.peers[f.peer] = netip.AddrPortFrom(f.host[f.peer], uint16(port))
	}
	return err
}

func (f *followed) packetLine(key, value string) error {
	var err error
	switch key {
	case "packet":
		f.now.number = value
	case "peer":
		f.now.peer, err = strconv.Atoi(value)
	case "timestamp":
		whole, part, _ := strings.Cut(value, ".")
		var seconds, nanos int64
		if seconds, err = strconv.ParseInt(whole, 10, 64); err == nil && part != "" {
			nanos, err = strconv.ParseInt((part + "000000000")[:9], 10, 64)
		}
		f.now.at = time.Unix(seconds, nanos).UTC()
	case "data":
		if value != "!!binary |" {
			return errors.New(`the data is not "!!binary |"`)
		}
		f.now.isData = true
	}
	return err
}

// end takes a packet whose last line was read.
func (f *followed) end() error {
	p := f.now
	if p == nil {
		return nil
	}
	f.now = nil
	if p.peer < 0 || p.peer > 1 {
		return &placedError{fmt.Sprintf("packet %s: its peer is neither 0 nor 1", strconv.Quote(p.number))}
	}
	data, err := base64.StdEncoding.DecodeString(p.data.String())
	if err != nil {
		return &placedError{fmt.Sprintf("packet %s: its data is not base64", strconv.Quote(p.number))}
	}
	if len(f.c.Events) == 0 {
		f.c.Began = p.at
	}
	e := capture.Event{Kind: capture.Data, From: capture.Side(p.peer), At: max(p.at.Sub(f.c.Began), 0), Data: data}
	if m := missingText.FindSubmatch(data); m != nil {
		if !f.opts.Lossy {
			return &placedError{fmt.Sprintf("%s bytes before packet %s are not in the capture; --lossy marks what is missing", m[1], p.number)}
		}
		missing, err := strconv.ParseInt(string(m[1]), 10, 64)
		if err != nil {
			missing = -1
		}
		e = capture.Event{Kind: capture.Gap, From: e.From, At: e.At, Missing: missing}
	}
	if f.kept += eventSize; f.kept > f.opts.Max {
		return fmt.Errorf("the conversation has more than %d MiB", f.opts.Max>>20)
	}
	f.c.Events = append(f.c.Events, e)
	return nil
}

// conversation is the only one that there is. How it ended, it does not say.
func (f *followed) conversation() ([]capture.Conversation, error) {
	if f.state != "packets" {
		return nil, io.ErrUnexpectedEOF
	}
	if s := f.opts.Stream; s != nil && *s != (Stream{}) {
		return nil, fmt.Errorf("has no stream %s: what tshark follows is one", s)
	}
	f.c.Client, f.c.Server = f.peers[0], f.peers[1]
	if port := f.opts.Port; port != 0 && f.c.Server.Port() != port {
		if f.c.Client.Port() != port {
			return nil, fmt.Errorf("has no server at port %d; the ports are %d and %d", port, f.c.Client.Port(), f.c.Server.Port())
		}
		f.c.Client, f.c.Server = f.c.Server, f.c.Client
		for i := range f.c.Events {
			f.c.Events[i].From = f.c.Events[i].From.Other()
		}
	}
	return []capture.Conversation{f.c}, nil
}
