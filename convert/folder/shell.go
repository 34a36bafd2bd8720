package folder

import (
	"fmt"
	"strings"
	"unicode"
)

// ShellQuote quotes a path for a shell, if it needs that. What a terminal might act on is escaped in the form $'…'
// of bash, zsh and ksh.
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
