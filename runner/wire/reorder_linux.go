package wire

import "errors"

var errTodo = errors.New("todo")

func (c *Conn) Overtake(float64) error       { return errTodo }
func CanReorder() error                      { return errTodo }
func (n *Namespace) Shuffle([]float64) error { return errTodo }
