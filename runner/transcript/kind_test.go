package transcript

import "testing"

// Each kind has its text in transcripts, and its name for machines.
func TestKinds(t *testing.T) {
	if len(kindText) != len(kindName) {
		t.Errorf("%d kinds have a text, and %d a name", len(kindText)-1, len(kindName)-1)
	}
	for k := Connect; int(k) < len(kindText); k++ {
		if kindText[k] == "" || k.String() == "" {
			t.Errorf("kind %d: text %q, name %q", k, kindText[k], k)
		}
	}
}
