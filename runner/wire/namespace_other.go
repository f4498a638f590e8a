//go:build !linux

package wire

import (
	"errors"
	"net/netip"
	"syscall"
)

// Namespace is a network of its own, which only Linux has. A nil Namespace is
// the network that the process is in.
type Namespace struct{}

// NamespaceOptions say what a namespace has.
type NamespaceOptions struct {
	Addresses []netip.Addr
	Ethernet  bool
}

var errNoNamespaces = errors.New("only Linux has network namespaces")

// NewNamespace fails.
func NewNamespace(NamespaceOptions) (*Namespace, error) { return nil, errNoNamespaces }

// CanIsolate says why there can be no Namespace.
func CanIsolate() error { return errNoNamespaces }

// Close does nothing.
func (n *Namespace) Close() error { return nil }

// Go fails.
func (n *Namespace) Go(run func(error)) { run(errNoNamespaces) }

func (n *Namespace) take(syscall.RawConn) error { return nil }
