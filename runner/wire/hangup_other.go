//go:build !linux

package wire

import "errors"

// AwaitReset has no way to tell.
func (c *Conn) AwaitReset() error { return errors.ErrUnsupported }
