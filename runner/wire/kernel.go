package wire

import (
	"errors"
	"time"
)

// ErrPending is a connect that was neither accepted nor refused.
var ErrPending = errors.New("neither accepted nor refused")

// What only Linux can, and other systems do not.
var (
	errPendingUnknown = errors.New("only Linux tells a pending connect from one that is under way")
	errNoCongestion   = errors.New("only Linux lets a socket choose its congestion control algorithm")
)

// pendingPoll is how often a client looks whether its connect is pending.
const pendingPoll = 5 * time.Millisecond
