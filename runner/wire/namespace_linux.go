package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Namespace is a network of its own, see network_namespaces(7): all of its ports
// are free, and nothing outside of it is reached or gets in. A nil Namespace is
// the network that the process is in.
//
// Only stream and datagram sockets of IP are made inside. The path of a Unix
// socket belongs to the file system, which is not isolated.
type Namespace struct {
	fd    int         // of the namespace itself
	calls chan func() // to a thread that is inside
}

// NamespaceOptions say what a namespace has.
type NamespaceOptions struct {
	Addresses []netip.Addr // of the loopback device, beside 127.0.0.0/8 and ::1

	// Ethernet has the device take segments as small as they are on Ethernet,
	// and one at a time, in place of 64 KiB at once: so there are many, of which
	// some can be lost.
	Ethernet bool
}

// NewNamespace makes a network with a loopback device. It needs CAP_SYS_ADMIN,
// which a user namespace gives, see user_namespaces(7).
func NewNamespace(o NamespaceOptions) (*Namespace, error) {
	n := &Namespace{fd: -1, calls: make(chan func())}
	made := make(chan error)
	ownThread(func() {
		err := n.make(o)
		made <- err
		if err != nil {
			return
		}
		for call := range n.calls {
			call()
		}
	})
	if err := <-made; err != nil {
		n.closeFD()
		return nil, err
	}
	return n, nil
}

// CanIsolate says why there can be no Namespace, nil if there can.
func CanIsolate() error {
	n, err := NewNamespace(NamespaceOptions{})
	if err != nil {
		return err
	}
	return n.Close()
}

// ownThread runs something on a thread that ends with it. The process's first
// thread can't end, and what it has changed would last: it is not taken.
func ownThread(run func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			run()
			return // and the thread ends, as it is still locked
		}
		defer runtime.UnlockOSThread()
		taken := make(chan struct{})
		ownThread(func() { close(taken); run() })
		<-taken
	}()
}

// make has the thread be in a network of its own from then on.
func (n *Namespace) make(o NamespaceOptions) error {
	switch err := unix.Unshare(unix.CLONE_NEWNET); err {
	case nil:
	case unix.EPERM:
		return errors.New("it needs root, or a user namespace with rights of its own, which this system does not give")
	case unix.ENOSPC:
		return errors.New("there are as many network namespaces as this system allows (user.max_net_namespaces)")
	case unix.EINVAL:
		return errors.New("this kernel has no network namespaces")
	default:
		return os.NewSyscallError("unshare", err)
	}
	var err error
	if n.fd, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("/proc/thread-self/ns/net: %w", err)
	}
	if err := loopbackUp(o.Ethernet); err != nil {
		return fmt.Errorf("the loopback device: %w", err)
	}
	for _, ip := range o.Addresses {
		if err := addAddress(ip); err != nil {
			return fmt.Errorf("the address %s: %w", ip, err)
		}
	}
	// Nobody else is here, whom a port below 1024 would be kept for. Where /proc
	// may not be written, programs need the right to have one.
	_ = os.WriteFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", []byte("0"), 0)
	return nil
}

// Close gives up the network. It lasts as long as a socket or a program is
// inside.
func (n *Namespace) Close() error {
	if n == nil {
		return nil
	}
	close(n.calls)
	return n.closeFD()
}

func (n *Namespace) closeFD() error {
	if n.fd < 0 {
		return nil
	}
	return unix.Close(n.fd)
}

// Go runs something on a thread inside, which ends with it, with the rights that
// programs are to have there; run is told if that can't be.
func (n *Namespace) Go(run func(error)) {
	ownThread(func() {
		err := os.NewSyscallError("setns", unix.Setns(n.fd, unix.CLONE_NEWNET))
		if err == nil {
			// What banter itself needs to make namespaces is not for its programs.
			err = os.NewSyscallError("prctl", unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		}
		run(err)
	})
}

// inside does something on a thread that is inside.
func (n *Namespace) inside(do func()) {
	if n == nil {
		do()
		return
	}
	done := make(chan struct{})
	n.calls <- func() { do(); close(done) }
	<-done
}

// stream makes a TCP socket, which stays inside, whoever uses it.
func (n *Namespace) stream(family int) (fd int, err error) {
	n.inside(func() { fd, err = newSocket(family) })
	return fd, err
}

// take puts a socket inside in the place of one that package net has just made,
// which is neither bound nor connected yet.
func (n *Namespace) take(raw syscall.RawConn) error {
	if n == nil {
		return nil
	}
	var err error
	cerr := raw.Control(func(fd uintptr) { err = n.replace(int(fd)) })
	return errors.Join(cerr, err)
}

func (n *Namespace) replace(fd int) error {
	var get [3]int
	for i, name := range []int{unix.SO_DOMAIN, unix.SO_TYPE, unix.SO_PROTOCOL} {
		var err error
		if get[i], err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, name); err != nil {
			return os.NewSyscallError("getsockopt", err)
		}
	}
	var inside int
	var err error
	n.inside(func() { inside, err = unix.Socket(get[0], get[1]|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, get[2]) })
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(inside)
	options := [][2]int{{unix.SOL_SOCKET, unix.SO_BROADCAST}, {unix.SOL_SOCKET, unix.SO_REUSEADDR}}
	if get[0] == unix.AF_INET6 {
		options = append(options, [2]int{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY})
	}
	for _, o := range options { // those that package net sets
		value, err := unix.GetsockoptInt(fd, o[0], o[1])
		if err == nil {
			err = unix.SetsockoptInt(inside, o[0], o[1], value)
		}
		if err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return os.NewSyscallError("dup3", unix.Dup3(inside, fd, unix.O_CLOEXEC))
}
