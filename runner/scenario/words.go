package scenario

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// quoteBytes is a text in quotes with escapes, shortened.
func quoteBytes(b []byte) string { return Text{{Lit: b}}.quoted() }

// escape writes bytes so that each can be seen: text as it is, and \r, \n, \t,
// \", \\ or \xNN for what can't be printed. In what is not UTF-8 all bytes
// beyond ASCII are escaped: that some of them look like letters is chance.
func escape(b []byte) string {
	isText := utf8.Valid(b)
	var out strings.Builder
	out.Grow(len(b))
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\t':
			out.WriteString(`\t`)
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteByte(byte(r))
		case !unicode.IsPrint(r), r >= utf8.RuneSelf && !isText:
			for _, c := range b[:size] {
				fmt.Fprintf(&out, `\x%02x`, c)
			}
		default:
			out.Write(b[:size])
		}
		b = b[size:]
	}
	return out.String()
}

// timeString is a duration without the zeros that Go puts behind: 2m, not
// 2m0s.
func timeString(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// count is a number with its noun: "1 byte", "8 bytes".
func count[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// times is "once", "twice", "3 times".
func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return count(n, "time")
}

// line is a place's line, for messages.
func line(pos Pos) string { return strconv.Itoa(pos.Line) }
