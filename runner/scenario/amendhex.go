package scenario

import (
	"encoding/hex"
	"strings"

	"banter/runner/align"
)

// rewriteHex is bytes in hexadecimal, in the form of those before them: groups,
// capitals, comments, and ".." where any byte may still stand.
func rewriteHex(before string, body []byte) string {
	var pairs, gaps []string // gaps[i] stands before pairs[i]; one more at the end
	gap := 0
	for i := 0; i < len(before); {
		switch c := before[i]; {
		case c == '#':
			for i < len(before) && before[i] != '\n' {
				i++
			}
		case isHex(c) || c == '.':
			gaps = append(gaps, before[gap:i])
			pairs = append(pairs, before[i:i+2])
			i += 2
			gap = i
		default:
			i++
		}
	}
	gaps = append(gaps, before[gap:])
	ranges := make([]align.Range, len(pairs))
	if len(body) == len(pairs) {
		for i := range ranges {
			ranges[i] = align.Range{From: i, To: i + 1}
		}
	} else {
		tokens := make([]align.Token, len(pairs))
		for i := range pairs {
			if tokens[i].Kind = align.Any; pairs[i] != ".." {
				tokens[i] = align.Token{Byte: unhex(pairs[i][0])<<4 | unhex(pairs[i][1])}
			}
		}
		ranges = align.Align(tokens, body)
	}
	in := make([]int, len(body)) // the pair that a byte comes in place of, or -1
	for i := range in {
		in[i] = -1
	}
	for i, r := range ranges {
		if r != align.Gone {
			in[r.From] = i
		}
	}
	group, sep := grouping(gaps)
	digits := likeDigits(strings.Join(pairs, ""), hex.EncodeToString(body))
	var out strings.Builder
	next := 0 // the first pair whose gap is not written
	for i := range body {
		switch k := in[i]; {
		case group > 0 && i > 0 && i%group == 0:
			out.WriteString(sep)
		case group > 0:
		case k >= 0:
			out.WriteString(joinGaps(gaps[next : k+1]))
			next = k + 1
		case i > 0:
			out.WriteString(sep)
		}
		if k := in[i]; k >= 0 && pairs[k] == ".." {
			out.WriteString("..")
		} else {
			out.WriteString(digits[2*i : 2*i+2])
		}
	}
	if group == 0 {
		out.WriteString(joinGaps(gaps[next:]))
	}
	return out.String()
}

// grouping says how many bytes stand together, and what is between groups, where
// that is the same throughout. Else the group is 0, and the second is what stands
// between two bytes.
func grouping(gaps []string) (group int, sep string) {
	inner := gaps[min(1, len(gaps)-1) : len(gaps)-1]
	first := len(inner)
	for i, g := range inner {
		if g != "" {
			first, sep = i, g
			break
		}
	}
	if len(inner) == 0 {
		return 1, " "
	}
	if sep == "" {
		return 1, "" // all in a row
	}
	uniform := gaps[0] == "" && gaps[len(gaps)-1] == "" && strings.Trim(sep, " ") == ""
	for i, g := range inner {
		want := ""
		if (i+1)%(first+1) == 0 {
			want = sep
		}
		uniform = uniform && g == want
	}
	if uniform {
		return first + 1, sep
	}
	if strings.Trim(sep, " ") != "" {
		sep = " "
	}
	return 0, sep
}

// joinGaps is what stood between bytes that are gone: comments and ends of line
// stay.
func joinGaps(gaps []string) string {
	if len(gaps) == 1 {
		return gaps[0]
	}
	var out strings.Builder
	for _, g := range gaps {
		if strings.ContainsAny(g, "#\n") {
			out.WriteString(g)
		}
	}
	if out.Len() == 0 && len(gaps) > 0 {
		return gaps[len(gaps)-1]
	}
	return out.String()
}
