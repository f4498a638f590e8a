package record_test

import (
	"strings"
	"testing"
	"time"

	"banter/runner/capture"
	"banter/runner/record"
)

// What can be no scenario is told, and soon.
func TestTooLarge(t *testing.T) {
	many := make([]capture.Conversation, 20_001)
	for i := range many {
		many[i] = talk("C: hello", "S: hhhh")
	}
	long := talk()
	long.Datagrams = true
	for i := range 20_001 {
		long.Events = append(long.Events, capture.Event{Kind: capture.Data, At: time.Duration(i) * time.Second, Data: []byte("tick")})
	}
	binary := talk()
	for i := range 1000 {
		data := make([]byte, 1000)
		for j := range data {
			data[j] = byte(i*j*j>>3 ^ j)
		}
		binary.Events = append(binary.Events, capture.Event{Kind: capture.Data, From: capture.Side(i % 2), At: time.Duration(i) * time.Second, Data: data})
	}
	for _, one := range []struct {
		convs []capture.Conversation
		err   string
	}{
		{nil, "there is no conversation"},
		{many, "there are 20,001 conversations; pick fewer of them"},
		{[]capture.Conversation{long}, "the conversations have more than 20,000 turns; "},
		{[]capture.Conversation{binary}, "MiB, and it can have 1.0 MiB; pick fewer"},
	} {
		if _, err := record.Scenario(one.convs, record.Options{}); err == nil || !strings.Contains(err.Error(), one.err) {
			t.Errorf("%v", err)
		}
	}
}
