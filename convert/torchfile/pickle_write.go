package torchfile

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"hf2olmo/convert/tensor"
)

// writeProtocol is the pickle protocol of torch.save, and the one that torch.load
// reads with weights_only.
const writeProtocol = 2

// pickleWriter writes one pickle. It uses no memo: nothing in it is shared.
type pickleWriter struct {
	out      []byte
	storages []int64 // bytes of each storage met
}

// writePickle returns v as a pickle, and the bytes of each storage that it names.
func writePickle(v any) (data []byte, storages []int64, err error) {
	w := pickleWriter{out: []byte{opProto, writeProtocol}}
	if err := w.value(v); err != nil {
		return nil, nil, err
	}
	return append(w.out, opStop), w.storages, nil
}

func (w *pickleWriter) value(v any) error {
	switch v := v.(type) {
	case Tensor:
		return w.tensor(v)
	case Dict:
		return w.dict(v)
	case []any:
		return w.list(v)
	case string:
		return w.str(v)
	case int64:
		w.int(v)
	case float64:
		w.op(opBinFloat)
		w.out = binary.BigEndian.AppendUint64(w.out, math.Float64bits(v))
	case bool:
		w.bool(v)
	case nil:
		w.op(opNone)
	default:
		return w.object(v)
	}
	return nil
}

func (w *pickleWriter) op(code ...byte) { w.out = append(w.out, code...) }

func (w *pickleWriter) dict(d Dict) error {
	w.op(opEmptyDict)
	if len(d) == 0 {
		return nil
	}
	seen := make(map[string]bool, len(d))
	w.op(opMark)
	for _, item := range d {
		if seen[item.Key] {
			return fmt.Errorf("%q: stands twice in the dict", item.Key)
		}
		seen[item.Key] = true
		if err := w.str(item.Key); err != nil {
			return err
		}
		if err := w.value(item.Value); err != nil {
			return fmt.Errorf("%q: %w", item.Key, err)
		}
	}
	w.op(opSetItems)
	return nil
}

func (w *pickleWriter) list(values []any) error {
	w.op(opEmptyList)
	if len(values) == 0 {
		return nil
	}
	w.op(opMark)
	for _, v := range values {
		if err := w.value(v); err != nil {
			return err
		}
	}
	w.op(opAppends)
	return nil
}

func (w *pickleWriter) str(s string) error {
	if !utf8.ValidString(s) || len(s) > math.MaxInt32 {
		return fmt.Errorf("the string %.50q is not valid UTF-8 or too long", s)
	}
	w.op(opBinUnicode)
	w.out = binary.LittleEndian.AppendUint32(w.out, uint32(len(s)))
	w.out = append(w.out, s...)
	return nil
}

func (w *pickleWriter) bool(b bool) {
	if b {
		w.op(opNewTrue)
	} else {
		w.op(opNewFalse)
	}
}

// int writes n in the shortest form, as CPython does.
func (w *pickleWriter) int(n int64) {
	switch {
	case 0 <= n && n <= math.MaxUint8:
		w.op(opBinInt1, byte(n))
	case 0 <= n && n <= math.MaxUint16:
		w.op(opBinInt2)
		w.out = binary.LittleEndian.AppendUint16(w.out, uint16(n))
	case math.MinInt32 <= n && n <= math.MaxInt32:
		w.op(opBinInt)
		w.out = binary.LittleEndian.AppendUint32(w.out, uint32(n))
	default:
		size := 5 // bytes of two's complement that keep the sign
		for size < 8 && n>>(8*size-1) != n>>63 {
			size++
		}
		w.op(opLong1, byte(size))
		word := binary.LittleEndian.AppendUint64(nil, uint64(n))
		w.out = append(w.out, word[:size]...)
	}
}

func (w *pickleWriter) ints(values []int64) {
	w.op(opMark)
	for _, n := range values {
		w.int(n)
	}
	w.op(opTuple)
}

func (w *pickleWriter) global(module, name string) {
	w.op(opGlobal)
	w.out = append(w.out, module+"\n"+name+"\n"...)
}

// tensor writes
//
//	torch._utils._rebuild_tensor_v2(storage, 0, shape, stride, False, OrderedDict())
//
// where storage stands for ("storage", torch.FloatStorage, key, "cpu", numel).
func (w *pickleWriter) tensor(t Tensor) error {
	class := storageNames[t.DType]
	bytes, ok := tensor.Product(append([]int64{t.DType.Size()}, t.Shape...))
	for _, n := range t.Shape {
		ok = ok && n >= 0
	}
	if class == "" || !ok {
		return fmt.Errorf("a tensor of dtype %s and shape %s cannot be written", t.DType, tensor.ShapeString(t.Shape))
	}
	key := strconv.Itoa(len(w.storages))
	w.storages = append(w.storages, bytes)

	w.global("torch._utils", "_rebuild_tensor_v2")
	w.op(opMark, opMark)
	_ = w.str("storage") // these three are valid UTF-8
	w.global("torch", class)
	_ = w.str(key)
	_ = w.str("cpu")
	w.int(bytes / t.DType.Size())
	w.op(opTuple, opBinPersID)
	w.int(0)
	w.ints(t.Shape)
	w.ints(rowMajor(t.Shape))
	w.op(opNewFalse)
	w.global("collections", "OrderedDict")
	w.op(opEmptyTuple, opReduce)
	w.op(opTuple, opReduce)
	return nil
}

// rowMajor returns the strides of a contiguous tensor, as torch counts them: a
// dimension of size 0 counts as 1.
func rowMajor(shape []int64) []int64 {
	stride := make([]int64, len(shape))
	next := int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		stride[i] = next
		next *= max(shape[i], 1)
	}
	return stride
}
