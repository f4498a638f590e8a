//go:build !linux

package wire

import (
	"context"
	"errors"
	"syscall"
)

// pendingKnown says that nobody can tell a pending connect from one that is under
// way.
const pendingKnown = false

// TCPInfo is what the kernel knows of a TCP connection, which only Linux tells.
type TCPInfo struct{ Congestion string }

// Counter knows none.
func (*TCPInfo) Counter(string) (n int64, known bool) { return 0, false }

// TCPInfo fails.
func (c *Conn) TCPInfo() (*TCPInfo, error) { return nil, errors.ErrUnsupported }

func watchPending(context.Context, syscall.RawConn, context.CancelCauseFunc) {}

var errNoCongestion = errors.New("only Linux lets a socket choose its congestion control algorithm")

func haveCongestion(*Namespace, string) error { return errNoCongestion }
