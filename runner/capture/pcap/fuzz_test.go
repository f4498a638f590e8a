package pcap_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"banter/runner/capture"
	"banter/runner/capture/pcap"
)

// Whatever a file holds, reading it ends, within the memory that it may have,
// and what was read can be written and read again.
func FuzzRead(f *testing.F) {
	whole := packetsOf(f, write(f, hello()))
	f.Add(write(f, hello()))
	f.Add(classic(f, 1, append(make([]byte, 12), 0x81, 0, 0, 1, 8, 0), whole))
	f.Add(classic(f, 113, append(make([]byte, 14), 8, 0), whole))
	f.Add(classic(f, 276, append([]byte{8, 0}, make([]byte, 18)...), whole))
	f.Add(classic(f, 0, []byte{2, 0, 0, 0}, pick(f, []int{8, 6, 4, 5, 10, 14, 12, 15})))
	captures, err := filepath.Glob("testdata/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range captures {
		file, err := os.ReadFile(path)
		if err != nil {
			continue // a folder
		}
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, lossy := range []bool{false, true} {
			convs, err := pcap.Read(bytes.NewReader(file), pcap.ReadOptions{Lossy: lossy, Max: 1 << 20})
			if err != nil {
				continue
			}
			if len(convs) == 0 {
				t.Fatal("no conversation, and no error")
			}
			kept := 0
			for _, c := range convs {
				for i, e := range c.Events {
					kept += len(e.Data)
					if i > 0 && e.At < c.Events[i-1].At {
						t.Fatalf("time goes back: %v", c.Events)
					}
					if e.Kind == capture.Gap && !lossy {
						t.Fatal("a gap that nobody asked for")
					}
				}
			}
			if kept > 1<<20 {
				t.Fatalf("%d bytes were kept", kept)
			}
		}
	})
}
