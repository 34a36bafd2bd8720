package omegaconf

import (
	"regexp"
	"strings"
)

// OmegaConf parses the references in a text (${...}) when it reads the file, and fails if it
// cannot. This is its own pattern for common ones, with quotes, spaces and colons in the
// arguments; rarer ones are refused.
const (
	nodeKey   = `(?:[$\w-]+|\[[$\w-]+\])`
	nodePath  = `\.*` + nodeKey + `(?:\.` + nodeKey + `|\[[$\w-]+\])*`
	resolver  = `[a-zA-Z_][\w-]*(?:\.[a-zA-Z_][\w-]*)*`
	unquoted  = `[a-zA-Z_0-9/+.$%*@?|:-]+`
	argument  = `(?:` + unquoted + `(?: +` + unquoted + `)*|'[^'\\$]*'|"[^"\\$]*")`
	arguments = `(?:` + argument + `)?(?: *, *(?:` + argument + `)?)*`
)

var (
	innermost = regexp.MustCompile(`\$\{\s*(?:` + nodePath + `|` + resolver + `\s*:\s*` + arguments + `)\s*\}`)
	opening   = regexp.MustCompile(`\\*\$\{`)
)

// maxReferences is how deep references may be nested.
const maxReferences = 16

// wellFormed reports whether OmegaConf can parse the references in a text.
func wellFormed(text string) bool {
	if !strings.Contains(text, "${") {
		return true
	}
	text = opening.ReplaceAllStringFunc(text, func(s string) string {
		if escaped := len(s)%2 == 1; escaped { // an odd number of backslashes, and two bytes
			return "x"
		}
		return "${"
	})
	for range maxReferences {
		text = innermost.ReplaceAllString(text, "x")
		if !strings.Contains(text, "${") {
			return true
		}
	}
	return false
}
