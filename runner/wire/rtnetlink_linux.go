package wire

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// loopbackDevice is the number that the loopback device has in every namespace.
const loopbackDevice = 1

// attribute is one of rtnetlink(7).
type attribute struct {
	kind uint16
	data []byte
}

// encode writes attributes one after the other.
func encode(attributes []attribute) (b []byte) {
	for _, a := range attributes {
		b = binary.NativeEndian.AppendUint16(b, uint16(4+len(a.data)))
		b = binary.NativeEndian.AppendUint16(b, a.kind)
		b = append(b, a.data...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	return b
}

// loopbackUp starts the loopback device of the thread's network, perhaps with
// the segments of Ethernet.
func loopbackUp(ethernet bool) error {
	var b []byte
	b = append(b, unix.AF_UNSPEC, 0, 0, 0) // struct ifinfomsg
	b = binary.NativeEndian.AppendUint32(b, loopbackDevice)
	b = binary.NativeEndian.AppendUint32(b, unix.IFF_UP) // flags,
	b = binary.NativeEndian.AppendUint32(b, unix.IFF_UP) // and which of them are to change
	if !ethernet {
		return rtnetlink(unix.RTM_NEWLINK, 0, b)
	}
	word := func(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }
	return rtnetlink(unix.RTM_NEWLINK, 0, b, attribute{unix.IFLA_MTU, word(1500)}, attribute{unix.IFLA_GSO_MAX_SEGS, word(1)})
}

// addAddress gives the loopback device of the thread's network an address.
func addAddress(ip netip.Addr) error {
	family, flags := uint8(unix.AF_INET), uint8(unix.IFA_F_PERMANENT)
	if ip.Is6() {
		family, flags = unix.AF_INET6, flags|unix.IFA_F_NODAD // nobody else can have it
	}
	b := []byte{family, uint8(ip.BitLen()), flags, unix.RT_SCOPE_UNIVERSE} // struct ifaddrmsg
	b = binary.NativeEndian.AppendUint32(b, loopbackDevice)
	err := rtnetlink(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, b,
		attribute{unix.IFA_LOCAL, ip.AsSlice()}, attribute{unix.IFA_ADDRESS, ip.AsSlice()})
	if err != nil || ip.Is4() {
		return err
	}
	return awaitRoute(ip)
}

// routeTime is how long the kernel has to make the route to a new address.
const routeTime = 5 * time.Second

// awaitRoute waits until a new address of IPv6 is reached: the kernel makes the
// routes a moment later, one after the other, and tells nobody.
func awaitRoute(ip netip.Addr) error {
	for began := time.Now(); ; {
		there, err := reaches(ip)
		switch {
		case there:
			return nil
		case time.Since(began) < routeTime:
		case err != nil:
			return err
		default:
			return errors.New("it is not reached")
		}
	}
}

// reaches reports whether a datagram comes that is sent from an address to
// itself.
func reaches(ip netip.Addr) (bool, error) {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet6{Addr: ip.As16()}); err != nil {
		return false, os.NewSyscallError("bind", err)
	}
	self, err := unix.Getsockname(fd)
	if err == nil {
		err = unix.Sendto(fd, []byte{0}, 0, self)
	}
	if err != nil {
		time.Sleep(50 * time.Microsecond)
		return false, os.NewSyscallError("send", err)
	}
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 1)
	return n > 0 && err == nil, nil
}

// rtnetlink asks the kernel to change the thread's network, see netlink(7).
func rtnetlink(kind, flags uint16, body []byte, attributes ...attribute) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	body = append(body, encode(attributes)...)
	var msg []byte // struct nlmsghdr
	msg = binary.NativeEndian.AppendUint32(msg, uint32(unix.SizeofNlMsghdr+len(body)))
	msg = binary.NativeEndian.AppendUint16(msg, kind)
	msg = binary.NativeEndian.AppendUint16(msg, flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	msg = append(msg, make([]byte, 8)...) // a sequence of one, from a port that the kernel picks
	msg = append(msg, body...)
	if err := unix.Sendto(fd, msg, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return os.NewSyscallError("send", err)
	}
	answer := make([]byte, os.Getpagesize())
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return os.NewSyscallError("recv", err)
	}
	messages, err := syscall.ParseNetlinkMessage(answer[:n])
	if err != nil || len(messages) == 0 || messages[0].Header.Type != unix.NLMSG_ERROR || len(messages[0].Data) < 4 {
		return errors.New("the kernel's answer can't be read")
	}
	if code := int32(binary.NativeEndian.Uint32(messages[0].Data)); code != 0 {
		return syscall.Errno(-code)
	}
	return nil
}
