package record

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"banter/runner/capture"
)

// Options are what a scenario is made with.
type Options struct {
	Name        string // of the scenario; "": the file's
	Description string // where the conversations come from
	Seen        string // the address at which clients saw the servers; "": where those were

	// Save is for Script.Save. nil: long payloads stand in the scenario.
	Save func(name string, data []byte) (string, error)
}

// Scenario is conversations as a scenario file. It is the same whenever the
// conversations are.
func Scenario(convs []capture.Conversation, opts Options) ([]byte, error) {
	return NewScript(convs, opts).YAML()
}

// maxTurns is how many turns, or conversations, a scenario can have: with more it
// would be larger than can be read.
const maxTurns = 20_000

// fewer is what to do about a scenario that would be too large.
const fewer = "pick fewer of them, or write to a file, which has long payloads beside it"

// pause is how long a side has to be silent for what it says then to have
// another reason than what came before.
const pause = 2 * time.Millisecond

// NewScript is conversations as a script, in which nothing varies.
func NewScript(convs []capture.Conversation, opts Options) *Script {
	convs = slices.Clone(convs)
	slices.SortStableFunc(convs, func(a, b capture.Conversation) int { return a.Began.Compare(b.Began) })
	s := &Script{Name: opts.Name, Description: opts.Description, seen: opts.Seen, save: opts.Save}
	if len(convs) == 0 {
		return s
	}
	if len(convs) > maxTurns {
		s.tooLarge = fmt.Errorf("there are %s conversations; %s", humanize.Comma(int64(len(convs))), fewer)
		return s
	}
	began := convs[0].Began
	s.began = began
	moments := momentsOf(convs)
	names := names{}
	servers := map[serverKey]string{}
	count := 0
	for i := range convs {
		c := &convs[i]
		refused := len(c.Events) == 1 && c.Events[0].Kind == capture.Refused
		t := &Talk{
			Client: names.take(c.Names[capture.Client], "client"), Datagrams: c.Datagrams, Guessed: c.Guessed, Refused: refused,
			began: c.Began.Sub(began),
		}
		if c.Server.IsValid() {
			t.Address = c.Server.String()
		}
		key := serverKey{addr: c.Server, datagrams: c.Datagrams, refused: refused}
		if !c.Server.IsValid() {
			key.name = c.Names[capture.Server]
		}
		if servers[key] == "" {
			servers[key] = names.take(c.Names[capture.Server], "server")
		}
		t.Server = servers[key]
		if !refused {
			t.Turns = turns(c, t.began, moments)
		}
		t.over = t.ended()
		s.Talks = append(s.Talks, t)
		if count += len(t.Turns); count > maxTurns {
			s.tooLarge = fmt.Errorf("the conversations have more than %s turns; %s", humanize.Comma(maxTurns), fewer)
			s.Talks = nil
			return s
		}
	}
	s.EOL = endOfLine(s.Talks)
	frame(s)
	inOrder(s.Talks)
	return s
}

// serverKey tells servers apart. One that refused is not the one that later
// listens at the same address: it never does.
type serverKey struct {
	addr      netip.AddrPort
	datagrams bool
	refused   bool
	name      string // where there is no address
}

// names are those that are taken.
type names map[string]bool

// take is a name like the one that is wished for, which nobody has.
func (n names) take(wished, fallback string) string {
	if wished = nameLike(wished); wished == "" {
		wished = fallback
	}
	name := wished
	for i := 2; n[name]; i++ {
		name = fmt.Sprintf("%s-%d", wished, i)
	}
	n[name] = true
	return name
}

// nameLike is a name with nothing in it that no name may have, and that YAML takes
// as one; "" if there is none.
func nameLike(name string) string {
	if first, _ := utf8.DecodeRuneInString(name); !unicode.IsLetter(first) || strings.EqualFold(name, "null") {
		return ""
	}
	out := make([]byte, 0, len(name))
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
			out = append(out, c)
		default:
			out = append(out, '-')
		}
	}
	return string(out)
}

// moment is when something of a conversation was seen.
type moment struct {
	at   time.Duration
	talk int
}

func momentsOf(convs []capture.Conversation) []moment {
	if len(convs) < 2 {
		return nil
	}
	var all []moment
	for i := range convs {
		since := convs[i].Began.Sub(convs[0].Began)
		for _, e := range convs[i].Events {
			if e.Kind == capture.Data {
				all = append(all, moment{since + e.At, i})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	return all
}

// turns cuts a conversation where the other side begins to speak, or where
// something happened elsewhere while a side paused.
func turns(c *capture.Conversation, began time.Duration, moments []moment) (all []*Turn) {
	var last *Turn
	for _, e := range c.Events {
		at := began + e.At
		if e.Kind == capture.Data && !c.Datagrams {
			if len(e.Data) == 0 {
				continue
			}
			if last != nil && last.Kind == capture.Data && last.From == e.From && !interrupted(moments, last.end, at) {
				last.data = append(last.data, e.Data...)
				last.Pieces = append(last.Pieces, len(e.Data))
				last.end = at
				continue
			}
		}
		last = &Turn{Kind: e.Kind, From: e.From, At: at, Missing: e.Missing, end: at}
		if e.Kind == capture.Data {
			last.data, last.Pieces = slices.Clone(e.Data), []int{len(e.Data)}
		}
		all = append(all, last)
	}
	return all
}

// interrupted reports whether something was seen between two moments that are a
// pause apart. All of one conversation are, so it was seen elsewhere.
func interrupted(moments []moment, from, to time.Duration) bool {
	if to-from < pause {
		return false
	}
	i, _ := slices.BinarySearchFunc(moments, from, func(m moment, at time.Duration) int { return cmp.Compare(m.at, at) })
	for ; i < len(moments) && moments[i].at <= from; i++ {
	}
	return i < len(moments) && moments[i].at < to
}
