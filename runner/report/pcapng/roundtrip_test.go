package pcapng_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"banter/runner"
	"banter/runner/capture/pcap"
	"banter/runner/record"
	"banter/runner/report"
	"banter/runner/report/pcapng"
	"banter/runner/scenario"
	"banter/runner/transcript"
)

// parse reads a scenario that must be without fault.
func parse(t *testing.T, path string, source []byte) *scenario.Scenario {
	t.Helper()
	file := scenario.Parse(path, source)
	if len(file.Problems) > 0 {
		t.Fatalf("%v in\n%s", file.Problems, source)
	}
	return file.Scenarios[0]
}

func play(t *testing.T, s *scenario.Scenario) runner.Result {
	t.Helper()
	result, err := runner.Run(context.Background(), s, runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !result.Passed() {
		t.Fatalf("%v: %s\n%q\n%s", result.Failures[0].Pos, result.Failures[0].Message, result.Failures[0].Notes, s.File.Source)
	}
	return result
}

// captured is the report of a run.
func captured(t *testing.T, s *scenario.Scenario, result runner.Result) []byte {
	t.Helper()
	var out bytes.Buffer
	f, err := pcapng.New(&out)
	if err == nil {
		err = f.Add(report.NewCase(runner.Play{Scenario: s, Round: 1, Result: result}, report.TextOptions{}))
	}
	if err == nil {
		err = f.Close(report.Summary{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// imported is a scenario of a capture.
func imported(t *testing.T, file []byte) []byte {
	t.Helper()
	convs, err := pcap.Read(bytes.NewReader(file), pcap.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	source, err := record.Scenario(convs, record.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// seen is what each connection's ends saw, without anybody's name.
func seen(result runner.Result) (all []string) {
	for _, a := range result.Actors {
		now := map[string]int{} // where what is seen of a connection goes
		for _, e := range a.Observed {
			switch e.Kind {
			case transcript.Start, transcript.Stop:
				continue
			case transcript.Connect, transcript.Accept:
				now[e.Over] = len(all)
				all = append(all, "")
			}
			over := e.Over
			e.Over, e.Name = "", ""
			all[now[over]] += e.Event.String() + "\n"
		}
	}
	slices.Sort(all)
	return all
}

// roundTrip plays a scenario, and then one made of the packets that could have
// carried it, and compares what was seen.
func roundTrip(t *testing.T, source []byte) {
	t.Helper()
	s := parse(t, "first.yaml", source)
	first := play(t, s)
	again := imported(t, captured(t, s, first))
	second := play(t, parse(t, "second.yaml", again))
	if want, got := seen(first), seen(second); !slices.Equal(want, got) {
		t.Errorf("played\n%s\nimported\n%s\nwant\n%s\ngot\n%s", source, again, strings.Join(want, "--\n"), strings.Join(got, "--\n"))
	}
}

// someScenario makes up a scenario: clients that call servers, and what they say.
func someScenario(r *rand.Rand) []byte {
	var servers, clients strings.Builder
	texts := []string{`"hello"`, `{line: hhhh}`, `{hex: 00 ff 0d 0a}`, `{lines: ["a b", "- c: d #e", ""]}`, `{text: "${$}{x}", length: u16be}`,
		`{fill: "ab", size: 3000}`, `{fill: random, size: 5000, seed: 3}`, `"你好\0"`, `"\n"`, `[{u8: 7}, "x"]`}
	for i := range 1 + r.IntN(4) {
		name := fmt.Sprintf("s%d", i)
		fmt.Fprintf(&servers, "  %s:\n", name)
		var server, client []string
		udp := r.IntN(5) == 0
		if udp {
			fmt.Fprintf(&servers, "    bind: udp:127.0.0.1:0\n")
		}
		for j := range r.IntN(6) {
			what := texts[r.IntN(len(texts))]
			expect := what
			if strings.Contains(what, "length") {
				expect = "[" + what + "]"
			}
			if udp {
				what = `"datagram"`
				expect = what
			}
			if r.IntN(2) == 0 || udp && j == 0 {
				client, server = append(client, "send: "+what), append(server, "expect: "+expect)
			} else {
				client, server = append(client, "expect: "+expect), append(server, "send: "+what)
			}
		}
		switch end := r.IntN(7); {
		case udp && len(client) == 0:
			client, server = []string{`send: ""`}, []string{"expect: {datagram}"}
		case udp:
		case end == 0:
			client, server = append(client, "close"), append(server, "expect: {eof}")
		case end == 1:
			client, server = append(client, "expect: {eof}"), append(server, "close")
		case end == 2:
			client, server = append(client, "reset"), append(server, "expect: {reset}")
		case end == 3:
			client, server = append(client, "expect: {reset}"), append(server, "reset")
		case end == 4:
			client = append(client, "shutdown", `expect: "more"`, "expect: {eof}", "close")
			server = append(server, "expect: {eof}", `send: "more"`, "close")
		case end == 5:
			server = append(server, "shutdown", `expect: "more"`, "expect: {eof}", "close")
			client = append(client, "expect: {eof}", `send: "more"`, "close")
		}
		if len(server) == 0 {
			server = []string{"close"}
		}
		fmt.Fprintf(&servers, "    steps:\n")
		for _, step := range server {
			fmt.Fprintf(&servers, "      - %s\n", step)
		}
		fmt.Fprintf(&clients, "  c%d:\n    - connect: %s\n", i, name)
		for _, step := range client {
			fmt.Fprintf(&clients, "    - %s\n", step)
		}
	}
	return []byte("servers:\n" + servers.String() + "clients:\n" + clients.String())
}

func TestRoundTrip(t *testing.T) {
	for seed := range uint64(150) {
		source := someScenario(rand.New(rand.NewPCG(seed, 9)))
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { roundTrip(t, source) }) {
			return
		}
	}
}

// Packets can't say all that a scenario can.
var saysMore = map[string]string{
	"05-backlog.yaml":         "who was never accepted looks as if he had been",
	"11-both-directions.yaml": "a report keeps less than a megabyte",
	"12-flow-control.yaml":    "a report keeps less than a megabyte",
	"13-in-order.yaml":        "a report keeps less than a megabyte",
	"16-udp.yaml":             "that nobody has the port, ICMP says",
	"17-tls.yaml":             "what TLS carried is shown without it",
}

// The scenarios that people read first.
func TestTourRoundTrip(t *testing.T) {
	files, err := filepath.Glob("../../../scenarios/tour/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if why := saysMore[filepath.Base(path)]; why != "" {
				t.Skip(why)
			}
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			roundTrip(t, source)
		})
	}
}
