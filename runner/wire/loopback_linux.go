package wire

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// narrow holds a socket that is bound to every address to those of the loopback
// device.
func narrow(fd int) error {
	return os.NewSyscallError("setsockopt", unix.BindToDevice(fd, "lo"))
}

// canNarrow reports whether this system lets us: before Linux 5.7 it asked for
// CAP_NET_RAW, see SO_BINDTODEVICE in socket(7).
var canNarrow = sync.OnceValue(func() bool {
	fd, err := newSocket(unix.AF_INET)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return narrow(fd) == nil
})
