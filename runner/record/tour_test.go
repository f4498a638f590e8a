package record_test

import (
	"context"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"banter/runner"
	"banter/runner/record"
	"banter/runner/scenario"
	"banter/runner/wire"
)

// The tour's clients and servers see the same with a proxy between them, whatever
// they do to each other: both halves pass.
func TestTourThroughProxies(t *testing.T) {
	for _, name := range []string{ // where neither half waits for the other's signals
		"01-greeting", "03-nobody-there", "09-end-of-stream", "10-no-messages",
		"11-both-directions", "13-in-order", "15-text-is-bytes", "16-udp", "19-two-connections",
	} {
		t.Run(name, func(t *testing.T) {
			file, err := scenario.Read(filepath.Join("../../scenarios/tour", name+".yaml"), nil)
			if err != nil || len(file.Problems) > 0 {
				t.Fatal(err, file.Problems)
			}
			s := file.Scenarios[0]
			ctx, stop := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			defer wg.Wait()
			defer context.AfterFunc(t.Context(), stop)()
			var settle []func()
			ready := make(chan map[string]string, 1)
			var served runner.Result
			over := make(chan struct{})
			go func() {
				defer close(over)
				served = runner.Serve(ctx, s, runner.ServeOptions{Ready: func(list []runner.Listening) {
					at := map[string]string{}
					for _, l := range list {
						var ln record.Acceptor
						p := &record.Proxy{Tape: record.NewTape(record.TapeSize)}
						address, udp := strings.CutPrefix(l.Address, "udp:")
						if udp {
							p.To = wire.UDP(netip.MustParseAddrPort(address))
							ln = must(wire.OpenPackets(ctx, wire.Local{Host: "127.0.0.1"}, true))
						} else {
							p.To = wire.TCP(netip.MustParseAddrPort(address))
							ln = must(wire.Open(ctx, wire.Local{Host: "127.0.0.1", Backlog: -1}, true))
							settle = append(settle, func() { p.Settle(ctx, ln, patience) })
						}
						wg.Go(func() { p.Serve(ctx, ln) })
						at[l.Server] = ln.Addr().String()
					}
					ready <- at
				}})
			}()
			result, err := runner.Run(ctx, s, runner.Options{Connect: <-ready})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range result.Failures {
				t.Errorf("client: %v: %s: %s", f.Pos, f.Actor, f.Message)
			}
			for _, wait := range settle {
				wait()
			}
			stop()
			<-over
			for _, f := range served.Failures {
				t.Errorf("server: %v: %s: %s", f.Pos, f.Actor, f.Message)
			}
		})
	}
}
