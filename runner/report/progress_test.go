package report

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

func TestProgressLine(t *testing.T) {
	names := []string{"smtp-greeting", "你好世界", "a\x1b[2Jb", "tls"}
	for _, tt := range []struct {
		progress Progress
		columns  int
		want     string
	}{
		{Progress{Total: 40, Elapsed: time.Second}, 80, "[>                   ]  0 of 40  1 s"},
		{Progress{Done: 10, Total: 40, Elapsed: time.Second, Running: names}, 120,
			`[=====>              ]  10 of 40  3 s left  smtp-greeting, 你好世界, a\x1b[2Jb, tls`},
		{Progress{Done: 10, Failed: 2, Total: 40, Elapsed: time.Second, Running: names}, 80,
			"[=====>              ]  10 of 40  2 failed  3 s left  smtp-greeting and 3 more"},
		{Progress{Done: 10, Failed: 2, Total: 40, Elapsed: time.Second, Running: names}, 60,
			"10 of 40  2 failed  3 s left  smtp-greeting and 3 more"},
		{Progress{Done: 10, Failed: 2, Total: 40, Elapsed: time.Second, Running: names}, 50,
			"10 of 40  2 failed  3 s left  smtp-gr… and 3 more"},
		{Progress{Done: 10, Failed: 2, Total: 40, Elapsed: time.Second, Running: names}, 43,
			"10 of 40  2 failed  3 s left  4 running"},
		{Progress{Done: 10, Failed: 2, Total: 40, Elapsed: time.Second, Running: names}, 30, "10 of 40  2 failed  3 s left"},
		{Progress{Done: 10, Failed: 2, Total: 40, Elapsed: time.Second, Running: names}, 20, "10 of 40  2 failed"},
		{Progress{Done: 10, Failed: 2, Total: 40, Elapsed: time.Second, Running: names}, 12, "10 of 40  …"},
		{Progress{Done: 40, Total: 40, Elapsed: time.Second}, 80, "[====================]  40 of 40  0 s left"},
		{Progress{Done: 7, Elapsed: 65 * time.Second}, 80, "7 played  65 s"},
		{Progress{Done: 1, Total: 11, Elapsed: time.Minute}, 80, "[=>                  ]  1 of 11  10 min left"},
		{Progress{Done: 1, Total: 121, Elapsed: time.Minute}, 80, "[>                   ]  1 of 121  2 h left"},
	} {
		if got := tt.progress.Line(tt.columns); got != tt.want {
			t.Errorf("at %d columns:\n got %q\nwant %q", tt.columns, got, tt.want)
		}
	}
}

// However narrow the terminal and whatever the names: it is one line, and its
// last column stays empty.
func TestProgressLineFits(t *testing.T) {
	for seed := range 20 {
		rnd := rand.New(rand.NewPCG(uint64(seed), 2))
		p := Progress{Total: rnd.IntN(100), Elapsed: time.Duration(rnd.Int64N(1e14))}
		p.Done = rnd.IntN(p.Total + 1)
		p.Failed = rnd.IntN(p.Done + 1)
		for range rnd.IntN(10) {
			p.Running = append(p.Running, anyBytes(rnd))
		}
		for columns := range 130 {
			line := p.Line(columns)
			if width(line) > max(columns-1, 0) {
				t.Fatalf("seed %d: %d of %d columns: %s", seed, width(line), columns, line)
			}
			harmless(t, fmt.Sprint(line))
		}
	}
}
