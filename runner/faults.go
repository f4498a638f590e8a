package runner

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"banter/runner/scenario"
	"banter/runner/wire"
)

// What goes wrong on links.

// harmsSegments reports whether the kernel loses or reorders segments on some
// link.
func (p *play) harmsSegments() bool {
	return slices.ContainsFunc(p.scenario.Links, func(l *scenario.Link) bool {
		return l.Out.OfSegments() != "" || l.Back.OfSegments() != ""
	})
}

// shuffle has the scenario's network hold back segments that others are to
// overtake.
func (p *play) shuffle() error {
	var shares []float64
	for _, l := range p.scenario.Links {
		shares = append(shares, l.Out.Reorder, l.Back.Reorder)
	}
	slices.Sort(shares)
	shares = slices.DeleteFunc(slices.Compact(shares), func(share float64) bool { return share == 0 })
	if len(shares) == 0 {
		return nil
	}
	return p.network.Shuffle(shares)
}

// over has a client's connection go over a link, if something goes wrong with the
// stream there. What is used is the connection that it returns.
func (p *play) over(conn *wire.Conn, l *scenario.Link) *wire.Conn {
	if l.Out.OfStream() == "" && l.Back.OfStream() == "" {
		return conn
	}
	conn, link := wire.Over(conn, streamFaults(&l.Out), streamFaults(&l.Back), l.Seed)
	p.mu.Lock()
	p.links[link] = struct{}{}
	p.mu.Unlock()
	p.linking.Go(func() {
		link.Run(p.linked)
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.links, link)
	})
	return conn
}

func streamFaults(f *scenario.Faults) wire.Faults {
	return wire.Faults{
		Latency: f.Latency, Jitter: f.Jitter, Rate: f.Rate, Slice: f.Slice,
		ResetAfter: f.ResetAfter, StallAfter: f.StallAfter, // Unlimited is negative
	}
}

// deliver waits until what the clients have sent over links has arrived, as far
// as it will: without links it would have.
func (p *play) deliver() {
	p.mu.Lock()
	links := slices.Collect(maps.Keys(p.links))
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(p.ctx, p.timeout(0))
	defer cancel()
	for _, l := range links {
		l.Delivered(ctx)
	}
}

// unlink ends what still goes over links.
func (p *play) unlink() {
	p.cut()
	p.linking.Wait()
}

// harm has the kernel do to an end of a connection what goes wrong with the
// segments that come in, and with those that go out.
func (p *play) harm(conn *wire.Conn, in, out *scenario.Faults) error {
	if in.Loss > 0 {
		if err := conn.Lose(in.Loss); err != nil {
			return fmt.Errorf("no segments can be lost: %s", wire.Reason(err))
		}
	}
	if out.Reorder > 0 {
		if err := conn.Overtake(out.Reorder); err != nil {
			return fmt.Errorf("no segments can be reordered: %s", wire.Reason(err))
		}
	}
	return nil
}
