package runner_test

import (
	"fmt"
	"slices"
	"testing"
)

// Exchanges over a link whose fault is still to come, and over none ("by hand").
// The bound that the project has set itself is 1.3.
func BenchmarkExchangesOverLink(b *testing.B) {
	const n = 20_000
	exchanges := func(to string) func() {
		s := parse(b, fmt.Sprintf(`
links: {way: {reset_after: 1GiB}}
servers: {s: {steps: [{expect: {line: PING}}, {send: {line: "+PONG"}}]}}
clients: {c: [{connect: %s}, {send: {line: PING}}, {expect: {line: "+PONG"}}]}
`, to))
		s.Servers[0].Steps = slices.Repeat(s.Servers[0].Steps, n)
		s.Clients[0].Steps = append(s.Clients[0].Steps[:1], slices.Repeat(s.Clients[0].Steps[1:], n)...)
		return func() { played(b, s) }
	}
	ratio(b, exchanges("{to: s, via: way}"), exchanges("s"))
}
