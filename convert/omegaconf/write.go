package omegaconf

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Scalar writes nil, a bool, a number or a text so that PyYAML, YAML 1.2 and OmegaConf read the
// same. To PyYAML 1e-06 is a text, and to OmegaConf ${ is a reference. The error is that of Text.
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

// Float writes a finite number with a point, which YAML 1.1 requires.
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
	// bare is text that needs no quotes: a name or path of letters, digits and a few marks, or epochs.
	bare = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9/._+@-]*$|^[0-9]+ep$`)
	// word is what some version of YAML does not read as text.
	word = regexp.MustCompile(`^(?i:y|n|yes|no|true|false|on|off|null)$`)
	// undecided means a missing value to OmegaConf, or did before it had an escape.
	undecided = regexp.MustCompile(`^\\*\?\?\?$`)
	// reference is the start of a reference, with the backslashes that escape it.
	reference = regexp.MustCompile(`\\*\$\{`)
)

// Text writes text, in quotes if needed. The error says why no config can contain it: it is
// not UTF-8, or it means a missing value to OmegaConf.
func Text(s string) (string, error) {
	switch {
	case !utf8.ValidString(s):
		return "", fmt.Errorf("is not UTF-8 text, which config.yaml cannot contain")
	case undecided.MatchString(s):
		return "", fmt.Errorf("means a missing value to OmegaConf")
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
