package scenario

import "strings"

// flow reads what stands in brackets, until all are closed or the line ends.
func (s *scan) flow(i int) int {
	behindKey := false
	for i = s.skip(i); !s.nothing(i); i = s.skip(i) {
		switch c := s.line[i]; {
		case c == '[' && addressed.MatchString(s.line[i:]):
			end := s.flowEnd(i + 1 + strings.IndexByte(s.line[i:], ']'))
			s.suspect(i, end, "an address that starts with [ must be in quotes")
			s.certain()
			i = end
		case c == '[' || c == '{':
			s.open = append(s.open, bracket{s.n, i, c})
			behindKey = false
			i++
		case c == ']' || c == '}':
			i++
			if len(s.open) > 0 {
				s.open = s.open[:len(s.open)-1]
			}
			if len(s.open) == 0 {
				return i
			}
		case c == ',':
			behindKey = false
			i++
		case c == ':' && (s.blankAt(i+1) || strings.IndexByte(",[]{}", s.line[i+1]) >= 0):
			behindKey = true
			i++
		case c == '"' || c == '\'':
			i = s.behindQuote(i, true)
		default:
			i = s.flowText(i, behindKey)
		}
	}
	return len(s.line)
}

// flowEnd is where a text in brackets ends: before the comma or the bracket
// that no other opens in it.
func (s *scan) flowEnd(i int) int {
	depth, end := 0, i
	for ; !s.nothing(i); i++ {
		switch s.line[i] {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',':
			if depth == 0 {
				return end
			}
		}
		if depth < 0 {
			return end
		}
		if !s.blankAt(i) {
			end = i + 1
		}
	}
	return end
}

// flowText reads an unquoted text in brackets, and returns where it ends.
func (s *scan) flowText(i int, behindKey bool) int {
	stop := i
	for ; !s.nothing(stop); stop++ {
		if c := s.line[stop]; strings.IndexByte(",[]{}", c) >= 0 || c == ':' && (s.blankAt(stop+1) || strings.IndexByte(",[]{}", s.line[stop+1]) >= 0) {
			break
		}
	}
	whole := s.flowEnd(i)
	switch {
	case s.nothing(stop):
	case s.line[stop] == '{' && stop > i && s.line[stop-1] == '$':
		s.suspect(i, whole, "inside of { } or [ ] a variable must be in quotes: %s", `"`+shorten(s.line[i:whole])+`"`)
		s.certain()
		return whole
	case s.line[stop] == ':' && behindKey:
		s.colons(i, whole, true)
		return whole
	}
	if text := strings.TrimRight(s.line[i:stop], " \t"); strings.Contains(text, "?") {
		s.suspect(i, i+len(text), "inside of { } or [ ] a text with ? must be in quotes: %s", inOneLine(text))
		s.certain()
		return i + len(text)
	}
	end := whole
	if s.nothing(stop) || s.line[stop] == ':' { // it is a key
		end = i + len(strings.TrimRight(s.line[i:stop], " \t"))
	}
	if c := s.line[i]; end > i && (c != '&' && c != '!' || !strings.ContainsAny(s.line[i:stop], " \t")) && s.first(i, end, true) {
		return end
	}
	return max(stop, i+1)
}
