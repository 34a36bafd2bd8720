package omegaconf

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Unquoted scalars: PyYAML's patterns, then OmegaConf's own for floats.
var (
	bools  = regexp.MustCompile(`^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$`)
	nulls  = regexp.MustCompile(`^(?:~|null|Null|NULL|)$`)
	floats = regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?` +
		`|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?` +
		`|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*` +
		`|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)` +
		`|[-+]?[0-9]+(?:_[0-9]+)*\.[0-9_]*(?:[eE][-+]?[0-9]+)?` +
		`|[-+]?[0-9]+(?:_[0-9]+)*[eE][-+]?[0-9]+)$`)
	ints = regexp.MustCompile(`^[-+]?(?:0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$`)
)

// OnlyHere matches the floats of OmegaConf that are text to PyYAML.
var OnlyHere = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(?:[eE][-+]?[0-9]+|\.[0-9_]*[eE][0-9]+)$`)

// plain reports whether a scalar has neither quotes nor a tag.
func plain(n *yaml.Node) bool { return n.Style == 0 }

// scalar reads a scalar by its tag, or by its text if it has neither a tag nor quotes.
func (r *reader) scalar(n *yaml.Node) (Value, error) {
	tag := n.ShortTag()
	text := ""
	switch {
	case n.Style&yaml.TaggedStyle != 0:
	case r.unspecific(n):
		return Value{}, fmt.Errorf("line %d: has the tag !, which no config uses", n.Line)
	case plain(n) && strings.HasSuffix(n.Value, ":"): // [a:] is an error in libyaml
		return Value{}, fmt.Errorf("line %d: found unexpected ':'", n.Line)
	case plain(n):
		tag, text = resolve(n.Value), n.Value
	default:
		tag = "!!str"
	}
	data, err := construct(tag, n.Value)
	if err != nil {
		return Value{}, fmt.Errorf("line %d: %w", n.Line, err)
	}
	if s, ok := data.(string); ok && !wellFormed(s) {
		return Value{}, fmt.Errorf("line %d: has ${ without a reference that can be read", n.Line)
	}
	return Value{Data: data, Plain: text, There: true}, nil
}

// unspecific reports whether a scalar has the tag "!", which the parser drops: only the place where
// the scalar begins shows it. PyYAML ignores even quotes after it.
func (r *reader) unspecific(n *yaml.Node) bool {
	if n.Line < 1 || n.Line > len(r.lines) {
		return false
	}
	rest := r.lines[n.Line-1]
	for at := n.Column - 1; at < len(rest) && (rest[at] == '&' || rest[at] == '!'); at++ {
		from := at
		for at < len(rest) && !unicode.IsSpace(rest[at]) {
			at++
		}
		if at-from == 1 && rest[from] == '!' {
			return true
		}
		for at+1 < len(rest) && unicode.IsSpace(rest[at+1]) {
			at++
		}
	}
	return false
}

// resolve returns the tag of an unquoted scalar.
func resolve(text string) string {
	switch {
	case nulls.MatchString(text):
		return "!!null"
	case bools.MatchString(text):
		return "!!bool"
	case floats.MatchString(text):
		return "!!float"
	case ints.MatchString(text):
		return "!!int"
	case text == "=" || text == "<<":
		return "!!" + text
	}
	return "!!str"
}

// construct returns the value of a scalar with this tag.
func construct(tag, text string) (any, error) {
	if tag == "!!str" {
		return text, nil
	}
	if len(text) > 4300 { // more digits than Python reads
		return nil, fmt.Errorf("a value of %d bytes is not %s", len(text), article(tag))
	}
	switch tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		switch strings.ToLower(text) {
		case "yes", "true", "on":
			return true, nil
		case "no", "false", "off":
			return false, nil
		}
	case "!!int":
		if n, ok := integer(text); ok {
			return n, nil
		}
	case "!!float":
		if f, ok := float(text); ok {
			return f, nil
		}
	default:
		return nil, fmt.Errorf("has the tag %s, which no config uses", tag)
	}
	return nil, fmt.Errorf("%q is not %s", text, article(tag))
}

// article returns the type that a tag means, with its article.
func article(tag string) string {
	if tag == "!!int" {
		return "an int"
	}
	return "a " + strings.TrimPrefix(tag, "!!")
}

// integer is PyYAML's construct_yaml_int.
func integer(text string) (any, bool) {
	digits := strings.ReplaceAll(text, "_", "")
	sign, digits := signed(digits)
	n, base := new(big.Int), 10
	switch {
	case digits == "0":
	case strings.HasPrefix(digits, "0b"):
		digits, base = digits[2:], 2
	case strings.HasPrefix(digits, "0x"):
		digits, base = digits[2:], 16
	case strings.HasPrefix(digits, "0"):
		base = 8
	}
	for _, part := range strings.Split(digits, ":") { // 1:30 is 90
		if part == "" || strings.ContainsAny(part, "+-") {
			return nil, false
		}
		digit, ok := new(big.Int).SetString(part, base)
		if !ok {
			return nil, false
		}
		n.Add(n.Mul(n, big.NewInt(60)), digit)
	}
	if sign == "-" {
		n.Neg(n)
	}
	if n.IsInt64() {
		return n.Int64(), true
	}
	return n, true
}

// float is PyYAML's construct_yaml_float.
func float(text string) (float64, bool) {
	sign, digits := signed(strings.ToLower(strings.ReplaceAll(text, "_", "")))
	if digits == ".inf" || digits == ".nan" {
		digits = digits[1:]
	}
	sum := 0.0
	for _, part := range strings.Split(digits, ":") {
		f, ok := pythonFloat(part)
		if !ok {
			return 0, false
		}
		sum = sum*60 + f
	}
	if sign == "-" {
		sum = -sum
	}
	return sum, true
}

func signed(text string) (sign, rest string) {
	if text != "" && (text[0] == '-' || text[0] == '+') {
		return text[:1], text[1:]
	}
	return "", text
}

// pythonFloat reads a number like Python's float, "1_0" and " inf " included.
func pythonFloat(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	if strings.ContainsAny(text, "xXpP") || underscored.MatchString(text) {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	if err != nil && !strings.Contains(err.Error(), strconv.ErrRange.Error()) {
		return 0, false
	}
	return f, true
}

// underscored matches an underscore that is not between digits.
var underscored = regexp.MustCompile(`(?:^|[^0-9])_|_(?:[^0-9]|$)`)
