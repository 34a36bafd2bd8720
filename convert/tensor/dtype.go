// Package tensor is what all file formats have in common: a named tensor that
// knows its dtype, its shape and where its bytes are, and the one way to read
// those bytes in row-major order, cast to another dtype on request.
package tensor

// A DType is the type of a tensor's elements. The names are torch's.
type DType uint8

// The dtypes that occur in model files. Only Float32, BFloat16 and Float16 can
// be converted; the others are known so that they can be named when refused.
const (
	Invalid DType = iota
	Float32
	BFloat16
	Float16
	Float64
	Int64
	Int32
	Int16
	Int8
	UInt8
	Bool
	UInt16
	UInt32
	UInt64
	Float8E4M3FN
	Float8E5M2
	Complex64
	Complex128
)

var dtypes = [...]struct {
	name string
	size int64
}{
	Invalid:      {"invalid", 0},
	Float32:      {"float32", 4},
	BFloat16:     {"bfloat16", 2},
	Float16:      {"float16", 2},
	Float64:      {"float64", 8},
	Int64:        {"int64", 8},
	Int32:        {"int32", 4},
	Int16:        {"int16", 2},
	Int8:         {"int8", 1},
	UInt8:        {"uint8", 1},
	Bool:         {"bool", 1},
	UInt16:       {"uint16", 2},
	UInt32:       {"uint32", 4},
	UInt64:       {"uint64", 8},
	Float8E4M3FN: {"float8_e4m3fn", 1},
	Float8E5M2:   {"float8_e5m2", 1},
	Complex64:    {"complex64", 8},
	Complex128:   {"complex128", 16},
}

// String returns torch's name without "torch.", such as "bfloat16".
func (d DType) String() string {
	if int(d) < len(dtypes) {
		return dtypes[d].name
	}
	return "invalid"
}

// Size returns the bytes of one element, 0 for Invalid.
func (d DType) Size() int64 {
	if int(d) < len(dtypes) {
		return dtypes[d].size
	}
	return 0
}

// Differentiable reports whether a tensor of the dtype may require a gradient in torch:
// its elements are neither integers nor bools.
func (d DType) Differentiable() bool {
	switch d {
	case Int64, Int32, Int16, Int8, UInt8, UInt16, UInt32, UInt64, Bool:
		return false
	}
	return d != Invalid
}

// Convertible reports whether d is one of the three dtypes that models train in.
func (d DType) Convertible() bool {
	return d == Float32 || d == BFloat16 || d == Float16
}

// ParseDType returns the dtype with torch's name, such as "float32", or Invalid.
func ParseDType(name string) DType {
	for d, known := range dtypes {
		if d != int(Invalid) && known.name == name {
			return DType(d)
		}
	}
	return Invalid
}

// Choice is what a dtype of all tensors is called among the choices of a user: auto if each keeps its own.
func (d DType) Choice() string {
	if d == Invalid {
		return "auto"
	}
	return d.String()
}
