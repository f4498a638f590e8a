//go:build unix

package wire

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

// piped is a connection, and the program's ends of it.
func piped(t *testing.T) (c *Conn, stdin, stdout *os.File) {
	t.Helper()
	stdin, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, stdout, err := os.Pipe()
	if err == nil {
		c, err = Pipes(in, out)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		stdin.Close()
		stdout.Close()
	})
	return c, stdin, stdout
}

func TestPipes(t *testing.T) {
	c, stdin, stdout := piped(t)
	c.Write([]byte("to"))
	buf := make([]byte, 8)
	if n, err := stdin.Read(buf); string(buf[:n]) != "to" || err != nil {
		t.Errorf("%q %v", buf[:n], err)
	}
	stdout.Write([]byte("from"))
	if n, err := c.Read(buf); string(buf[:n]) != "from" || err != nil {
		t.Errorf("%q %v", buf[:n], err)
	}
	c.SetReadDeadline(time.Unix(1, 0))
	if _, err := c.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	if _, err := c.Late(buf, false); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	stdout.Write([]byte("late"))
	if n, err := c.Late(buf, false); string(buf[:n]) != "late" || err != nil {
		t.Errorf("%q %v", buf[:n], err)
	}
	if n, err := c.LateWrite([]byte("late")); n != 4 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	for range 2 {
		if err := c.CloseWrite(); err != nil {
			t.Error(err)
		}
	}
	if all, err := io.ReadAll(stdin); string(all) != "late" || err != nil {
		t.Errorf("%q %v", all, err)
	}
	stdout.Close()
	c.SetReadDeadline(time.Time{})
	if _, err := c.Read(buf); err != io.EOF {
		t.Error(err)
	}
	if _, err := c.Late(buf, false); err != io.EOF {
		t.Error(err)
	}
}

// What a program does not read is lost, and its output is there all the same.
func TestPipesUnread(t *testing.T) {
	c, stdin, stdout := piped(t)
	stdout.Write([]byte("bye"))
	stdin.Close()
	for range 2 {
		if n, err := c.Write([]byte("hello")); n != 5 || err != nil {
			t.Errorf("%d %v", n, err)
		}
	}
	if n, err := c.LateWrite([]byte("late")); n != 4 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	stdout.Close()
	if all, err := io.ReadAll(readerFunc(c.Read)); string(all) != "bye" || err != nil {
		t.Errorf("%q %v", all, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestPipesFull(t *testing.T) {
	c, _, _ := piped(t)
	c.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	big := make([]byte, 1<<20)
	n, err := c.Write(big)
	if n == 0 || n == len(big) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d %v", n, err)
	}
	if n, err := c.LateWrite(big); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d %v", n, err)
	}
}
