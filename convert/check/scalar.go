package check

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Plain scalars as YAML 1.1 has them, with OmegaConf's one change: 1e-06 is a number.
var (
	floats = regexp.MustCompile(`^(?:[-+]?[0-9]+(?:_[0-9]+)*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+(?:_[0-9]+)*[eE][-+]?[0-9]+|\.[0-9]+(?:_[0-9]+)*(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
	ints   = regexp.MustCompile(`^[-+]?(?:0b[0-1_]+|0[0-7_]*|[1-9][0-9_]*|0x[0-9a-fA-F_]+)$`)
	// stringly are the floats that OmegaConf reads and PyYAML takes for strings.
	stringly = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(?:[eE][-+]?[0-9]+|\.[0-9_]*[eE][0-9]+)$`)
)

var words = map[string]any{"~": nil, "null": nil, "Null": nil, "NULL": nil, "": nil,
	"yes": true, "Yes": true, "YES": true, "true": true, "True": true, "TRUE": true, "on": true, "On": true, "ON": true,
	"no": false, "No": false, "NO": false, "false": false, "False": false, "FALSE": false, "off": false, "Off": false, "OFF": false}

// scalar reads a scalar: in quotes always a string.
func scalar(node ast.Node) value {
	t := node.GetToken()
	if slices.Contains([]token.Type{token.SingleQuoteType, token.DoubleQuoteType}, t.Type) {
		return value{data: t.Value, there: true}
	}
	text := strings.TrimSpace(t.Value)
	return value{data: plainScalar(text), plain: text, there: true}
}

func plainScalar(text string) any {
	if v, ok := words[text]; ok {
		return v
	}
	digits := strings.ReplaceAll(text, "_", "")
	switch {
	case ints.MatchString(text):
		if n, err := strconv.ParseInt(octal(digits), 0, 64); err == nil {
			return n
		}
	case floats.MatchString(text):
		if f, err := strconv.ParseFloat(strings.Replace(digits, ".", "0.", 1), 64); err == nil && strings.HasPrefix(digits, ".") {
			return f
		}
		if f, err := strconv.ParseFloat(digits, 64); err == nil {
			return f
		}
	}
	return text
}

// octal writes 017 as Go does, 0o17, and leaves all else.
func octal(digits string) string {
	sign := ""
	if digits[0] == '-' || digits[0] == '+' {
		sign, digits = digits[:1], digits[1:]
	}
	if len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '7' {
		digits = "0o" + digits[1:]
	}
	return strings.TrimPrefix(sign, "+") + digits
}
