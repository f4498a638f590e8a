package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"banter/runner/capture"
	"banter/runner/record"
	"banter/runner/report"
	"banter/runner/scenario"
	"banter/runner/wire"
)

const talkCommands = `  /text TEXT    send it without an end of line
  /hex DE AD    send bytes
  /file PATH    send a file
  /wait         wait until something has come since the last send
  /shutdown     half-close: say that no more will be sent
  /tls          begin TLS
  /reset        end with a reset
  /close        end
  //...         a line that begins with one /
`

// talker is one talk.
type talker struct {
	in      *input
	eol     []byte
	tls     *wire.TLS
	timeout time.Duration // of a handshake

	conn  *wire.Conn
	track *record.Track
	over  func()         // ends the talk
	ended chan struct{}  // closed when nothing more comes
	stop  bool           // the reader is to end, for a handshake
	mu    sync.Mutex     // of what follows and of stop
	shut  bool           // we have half-closed
	fault error          // why the talk has broken off
	came  bool           // something, since the last send
	more  *sync.Cond     // came has changed, or nothing more comes
	reads sync.WaitGroup // the reader
}

// meet connects and plays. The error is why there was no talk, or why it broke off.
func (t *talker) meet(ctx context.Context, to scenario.Address, tape *record.Tape, secure bool) error {
	at, err := resolve(ctx, to)
	if err != nil {
		return err
	}
	dialing, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	if t.conn, err = wire.Dial(dialing, at, wire.DialOptions{}); err != nil {
		switch {
		case ctx.Err() != nil:
			return errors.New("interrupted")
		case wire.IsRefused(err):
			tape.Begin(netip.AddrPort{}, at.AddrPort, at.Network == "udp").Event(capture.Refused, capture.Server)
			return fmt.Errorf("the connection to %s was refused", at)
		case dialing.Err() != nil:
			return fmt.Errorf("%s did not answer within %s", at, t.timeout)
		}
		return fmt.Errorf("no connection to %s: %s", at, wire.Reason(err))
	}
	t.track = tape.Begin(t.conn.Local.AddrPort, at.AddrPort, t.conn.Packets)
	defer t.track.End()
	defer t.conn.Close()
	t.more = sync.NewCond(&t.mu)
	t.note("connected to %s", at)
	if secure {
		if err := t.handshake(); err != nil {
			return err
		}
	}
	talking, over := context.WithCancel(ctx)
	t.over = over
	defer over()
	t.begin()
	go t.send()
	<-talking.Done()
	t.halt(true)
	t.conn.SetDeadline(time.Unix(1, 0))
	t.reads.Wait()
	return t.fault
}

// note says something that nobody has sent.
func (t *talker) note(format string, args ...any) {
	fmt.Fprintf(t.in, "  %s\n", report.Clean(fmt.Sprintf(format, args...)))
}

// begin begins to read what comes.
func (t *talker) begin() {
	t.ended = make(chan struct{})
	t.reads.Go(t.receive)
}

// partial is how long the rest of a line may take, before it is shown without.
const partial = 20 * time.Millisecond

// receive shows what comes.
func (t *talker) receive() {
	buf := make([]byte, 64<<10)
	var unshown []byte
	for {
		n, err := t.conn.Read(buf)
		if n > 0 || err == nil {
			t.track.Data(capture.Server, buf[:n])
			unshown = append(unshown, buf[:n]...)
		}
		t.mu.Lock()
		stop := t.stop
		t.mu.Unlock()
		whole := bytes.LastIndexByte(unshown, '\n') + 1
		if err != nil || t.conn.Packets || len(unshown) > 2*len(buf) {
			whole = len(unshown)
		}
		t.show("< ", unshown[:whole])
		if whole > 0 || n == 0 && err == nil {
			t.mu.Lock()
			t.came = true
			t.more.Broadcast()
			t.mu.Unlock()
		}
		unshown = append(unshown[:0], unshown[whole:]...)
		switch {
		case stop:
			t.show("< ", unshown)
			return
		case err == os.ErrDeadlineExceeded:
			t.conn.SetReadDeadline(time.Time{})
		case err == nil && len(unshown) > 0:
			t.conn.SetReadDeadline(time.Now().Add(partial))
		case err == nil:
			t.conn.SetReadDeadline(time.Time{})
		case err == wire.ErrRefused:
			t.note("refused: nobody takes datagrams there")
		default:
			t.end(err)
			return
		}
		t.mu.Lock() // a stop that came while the deadline was set
		if t.stop {
			t.conn.SetReadDeadline(time.Unix(1, 0))
		}
		t.mu.Unlock()
	}
}

// end is the end of what comes.
func (t *talker) end(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.more.Broadcast()
	close(t.ended)
	switch err {
	case io.EOF:
		t.track.Event(capture.EOF, capture.Server)
		fmt.Fprintln(t.in, "< eof")
		if t.shut {
			t.over()
		} else if t.in.terminal {
			t.note("the server has ended; Ctrl-D ends as well")
		}
	case wire.ErrReset:
		t.track.Event(capture.Reset, capture.Server)
		fmt.Fprintln(t.in, "< reset")
		t.over()
	default:
		t.track.Cut(wire.Reason(err))
		t.note("%s", wire.Reason(err))
		t.over()
	}
}

