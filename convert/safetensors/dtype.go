package safetensors

import (
	library "github.com/nlpodyssey/safetensors"

	"hf2olmo/convert/tensor"
)

// dtypes are the dtypes of the format by their names in a header. Those of eight bits and
// fewer are younger than the safetensors library: torch knows the last three.
var dtypes = map[string]tensor.DType{
	"BOOL": tensor.Bool, "U8": tensor.UInt8, "I8": tensor.Int8, "I16": tensor.Int16, "U16": tensor.UInt16,
	"I32": tensor.Int32, "U32": tensor.UInt32, "I64": tensor.Int64, "U64": tensor.UInt64,
	"F16": tensor.Float16, "BF16": tensor.BFloat16, "F32": tensor.Float32, "F64": tensor.Float64,
	"F8_E4M3": tensor.Float8E4M3FN, "F8_E5M2": tensor.Float8E5M2, "C64": tensor.Complex64,
}

// DType returns the dtype that a header calls name, such as "BF16"; Invalid if there is none.
func DType(name string) tensor.DType { return dtypes[name] }

// readable is DType for the dtypes that the safetensors library reads.
func readable(name string) (tensor.DType, bool) {
	_, err := library.ParseDType(name)
	return dtypes[name], err == nil
}
