package record_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"banter/runner"
	"banter/runner/capture"
	"banter/runner/record"
	"banter/runner/scenario"
)

// run is what one run of the client recorded.
type run []capture.Conversation

// fromRuns is the scenario of some runs.
func fromRuns(t *testing.T, runs ...run) []byte {
	t.Helper()
	var scripts []*record.Script
	for _, convs := range runs {
		scripts = append(scripts, record.NewScript(convs, record.Options{}))
	}
	if differ := scripts[0].Vary(scripts[1:]...); differ != nil {
		t.Fatal(differ)
	}
	source, err := scripts[0].YAML()
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func readScenario(t *testing.T, source []byte) *scenario.Scenario {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recorded.yaml")
	if err := os.WriteFile(path, source, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := scenario.Read(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Problems) > 0 {
		t.Fatalf("%v in\n%s", file.Problems, source)
	}
	return file.Scenarios[0]
}

// passes plays the clients of one scenario against the servers of another.
func passes(t *testing.T, clients, servers []byte) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	address := make(chan string, 1)
	served := make(chan runner.Result, 1)
	go func() {
		served <- runner.Serve(ctx, readScenario(t, servers), runner.ServeOptions{
			Once:  true,
			Ready: func(list []runner.Listening) { address <- list[0].Address },
		})
	}()
	result, err := runner.Run(ctx, readScenario(t, clients), runner.Options{Connect: map[string]string{"server": <-address}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range result.Failures {
		t.Errorf("client: %v: %s\n%q\n%s", f.Pos, f.Message, f.Notes, clients)
	}
	for _, f := range (<-served).Failures {
		t.Errorf("server: %v: %s\n%q\n%s", f.Pos, f.Message, f.Notes, servers)
	}
}

// What two runs say differently is free on the third one, on both sides: those of
// the third are played against either side of the scenario.
func TestVary(t *testing.T) {
	later := func(c capture.Conversation, d time.Duration) capture.Conversation {
		c.Began = c.Began.Add(d)
		return c
	}
	web := func(date, id, length, body string) run {
		return run{talk(
			"C: POST /orders HTTP/1.1\r\nHost: 127.0.0.1:7890\r\n\r\n",
			"S: HTTP/1.1 201 Created\r\nDate: "+date+"\r\nContent-Length: "+length+"\r\nX-Order: "+id+"\r\n\r\n"+body,
			"C: GET /orders/"+id+" HTTP/1.1\r\nHost: localhost:7890\r\n\r\n",
			"S: HTTP/1.1 204 No Content\r\nLocation: http://127.0.0.1:7890/orders/"+id+"\r\n\r\n",
			"C: EOF", "S: EOF")}
	}
	smtp := func(date, host, id string) run {
		return run{talk("S: 220 mx.test ESMTP Exim 4.98 "+date+"\r\n", "C: EHLO "+host+"\r\n", "S: 250 mx.test Hello "+host+" [127.0.0.1]\r\n",
			"C: DATA\r\n", "S: 354 go on\r\n", "C: Message-Id: <"+id+"@"+host+">\r\n\r\nhhhh\r\n.\r\n", "S: 250 OK id=1"+id+"-AB\r\n",
			"C: QUIT\r\n", "S: 221 bye\r\n", "S: EOF", "C: EOF")}
	}
	binary := func(id, token string) run {
		return run{talk("C: \x00\x00\x00\x09\x01login\x00\x00\x01", "S: \x00\x00\x00\x0c\x02"+token+"\x00\x00\x01",
			"C: \x00\x00\x00\x0e\x03"+token+"\x00"+id+"\x01", "S: \x00\x00\x00\x02ok", "C: EOF", "S: EOF")}
	}
	key := func(pid string) run { // PostgreSQL's BackendKeyData, of a server whose PIDs count
		return run{talk("C: \x00\x00\x00\x12\x00\x03\x00\x00user\x00ann\x00\x00", "S: K\x00\x00\x00\x0c\x00\x00"+pid+"Z\x00\x00\x00\x05I",
			"C: X\x00\x00\x00\x04", "C: EOF", "S: EOF")}
	}
	passive := func(port uint16) run { // FTP's: a second connection, to a port that the server tells
		data := later(talk("S: hhhh\n", "S: EOF", "C: EOF"), 250*time.Microsecond)
		data.Server = netip.AddrPortFrom(data.Server.Addr(), port)
		return run{talk("S: 220 ready\r\n", "C: EPSV\r\n", fmt.Sprintf("S: 229 Entering Extended Passive Mode (|||%d|)\r\n", port),
			"C: RETR a\r\n", "S: 150 here\r\n", "S: 226 done\r\n", "C: QUIT\r\n", "S: 221 bye\r\n", "S: EOF", "C: EOF"), data}
	}
	session := func(token string) run {
		return run{
			talk("C: LOGIN ann\r\n", "S: token="+token+"\r\n", "C: EOF", "S: EOF"),
			later(talk("C: LIST "+token+"\r\n", "S: none\r\n", "C: EOF", "S: EOF"), time.Second),
		}
	}
	for name, runs := range map[string][]run{
		"http": {
			web("Fri, 02 Jan 2026 03:04:05 GMT", "4711", "14", `{"id": "4711"}`),
			web("Fri, 02 Jan 2026 03:04:05 GMT", "815", "13", `{"id": "815"}`),
			web("Tue, 05 May 2026 11:12:13 GMT", "123456", "16", `{"id": "123456"}`),
		},
		"smtp": {
			smtp("Fri, 02 Jan 2026 03:04:05 +0000", "a.test", "tGq7Xa"),
			smtp("Fri, 02 Jan 2026 03:04:06 +0000", "b.test", "tGq9Xa"),
			smtp("Sat, 03 Jan 2026 11:22:33 +0000", "c.test", "xUn4Xb"),
		},
		"binary":  {binary("\x01\x02\xff", "abcdefgh"), binary("\x01\x03\xfe", "ijklmnop"), binary("\x01\x09\xaa", "qrstuvwx")},
		"key":     {key("\x24\x91\x33\xf2\xe6\x10"), key("\x24\x93\x8c\x51\xf4\xfb"), key("\x25\x01\xbc\x4c\x22\x8a")},
		"port":    {passive(45063), passive(9051), passive(38001)},
		"session": {session("a1b2c3"), session("d4e5f6"), session("99aa77")},
		"three": {
			{talk("S: now 1 of 7, load 0.5\r\n", "S: EOF", "C: EOF")}, {talk("S: now 2 of 7, load 0.5\r\n", "S: EOF", "C: EOF")},
			{talk("S: now 2 of 7, load 12.25\r\n", "S: EOF", "C: EOF")}, {talk("S: now 44 of 7, load 3\r\n", "S: EOF", "C: EOF")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			last := len(runs) - 1
			got := fromRuns(t, runs[:last]...)
			path := filepath.Join("testdata", "vary-"+name+".yaml")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			play(t, t.TempDir(), got)
			third := fromRuns(t, runs[last], runs[0])
			passes(t, got, third)
			passes(t, third, got)
		})
	}
}

// A time is free even on a single run, if it is the one at which it was said; and
// only then.
func TestVaryNow(t *testing.T) {
	for _, text := range []string{
		"Fri, 02 Jan 2026 03:04:05 GMT", "Fri, 2 Jan 2026 04:04:05 +0100", "Fri Jan  2 03:04:06 2026", "02/Jan/2026:03:04:05 +0000",
		"2026-01-02T03:04:05Z", "2026-01-02 03:04:04.123", "2026-01-02T05:04:05+02:00", "1767323045", "1767323045.123", "1767323045123", "2026-01-02", "03:04:07",
	} {
		got := string(fromRuns(t, run{talk("S: at "+text+" sharp\r\n", "S: EOF", "C: EOF")}))
		if !strings.Contains(got, `like: "at ${?} sharp"`) {
			t.Errorf("%s:\n%s", text, got)
		}
	}
	for _, text := range []string{"Thu, 01 Jan 2025 03:04:05 GMT", "2026-01-03T03:04:05Z", "1600000000", "2025-01-02", "12:04:07", "17673230451"} {
		got := string(fromRuns(t, run{talk("S: at "+text+" sharp\r\n", "S: EOF", "C: EOF")}))
		if strings.Contains(got, "${?}") {
			t.Errorf("%s:\n%s", text, got)
		}
	}
}

// Clients that play at the same time may connect in another order on another run.
func TestVaryOrder(t *testing.T) {
	get := func(what, id string) capture.Conversation {
		return talk("C: GET "+what+"\r\n", "S: "+what+" "+id+"\r\n", "C: EOF", "S: EOF")
	}
	got := string(fromRuns(t, run{get("sheep", "17"), get("stars", "4711")}, run{get("stars", "4712"), get("sheep", "17")}))
	if !strings.Contains(got, `{send: {line: GET sheep}, expect: {line: sheep 17}}`) || !strings.Contains(got, `{send: {line: GET stars}, expect: {like: "stars ${?:int}"}}`) {
		t.Error(got)
	}
}

// Where runs are not alike, that is said, and the rest is compared.
func TestVaryDiffers(t *testing.T) {
	script := record.NewScript(run{talk("C: hello 1\r\n", "S: a\r\nb\r\n", "C: EOF", "S: EOF")}, record.Options{})
	other := record.NewScript(run{talk("C: hello 2\r\n", "S: a\r\n", "C: EOF", "S: EOF")}, record.Options{})
	differ := script.Vary(other)
	if len(differ) != 1 || differ[0] != "client: the server says 2 lines or messages on run 1 and 1 on run 2; they are as on run 1" {
		t.Errorf("%q", differ)
	}
	source, err := script.YAML()
	if err != nil || !strings.Contains(string(source), `like: "hello ${?:int}"`) || !strings.Contains(string(source), "lines: [a, b]") {
		t.Errorf("%v\n%s", err, source)
	}
	if differ := script.Vary(record.NewScript(nil, record.Options{})); len(differ) != 1 {
		t.Errorf("%q", differ)
	}
}

// Whatever two runs say, the scenario of them passes by itself, and its clients
// against what the second run's server said.
func TestVaryProperty(t *testing.T) {
	words := []string{"hello", "id=", "4711", "a-b", "${x}", "$", "\\", "\"", "'", "#", ": ", "{", "é", "\t", "0", "99", "1.5", "2026-01-02T03:04:05Z", " ", "  ",
		"\x00", "\xff\xfe", "\r\n", "\n", "127.0.0.1:7890", "tmp", "localhost:7890", "-", "*", "?", ""}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		text := func() string {
			var b strings.Builder
			for range 1 + random.IntN(8) {
				b.WriteString(words[random.IntN(len(words))])
			}
			return b.String() + "\r\n"
		}
		var runs [2]run
		var says [2][]string
		for n := range 2 + random.IntN(4) {
			side := []string{"C: ", "S: "}[n%2]
			one := text()
			other := one
			if random.IntN(3) > 0 {
				other = text()
			}
			if strings.Count(one, "\r\n") != strings.Count(other, "\r\n") {
				other = one
			}
			for k, said := range []string{one, other} {
				says[k] = append(says[k], side+said)
			}
		}
		for k := range runs {
			runs[k] = run{talk(append(says[k], "C: EOF", "S: EOF")...)}
		}
		script := record.NewScript(runs[0], record.Options{})
		script.Vary(record.NewScript(runs[1], record.Options{}))
		source, err := script.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if t.Run(fmt.Sprint(seed), func(t *testing.T) { play(t, t.TempDir(), source) }); t.Failed() {
			t.Fatalf("%q\n%q\n%s", says[0], says[1], source)
		}
	}
}
