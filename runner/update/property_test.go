package update_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// message is what one side says in a generated conversation: how it is sent, and
// how it is expected while it is still what it was.
type message struct {
	send, expect string
	line         bool // it has one end of line, at its end
}

// some is a text of a few words.
func some(r *rand.Rand, words ...string) string {
	var b strings.Builder
	for range 1 + r.IntN(4) {
		b.WriteString(words[r.IntN(len(words))])
	}
	return b.String()
}

var sayings = []string{"hello", "ok", "250 ", "a: b", " #", "it's", `\"`, `\\`, "{x}", "[y]", "é", "${$}", "-", "x", "42", ", ", "=", " ", "\\t"}

// messageOf is a message that says before, and has come to say after.
func messageOf(r *rand.Rand, before, after string) message {
	hexed := func(s string) string { return fmt.Sprintf("% x", s) }
	quoted := func(s string) string { return `"` + s + `"` }
	bare := strings.NewReplacer("${s.port}", "", "${s}", "", "${$}", "$", `\"`, `"`, `\\`, `\`, `\t`, "\t").Replace
	switch r.IntN(12) {
	case 0:
		return message{send: "{line: " + quoted(after) + "}", expect: "{line: " + quoted(before) + "}", line: true}
	case 1:
		return message{send: "{line: " + quoted(after) + "}", expect: `{like: "` + before + ` ${?}"}`, line: true}
	case 2:
		return message{send: "{hex: " + quoted(hexed(bare(after)+"\xff\x00")) + "}", expect: "{hex: " + quoted(hexed(bare(before)+"\xff\x00")) + "}"}
	case 3:
		return message{send: "{hex: " + quoted(hexed(bare(after)+"\xff")) + "}", expect: quoted(before)}
	case 4:
		return message{send: "[" + quoted(after) + `, "\r\n\r\n"]`, expect: `{until: "\r\n\r\n", equals: ` + quoted(before+`\r\n\r\n`) + "}"}
	case 5:
		return message{send: "{text: " + quoted(after) + ", length: u16be}", expect: "{length: u16be, equals: " + quoted(before) + "}"}
	case 6:
		return message{send: quoted(after), expect: "[" + quoted(before) + ", {hex: \"00 01\"}, \"x\"]"}
	case 7:
		return message{send: "{lines: [" + quoted(after) + ", b, c]}", expect: "{lines: [b, " + quoted(before) + "]}"}
	case 8:
		return message{send: `{line: '{"id": 8, "name": "` + strings.NewReplacer("'", "", `\"`, "", `\\`, "", `\t`, "").Replace(after) + `"}'}`,
			expect: `{json: {id: 7, name: "` + strings.ReplaceAll(before, `\t`, "") + `"}}`, line: true}
	case 9:
		return message{send: "{line: " + quoted(after) + "}", expect: "{line, size: 1234}", line: true}
	case 10:
		return message{send: "[" + quoted(after) + ", {line: end}]", expect: "|\n          one\n          two"}
	}
	return message{send: quoted(after), expect: quoted(before)}
}

// Whatever both sides say in place of what they said, one update has each expect
// what the other says, and changes nothing else.
func TestWhateverTheySay(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			var server, client []string // of the file: what stays, what may change, what stays, ...
			add := func(side *[]string, stays, changes string) {
				if n := len(*side); n%2 == 1 {
					(*side)[n-1] += stays
				} else {
					*side = append(*side, stays)
				}
				if changes != "" {
					*side = append(*side, changes)
				}
			}
			add(&server, "  s: # a server\n    steps:\n", "")
			add(&client, "  c: # a client\n    - connect: s\n", "")
			for turn := range 1 + r.IntN(4) {
				from, to := &client, &server
				if turn%2 == 1 {
					from, to = to, from
				}
				before := some(r, sayings...)
				after := "!" + some(r, sayings...) // which the one before does not begin with
				if r.IntN(3) == 0 {
					before += "${s}" + some(r, sayings...)
					after += "${s}" + some(r, sayings...)
				}
				m := messageOf(r, before, after)
				comment := []string{"", " # what the other says", "\n      # below it"}[r.IntN(3)]
				indent := map[bool]string{true: "      ", false: "    "}
				add(from, indent[from == &server]+"- send: "+m.send+"\n", "")
				add(to, indent[to == &server]+"- expect: ", m.expect)
				if strings.HasPrefix(m.expect, "|") {
					comment = "\n      # below it"
				}
				add(to, comment+"\n", "")
			}
			add(&server, "      - close # the end\n", "")
			pieces := append(append([]string{"# what it is\nname: talk\nservers:\n"}, ""), server...)
			pieces = append(pieces, "")
			pieces = append(pieces, append([]string{"\nclients:\n"}, append([]string{""}, client...)...)...)
			pieces = append(pieces, "", "    - close\n")
			source := strings.Join(pieces, "")
			if r.IntN(4) == 0 {
				source = strings.ReplaceAll(source, "\n", "\r\n")
			}
			after, how := brought(t, "talk.yaml", source)
			if strings.Contains(how, "failed") || strings.Contains(how, "left") {
				t.Errorf("%s\n%s\n%s", how, source, after)
			}
			rest := strings.ReplaceAll(after, "\r\n", "\n")
			for i := 0; i < len(pieces); i += 2 {
				_, behind, found := strings.Cut(rest, pieces[i])
				if !found {
					t.Fatalf("%q is gone:\n%s\n%s", pieces[i], source, after)
				}
				rest = behind
			}
			if rest != "" {
				t.Errorf("more at the end: %q", rest)
			}
			if strings.Count(after, "\r\n") > 0 && strings.Count(after, "\n") != strings.Count(after, "\r\n") {
				t.Errorf("ends of line are mixed:\n%q", after)
			}
			if again, how := brought(t, "talk.yaml", after); again != after || how != "" {
				t.Errorf("a second time it changes: %s\n%s\n%s", how, after, again)
			}
		})
	}
}
