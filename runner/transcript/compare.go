package transcript

import (
	"bytes"

	"github.com/google/go-cmp/cmp"
)

// Equal reports whether two transcripts tell the same conversation.
//
// go-cmp decides, on flat events one at a time. It takes microseconds an
// event, which 100,000 exchanges would feel, so it is asked only where a plain
// comparison has not found the two the same already.
func Equal(want, got []Event) bool {
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if !same(&want[i], &got[i]) && !cmp.Equal(want[i], got[i], wholeBytes) {
			return false
		}
	}
	return true
}

// wholeBytes has go-cmp compare bytes at once, and not one by one.
var wholeBytes = cmp.Comparer(bytes.Equal)

func same(a, b *Event) bool {
	return a.Kind == b.Kind && a.Over == b.Over && a.Name == b.Name && a.Size == b.Size && a.Sum == b.Sum && bytes.Equal(a.Data, b.Data)
}
