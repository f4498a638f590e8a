package match

import (
	"bytes"
	"fmt"
	"math/big"
	"strconv"

	"banter/runner/scenario"
	"banter/runner/transcript"
)

// Captured is what a match has seen, under the name of the variable that it
// becomes.
type Captured struct {
	Name  string
	Value []byte
}

// All are the captures of the frame and of its header, the last time that they
// were as expected.
func (e *Expectation) All() []Captured {
	if e.Header == nil {
		return e.captured
	}
	return append(e.Header.All(), e.captured...)
}

// capture keeps what is to be captured of a frame that is as expected.
func (e *Expectation) capture(frame []byte) *Mismatch {
	e.captured = nil
	if len(e.Captures) == 0 {
		return nil
	}
	var holes, groups [][]byte
	if e.Like != nil {
		holes = e.Like.Find(frame)
	}
	if e.Regex != nil {
		groups = e.Regex.Find(frame)
	}
	hole := 0
	for _, c := range e.Captures {
		value := frame
		switch c.From {
		case scenario.FromHole:
			hole++
			value = holes[hole]
		case scenario.FromGroup:
			for i, name := range e.Regex.Names() {
				if name == c.Name {
					value = groups[i]
				}
			}
		}
		value, err := convert(c.As, value)
		if err != nil {
			return &Mismatch{Kind: Unmet, Message: fmt.Sprintf("%s: %s", c.Name, err), Got: frame, Offset: int64(len(frame))}
		}
		e.captured = append(e.captured, Captured{Name: c.Name, Value: value})
	}
	return nil
}

// maxDigits is the most digits of a number: what is longer is none.
const maxDigits = 1000

// convert is what a capture makes of bytes, in memory of its own.
func convert(as scenario.Conversion, b []byte) ([]byte, error) {
	shown := func() string { return transcript.Quote(b, int64(len(b)), 40) }
	switch as.Kind {
	case scenario.AsNumber:
		n, size := as.Form.Number(b)
		if size <= 0 || size != len(b) {
			return nil, fmt.Errorf("%s is no %s", shown(), as.Form)
		}
		return strconv.AppendUint(nil, n, 10), nil
	case scenario.AsInt:
		if len(b) == 0 || len(b) > maxDigits || len(bytes.Trim(b, "0123456789")) > 0 {
			return nil, fmt.Errorf("%s are no decimal digits", shown())
		}
		n, _ := new(big.Int).SetString(string(b), 10)
		return []byte(n.String()), nil
	case scenario.AsHex:
		if len(b) == 0 || len(b) > maxDigits || len(bytes.Trim(b, "0123456789abcdefABCDEF")) > 0 {
			return nil, fmt.Errorf("%s are no hexadecimal digits", shown())
		}
		n, _ := new(big.Int).SetString(string(b), 16)
		return []byte(n.String()), nil
	}
	return bytes.Clone(b), nil
}
