package omegaconf

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// As converts a value to a field's type like OmegaConf: "int" (to an int), "float" or "number"
// (a float64), "bool", "string" or "scalar" (a string), "list", "dict". With any other type it
// stays as it is. The error says what was expected.
func (v Value) As(kind string) (any, error) {
	switch kind {
	case "int":
		return v.asInt()
	case "float", "number":
		return v.asFloat()
	case "bool":
		return v.asBool()
	case "string", "scalar":
		switch d := v.Data.(type) {
		case nil, []Value, *Mapping:
			return nil, errors.New("a text")
		case string:
			if text, known := v.Text(); known {
				return text, nil
			}
			return d, nil
		}
		return pythonText(v.Data), nil
	case "list":
		if _, ok := v.Data.([]Value); !ok {
			return nil, errors.New("a list")
		}
	case "dict":
		if _, ok := v.Data.(*Mapping); !ok {
			return nil, errors.New("a mapping")
		}
	}
	return v.Data, nil
}

func (v Value) asInt() (any, error) {
	n, isInt := v.Data.(int64)
	if text, isText := v.Data.(string); isText {
		n, isInt = pythonInt(text)
	}
	if !isInt || int64(int(n)) != n {
		return nil, errors.New("a whole number without a point")
	}
	return int(n), nil
}

func (v Value) asFloat() (any, error) {
	switch d := v.Data.(type) {
	case int64:
		return float64(d), nil
	case float64:
		return d, nil
	case *big.Int:
		if f, _ := new(big.Float).SetInt(d).Float64(); !math.IsInf(f, 0) {
			return f, nil
		}
	case string:
		if f, ok := pythonFloat(d); ok {
			return f, nil
		}
	}
	return nil, errors.New("a number")
}

func (v Value) asBool() (any, error) {
	switch d := v.Data.(type) {
	case bool:
		return d, nil
	case int64:
		return d != 0, nil
	case string:
		if n, ok := pythonInt(d); ok {
			return n != 0, nil
		}
		switch strings.ToLower(d) {
		case "yes", "y", "on", "true":
			return true, nil
		case "no", "n", "off", "false":
			return false, nil
		}
	}
	return nil, errors.New("true or false")
}

// pythonInt reads a number like Python's int.
func pythonInt(text string) (int64, bool) {
	text = strings.TrimSpace(text)
	if !pythonDigits.MatchString(text) {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64)
	return n, err == nil
}

var pythonDigits = regexp.MustCompile(`^[-+]?[0-9]+(?:_[0-9]+)*$`)

// pythonText is Python's str of a value.
func pythonText(v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		switch {
		case math.IsNaN(v):
			return "nan"
		case math.IsInf(v, 0):
			return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+"))
		}
		text := strconv.FormatFloat(v, 'e', -1, 64)
		if _, e, _ := strings.Cut(text, "e"); true {
			if exponent, _ := strconv.Atoi(e); -4 <= exponent && exponent < 16 {
				text = strconv.FormatFloat(v, 'f', -1, 64)
				if !strings.Contains(text, ".") {
					text += ".0"
				}
			}
		}
		return text
	}
	return fmt.Sprint(v)
}
