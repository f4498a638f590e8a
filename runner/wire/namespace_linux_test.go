package wire

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// namespace is one that ends with the test.
func namespace(t *testing.T, o NamespaceOptions) *Namespace {
	t.Helper()
	if err := CanIsolate(); err != nil {
		t.Skipf("no namespaces here: %v", err)
	}
	n, err := NewNamespace(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// Two namespaces have the same addresses and ports at the same time, and neither
// is reached from the other one or from outside.
func TestNamespaces(t *testing.T) {
	own := netip.MustParseAddr("192.0.2.1")
	six := netip.MustParseAddr("2001:db8::1")
	a := namespace(t, NamespaceOptions{Addresses: []netip.Addr{own, six}})
	b := namespace(t, NamespaceOptions{Addresses: []netip.Addr{own}})
	for _, host := range []string{"127.0.0.1", "192.0.2.1", "2001:db8::1", "::1", ""} {
		ln, err := Open(t.Context(), Local{Net: a, Host: host, Port: 25, Backlog: -1}, true)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := Dial(t.Context(), ln.Addr(), DialOptions{Net: a})
		if err != nil {
			t.Fatalf("%s is not reached inside: %v", ln.Addr(), err)
		}
		conn.Close()
		udp, err := OpenPackets(t.Context(), Local{Net: a, Host: host, Port: 25}, true)
		if err != nil {
			t.Fatal(err)
		}
		conn, err = Dial(t.Context(), udp.Addr(), DialOptions{Net: a})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		if _, err := udp.Accept(); err != nil {
			t.Errorf("%s is not reached inside: %v", udp.Addr(), err)
		}
		conn.Close()
		udp.Close()
		for name, outside := range map[string]*Namespace{"another namespace": b, "the machine": nil} {
			if ip := ln.Addr().Addr(); outside == nil && !ip.IsLoopback() {
				continue // it may be somebody's
			}
			conn, err := Dial(t.Context(), ln.Addr(), DialOptions{Net: outside})
			if err == nil {
				t.Errorf("%s is reached from %s", ln.Addr(), name)
				conn.Close()
			} else if !IsRefused(err) && !IsUnreachable(err) {
				t.Error(err)
			}
		}
		ln.Close()
	}
	if _, err := Dial(t.Context(), TCP(netip.MustParseAddrPort("192.0.2.7:25")), DialOptions{Net: a}); !IsUnreachable(err) {
		t.Errorf("there is a way out: %v", err)
	}
}

// A port for a program is one that is free inside.
func TestFreePortInside(t *testing.T) {
	n := namespace(t, NamespaceOptions{})
	port, release, err := FreePort(n)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ln, err := Open(t.Context(), Local{Net: n, Port: port, Backlog: -1}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if unused(n, port) == nil {
		t.Error("it is in use, and is said not to be")
	}
	if unused(nil, port) != nil {
		t.Error("it is free outside, and is said not to be")
	}
}

// held are the namespaces that the process's threads and files hold, and how
// many files those are.
func held(t *testing.T) (namespaces map[string]bool, files int) {
	t.Helper()
	namespaces = map[string]bool{}
	threads, err := filepath.Glob("/proc/self/task/*/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	fds, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(threads, fds...) {
		name, err := os.Readlink(path) // a thread, or the file of the glob, may be gone
		if ok, _ := filepath.Match(`net:*`, name); ok && err == nil {
			namespaces[name] = true
		}
	}
	return namespaces, len(fds)
}

// Nothing is left of a namespace that is closed: no thread, no file; and the
// process is where it was.
func TestNamespacesAreReleased(t *testing.T) {
	namespace(t, NamespaceOptions{}).inside(func() {}) // which others of the test are open is known then
	before, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	_, filesBefore := held(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 10 {
				n, err := NewNamespace(NamespaceOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				ln, err := Open(t.Context(), Local{Net: n, Port: 25, Backlog: -1}, true)
				if err != nil {
					t.Error(err)
				} else {
					ln.Close()
				}
				ran := make(chan error)
				n.Go(func(err error) { ran <- err })
				if err := <-ran; err != nil {
					t.Error(err)
				}
				n.Close()
			}
		})
	}
	all.Wait()
	var left string
	for range 500 { // threads end in a moment
		namespaces, files := held(t)
		if len(namespaces) <= 2 && files <= filesBefore { // the machine's, and the one above
			left = ""
			break
		}
		left = fmt.Sprintf("%d namespaces and %d files are open, and %d files were", len(namespaces), files, filesBefore)
		time.Sleep(10 * time.Millisecond)
	}
	if left != "" {
		t.Error(left)
	}
	if after, err := os.Readlink("/proc/self/ns/net"); err != nil || after != before {
		t.Errorf("the process was in %s, and is in %s: %v", before, after, err)
	}
}

func BenchmarkNamespace(b *testing.B) {
	if err := CanIsolate(); err != nil {
		b.Skip(err)
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n, err := NewNamespace(NamespaceOptions{})
			if err != nil {
				b.Fatal(err)
			}
			n.Close()
		}
	})
}
