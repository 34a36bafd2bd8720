package folder

import (
	"fmt"
	"strings"
	"unicode"
)

// ShellQuote writes a path as a shell reads it. What a terminal might obey is written
// in the form $'…' of bash, zsh and ksh.
func ShellQuote(path string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=@%:,"
	if strings.Trim(path, plain) == "" {
		return path
	}
	if !strings.ContainsFunc(path, unprintable) {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if c := path[i]; c < ' ' || c > '~' || c == '\'' || c == '\\' || c == '!' {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return "$'" + b.String() + "'"
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }
