package runner_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDialogue(t *testing.T) {
	r := passes(t, `
name: smtp-hello
vars: {me: client.test}
dialogue: |
  # as RFC 5321 has it
  S: 220 ${?host=mx.test} ESMTP
  C: HELO ${me}
  S: 250 ${?host=mx.test}
  C: VRFY ${host}
  S: 252 ${?n:int}
  S:

  C: QUIT
  S: 221 ${?}
`)
	want := `client:
  connect server
  < "220 mx.test ESMTP\r\n"
  > "HELO client.test\r\n"
  < "250 mx.test\r\n"
  > "VRFY mx.test\r\n"
  < "252 0\r\n\r\n"
  > "QUIT\r\n"
  < "221 x\r\n"
  < eof
  close
`
	if diff := cmp.Diff(want, strings.SplitAfter(transcripts(r), "close\n")[0]); diff != "" {
		t.Error(diff)
	}
}

func TestDialogueFails(t *testing.T) {
	r := run(t, `
servers:
  server: {bind: "127.0.0.1:0"}
clients:
  other: [{connect: server}, {expect: {line: hello}}, {send: {line: hey}}]
dialogue: |
  S: hello
  C: hi
`)
	if diff := cmp.Diff([]string{"8:6 server/other: the bytes differ at offset 1"}, failures(r)); diff != "" {
		t.Error(diff)
	}
}
