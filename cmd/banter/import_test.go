package main

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"banter/runner/capture"
	"banter/runner/capture/pcap"
)

// A capture that ends before a conversation does says so: what came then is not in
// the scenario.
func TestImportOpen(t *testing.T) {
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write([]capture.Conversation{{
		Client: netip.MustParseAddrPort("127.0.0.1:40000"), Server: netip.MustParseAddrPort("127.0.0.1:7890"),
		Events: []capture.Event{{Kind: capture.Data, Data: []byte("hello")}, {Kind: capture.Data, From: capture.Server, Data: []byte("hhhh")}},
	}}, ""); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "open.pcapng")
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := banter(t, "import", path)
	if want := "banter import: " + path + ": 1 conversation had not ended when the capture did; in the scenario the client closes\n"; status != 0 || stderr != want {
		t.Errorf("exit status %d, %q", status, stderr)
	}
}
