package keymap

import (
	"fmt"
	"math"
)

// own are the functions of tables that the language does not have.
var own = map[string]func(...any) (any, error){"ln": naturalLogarithm, "int": truncated, "windowed": windowed}

// naturalLogarithm is ln in tables.
func naturalLogarithm(arguments ...any) (any, error) {
	if x, ok := Number(arguments[0]); ok {
		return math.Log(x), nil
	}
	return nil, fmt.Errorf("ln of %#v, which is not a number", arguments[0])
}

// truncated is int in tables: a number without its fraction. What is not a number, or larger than any size, is null,
// which the rules refuse, and no size that came about by an overflow.
func truncated(arguments ...any) (any, error) {
	x, ok := Number(arguments[0])
	if !ok || math.IsNaN(x) || math.Abs(x) >= maxWhole {
		return nil, nil
	}
	return int(x), nil
}

// windowed is that of tables: of the types of layers, and the window of those that have one, the window of each layer,
// -1 for full attention; null if no layer has one. A window that is none, as -1 is, becomes 0, which the rules refuse,
// for it is not full attention.
func windowed(arguments ...any) (any, error) {
	types, ok := arguments[0].([]any)
	if !ok {
		return nil, fmt.Errorf("windowed of %#v, which is not a list", arguments[0])
	}
	window := arguments[1]
	if x, ok := Number(window); !ok || x < 0 {
		window = 0
	}
	list, some := make([]any, len(types)), false
	for i, t := range types {
		list[i] = -1
		if t == "sliding_attention" {
			list[i], some = window, true
		}
	}
	if !some {
		return nil, nil
	}
	return list, nil
}
