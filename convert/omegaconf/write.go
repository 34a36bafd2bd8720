package omegaconf

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Scalar writes a value so that PyYAML, YAML 1.2 and OmegaConf read the same: nil, a bool, a
// number or text. PyYAML takes 1e-06 for text, and OmegaConf ${ for a reference. The error is
// that of Text.
func Scalar(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "null", nil
	case float64:
		return Float(v), nil
	case string:
		return Text(v)
	case bool, int, int64:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("a %T cannot be written to a config", v)
}

// Float writes a finite number with a point, which YAML 1.1 wants.
func Float(v float64) string {
	digits, exponent, hasExponent := strings.Cut(strconv.FormatFloat(v, 'g', -1, 64), "e")
	if !strings.Contains(digits, ".") {
		digits += ".0"
	}
	if hasExponent {
		return digits + "e" + exponent
	}
	return digits
}

var (
	// bare is text that needs no quotes: a name or a path of letters, digits and a few marks, or epochs.
	bare = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9/._+@-]*$|^[0-9]+ep$`)
	// word is what some version of YAML reads as something else than text.
	word = regexp.MustCompile(`^(?i:y|n|yes|no|true|false|on|off|null)$`)
	// undecided is what OmegaConf takes for a missing value, or did before it knew an escape.
	undecided = regexp.MustCompile(`^\\*\?\?\?$`)
	// reference is the begin of a reference, and the backslashes before it, which escape it.
	reference = regexp.MustCompile(`\\*\$\{`)
)

// Text writes text, in quotes where needed. The error says why no config can hold it: it is
// not UTF-8, or all that OmegaConf reads is that the value is missing.
func Text(s string) (string, error) {
	switch {
	case !utf8.ValidString(s):
		return "", fmt.Errorf("is not UTF-8 text, and config.yaml cannot hold it")
	case undecided.MatchString(s):
		return "", fmt.Errorf("is what OmegaConf takes for a missing value")
	case bare.MatchString(s) && !word.MatchString(s):
		return s, nil
	}
	s = reference.ReplaceAllStringFunc(s, func(found string) string {
		escapes := len(found) - len("${")
		return strings.Repeat(`\`, 2*escapes+1) + "${"
	})
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return b.String(), nil
}
