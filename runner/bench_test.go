package runner_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/scenario"
)

// Each benchmark here plays something and does the same work with package net
// alone, by turns, and reports how many times as long the playing takes: the
// median over the turns. The bounds that the project has set itself are 2.5
// for the greetings, 1.4 for the exchanges and 1.3 for the gigabyte.
func ratio(b *testing.B, banter, byHand func()) {
	b.Helper()
	timed := func(f func()) float64 {
		began := time.Now()
		f()
		return time.Since(began).Seconds()
	}
	var mine, theirs, ratios []float64
	for b.Loop() {
		m, t := timed(banter), timed(byHand)
		mine, theirs, ratios = append(mine, m), append(theirs, t), append(ratios, m/t)
	}
	median := func(x []float64) float64 { slices.Sort(x); return x[len(x)/2] }
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(1000*median(mine), "ms")
	b.ReportMetric(1000*median(theirs), "ms-by-hand")
	b.ReportMetric(0, "ns/op") // of both together: it says nothing
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func played(b *testing.B, s *scenario.Scenario) {
	b.Helper()
	if result := must(runner.Run(b.Context(), s, runner.Options{})); !result.Passed() {
		b.Fatal(failures(result))
	}
}

const greeting = `name: greeting
servers:
  greeter:
    bind: 127.0.0.1:0
    backlog: 128
    reply: "hhhh"
clients:
  ann:
    - connect: greeter
    - send: "hello"
    - expect: "hhhh"
    - close
`

// A thousand greetings from a thousand files, read and played, a few at the
// same time; by hand as many sockets at the same time.
func BenchmarkThousandGreetings(b *testing.B) {
	const files, jobs = 1000, 8
	dir := b.TempDir()
	for i := range files {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.yaml", i)), []byte(greeting), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	ratio(b, func() {
		var all []*scenario.Scenario
		for i := range files {
			all = append(all, must(scenario.Read(filepath.Join(dir, fmt.Sprintf("%d.yaml", i)), nil)).Scenarios...)
		}
		runner.PlayAll(b.Context(), all, runner.SuiteOptions{Jobs: jobs}, func(p runner.Play) {
			if p.Err != nil || !p.Result.Passed() {
				b.Error(p.Err, failures(p.Result))
			}
		})
	}, func() {
		var wg sync.WaitGroup
		for range jobs {
			wg.Go(func() {
				for range files / jobs {
					greetByHand()
				}
			})
		}
		wg.Wait()
	})
}

func greetByHand() {
	ln := must(net.Listen("tcp", "127.0.0.1:0"))
	defer ln.Close()
	end := func(c net.Conn) {
		c.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c)
		c.Close()
	}
	var server sync.WaitGroup
	server.Go(func() {
		c := must(ln.Accept())
		must(c.Read(make([]byte, 1024)))
		must(c.Write([]byte("hhhh")))
		end(c)
	})
	c := must(net.Dial("tcp", ln.Addr().String()))
	must(c.Write([]byte("hello")))
	must(io.ReadFull(c, make([]byte, 4)))
	end(c)
	server.Wait()
}

// A hundred thousand exchanges of lines on one connection.
func BenchmarkExchanges(b *testing.B) {
	const n = 100_000
	s := parse(b, `
servers: {s: {steps: [{expect: {line: PING}}, {send: {line: "+PONG"}}]}}
clients: {c: [{connect: s}, {send: {line: PING}}, {expect: {line: "+PONG"}}]}
`)
	s.Servers[0].Steps = slices.Repeat(s.Servers[0].Steps, n)
	s.Clients[0].Steps = append(s.Clients[0].Steps[:1], slices.Repeat(s.Clients[0].Steps[1:], n)...)
	ratio(b, func() { played(b, s) }, func() {
		ln := must(net.Listen("tcp", "127.0.0.1:0"))
		defer ln.Close()
		var server sync.WaitGroup
		server.Go(func() {
			c := must(ln.Accept())
			defer c.Close()
			r := bufio.NewReader(c)
			for range n {
				if must(r.ReadString('\n')) != "PING\r\n" {
					panic("no PING")
				}
				must(c.Write([]byte("+PONG\r\n")))
			}
		})
		c := must(net.Dial("tcp", ln.Addr().String()))
		defer c.Close()
		r := bufio.NewReader(c)
		for range n {
			must(c.Write([]byte("PING\r\n")))
			if must(r.ReadString('\n')) != "+PONG\r\n" {
				panic("no PONG")
			}
		}
		server.Wait()
	})
}

// One gigabyte in one direction: a file of 1 MiB, 1024 times.
func BenchmarkGigabyte(b *testing.B) {
	file := filepath.Join(b.TempDir(), "megabyte")
	if err := os.WriteFile(file, make([]byte, 1<<20), 0o666); err != nil {
		b.Fatal(err)
	}
	s := parse(b, `
servers: {s: {steps: [{expect: {bytes: 1GiB}}]}}
clients: {c: [{connect: s}, {send: "x"}]}
`)
	s.Clients[0].Steps[1].Action = scenario.Send{Payload: &scenario.Payload{
		Parts: slices.Repeat([]scenario.Part{{File: file}}, 1024),
	}}
	ratio(b, func() { played(b, s) }, func() {
		ln := must(net.Listen("tcp", "127.0.0.1:0"))
		defer ln.Close()
		var server sync.WaitGroup
		server.Go(func() {
			c := must(ln.Accept())
			defer c.Close()
			buf := make([]byte, 256<<10)
			for n := 0; n < 1<<30; {
				n += must(c.Read(buf))
			}
		})
		c := must(net.Dial("tcp", ln.Addr().String()))
		defer c.Close()
		data := must(os.ReadFile(file))
		for range 1024 {
			must(c.Write(data))
		}
		server.Wait()
	})
}
