package runner_test

import (
	"strings"

	"banter/runner/scenario"
)

// secure has a scenario speak TLS wherever it can.
func secure(s *scenario.Scenario) *scenario.Scenario {
	plain := map[string]bool{}
	for _, srv := range s.Servers {
		plain[srv.Name] = srv.Transport() == scenario.UDP
		if !plain[srv.Name] && srv.TLS == nil {
			srv.TLS = &scenario.TLS{Pos: srv.Pos, MadeCert: true}
		}
	}
	for _, c := range s.Clients {
		over(c.Steps)
	}
	return s
}

func over(steps []*scenario.Step) {
	for _, step := range steps {
		switch a := step.Action.(type) {
		case scenario.Connect:
			if a.Transport != scenario.UDP && a.TLS == nil {
				a.TLS = &scenario.TLS{Pos: a.Pos, MadeCA: true}
				step.Action = a
			}
		default:
			over(scenario.Inner(a))
		}
	}
}

// untold is transcripts without what they say of TLS.
func untold(transcripts string) string {
	return strings.ReplaceAll(transcripts, "  tls\n", "")
}
