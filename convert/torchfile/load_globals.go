package torchfile

import "strings"

// weightsOnlyOpcodes are all that the unpickler of weights_only=True knows
// (torch/_weights_only_unpickler.py).
var weightsOnlyOpcodes = nameSet(
	"GLOBAL NEWOBJ REDUCE BUILD APPEND APPENDS SETITEM SETITEMS MARK TUPLE TUPLE1 TUPLE2 " +
		"TUPLE3 NONE NEWFALSE NEWTRUE EMPTY_TUPLE EMPTY_LIST EMPTY_DICT EMPTY_SET BININT BININT1 BININT2 BINFLOAT " +
		"BINUNICODE SHORT_BINSTRING BINPERSID BINGET LONG_BINGET BINPUT LONG_BINPUT LONG1 PROTO STOP")

// What weights_only=True lets a pickle name, by module; %s is each of the words after it.
const safeNames = `
_codecs.%s encode
builtins.%s bytearray complex set
collections.%s Counter OrderedDict
torch.%s Size Tensor device BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage
torch.%s ComplexFloatStorage DoubleStorage FloatStorage HalfStorage IntStorage LongStorage QInt32Storage
torch.%s QInt8Storage QUInt2x4Storage QUInt4x2Storage QUInt8Storage ShortStorage
torch.%s BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor
torch.%s ShortTensor
torch.%s bfloat16 bool complex128 complex32 complex64 float16 float32 float4_e2m1fn_x2 float64 float8_e4m3fn
torch.%s float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu
torch.%s bits16 bits1x8 bits2x4 bits4x2 bits8 qint32 qint8 quint2x4 quint4x2 quint8 int1 int16 int2 int3 int32 int4
torch.%s int5 int6 int64 int7 int8 uint1 uint16 uint2 uint3 uint32 uint4 uint5 uint6 uint64 uint7 uint8
torch.%s per_channel_affine per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine
torch.%s per_tensor_symmetric
torch._tensor.%s _rebuild_from_type_v2
torch._utils.%s _rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy
torch._utils.%s _rebuild_meta_tensor_no_storage _rebuild_nested_tensor _rebuild_parameter
torch._utils.%s _rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor _rebuild_tensor
torch._utils.%s _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_wrapper_subclass
torch.nn.parameter.%s Parameter
torch.serialization.%s _get_layout
torch.storage.%s TypedStorage UntypedStorage
torch.cuda.%s BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage ComplexFloatStorage
torch.cuda.%s DoubleStorage FloatStorage HalfStorage IntStorage LongStorage ShortStorage
torch.cuda.%s BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor
torch.cuda.%s LongTensor ShortTensor
torch.sparse.%s BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor
torch.sparse.%s ShortTensor
torch.cuda.sparse.%s BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor
torch.cuda.sparse.%s ShortTensor
`

var safeGlobals = func() map[string]bool {
	safe := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(safeNames), "\n") {
		words := strings.Fields(line)
		for _, word := range words[1:] {
			safe[strings.Replace(words[0], "%s", word, 1)] = true
		}
	}
	return safe
}()

// python3 is the name that a class of Python 2 has today, as far as weights_only allows it.
func python3(name string) string {
	if rest, ok := strings.CutPrefix(name, "__builtin__."); ok {
		return "builtins." + rest
	}
	return name
}
