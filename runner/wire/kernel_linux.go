package wire

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// pendingPoll is how often a client looks whether its connect is pending.
const pendingPoll = 5 * time.Millisecond

// pendingKnown says that a pending connect is told from one that is under way.
const pendingKnown = true

// TCPInfo is what the kernel knows of a TCP connection: TCP_INFO and
// TCP_CONGESTION, see tcp(7).
type TCPInfo struct {
	Congestion string // the congestion control algorithm
	info       unix.TCPInfo
}

// counters are those of struct tcp_info in linux/tcp.h, by their names there
// without "tcpi_", but for retransmits, which is total_retrans. Times are in
// microseconds.
var counters = map[string]func(*unix.TCPInfo) int64{
	"retransmits":    func(i *unix.TCPInfo) int64 { return int64(i.Total_retrans) },
	"bytes_retrans":  func(i *unix.TCPInfo) int64 { return int64(i.Bytes_retrans) },
	"dsack_dups":     func(i *unix.TCPInfo) int64 { return int64(i.Dsack_dups) },
	"lost":           func(i *unix.TCPInfo) int64 { return int64(i.Lost) },
	"unacked":        func(i *unix.TCPInfo) int64 { return int64(i.Unacked) },
	"sacked":         func(i *unix.TCPInfo) int64 { return int64(i.Sacked) },
	"reordering":     func(i *unix.TCPInfo) int64 { return int64(i.Reordering) },
	"reord_seen":     func(i *unix.TCPInfo) int64 { return int64(i.Reord_seen) },
	"rcv_ooopack":    func(i *unix.TCPInfo) int64 { return int64(i.Rcv_ooopack) },
	"rtt":            func(i *unix.TCPInfo) int64 { return int64(i.Rtt) },
	"rttvar":         func(i *unix.TCPInfo) int64 { return int64(i.Rttvar) },
	"min_rtt":        func(i *unix.TCPInfo) int64 { return int64(i.Min_rtt) },
	"rto":            func(i *unix.TCPInfo) int64 { return int64(i.Rto) },
	"snd_mss":        func(i *unix.TCPInfo) int64 { return int64(i.Snd_mss) },
	"rcv_mss":        func(i *unix.TCPInfo) int64 { return int64(i.Rcv_mss) },
	"pmtu":           func(i *unix.TCPInfo) int64 { return int64(i.Pmtu) },
	"snd_cwnd":       func(i *unix.TCPInfo) int64 { return int64(i.Snd_cwnd) },
	"snd_ssthresh":   func(i *unix.TCPInfo) int64 { return int64(i.Snd_ssthresh) },
	"snd_wnd":        func(i *unix.TCPInfo) int64 { return int64(i.Snd_wnd) },
	"rcv_wnd":        func(i *unix.TCPInfo) int64 { return int64(i.Rcv_wnd) },
	"notsent_bytes":  func(i *unix.TCPInfo) int64 { return int64(i.Notsent_bytes) },
	"bytes_sent":     func(i *unix.TCPInfo) int64 { return int64(i.Bytes_sent) },
	"bytes_acked":    func(i *unix.TCPInfo) int64 { return int64(i.Bytes_acked) },
	"bytes_received": func(i *unix.TCPInfo) int64 { return int64(i.Bytes_received) },
	"segs_out":       func(i *unix.TCPInfo) int64 { return int64(i.Segs_out) },
	"segs_in":        func(i *unix.TCPInfo) int64 { return int64(i.Segs_in) },
	"data_segs_out":  func(i *unix.TCPInfo) int64 { return int64(i.Data_segs_out) },
	"data_segs_in":   func(i *unix.TCPInfo) int64 { return int64(i.Data_segs_in) },
	"delivered":      func(i *unix.TCPInfo) int64 { return int64(i.Delivered) },
	"busy_time":      func(i *unix.TCPInfo) int64 { return int64(i.Busy_time) },
	"rwnd_limited":   func(i *unix.TCPInfo) int64 { return int64(i.Rwnd_limited) },
	"sndbuf_limited": func(i *unix.TCPInfo) int64 { return int64(i.Sndbuf_limited) },
}

// Counter is the counter of that name. A kernel that does not keep it says 0.
func (i *TCPInfo) Counter(name string) (n int64, known bool) {
	get, known := counters[name]
	if known {
		n = get(&i.info)
	}
	return n, known
}

// TCPInfo asks the kernel. The error is errors.ErrUnsupported where it can't
// know, of a connection that is none of TCP too.
func (c *Conn) TCPInfo() (*TCPInfo, error) {
	if c.raw == nil || c.Packets || c.Local.Network != tcpNet {
		return nil, errors.ErrUnsupported
	}
	if l, ok := c.sock.(*Link); ok {
		if info := l.lastInfo(); info != nil {
			return info, nil
		}
	}
	var i TCPInfo
	var err error
	cerr := c.raw.Control(func(fd uintptr) {
		var info *unix.TCPInfo
		if info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			i.info = *info
			i.Congestion, err = unix.GetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION)
		}
	})
	if err := errors.Join(cerr, os.NewSyscallError("getsockopt", err)); err != nil {
		return nil, err
	}
	return &i, nil
}

// unanswered reports whether the kernel has sent a connect's SYN again, as
// nobody had answered it.
func unanswered(raw syscall.RawConn) (is bool) {
	const synSent = 2 // TCP_SYN_SENT
	raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		is = err == nil && info.State == synSent && info.Retransmits > 0
	})
	return is
}

// watchPending ends a connect once nobody has answered it.
func watchPending(ctx context.Context, raw syscall.RawConn, end context.CancelCauseFunc) {
	ticks := time.NewTicker(pendingPoll)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			if unanswered(raw) {
				end(ErrPending)
				return
			}
		}
	}
}

// haveCongestion says why a socket can't have a congestion control algorithm.
func haveCongestion(n *Namespace, name string) error {
	fd, err := n.stream(unix.AF_INET)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	switch err := setCongestion(fd, name); err {
	case nil:
		return nil
	case unix.ENOENT:
		known, _ := os.ReadFile("/proc/sys/net/ipv4/tcp_available_congestion_control")
		return fmt.Errorf("there is no congestion control algorithm %q here; there are: %s", name, strings.Join(strings.Fields(string(known)), ", "))
	case unix.EPERM:
		return fmt.Errorf("the congestion control algorithm %q is not for everybody here (net.ipv4.tcp_allowed_congestion_control)", name)
	default:
		return os.NewSyscallError("setsockopt", err)
	}
}

func setCongestion(fd int, name string) error {
	return unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, name)
}
