package record

import "banter/runner/capture"

// Options are what a scenario is made with.
type Options struct {
	Name        string // of the scenario; "": the file's
	Description string // where the conversations come from

	// Save keeps a payload that is too long for the scenario in a file beside it.
	// nil: there is no such place, and it stands in the scenario.
	Save func(name string, data []byte) error
}

// Scenario is conversations as a scenario file.
func Scenario(convs []capture.Conversation, opts Options) ([]byte, error) {
	return NewScript(convs, opts).YAML()
}

// NewScript is conversations as a script, in which nothing varies.
func NewScript(convs []capture.Conversation, opts Options) *Script {
	panic("comes next")
}

// YAML is the script as a scenario file.
func (s *Script) YAML() ([]byte, error) { panic("comes next") }
