package runner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"banter/runner/scenario"

	"github.com/google/go-cmp/cmp"
)

// The plays of these tests only sleep, in synctest's bubble: its clock jumps,
// so that what happens at the same time is known exactly.

func named(names ...string) []*scenario.Scenario {
	var list []*scenario.Scenario
	for _, name := range names {
		list = append(list, &scenario.Scenario{Name: name})
	}
	return list
}

func binding(name string, port int) *scenario.Scenario {
	return &scenario.Scenario{Name: name, Servers: []*scenario.Server{{Bind: &scenario.Address{Port: port}}}}
}

func calling(name, address string) *scenario.Scenario {
	to := scenario.Connect{Address: scenario.Text{{Lit: []byte(address)}}}
	return &scenario.Scenario{Name: name, Clients: []*scenario.Client{{Steps: []*scenario.Step{{Action: to}}}}}
}

// player is a playFunc that takes the time and the failures that a test says,
// and notes what started when.
type player struct {
	mu     sync.Mutex
	begin  time.Time
	plays  map[string]int
	starts []string // "name@seconds"
	takes  map[string]time.Duration
	fails  map[string]int // the round that fails; -1: all
}

func (p *player) play(ctx context.Context, s *scenario.Scenario, _ Options) (Result, error) {
	p.mu.Lock()
	if p.plays == nil {
		p.plays = map[string]int{}
	}
	p.plays[s.Name]++
	round := p.plays[s.Name]
	p.starts = append(p.starts, fmt.Sprintf("%s@%v", s.Name, time.Since(p.begin).Seconds()))
	p.mu.Unlock()

	select {
	case <-time.After(p.takes[s.Name]):
	case <-ctx.Done():
		return Result{Scenario: s}, ctx.Err()
	}
	r := Result{Scenario: s}
	if fails := p.fails[s.Name]; fails == round || fails == -1 {
		r.Failures = []Failure{{Message: "as the test says"}}
	}
	return r, nil
}

// suiteOf plays and returns what was delivered, as "name/round what@seconds".
func suiteOf(ctx context.Context, p *player, list []*scenario.Scenario, opts SuiteOptions) []string {
	p.begin = time.Now()
	var got []string
	playAll(ctx, list, opts, p.play, func(play Play) {
		what := "passed"
		switch {
		case play.NotRun:
			what = "not run"
		case play.Stopped:
			what = "stopped"
		case play.Failed():
			what = "failed"
		}
		got = append(got, fmt.Sprintf("%s/%d %s@%v", play.Scenario.Name, play.Round, what, time.Since(p.begin).Seconds()))
	})
	return got
}

func TestSuite(t *testing.T) {
	for _, tt := range []struct {
		name      string
		scenarios []*scenario.Scenario
		opts      SuiteOptions
		player    *player
		want      []string // deliveries
		starts    []string // where they matter
	}{
		{
			name:   "nothing",
			player: &player{},
		}, {
			name:      "delivered in order, as soon as known",
			scenarios: named("a", "b", "c", "d"),
			opts:      SuiteOptions{Jobs: 4},
			player:    &player{takes: map[string]time.Duration{"a": 1 * time.Second, "b": 3 * time.Second, "c": 2 * time.Second, "d": 4 * time.Second}},
			want:      []string{"a/1 passed@1", "b/1 passed@3", "c/1 passed@3", "d/1 passed@4"},
		}, {
			name:      "one job",
			scenarios: named("a", "b"),
			player:    &player{takes: map[string]time.Duration{"a": time.Second}},
			want:      []string{"a/1 passed@1", "b/1 passed@1"},
			starts:    []string{"a@0", "b@1"},
		}, {
			name:      "repeat",
			scenarios: named("a", "b"),
			opts:      SuiteOptions{Repeat: 2},
			player:    &player{fails: map[string]int{"a": 1}},
			want:      []string{"a/1 failed@0", "a/2 passed@0", "b/1 passed@0", "b/2 passed@0"},
		}, {
			name:      "fail fast",
			scenarios: named("a", "b", "c", "d"),
			opts:      SuiteOptions{Jobs: 2, FailFast: true, Repeat: 2},
			player: &player{
				takes: map[string]time.Duration{"a": 3 * time.Second, "b": time.Second},
				fails: map[string]int{"b": -1},
			},
			// a's two rounds are under way when nothing has failed yet.
			want:   []string{"a/1 passed@3", "a/2 passed@3", "b/1 failed@4", "b/2 failed@4", "c/1 not run@4", "d/1 not run@4"},
			starts: []string{"a@0", "a@0", "b@3", "b@3"},
		}, {
			name:      "until fail",
			scenarios: named("a", "b"),
			opts:      SuiteOptions{UntilFail: true},
			player:    &player{fails: map[string]int{"b": 2}},
			want:      []string{"a/1 passed@0", "b/1 passed@0", "a/2 passed@0", "b/2 failed@0"},
		}, {
			name:      "until fail, bounded",
			scenarios: named("a", "b"),
			opts:      SuiteOptions{UntilFail: true, Repeat: 2},
			player:    &player{},
			want:      []string{"a/1 passed@0", "b/1 passed@0", "a/2 passed@0", "b/2 passed@0"},
		}, {
			name:      "until fail, in the first round",
			scenarios: named("a", "b", "c"),
			opts:      SuiteOptions{UntilFail: true},
			player:    &player{fails: map[string]int{"b": 1}},
			want:      []string{"a/1 passed@0", "b/1 failed@0", "c/1 not run@0"},
		}, {
			name:      "a port is for one at a time, and nobody else waits",
			scenarios: []*scenario.Scenario{binding("a", 25), binding("b", 25), binding("c", 0), calling("d", "127.0.0.1:25"), calling("e", "127.0.0.1:25")},
			opts:      SuiteOptions{Jobs: 2},
			player: &player{takes: map[string]time.Duration{
				"a": 2 * time.Second, "b": 2 * time.Second, "c": time.Second, "d": time.Second, "e": time.Second,
			}},
			want:   []string{"a/1 passed@2", "b/1 passed@4", "c/1 passed@4", "d/1 passed@5", "e/1 passed@5"},
			starts: []string{"a@0", "c@0", "b@2", "d@4", "e@4"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := suiteOf(t.Context(), tt.player, tt.scenarios, tt.opts)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("delivered (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.starts, tt.player.starts); tt.starts != nil && diff != "" {
					t.Errorf("started (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Who watches hears of each play when it begins and ends, and not when it is
// delivered.
func TestSuiteIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &player{takes: map[string]time.Duration{"a": 3 * time.Second, "b": time.Second, "c": time.Second}, fails: map[string]int{"b": 1}}
		var mu sync.Mutex
		var heard []string
		hear := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, fmt.Sprintf(format, args...)+fmt.Sprintf("@%v", time.Since(p.begin).Seconds()))
		}
		suiteOf(t.Context(), p, named("a", "b", "c"), SuiteOptions{
			Jobs:  2,
			Began: func(s *scenario.Scenario) { hear("%s", s.Name) },
			Ended: func(play *Play) { hear("%s failed %v", play.Scenario.Name, play.Failed()) },
		})
		if heard[0] == "b@0" { // who of the two is first is nobody's doing
			heard[0], heard[1] = heard[1], heard[0]
		}
		want := []string{"a@0", "b@0", "b failed true@1", "c@1", "c failed false@2", "a failed false@3"}
		if diff := cmp.Diff(want, heard); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSuiteInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		p := &player{takes: map[string]time.Duration{"a": time.Second, "b": time.Minute, "c": time.Minute}}
		got := suiteOf(ctx, p, named("a", "b", "c"), SuiteOptions{})
		want := []string{"a/1 passed@1", "b/1 stopped@5", "c/1 not run@5"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
	})
}

// An endless suite ends with its context, and what a slow scenario keeps back
// is bounded.
func TestSuiteEndless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		p := &player{takes: map[string]time.Duration{"slow": time.Hour, "quick": time.Millisecond}}
		got := suiteOf(ctx, p, named("slow", "quick"), SuiteOptions{UntilFail: true, Jobs: 4})
		if want := []string{"slow/1 stopped@60", "quick/1 passed@60"}; !cmp.Equal(got[:2], want) {
			t.Errorf("delivered %q first, want %q", got[:2], want)
		}
		if len(got) > ahead+2 {
			t.Errorf("%d plays were kept while the first one ran", len(got))
		}
	})
}

