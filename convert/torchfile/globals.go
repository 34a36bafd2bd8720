package torchfile

import (
	"strings"

	"github.com/nlpodyssey/gopickle/types"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// storageClass is one of torch's classes for storages, such as torch.FloatStorage.
type storageClass struct {
	dtype   tensor.DType
	untyped bool // it counts bytes, and the older format cannot have it
}

// dtypeClass is a dtype that a pickle names; Invalid where package tensor lacks it.
type dtypeClass struct {
	name  string
	dtype tensor.DType
}

// typeClass is a class of tensors that `_rebuild_from_type_v2` is given.
type typeClass struct{}

// storageNames are the classes of storages, by the dtype of their elements. Dtypes
// that came to torch later have none: their tensors are in an UntypedStorage.
var storageNames = map[tensor.DType]string{
	tensor.Float32:    "FloatStorage",
	tensor.BFloat16:   "BFloat16Storage",
	tensor.Float16:    "HalfStorage",
	tensor.Float64:    "DoubleStorage",
	tensor.Int64:      "LongStorage",
	tensor.Int32:      "IntStorage",
	tensor.Int16:      "ShortStorage",
	tensor.Int8:       "CharStorage",
	tensor.UInt8:      "ByteStorage",
	tensor.Bool:       "BoolStorage",
	tensor.Complex64:  "ComplexFloatStorage",
	tensor.Complex128: "ComplexDoubleStorage",
}

// untypedStorage counts bytes. The tensors in it bring their own dtype.
const untypedStorage = "torch.storage.UntypedStorage"

// dtypeNames are the dtypes that torch.save may name after "torch.".
const dtypeNames = "float32 bfloat16 float16 float64 int64 int32 int16 int8 uint8 bool " +
	"uint16 uint32 uint64 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz " +
	"float8_e8m0fnu float4_e2m1fn_x2 complex32 complex64 complex128 " +
	"bits8 bits16 bits1x8 bits2x4 bits4x2"

// globals are the only names that a pickle of tensors may use, and what they are here.
var globals = makeGlobals()

// tensorWords is what torch.save writes for a dict of tensors.
var tensorWords = pickle.Vocabulary{Names: globals, MaxBuilds: maxBuilds, MaxCalls: 320_000, Foreign: foreignNames}

const maxBuilds = 16 // each copies a dict, which may be the same one

func makeGlobals() map[string]any {
	known := map[string]any{
		"collections.OrderedDict":                    &types.OrderedDictClass{},
		"torch._utils._rebuild_tensor":               function(rebuildTensor),
		"torch._utils._rebuild_tensor_v2":            function(rebuildTensorV2),
		"torch._utils._rebuild_tensor_v3":            function(rebuildTensorV3),
		"torch._utils._rebuild_parameter":            function(rebuildParameter),
		"torch._utils._rebuild_parameter_with_state": function(rebuildParameterWithState),
		"torch._tensor._rebuild_from_type_v2":        function(rebuildFromType),
		"torch.Size":                                 function(rebuildSize),
		"torch.Tensor":                               typeClass{},
		"torch.nn.parameter.Parameter":               typeClass{},
		untypedStorage:                               storageClass{tensor.UInt8, true},
	}
	for dtype, name := range storageNames {
		known["torch."+name] = storageClass{dtype: dtype}
	}
	for _, name := range strings.Fields(dtypeNames) {
		known["torch."+name] = dtypeClass{name, tensor.ParseDType(name)}
	}
	return known
}

// function is something that a pickle may call. It never runs anything: it only
// notes what the tensor is made of.
type function func(args []any) (any, error)

// Call is how gopickle calls it.
func (f function) Call(args ...any) (any, error) { return f(args) }
