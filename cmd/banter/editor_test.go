//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"banter/runner/scenario"
)

// languageServer is a yaml-language-server that is talked to as editors do, in
// the Language Server Protocol.
type languageServer struct {
	t        *testing.T
	in       io.Writer
	messages chan message // closed when it has ended
	last     int          // id of a request
	dir      string       // has the schema

	configured  bool                    // it knows its settings
	diagnostics map[string][]diagnostic // by file; not nil where they have come
}

// message is one of JSON-RPC: a request, a notification or a response.
type message struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

// startLanguageServer starts one, which ends with the test.
func startLanguageServer(t *testing.T) *languageServer {
	t.Helper()
	cmd := exec.Command(installed(t, "yaml-language-server"), "--stdio")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &languageServer{t: t, in: in, messages: make(chan message, 100), dir: t.TempDir(), diagnostics: map[string][]diagnostic{}}
	go s.read(bufio.NewReader(out))
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		for range s.messages { // until it has ended
		}
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("yaml-language-server: %s", &stderr)
		}
	})
	write(t, filepath.Join(s.dir, "banter.schema.json"), string(scenario.Schema()))
	s.call("initialize", map[string]any{
		"processId": os.Getpid(),
		"rootUri":   fileURI(s.dir),
		"capabilities": map[string]any{
			"workspace": map[string]any{"configuration": true},
			"textDocument": map[string]any{
				"completion": map[string]any{"completionItem": map[string]any{"documentationFormat": []string{"markdown"}}},
				"hover":      map[string]any{"contentFormat": []string{"markdown"}},
			},
		},
	})
	s.send(map[string]any{"method": "initialized", "params": map[string]any{}})
	for !s.configured {
		s.next()
	}
	return s
}

