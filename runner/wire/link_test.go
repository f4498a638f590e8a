package wire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

var unharmed = Faults{ResetAfter: -1, StallAfter: -1}

// linked are the two ends of a connection over a link, and the link.
func linked(t *testing.T, out, back Faults) (client, server *Conn, l *Link) {
	t.Helper()
	far, server := connected(t, open(t, Local{}, true))
	client, l = Over(far, out, back, 7)
	client.SetDeadline(time.Now().Add(time.Minute))
	ctx, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { l.Run(ctx) })
	t.Cleanup(func() {
		client.Close()
		end()
		running.Wait()
	})
	return client, server, l
}

// reads are what reads bring, to the end.
func reads(c *Conn) (pieces [][]byte, end error) {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return pieces, err
		}
		pieces = append(pieces, bytes.Clone(buf[:n]))
	}
}

func writes(t *testing.T, c *Conn, p []byte) {
	t.Helper()
	if n, err := c.Write(p); n != len(p) || err != nil {
		t.Fatalf("wrote %d of %d, %v", n, len(p), err)
	}
}

func with(change func(*Faults)) Faults {
	f := unharmed
	change(&f)
	return f
}

// What comes is cut at the same places of the stream, however it was sent.
func TestLinkSlices(t *testing.T) {
	client, server, _ := linked(t, unharmed, with(func(f *Faults) { f.Slice = 3 }))
	writes(t, server, []byte("0123"))
	writes(t, server, []byte("456789"))
	server.CloseWrite()
	pieces, end := reads(client)
	if end != io.EOF {
		t.Errorf("ended with %v", end)
	}
	at := 0
	for _, p := range pieces {
		if len(p) > 3-at%3 {
			t.Errorf("%q came together", p)
		}
		at += len(p)
	}
	if got := bytes.Join(pieces, nil); string(got) != "0123456789" {
		t.Errorf("got %q", got)
	}
}

// So is what is sent: with a rate the pieces come one by one.
func TestLinkSlicesWhatIsSent(t *testing.T) {
	client, server, _ := linked(t, with(func(f *Faults) { f.Slice, f.Rate = 3, 1000 }), unharmed)
	writes(t, client, bytes.Repeat([]byte("x"), 300))
	client.CloseWrite()
	pieces, end := reads(server)
	if end != io.EOF || len(pieces) < 2 {
		t.Errorf("%d pieces, then %v", len(pieces), end)
	}
	for at, i := 0, 0; i < len(pieces); i++ {
		if at += len(pieces[i]); at%3 != 0 {
			t.Errorf("a cut after %d bytes", at)
		}
	}
}

