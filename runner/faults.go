package runner

import (
	"fmt"
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

// harm has an end of a connection suffer what goes wrong with what comes in, and
// with what goes out.
func (p *play) harm(conn *wire.Conn, in, out *scenario.Faults) error {
	for _, f := range []*scenario.Faults{in, out} {
		if key := f.OfStream(); key != "" {
			return fmt.Errorf("%s is not to be had yet", key)
		}
	}
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
