package fault

import (
	"strconv"
	"strings"
	"unicode"
)

// Printable returns s with everything that a terminal might obey (control
// characters, escapes, invalid UTF-8, direction overrides) written as Go
// escapes, and cut at 300 characters: names come from files that nobody vouches for.
func Printable(s string) string {
	const longest = 300
	var b strings.Builder
	n := 0
	for i, r := range s {
		if n++; n > longest {
			b.WriteString("…")
			break
		}
		if r == unicode.ReplacementChar && !strings.HasPrefix(s[i:], string(unicode.ReplacementChar)) {
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i]), 16))
			continue
		}
		if !unicode.IsPrint(r) {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