// Latency is of each direction, and a rate is of bytes: no exchange is quicker.
func TestLinkTakesItsTime(t *testing.T) {
	late := with(func(f *Faults) { f.Latency, f.Rate = 20*time.Millisecond, 10_000 })
	client, server, _ := linked(t, late, late)
	began := time.Now()
	writes(t, client, make([]byte, 200))
	if _, err := io.ReadFull(server, make([]byte, 200)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 40*time.Millisecond {
		t.Errorf("200 bytes were there after %s", took)
	}
	writes(t, server, make([]byte, 200))
	if _, err := io.ReadFull(client, make([]byte, 200)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 80*time.Millisecond {
		t.Errorf("200 bytes were there and back after %s", took)
	}
}

// A delay follows from the seed, the direction and the place alone, and stays
// within its bounds.
func TestLinkDelays(t *testing.T) {
	f := with(func(f *Faults) { f.Latency, f.Jitter = 30*time.Millisecond, 5*time.Millisecond })
	delays := func(seed, direction uint64) (all []time.Duration) {
		l := newLane(&sync.Mutex{}, f, [2]uint64{seed, direction})
		for at := range int64(1000) {
			all = append(all, l.delay(at))
		}
		return all
	}
	same := func(a, b []time.Duration) (n int) {
		for i := range a {
			if a[i] == b[i] {
				n++
			}
		}
		return n
	}
	one := delays(7, 0)
	low, high := one[0], one[0]
	for _, d := range one {
		low, high = min(low, d), max(high, d)
	}
	if low < 25*time.Millisecond || low > 26*time.Millisecond || high > 35*time.Millisecond || high < 34*time.Millisecond {
		t.Errorf("from %s to %s", low, high)
	}
	if n := same(one, delays(7, 0)); n != len(one) {
		t.Errorf("the same seed: %d of %d are the same", n, len(one))
	}
	if n := max(same(one, delays(8, 0)), same(one, delays(7, 1))); n > 10 {
		t.Errorf("another seed, another direction: %d of %d are the same", n, len(one))
	}
}

// So many bytes pass, and then both ends are reset.
func TestLinkResets(t *testing.T) {
	onLinux(t) // elsewhere a reset may take what came before it with it
	data := bytes.Repeat([]byte("0123456789"), 10_000)
	for _, n := range []int64{0, 1, 1000, 70_000} {
		client, server, _ := linked(t, with(func(f *Faults) { f.ResetAfter = n }), unharmed)
		writes(t, client, data)
		pieces, end := reads(server)
		if got := bytes.Join(pieces, nil); !bytes.Equal(got, data[:n]) || end != ErrReset {
			t.Errorf("out, after %d: %d bytes, then %v", n, len(got), end)
		}
		if pieces, end := reads(client); pieces != nil || end != ErrReset {
			t.Errorf("out, after %d: the client got %q, then %v", n, pieces, end)
		}

		client, server, _ = linked(t, unharmed, with(func(f *Faults) { f.ResetAfter = n }))
		if _, err := server.Write(data); err != nil && !IsReset(err) {
			t.Fatal(err)
		}
		if _, end := reads(server); end != ErrReset { // nobody has to read for that
			t.Errorf("back, after %d: the server got %v", n, end)
		}
		pieces, end = reads(client)
		if got := bytes.Join(pieces, nil); !bytes.Equal(got, data[:n]) || end != ErrReset {
			t.Errorf("back, after %d: %d bytes, then %v", n, len(got), end)
		}
	}
}

// So many bytes pass, and then nothing: no end, no reset. The other direction
// goes on, and whoever sends is held back in time.
func TestLinkStalls(t *testing.T) {
	client, server, l := linked(t, with(func(f *Faults) { f.StallAfter = 1000 }), unharmed)
	writes(t, client, make([]byte, 2000))
	if _, err := io.ReadFull(server, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	writes(t, server, []byte("hhhh"))
	if _, err := io.ReadFull(client, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	client.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
	if n, err := client.Write(make([]byte, 2*laneMost)); n > laneMost || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("wrote %d, %v", n, err)
	}
	l.Delivered(t.Context()) // it never will be
	client.Reset()
	server.SetDeadline(time.Now().Add(20 * time.Millisecond))
	if n, err := server.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d, %v", n, err)
	}

	client, server, _ = linked(t, unharmed, with(func(f *Faults) { f.StallAfter = 0 }))
	server.Reset()
	client.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if n, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d, %v", n, err)
	}
}

// Ends and resets of both sides pass, behind what was sent before them.
func TestLinkPassesEnds(t *testing.T) {
	for name, f := range map[string]Faults{
		"late":   with(func(f *Faults) { f.Latency, f.Jitter, f.Slice = 2*time.Millisecond, 2*time.Millisecond, 3 }),
		"prompt": with(func(f *Faults) { f.Slice = 3 }),
		"to be":  with(func(f *Faults) { f.ResetAfter, f.StallAfter = 100, 200 }),
	} {
		t.Run(name+", by the client", func(t *testing.T) {
			passesEnds(t, func() (a, b *Conn) { a, b, _ = linked(t, f, f); return a, b })
		})
		t.Run(name+", by the server", func(t *testing.T) {
			onLinux(t) // elsewhere a reset may take what came before it with it
			passesEnds(t, func() (a, b *Conn) { b, a, _ = linked(t, f, f); return a, b })
		})
	}
}

func passesEnds(t *testing.T, connected func() (a, b *Conn)) {
	a, b := connected()
	writes(t, a, []byte("question"))
	a.CloseWrite()
	if pieces, end := reads(b); string(bytes.Join(pieces, nil)) != "question" || end != io.EOF {
		t.Errorf("%q, then %v", pieces, end)
	}
	writes(t, b, []byte("answer"))
	b.Close()
	if pieces, end := reads(a); string(bytes.Join(pieces, nil)) != "answer" || end != io.EOF {
		t.Errorf("%q, then %v", pieces, end)
	}

	a, b = connected()
	writes(t, a, []byte("question"))
	for n, err := a.Unsent(); err == nil && n > 0; n, err = a.Unsent() {
		time.Sleep(time.Millisecond)
	}
	a.Reset()
	if pieces, end := reads(b); string(bytes.Join(pieces, nil)) != "question" || end != ErrReset {
		t.Errorf("%q, then %v", pieces, end)
	}

	// Bytes that nobody reads make a reset of a close, those that come after it too.
	a, b = connected()
	writes(t, b, []byte("unread"))
	if n, err := a.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	a.Close()
	if pieces, end := reads(b); pieces != nil || end != ErrReset {
		t.Errorf("closed with bytes unread: %q, then %v", pieces, end)
	}
	a, b = connected()
	writes(t, a, []byte("x"))
	if n, err := b.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	a.Close()
	if _, err := b.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	for _, linked := b.sock.(*Link); !linked; { // there a write tells of no reset
		if _, err := b.Write([]byte("late")); err == ErrReset {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
}

// A read that waits ends with the connection, and with its deadline.
func TestLinkWakesReaders(t *testing.T) {
	for name, wake := range map[string]func(client *Conn){
		"close":    func(client *Conn) { client.Close() },
		"reset":    func(client *Conn) { client.Reset() },
		"deadline": func(client *Conn) { client.SetReadDeadline(time.Unix(1, 0)) },
	} {
		for _, latency := range []time.Duration{0, time.Millisecond} {
			client, server, _ := linked(t, unharmed, with(func(f *Faults) { f.Latency = latency }))
			read := make(chan error)
			go func() {
				for {
					if _, err := client.Read(make([]byte, 10)); err != nil {
						read <- err
						return
					}
				}
			}()
			writes(t, server, []byte("x"))
			wake(client)
			if err := <-read; !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s, %s: %v", name, latency, err)
			}
		}
	}
}

// Who does not read holds the sender back, also over a link.
func TestLinkHoldsBack(t *testing.T) {
	for name, sides := range map[string]func(client, server *Conn) (from, to *Conn){
		"out":  func(client, server *Conn) (*Conn, *Conn) { return client, server },
		"back": func(client, server *Conn) (*Conn, *Conn) { return server, client },
	} {
		client, server, _ := linked(t, with(func(f *Faults) { f.Latency = time.Millisecond }), unharmed)
		from, to := sides(client, server)
		data := make([]byte, 64<<20)
		from.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		n, err := from.Write(data)
		if n == len(data) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%s: wrote %d of %d, %v", name, n, len(data), err)
		}
		from.CloseWrite()
		if got, err := io.Copy(io.Discard, to); got != int64(n) || err != nil {
			t.Errorf("%s: %d of %d came, %v", name, got, n, err)
		}
	}
}

// 4 MiB, cut and late, both ways at the same time.
func TestLinkKeepsTheStream(t *testing.T) {
	const size = 4 << 20
	rough := with(func(f *Faults) { f.Latency, f.Jitter, f.Slice = 2*time.Millisecond, time.Millisecond, 1000 })
	client, server, _ := linked(t, rough, rough)
	var both sync.WaitGroup
	for i, side := range []*Conn{client, server} {
		side.SetDeadline(time.Now().Add(time.Minute))
		chaos := func(i int) io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{byte(i)}), size) }
		sum := func(r io.Reader) string {
			h := sha256.New()
			io.Copy(h, r)
			return string(h.Sum(nil))
		}
		both.Go(func() {
			io.Copy(side, chaos(i))
			side.CloseWrite()
		})
		both.Go(func() {
			if sum(side) != sum(chaos(1-i)) {
				t.Errorf("side %d did not get what was sent", i)
			}
		})
	}
	both.Wait()
}

// Small writes fill a link no less than large ones.
func TestLinkIsBounded(t *testing.T) {
	l := newLane(&sync.Mutex{}, with(func(f *Faults) { f.Latency = time.Hour }), [2]uint64{})
	for l.room() > 0 {
		l.put([]byte("x"))
	}
	if n := len(l.queue); n > laneMost/parcelCost {
		t.Errorf("%d writes of a byte are on the way", n)
	}
}

// What was written before a deadline is read after it; what is still on its way is
// not.
func TestLinkLate(t *testing.T) {
	client, server, _ := linked(t, unharmed, with(func(f *Faults) { f.Latency = 10 * time.Millisecond }))
	client.SetDeadline(time.Unix(1, 0))
	if n, err := client.Late(make([]byte, 4), false); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d, %v", n, err)
	}
	writes(t, server, []byte("hhhh"))
	for n, err := 0, error(nil); n != 4; n, err = client.Late(make([]byte, 4), true) {
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	if n, err := client.Read(make([]byte, 4)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d, %v", n, err)
	}
	if n, err := client.Late(make([]byte, 4), false); n != 4 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	client.Close()
	if _, err := client.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("wrote after the close: %v", err)
	}
}
