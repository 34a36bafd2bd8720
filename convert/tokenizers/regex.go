package tokenizers

import (
	"errors"
	"strings"
)

// aRegex takes an expression of Oniguruma, which this program cannot compile: it finds
// brackets that are not closed and escapes that are cut off, as a file that was edited by hand has them.
func aRegex(v any) error {
	s, ok := v.(string)
	if !ok {
		return errors.New("is not a string")
	}
	depth := 0
	for s != "" {
		c := s[0]
		s = s[1:]
		switch {
		case c == '\\' && s == "":
			return errors.New("is a regular expression that ends in a backslash")
		case c == '\\':
			s = s[1:]
		case strings.HasPrefix(s, "?#") && c == '(':
			_, after, closed := strings.Cut(s, ")")
			if !closed {
				return errors.New("is a regular expression whose comment does not end")
			}
			s = after
		case c == '(' && extended(s):
			return nil // its comments may hold any bracket
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth < 0 {
				return errors.New("is a regular expression with a ) too many")
			}
		case c == '[':
			if s, ok = class(s); !ok {
				return errors.New("is a regular expression whose [ is not closed")
			}
		}
	}
	if depth > 0 {
		return errors.New("is a regular expression whose ( is not closed")
	}
	return nil
}

// extended reports whether a group turns comments on: (?x) or (?imx-…:.
func extended(s string) bool {
	rest, option := strings.CutPrefix(s, "?")
	on, _, _ := strings.Cut(rest[:len(rest)-len(strings.TrimLeft(rest, "imxsWDSPayI-"))], "-")
	return option && strings.Contains(on, "x")
}

// class returns what follows a class of characters whose [ was read, and whether it ends.
func class(s string) (string, bool) {
	depth := 1
	first := true // where ] means itself
	for s != "" {
		c := s[0]
		s = s[1:]
		switch {
		case c == '^' && first:
			continue
		case c == '\\' && s != "":
			s = s[1:]
		case c == '[' && strings.HasPrefix(s, ":") && strings.Contains(s, ":]"):
			_, s, _ = strings.Cut(s, ":]")
		case c == '[':
			depth++
			first = true
			continue
		case c == ']' && !first:
			if depth--; depth == 0 {
				return s, true
			}
		}
		first = false
	}
	return "", false
}
