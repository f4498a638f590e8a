//go:build unix

package wire

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func openPath(t *testing.T, at Local) *Listener {
	t.Helper()
	dir, err := os.MkdirTemp("", "banter") // short, unlike t.TempDir's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	at.Path = filepath.Join(dir, "s")
	return open(t, at, true)
}

func TestUnixSocketsStopAndStartAgain(t *testing.T) {
	l := openPath(t, Local{Backlog: 5, SndBuf: 4 << 10})
	client, server := connected(t, l)
	for range 3 {
		if err := l.Stop(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("accept while stopped: %v", err)
		}
		if _, err := dialTo(t, l.Addr()); !IsRefused(err) {
			t.Fatalf("got %v, want a refusal", err)
		}
		if err := l.Listen(); err != nil {
			t.Fatal(err)
		}
		connected(t, l)
	}
	if _, err := client.Write([]byte("still here")); err != nil {
		t.Fatal(err)
	}
	if n, err := server.Read(make([]byte, 100)); n != len("still here") || err != nil {
		t.Fatal(n, err)
	}
	l.Close()
	if _, err := os.Lstat(l.Addr().Path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is left behind: %v", err)
	}
	if _, err := dialTo(t, l.Addr()); !IsRefused(err) {
		t.Fatalf("got %v, want a refusal", err)
	}
}

// What somebody else has put in the place of a socket's file stays.
func TestUnixSocketLeavesOthersFiles(t *testing.T) {
	l := openPath(t, Local{Backlog: -1})
	path := l.Addr().Path
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

// Closing with bytes unread is the only reset of a Unix socket, told once by
// the system and ever after by a Conn.
func TestUnixSocketReset(t *testing.T) {
	client, server := connected(t, openPath(t, Local{Backlog: -1}))
	client.Write([]byte("x"))
	server.Write([]byte("y"))
	server.Close()
	buf := make([]byte, 10)
	if n, err := client.Read(buf); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	for range 2 {
		if n, err := client.Read(buf); n != 0 || err != ErrReset {
			t.Fatal(n, err)
		}
	}
}
