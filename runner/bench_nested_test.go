package runner_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"banter/runner/scenario"
)

// These compare steps that the language makes with the same steps written out.
// Nothing of it may cost more than that.

// A hundred thousand rounds of a loop; by hand a hundred thousand steps.
func BenchmarkLoop(b *testing.B) {
	const rounds = 100_000
	text := fmt.Sprintf(`
servers: {s: {steps: [{send: {line: hello, times: %d}}]}}
clients: {ann: [{connect: s}, {loop: {times: %[1]d, steps: [{expect: {line: hello}}]}}]}
`, rounds)
	loop, steps := parse(b, text), parse(b, text)
	ann := steps.Clients[0]
	expect := ann.Steps[1].Action.(scenario.Loop).Steps[0]
	ann.Steps = slices.Concat(ann.Steps[:1], slices.Repeat([]*scenario.Step{expect}, rounds))
	ratio(b, func() { played(b, loop) }, func() { played(b, steps) })
}

// A thousand cases, read and played; by hand a thousand scenarios.
func BenchmarkCases(b *testing.B) {
	const n = 1000
	one := strings.TrimPrefix(greeting, "name: greeting\n")
	var rows, all strings.Builder
	for i := range n {
		fmt.Fprintf(&rows, "  - {name: c%d, text: hello}\n", i)
		fmt.Fprintf(&all, "---\n%s", one)
	}
	cases := "cases:\n" + rows.String() + strings.ReplaceAll(one, `send: "hello"`, `send: "${text}"`)
	each := func(text string) {
		file := scenario.Parse("bench.yaml", []byte(text))
		if len(file.Scenarios) != n || file.Problems.HaveErrors() {
			b.Fatal(len(file.Scenarios), file.Problems)
		}
		for _, s := range file.Scenarios {
			played(b, s)
		}
	}
	ratio(b, func() { each(cases) }, func() { each(all.String()) })
}

// A thousand cases, read; by hand a thousand scenarios.
func BenchmarkReadCases(b *testing.B) {
	const n = 1000
	one := strings.TrimPrefix(greeting, "name: greeting\n")
	cases := "cases:\n" + strings.Repeat("  - {name: c, text: hello}\n", n) + strings.ReplaceAll(one, `send: "hello"`, `send: "${text}"`)
	all := strings.Repeat("---\n"+one, n)
	ratio(b, func() { scenario.Parse("bench.yaml", []byte(cases)) }, func() { scenario.Parse("bench.yaml", []byte(all)) })
}

// Messages to a stub; by hand the steps of a server that does the same.
func BenchmarkStub(b *testing.B) {
	const messages = 20_000
	client := fmt.Sprintf(`
clients: {ann: [{connect: s}, {loop: {times: %d, steps: [{send: {line: "GET x"}, expect: {line: "x: 1"}}]}}]}
`, messages)
	stub := parse(b, `
servers: {s: {rules: [{when: {like: "GET ${?key}"}, send: {line: "${key}: 1"}}]}}`+client)
	steps := parse(b, fmt.Sprintf(`
servers: {s: {steps: [{loop: {times: %d, steps: [{expect: {like: "GET ${?key}"}}, {send: {line: "${key}: 1"}}]}}]}}`, messages)+client)
	ratio(b, func() { played(b, stub) }, func() { played(b, steps) })
}
