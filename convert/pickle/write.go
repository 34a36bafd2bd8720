package pickle

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// protocol is the pickle protocol of torch.save, and the one that torch.load
// reads with weights_only.
const protocol = 2

// writer writes one pickle. It uses no memo: nothing in it is shared.
type writer struct {
	out []byte
	as  func(v any) (any, error)
	to  io.Writer // which out is handed to in pieces; nil for none
}

// Marshal returns v as a pickle of protocol 2. v may be all that Item.Value may be. A value of
// any other type is written as what as makes of it; as may be nil.
func Marshal(v any, as func(v any) (any, error)) ([]byte, error) {
	w := writer{out: []byte{opProto, protocol}, as: as}
	if err := w.value(v); err != nil {
		return nil, err
	}
	return append(w.out, opStop), nil
}

func (w *writer) value(v any) error {
	switch v := v.(type) {
	case Dict:
		return w.dict(v)
	case Entries:
		return w.entries(v)
	case []any:
		return w.list(v)
	case Tuple:
		return w.tuple(v)
	case Ints:
		w.ints(v)
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

// object writes what is not a plain value.
func (w *writer) object(v any) error {
	switch v := v.(type) {
	case Name:
		return w.name(v)
	case *Call:
		return w.apply(v.Function, v.Args, opReduce)
	case *Instance:
		if err := w.apply(v.Class, nil, opNewObj); err != nil {
			return err
		}
		if v.State == nil {
			return nil
		}
		if err := w.value(v.State); err != nil {
			return err
		}
		w.op(opBuild)
		return nil
	case Ref:
		if err := w.value(v.ID); err != nil {
			return err
		}
		w.op(opBinPersID)
		return nil
	}
	if w.as == nil {
		return fmt.Errorf("a %T cannot be written as a Python value", v)
	}
	known, err := w.as(v)
	if err != nil {
		return err
	}
	return w.value(known)
}

func (w *writer) op(code ...byte) { w.out = append(w.out, code...) }

func (w *writer) dict(d Dict) error {
	seen := make(map[string]bool, len(d))
	return w.items(len(d), opEmptyDict, opSetItems, func(i int) error {
		item := &d[i]
		if seen[item.Key] {
			return fmt.Errorf("%q: appears twice in the dict", item.Key)
		}
		seen[item.Key] = true
		if err := w.str(item.Key); err != nil {
			return err
		}
		if err := w.value(item.Value); err != nil {
			return fmt.Errorf("%q: %w", item.Key, err)
		}
		return nil
	})
}

func (w *writer) entries(entries Entries) error {
	return w.items(len(entries), opEmptyDict, opSetItems, func(i int) error {
		if err := w.value(entries[i].Key); err != nil {
			return err
		}
		return w.value(entries[i].Value)
	})
}

func (w *writer) list(values []any) error {
	return w.items(len(values), opEmptyList, opAppends, func(i int) error { return w.value(values[i]) })
}

// items writes an empty object and, if there are any, its n items behind a mark.
func (w *writer) items(n int, empty, add byte, item func(i int) error) error {
	w.op(empty)
	if n == 0 {
		return nil
	}
	w.op(opMark)
	for i := range n {
		if err := item(i); err != nil {
			return err
		}
		if err := w.handOn(pieceBytes); err != nil {
			return err
		}
	}
	w.op(add)
	return nil
}

func (w *writer) tuple(t Tuple) error {
	short := map[int]byte{1: opTuple1, 2: opTuple2, 3: opTuple3}[len(t)]
	switch {
	case len(t) == 0:
		w.op(opEmptyTuple)
		return nil
	case short == 0:
		w.op(opMark)
	}
	for _, v := range t {
		if err := w.value(v); err != nil {
			return err
		}
	}
	if short == 0 {
		short = opTuple
	}
	w.op(short)
	return nil
}

func (w *writer) ints(values Ints) {
	w.op(opMark)
	for _, n := range values {
		w.int(n)
	}
	w.op(opTuple)
}

func (w *writer) str(s string) error {
	if !utf8.ValidString(s) || len(s) > math.MaxInt32 {
		return fmt.Errorf("the string %.50q is not valid UTF-8 or too long", s)
	}
	w.op(opBinUnicode)
	w.out = binary.LittleEndian.AppendUint32(w.out, uint32(len(s)))
	w.out = append(w.out, s...)
	return nil
}

func (w *writer) bool(b bool) {
	if b {
		w.op(opNewTrue)
	} else {
		w.op(opNewFalse)
	}
}

// int writes n in the shortest form, as CPython does.
func (w *writer) int(n int64) {
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

func (w *writer) name(n Name) error {
	at := strings.LastIndexByte(string(n), '.')
	if at <= 0 || at == len(n)-1 || strings.ContainsAny(string(n), "\n\r") {
		return fmt.Errorf("%q is not a name in a module", string(n))
	}
	w.op(opGlobal)
	w.out = append(w.out, n[:at]...)
	w.op('\n')
	w.out = append(w.out, n[at+1:]...)
	w.op('\n')
	return nil
}

// apply writes a call of a function, or of a class's __new__.
func (w *writer) apply(n Name, args Tuple, code byte) error {
	if err := w.name(n); err != nil {
		return err
	}
	if err := w.tuple(args); err != nil {
		return err
	}
	w.op(code)
	return nil
}
