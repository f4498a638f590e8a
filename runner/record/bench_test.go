package record_test

import (
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"banter/runner/record"
	"banter/runner/wire"
)

// Each benchmark here sends the same through the recording proxy, through a loop
// by hand that reads and writes, and through io.Copy (on Linux splice(2), where
// no program sees the bytes), by turns, and reports how many times as long
// recording takes: the median over the turns. The bound that the project has set
// itself is 2 against the loop.
func benchmarkProxy(b *testing.B, play func(at string)) {
	var wg sync.WaitGroup
	defer wg.Wait()
	target := must(net.Listen("tcp", "127.0.0.1:0"))
	defer target.Close()
	to := target.Addr().String()
	wg.Go(func() {
		for {
			c, err := target.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 64<<10)
				for { // what ends with a line is answered
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if buf[n-1] == '\n' {
						if _, err := c.Write(buf[n-1 : n]); err != nil {
							return
						}
					}
				}
			}()
		}
	})
	byHand := func(copy func(dst, src *net.TCPConn)) string {
		ln := must(net.Listen("tcp", "127.0.0.1:0"))
		b.Cleanup(func() { ln.Close() })
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				go func() {
					client, server := c.(*net.TCPConn), must(net.Dial("tcp", to)).(*net.TCPConn)
					defer client.Close()
					defer server.Close()
					var back sync.WaitGroup
					back.Go(func() { copy(client, server); client.CloseWrite() })
					copy(server, client)
					server.CloseWrite()
					back.Wait()
				}()
			}
		}()
		return ln.Addr().String()
	}
	loop := byHand(func(dst, src *net.TCPConn) {
		buf := make([]byte, 64<<10)
		for {
			n, err := src.Read(buf)
			if n > 0 {
				if _, err := dst.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	})
	splice := byHand(func(dst, src *net.TCPConn) { io.Copy(dst, src) })

	timed := func(at string) float64 {
		began := time.Now()
		play(at)
		return time.Since(began).Seconds()
	}
	var mine, overLoop, overSplice []float64
	for b.Loop() {
		b.StopTimer()
		ln := must(wire.Open(b.Context(), wire.Local{Host: "127.0.0.1", Backlog: -1}, true))
		p := &record.Proxy{
			To: wire.TCP(netip.MustParseAddrPort(to)), Most: 1,
			Tape: record.NewTape(record.TapeSize),
		}
		wg.Go(func() { p.Serve(b.Context(), ln) })
		b.StartTimer()
		m := timed(ln.Addr().String())
		l, s := timed(loop), timed(splice)
		mine, overLoop, overSplice = append(mine, m), append(overLoop, m/l), append(overSplice, m/s)
	}
	median := func(x []float64) float64 { slices.Sort(x); return x[len(x)/2] }
	b.ReportMetric(median(overLoop), "ratio")
	b.ReportMetric(median(overSplice), "ratio-io.Copy")
	b.ReportMetric(1000*median(mine), "ms")
	b.ReportMetric(0, "ns/op") // of all together: it says nothing
}

// One gigabyte through one connection, from its client.
func BenchmarkProxyGigabyte(b *testing.B) {
	data := make([]byte, 1<<20)
	benchmarkProxy(b, func(at string) {
		c := must(net.Dial("tcp", at)).(*net.TCPConn)
		defer c.Close()
		for range 1 << 10 {
			must(c.Write(data))
		}
		c.CloseWrite()
		must(io.Copy(io.Discard, c))
	})
}

// Fifty thousand exchanges of a line and an answer on one connection.
func BenchmarkProxyExchanges(b *testing.B) {
	line, answer := []byte("PING\r\n"), make([]byte, 1)
	benchmarkProxy(b, func(at string) {
		c := must(net.Dial("tcp", at))
		defer c.Close()
		for range 50_000 {
			must(c.Write(line))
			must(io.ReadFull(c, answer))
		}
	})
}
