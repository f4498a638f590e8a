//go:build !linux

package wire

import "errors"

var errNoSegments = errors.New("only Linux can lose and reorder segments")

// Lose fails.
func (c *Conn) Lose(float64) error { return errNoSegments }

// Overtake fails.
func (c *Conn) Overtake(float64) error { return errNoSegments }

// CanReorder says why no segments can be reordered.
func CanReorder() error { return errNoSegments }

// Shuffle fails.
func (n *Namespace) Shuffle([]float64) error { return errNoSegments }
