package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Segments are reordered by the device's queueing discipline, see tc(8): a class
// of htb with a low rate holds some of them back, and others go straight on. It
// is told which by a filter in classic BPF.
const (
	discipline = 0x1_0000       // "1:"
	root       = math.MaxUint32 // TC_H_ROOT
	slowClass  = 0x1_0001       // "1:1"
	slowRate   = 4_000_000      // bytes a second: 0.4 ms for a segment of Ethernet
	slowBurst  = 1600           // bytes that pass at once
)

// shareMark is the SO_MARK of sockets of whose segments a share is held back.
func shareMark(share float64) uint32 { return 1 + uint32(share*1e6) }

// Overtake has the kernel hold back a share of the segments that are sent from
// now on, from 0 to 1, so that others overtake them. The namespace must have been
// told by Shuffle.
func (c *Conn) Overtake(share float64) error {
	var err error
	cerr := c.raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MARK, int(shareMark(share)))
	})
	return errors.Join(cerr, os.NewSyscallError("setsockopt", err))
}

// CanReorder says why no segments can be reordered in a namespace, nil if they
// can.
var CanReorder = sync.OnceValue(func() error {
	n, err := NewNamespace(NamespaceOptions{})
	if err != nil {
		return err
	}
	defer n.Close()
	return n.Shuffle([]float64{0.5})
})

// Shuffle prepares the namespace's device for shares of segments that are to be
// held back; see Overtake.
func (n *Namespace) Shuffle(shares []float64) (err error) {
	n.inside(func() { err = shuffle(shares) })
	return err
}

func shuffle(shares []float64) error {
	const create = unix.NLM_F_CREATE | unix.NLM_F_EXCL
	u32 := binary.NativeEndian.AppendUint32
	message := func(handle, parent, info uint32) []byte { // struct tcmsg
		b := u32(make([]byte, 4), loopbackDevice)
		return u32(u32(u32(b, handle), parent), info)
	}
	kind := func(name string) attribute { return attribute{unix.TCA_KIND, append([]byte(name), 0)} }
	options := func(a ...attribute) attribute { return attribute{unix.TCA_OPTIONS, encode(a)} }

	glob := u32(u32(nil, 3), 10)    // struct tc_htb_glob: the version, and what is not used here:
	glob = append(glob, 0, 0, 0, 0) // without a default class, what is not held back goes straight on
	glob = append(glob, make([]byte, 8)...)
	err := rtnetlink(unix.RTM_NEWQDISC, create, message(discipline, root, 0), kind("htb"), options(attribute{htbInit, glob}))
	if errors.Is(err, unix.ENOENT) {
		return errors.New("this kernel has no sch_htb")
	}
	if err != nil {
		return fmt.Errorf("sch_htb: %w", err)
	}
	rate := u32([]byte{0, 1, 0, 0, 0, 0, 0, 0}, slowRate) // struct tc_ratespec, of Ethernet
	burst := uint32(slowBurst * 1e9 / slowRate / 64)      // in ticks of 64 ns
	class := append(append([]byte{}, rate...), rate...)   // struct tc_htb_opt
	class = u32(u32(u32(u32(u32(class, burst), burst), slowBurst), 0), 0)
	if err := rtnetlink(unix.RTM_NEWTCLASS, create, message(slowClass, discipline, 0), kind("htb"), options(attribute{htbParms, class})); err != nil {
		return fmt.Errorf("sch_htb: %w", err)
	}
	for i, share := range shares {
		const mark, everyProtocol = 20, 0x0300 // SKF_AD_MARK; ETH_P_ALL in network order
		program := []unix.SockFilter{
			{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: adOffset + mark},
			{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 3, K: shareMark(share)},
		}
		program = append(append(program, chance(share)...), answer(math.MaxUint32), answer(0)) // the class below, or none
		var ops []byte
		for _, op := range program {
			ops = binary.NativeEndian.AppendUint16(ops, op.Code)
			ops = u32(append(ops, op.Jt, op.Jf), op.K)
		}
		err := rtnetlink(unix.RTM_NEWTFILTER, create, message(0, discipline, uint32(i+1)<<16|everyProtocol), kind("bpf"), options(
			attribute{bpfClass, u32(nil, slowClass)},
			attribute{bpfLength, binary.NativeEndian.AppendUint16(nil, uint16(len(program)))},
			attribute{bpfProgram, ops},
		))
		if errors.Is(err, unix.ENOENT) {
			return errors.New("this kernel has no cls_bpf")
		}
		if err != nil {
			return fmt.Errorf("cls_bpf: %w", err)
		}
	}
	return nil
}

// Attributes of linux/pkt_sched.h and linux/pkt_cls.h.
const (
	htbParms   = 1 // TCA_HTB_PARMS
	htbInit    = 2 // TCA_HTB_INIT
	bpfClass   = 3 // TCA_BPF_CLASSID
	bpfLength  = 4 // TCA_BPF_OPS_LEN
	bpfProgram = 5 // TCA_BPF_OPS
)