func (s *languageServer) read(out *bufio.Reader) {
	defer close(s.messages)
	for {
		header, err := textproto.NewReader(out).ReadMIMEHeader()
		if err != nil {
			return
		}
		n, err := strconv.Atoi(header.Get("Content-Length"))
		if err != nil {
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(out, body); err != nil {
			return
		}
		var m message
		if json.Unmarshal(body, &m) != nil {
			return
		}
		s.messages <- m
	}
}

func (s *languageServer) send(m map[string]any) {
	s.t.Helper()
	m["jsonrpc"] = "2.0"
	body, err := json.Marshal(m)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(s.in, "Content-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		s.t.Fatal(err)
	}
}

// next takes the next message. What the server asks is answered, and what it says
// of files is kept.
func (s *languageServer) next() message {
	s.t.Helper()
	var m message
	ok := false
	select {
	case m, ok = <-s.messages:
		if !ok {
			s.t.Fatal("yaml-language-server has ended")
		}
	case <-time.After(patience):
		s.t.Fatal("yaml-language-server says nothing")
	}
	switch {
	case m.ID != nil && m.Method == "workspace/configuration":
		yaml := map[string]any{
			"validate": true, "hover": true, "completion": true,
			"schemaStore": map[string]any{"enable": false},                               // it is on the net
			"schemas":     map[string]any{"./banter.schema.json": "scenarios/**/*.yaml"}, // as docs/editors.md says
		}
		s.send(map[string]any{"id": m.ID, "result": []any{yaml, nil, nil, nil, nil}})
		s.configured = true
	case m.ID != nil && m.Method != "":
		s.send(map[string]any{"id": m.ID, "result": nil})
	case m.Method == "textDocument/publishDiagnostics":
		var p struct {
			URI         string
			Diagnostics []diagnostic
		}
		if err := json.Unmarshal(m.Params, &p); err != nil {
			s.t.Fatal(err)
		}
		s.diagnostics[p.URI] = p.Diagnostics
	}
	return m
}

// call makes a request and returns the result.
func (s *languageServer) call(method string, params any) json.RawMessage {
	s.t.Helper()
	s.last++
	s.send(map[string]any{"id": s.last, "method": method, "params": params})
	for {
		if m := s.next(); m.Method == "" && string(m.ID) == strconv.Itoa(s.last) {
			if m.Error != nil {
				s.t.Fatalf("%s: %s", method, m.Error)
			}
			return m.Result
		}
	}
}

type place struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type diagnostic struct {
	Range struct {
		Start, End place
	}
	Message string
}

// String is a diagnostic with its place; lines and columns count from 0.
func (d diagnostic) String() string {
	return fmt.Sprintf("%d:%d-%d:%d %s", d.Range.Start.Line, d.Range.Start.Character, d.Range.End.Line, d.Range.End.Character, d.Message)
}

// modeline names a document's schema.
const modeline = "# yaml-language-server: $schema=banter.schema.json\n"

// open opens a file.
func (s *languageServer) open(name, text string) (uri string) {
	s.t.Helper()
	uri = fileURI(filepath.Join(s.dir, name))
	s.send(map[string]any{"method": "textDocument/didOpen", "params": map[string]any{
		"textDocument": map[string]any{"uri": uri, "languageId": "yaml", "version": 1, "text": text},
	}})
	return uri
}

// wrong is what is underlined in an open file.
func (s *languageServer) wrong(uri string) (all []string) {
	s.t.Helper()
	for s.diagnostics[uri] == nil {
		s.next()
	}
	for _, d := range s.diagnostics[uri] {
		all = append(all, d.String())
	}
	return all
}

func fileURI(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// offers wants keys among what is offered at a place, each with what it means.
func (s *languageServer) offers(uri string, line, character int, keys ...string) {
	s.t.Helper()
	all := s.offered(uri, line, character)
	for _, key := range keys {
		if about := all[key]; !strings.HasSuffix(about, `."`) {
			s.t.Errorf("%s:%d:%d: offered is %q, with %q as %s", uri, line, character, slices.Sorted(maps.Keys(all)), key, about)
		}
	}
}

// offered is what is offered at a place, with what it means.
func (s *languageServer) offered(uri string, line, character int) map[string]string {
	s.t.Helper()
	var list struct {
		Items []struct {
			Label         string
			Documentation json.RawMessage
		}
	}
	result := s.call("textDocument/completion", map[string]any{"textDocument": map[string]any{"uri": uri}, "position": place{line, character}})
	if err := json.Unmarshal(result, &list); err != nil {
		s.t.Fatal(err)
	}
	all := map[string]string{}
	for _, item := range list.Items {
		all[item.Label] = string(item.Documentation)
	}
	return all
}

// underlined wants these among what is underlined in an open file.
func (s *languageServer) underlined(uri string, want ...string) {
	s.t.Helper()
	got := s.wrong(uri)
	for _, w := range want {
		if !slices.Contains(got, w) {
			s.t.Errorf("%s: underlined is\n%s\nand not %s", uri, strings.Join(got, "\n"), w)
		}
	}
}

func (s *languageServer) hover(uri string, line, character int) string {
	s.t.Helper()
	var hover struct {
		Contents struct{ Value string }
	}
	result := s.call("textDocument/hover", map[string]any{"textDocument": map[string]any{"uri": uri}, "position": place{line, character}})
	if err := json.Unmarshal(result, &hover); err != nil {
		s.t.Fatal(err)
	}
	return hover.Contents.Value
}

// A document that is being written: what the editor offers, shows and underlines.
func TestEditor(t *testing.T) {
	s := startLanguageServer(t)
	const text = `name: greeting
servers:
  greeter:
    backlog: 128
    reply: "hhhh"
clients:
  ann:
    - connect: greeter
    - sned: hello
    - expect: {prefx: h}
    - 
`
	uri := s.open("greeting.yaml", modeline+text)
	s.offers(uri, 11, 6, "connect", "send", "expect", "close", "shutdown", "loop")
	if about := s.hover(uri, 4, 6); !strings.Contains(about, "listen(2)") {
		t.Errorf("backlog is shown as %q", about)
	}
	s.underlined(uri, `9:6-9:10 Property sned is not allowed.`, `10:15-10:20 Property prefx is not allowed.`)

	uri = s.open("server.yaml", modeline+"servers:\n  greeter:\n    \n")
	s.offers(uri, 3, 4, "bind", "backlog", "reply", "rules")
	uri = s.open("expect.yaml", modeline+"clients:\n  ann:\n    - expect:\n        \n")
	s.offers(uri, 4, 8, "line", "until", "eof", "prefix", "u16be")
	uri = s.open("message.yaml", modeline+"servers:\n  s:\n    message: \n")
	if got := slices.Sorted(maps.Keys(s.offered(uri, 3, 13))); !slices.Equal(got, []string{"datagram", "line"}) {
		t.Errorf("offered for a message is %q", got)
	}
}

// A file of several documents. The schema comes from the editor's settings, or
// from a comment above each of them.
func TestEditorDocuments(t *testing.T) {
	s := startLanguageServer(t)
	for name, mode := range map[string]string{"scenarios/a.yaml": "", "b.yaml": modeline} {
		uri := s.open(name, mode+`name: first
backlg: 1
---
`+mode+`name: second
timeout: 5
clients:
  ann:
    - 
`)
		first := strings.Count(mode, "\n")
		second := 3 + 2*first
		s.underlined(uri, fmt.Sprintf("%[1]d:0-%[1]d:6 Property backlg is not allowed.", first+1),
			fmt.Sprintf(`%[1]d:9-%[1]d:10 Incorrect type. Expected "string".`, second+1))
		s.offers(uri, second+4, 6, "connect", "send")
		if about := s.hover(uri, second+1, 2); !strings.Contains(about, "How long each step may wait") {
			t.Errorf("%s: timeout is shown as %q", name, about)
		}
	}
}

// The tour and the protocols have nothing underlined.
func TestEditorFiles(t *testing.T) {
	s := startLanguageServer(t)
	var names []string
	for _, folder := range []string{"tour", "protocols", "programs"} {
		found, err := filepath.Glob("../../scenarios/" + folder + "/*.yaml")
		if err != nil || len(found) == 0 {
			t.Fatal(folder, err)
		}
		names = append(names, found...)
	}
	opened := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		opened[name] = s.open(strings.TrimPrefix(name, "../../"), string(text))
	}
	for _, name := range names {
		if wrong := s.wrong(opened[name]); len(wrong) > 0 {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}
