package record

import (
	"context"
	"sync"

	"banter/runner/wire"
)

// Acceptor is a listener of wire.
type Acceptor interface {
	Accept() (*wire.Conn, error)
	Addr() wire.Addr
	Waiting() bool
	Stop() error
	Close() error
}

// accept begins something with each connection, in the order in which they come,
// and then does it, of all at the same time. What begins with nil does not count.
func accept(ctx context.Context, ln Acceptor, most int, begin func(*wire.Conn) func()) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer ln.Close()
	defer context.AfterFunc(ctx, func() { ln.Stop() })()
	for n := 0; most == 0 || n < most; {
		c, err := ln.Accept()
		switch {
		case err != nil && ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		if do := begin(c); do != nil {
			n++
			wg.Go(do)
		}
	}
	return nil
}
