package wire

import "errors"

// ErrPending is a connect that was neither accepted nor refused.
var ErrPending = errors.New("neither accepted nor refused")

var errPendingUnknown = errors.New("only Linux tells a pending connect from one that is under way")
