package fault

import (
	"strconv"
	"strings"
	"unicode"
)

// maxPrintable is how many characters Printable keeps.
const maxPrintable = 300

// Printable returns s with everything that a terminal might act on (control characters, escape sequences, invalid
// UTF-8, direction overrides) written as Go escapes, and cut to 300 characters: names come from untrusted files.
func Printable(s string) string {
	n := 0
	for i := range s {
		if n++; n > maxPrintable {
			return escape(s[:i], "") + "…"
		}
	}
	return escape(s, "")
}

// OneLine is like Printable but does not cut.
func OneLine(s string) string { return escape(s, "") }

// Escape is like OneLine but keeps line breaks and tabs.
func Escape(s string) string { return escape(s, "\n\t") }

func escape(s, keep string) string {
	var b strings.Builder
	var quoted [16]byte
	for i, r := range s {
		switch {
		case ' ' <= r && r <= '~':
			b.WriteByte(byte(r))
		case r == unicode.ReplacementChar && !strings.HasPrefix(s[i:], string(unicode.ReplacementChar)):
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i]), 16))
		case unicode.IsPrint(r) || strings.ContainsRune(keep, r):
			b.WriteRune(r)
		default:
			text := strconv.AppendQuoteRuneToASCII(quoted[:0], r)
			b.Write(text[1 : len(text)-1])
		}
	}
	return b.String()
}
