package runner_test

import (
	"context"
	"fmt"

	"banter/runner"
	"banter/runner/scenario"
)

// A scenario is parsed, played, and what was not as it says is told.
func ExampleRun() {
	file := scenario.Parse("greeting.yaml", []byte(`
servers:
  greeter: {reply: "hhxh"}
clients:
  ann:
    - connect: greeter
    - send: "hello"
    - expect: "hhhh"
`))
	if file.Problems.HaveErrors() {
		fmt.Println(file.Problems)
		return
	}
	result, err := runner.Run(context.Background(), file.Scenarios[0], runner.Options{})
	if err != nil {
		fmt.Println(err) // the run broke
		return
	}
	for _, f := range result.Failures {
		fmt.Println(f.Pos, f.Actor, f.Message)
	}
	for _, e := range result.Actors[0].Observed {
		fmt.Println(e.Event)
	}
	// Output:
	// greeting.yaml:8:7 ann the bytes differ at offset 2
	// connect greeter
	// > "hello"
	// < "hhxh"
}
