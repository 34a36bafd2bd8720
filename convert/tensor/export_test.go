package tensor

// What tests from outside compare with.
var (
	Caster         = caster
	NarrowBFloat16 = narrowBFloat16
	Transpose      = transpose
	Weights        = weights
	Contains       = (*Block).contains
)
