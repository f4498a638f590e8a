//go:build unix && !linux

package wire

func (n *Namespace) stream(family int) (int, error) { return newSocket(family) }

func setCongestion(int, string) error { return errNoCongestion }
