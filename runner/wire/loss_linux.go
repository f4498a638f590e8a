package wire

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// chance is the beginning of a program in classic BPF that goes on with the
// instruction after it in that share of cases, and skips that one in the others;
// see bpf(4) and linux/filter.h.
func chance(share float64) []unix.SockFilter {
	const random = 56 // SKF_AD_RANDOM
	below := uint32(min(share*(1<<32), math.MaxUint32))
	return []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: adOffset + random},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, Jt: 1, K: below},
	}
}

// adOffset is SKF_AD_OFF, which is negative.
const adOffset = 0xfffff000

// answer ends a program.
func answer(k uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k}
}

// Lose has the kernel lose a share of the segments that come from now on, from 0
// to 1, before TCP sees them: so that the peer has to send them again, or what
// they acknowledge. Which ones is up to the kernel.
func (c *Conn) Lose(share float64) error {
	program := append(chance(share), answer(0), answer(math.MaxUint32))
	if share >= 1 {
		program = []unix.SockFilter{answer(0)}
	}
	var err error
	cerr := c.raw.Control(func(fd uintptr) {
		err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	})
	return errors.Join(cerr, os.NewSyscallError("setsockopt", err))
}
