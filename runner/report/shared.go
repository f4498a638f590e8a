package report

import (
	"time"

	"banter/runner"
)

// Width is how many columns clean text takes where all have the same width.
func Width(s string) int { return width(s) }

// Clip cuts clean text down to so many columns. It ends with an ellipsis then.
func Clip(s string, columns int) string { return clip(s, columns) }

// Count is a number and what is counted: "1 scenario", "2 scenarios".
func Count(n int, one string) string { return count(n, one) }

// Duration is a time in the unit that a person would say it in: "1.2 ms".
func Duration(d time.Duration) string { return duration(d) }

// IsText reports whether most of data reads as text. It may begin and end in
// the middle of a character.
func IsText(data []byte) bool { return isText(data) }

// String is what the kernel knew, in a line.
func (t *CaseTCP) String() string { return kernelLine((*runner.TCP)(t)) }