// The port of a server that a real one takes the place of is nobody's.
func TestSuitePortsOfRealServers(t *testing.T) {
	s := binding("a", 7890)
	s.Servers[0].Name = "greeter"
	if n := fixedPorts(s, Options{}); len(n) != 1 {
		t.Errorf("%v", n)
	}
	if n := fixedPorts(s, Options{Connect: map[string]string{"greeter": "127.0.0.1:1"}}); len(n) != 0 {
		t.Errorf("%v", n)
	}
}

// Whatever the ports, every scenario is played once, in order, and none beside
// another that is in its way.
func TestSuitePorts(t *testing.T) {
	const scenarios, portCount = 200, 4
	rnd := rand.New(rand.NewPCG(1, 2))
	var list []*scenario.Scenario
	for i := range scenarios {
		s := binding(fmt.Sprint(i), rnd.IntN(portCount))
		s.Servers = append(s.Servers, binding("", rnd.IntN(portCount)).Servers...)
		s.Clients = calling("", fmt.Sprintf("127.0.0.1:%d", rnd.IntN(portCount))).Clients
		list = append(list, s)
	}
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		users := map[int]int{}
		use := func(s *scenario.Scenario, by int) {
			mu.Lock()
			defer mu.Unlock()
			for _, n := range fixedPorts(s, Options{}) {
				if by > 0 && (users[n.port] >= 100 || users[n.port] > 0 && !n.shared) {
					t.Errorf("port %d is used by two scenarios", n.port)
				}
				if !n.shared {
					users[n.port] += 100 * by
				} else {
					users[n.port] += by
				}
			}
		}
		play := func(_ context.Context, s *scenario.Scenario, _ Options) (Result, error) {
			use(s, 1)
			defer use(s, -1)
			time.Sleep(time.Duration(rand.N(1000)) * time.Microsecond)
			return Result{}, nil
		}
		next := 0
		playAll(t.Context(), list, SuiteOptions{Jobs: 8}, play, func(p Play) {
			if p.Scenario != list[next] {
				t.Errorf("delivered %s, want %s", p.Scenario.Name, list[next].Name)
			}
			next++
		})
		if next != scenarios {
			t.Errorf("%d of %d delivered", next, scenarios)
		}
	})
}

func TestPlayFailed(t *testing.T) {
	failed := Result{Failures: []Failure{{}}}
	for _, tt := range []struct {
		play Play
		want bool
	}{
		{Play{}, false},
		{Play{Result: failed}, true},
		{Play{Err: errors.New("broke")}, true},
		{Play{NotRun: true}, false},
		{Play{Stopped: true, Err: context.Canceled, Result: failed}, false},
	} {
		if got := tt.play.Failed(); got != tt.want {
			t.Errorf("Failed of %s is %v", strings.TrimSpace(fmt.Sprint(tt.play)), got)
		}
	}
}