// send plays what is typed.
func (t *talker) send() {
	for {
		line, err := t.in.line()
		if err != nil {
			if t.conn.Packets {
				t.command("/close")
			} else {
				t.shutdown()
			}
			return
		}
		if ended := t.command(line); ended {
			return
		}
	}
}

// command plays one line, and reports whether nothing can follow it.
func (t *talker) command(line string) (ended bool) {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case strings.HasPrefix(line, "//"):
		t.put(append([]byte(line[1:]), t.eol...))
	case !strings.HasPrefix(line, "/"):
		t.put(append([]byte(line), t.eol...))
	case word == "/text":
		t.put([]byte(strings.TrimPrefix(line[len(word):], " ")))
	case word == "/hex":
		data, err := hex.DecodeString(strings.Join(strings.Fields(rest), ""))
		if err != nil {
			t.note("/hex takes pairs of hex digits, as in /hex de ad be ef")
			return false
		}
		t.put(data)
	case word == "/file":
		t.file(rest)
	case word == "/wait":
		t.wait()
	case word == "/close":
		t.finish("/close", func() { t.track.Event(capture.EOF, capture.Client) })
		return true
	case word == "/shutdown" && t.conn.Packets:
		t.note("datagrams have no end; /close ends the talk")
	case word == "/shutdown":
		t.shutdown()
	case word == "/reset":
		t.finish("/reset", func() {
			t.track.Event(capture.Reset, capture.Client)
			t.conn.Reset()
		})
		return true
	case word == "/tls":
		return t.upgrade()
	case word == "/help":
		for line := range strings.Lines(talkCommands) {
			t.note("%s", strings.TrimSpace(line))
		}
	default:
		t.note("no command %s; /help lists them, and a line that begins with / is sent with //", word)
	}
	return false
}

// echo shows what a script has sent. On a terminal it has been typed.
func (t *talker) echo(data []byte) {
	if !t.in.terminal {
		t.show("> ", data)
	}
}

// put sends bytes.
func (t *talker) put(data []byte) {
	t.mu.Lock()
	shut := t.shut
	t.came = false
	t.mu.Unlock()
	if shut {
		t.note("not sent: this side has half-closed")
		return
	}
	t.echo(data)
	t.track.Data(capture.Client, data)
	if _, err := t.conn.Write(data); err != nil && err != wire.ErrReset { // a reset is read as well
		t.note("not sent: %s", wire.Reason(err))
	}
}

// file sends a file.
func (t *talker) file(path string) {
	f, err := os.Open(path)
	if err != nil {
		t.note("%s: %s", path, reason(err))
		return
	}
	defer f.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := f.Read(buf)
		if n > 0 {
			t.put(bytes.Clone(buf[:n]))
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			t.note("%s: %s", path, reason(err))
			return
		}
	}
}

// wait waits until something has come that answers the last send, or nothing
// more does.
func (t *talker) wait() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for !t.came && !t.silent() {
		t.more.Wait()
	}
}

// silent reports whether nothing more comes.
func (t *talker) silent() bool {
	select {
	case <-t.ended:
		return true
	default:
		return false
	}
}

// shutdown half-closes.
func (t *talker) shutdown() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shut {
		return
	}
	t.shut = true
	fmt.Fprintln(t.in, "> eof")
	t.track.Event(capture.EOF, capture.Client)
	t.conn.CloseWrite()
	if t.silent() {
		t.over()
	}
}

// finish ends the talk.
func (t *talker) finish(word string, how func()) {
	t.halt(true)
	fmt.Fprintln(t.in, "> "+strings.TrimPrefix(word, "/"))
	how()
	t.over()
}

// halt says whether the reader is to end.
func (t *talker) halt(stop bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stop = stop
}

// upgrade begins TLS on a connection that is read. It reports whether that has
// ended the talk.
func (t *talker) upgrade() (ended bool) {
	t.halt(true)
	t.conn.SetReadDeadline(time.Unix(1, 0))
	t.reads.Wait()
	t.halt(false)
	if t.silent() {
		t.note("no TLS: the server has ended")
		return false
	}
	if err := t.handshake(); err != nil {
		t.fault = err
		t.over()
		return true
	}
	t.begin()
	return false
}

// handshake begins TLS.
func (t *talker) handshake() error {
	t.conn.SetDeadline(time.Now().Add(t.timeout))
	_, err := t.conn.Handshake(t.tls, nil, nil)
	t.conn.SetDeadline(time.Time{})
	if err == os.ErrDeadlineExceeded {
		err = fmt.Errorf("no answer within %s", t.timeout)
	}
	if err != nil {
		err = fmt.Errorf("no TLS: %w", err)
		t.track.Cut(err.Error())
		return err
	}
	t.track.Event(capture.TLS, capture.Client)
	t.note("TLS")
	return nil
}

// show shows bytes line by line.
func (t *talker) show(arrow string, data []byte) {
	var b strings.Builder
	for _, line := range report.Lines(data, t.eol) {
		b.WriteString(arrow + line + "\n")
	}
	io.WriteString(t.in, b.String())
}
