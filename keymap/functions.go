package keymap

import (
	"fmt"
	"math"
)

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
