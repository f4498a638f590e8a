package program

import (
	"context"
	"errors"
	"strings"
	"time"
)

// ErrEnded is that a program has ended where it should have become ready.
var ErrEnded = errors.New("the program has ended")

// ElsewhereError is that a program listens, and not where it should.
type ElsewhereError struct {
	At  []string
	err error
}

// Error is where it listens.
func (e *ElsewhereError) Error() string { return strings.Join(e.At, ", ") }

// Unwrap is why nobody has waited longer.
func (e *ElsewhereError) Unwrap() error { return e.err }

// AwaitListening waits until the program, or something that it has started,
// listens at a port of TCP or takes datagrams at one of UDP. Port 0 is any port
// of TCP, or path of a Unix socket. The error is ErrEnded if that can't come
// about, or an *ElsewhereError, or the context's.
func (p *Program) AwaitListening(ctx context.Context, port int) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 25*time.Millisecond) {
		status, ended := p.HasEnded()
		there, elsewhere, err := p.listening(port)
		switch {
		case there || err != nil:
			return err
		case ended && (status != Status{} || p.Alone()):
			return ErrEnded
		}
		timer.Reset(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			if len(elsewhere) > 0 {
				return &ElsewhereError{elsewhere, context.Cause(ctx)}
			}
			return context.Cause(ctx)
		}
	}
}
