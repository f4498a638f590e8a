package transcript

import (
	"fmt"
	"hash/crc32"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Whole is how many bytes of an event its text form shows at most. Of longer
// ones it shows the beginning, the size and the CRC-32.
const Whole = 4 << 10

var kindText = [...]string{
	Connect: "connect", Accept: "accept", Send: ">", Recv: "<",
	EOF: "< eof", PeerReset: "< reset", PeerEnd: "< end",
	Shutdown: "shutdown", Close: "close", Reset: "reset",
	Refused: "refused", Unreachable: "unreachable", Timeout: "timeout",
	Pending: "pending",
	TLS:     "tls", TLSError: "tls_error",
	Stop: "stop", Start: "start", Run: "run",
}

// String is the event's text form, one line that is the same on every machine.
func (e Event) String() string {
	if e.Over != "" {
		name := e.Over
		e.Over = ""
		return "[" + name + "] " + e.String()
	}
	if e.Kind != Send && e.Kind != Recv || e.Name != "" {
		return strings.TrimSuffix(kindText[e.Kind]+" "+e.Name, " ")
	}
	if e.Size <= Whole {
		return kindText[e.Kind] + " " + Quote(e.Data, e.Size, Whole)
	}
	sum := e.Sum
	if e.Size <= Kept {
		sum = crc32.ChecksumIEEE(e.Data)
	}
	return fmt.Sprintf("%s %s (%d bytes, crc32 %08x)", kindText[e.Kind], quote(whole(e.Data, 32))+"…", e.Size, sum)
}

// Text is a transcript's text form, a line an event.
func Text(events []Event) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString(e.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// Quote is bytes in double quotes: text as it is, and whatever is no printable
// character of UTF-8 as \r, \n, \t or \xNN, so that it is visible, exact and
// harmless. Where size, the number of bytes in all, is over limit, it is the
// first limit bytes of data with an ellipsis and the size.
func Quote(data []byte, size int64, limit int) string {
	if size <= int64(limit) {
		return quote(data)
	}
	return fmt.Sprintf("%s… (%d bytes)", quote(whole(data, limit)), size)
}

// whole is the first n bytes of data, without a character that n cuts.
func whole(data []byte, n int) []byte {
	n = min(n, len(data))
	for i := max(0, n-utf8.UTFMax+1); i < n; i++ {
		if r, size := utf8.DecodeRune(data[i:]); r != utf8.RuneError && i+size > n {
			return data[:i]
		}
	}
	return data[:n]
}

func quote(data []byte) string {
	text := utf8.Valid(data) // else no byte of it is taken for part of a character
	var b strings.Builder
	b.Grow(len(data) + 2)
	b.WriteByte('"')
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r >= utf8.RuneSelf && !text, !unicode.IsPrint(r):
			for _, c := range data[:n] {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		default:
			b.WriteRune(r)
		}
		data = data[n:]
	}
	b.WriteByte('"')
	return b.String()
}
