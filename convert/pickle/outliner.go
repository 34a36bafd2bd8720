package pickle

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// outliner are the rules of an outline: any class, inert.
type outliner struct {
	objects int // made, and added to others
	watch   func(Step)
}

func (o *outliner) admit(code byte, op *opcode) error {
	switch {
	case op.use == never:
		return refusedOpcode(code)
	case o.objects > maxObjects:
		return tooMany()
	}
	return nil
}

func (o *outliner) run(code byte, op *opcode, arg operand, into any, taken []any) (any, error) {
	made := o.make(code, arg, into, taken)
	switch made.(type) {
	case *List, *Map, *Object: // a tensor takes about nine
		if code != opDup {
			o.objects++
		}
	}
	if op.keeps > 0 && op.pops != 0 {
		o.objects += len(taken)
		fill(code, into, taken)
	}
	if o.watch != nil {
		o.watch(Step{Opcode: op.name, Code: code, Made: made, Into: into, Taken: taken})
	}
	return made, nil
}

func (o *outliner) end(int) error { return nil }

// make returns what an opcode pushes.
func (o *outliner) make(code byte, arg operand, into any, taken []any) any {
	switch code {
	case opNewTrue:
		return true
	case opNewFalse:
		return false
	case opBinInt:
		return int64(int32(uint32(arg.number)))
	case opBinInt1, opBinInt2:
		return int64(arg.number)
	case opBinFloat: // big-endian, unlike all other numbers
		return math.Float64frombits(bits.ReverseBytes64(arg.number))
	case opInt, opLong:
		return decimal(string(arg.text))
	case opLong1, opLong4:
		return twosComplement(arg.text)
	case opBinString, opShortBinString, opBinUnicode, opShortBinUnicode, opBinUnicode8,
		opBinBytes, opShortBinBytes, opBinBytes8, opByteArray8:
		return string(arg.text)
	case opEmptyList:
		return &List{}
	case opEmptyTuple:
		return &List{Kind: PyTuple}
	case opEmptySet:
		return &List{Kind: PySet}
	case opEmptyDict:
		return &Map{}
	case opTuple, opTuple1, opTuple2, opTuple3:
		return &List{append([]any(nil), taken...), PyTuple}
	case opFrozenSet:
		return &List{append([]any(nil), taken...), PyFrozenSet}
	case opDup:
		return into
	case opGlobal:
		return &Object{Class: string(arg.text)}
	case opStackGlobal:
		return &Object{Class: asText(taken[0]) + "." + asText(taken[1])}
	case opBinPersID:
		return &Object{Class: "storage", Args: taken[0]}
	case opReduce, opNewObj, opNewObjEx:
		return called(taken)
	}
	return nil
}

// called is what a class or function makes of its arguments.
func called(taken []any) *Object {
	class, _ := taken[0].(*Object)
	if class == nil {
		return &Object{Class: "?", Args: taken[1]}
	}
	return &Object{Class: class.Class, Args: taken[1]}
}

// fill adds items or state to a value.
func fill(code byte, into any, taken []any) {
	switch into := into.(type) {
	case *List:
		if code == opAppend || code == opAppends || code == opAddItems {
			into.Items = append(into.Items, taken...)
		}
	case *Map:
		into.set(code, taken)
	case *Object:
		if code == opBuild {
			into.State = taken[0]
		} else {
			into.Map.set(code, taken)
		}
	}
}

func (m *Map) set(code byte, taken []any) {
	if code != opSetItem && code != opSetItems {
		return
	}
	for i := 0; i < len(taken); i += 2 {
		m.Items = append(m.Items, Pair{taken[i], taken[i+1]})
	}
}

func asText(v any) string {
	s, _ := v.(string)
	return s
}

// longInt is an int past 64 bits.
func longInt() *Object { return &Object{Class: "int"} }

// decimal is an int as old protocols write it.
func decimal(line string) any {
	n, err := strconv.ParseInt(strings.TrimSuffix(line, "L"), 10, 64)
	if err != nil {
		return longInt()
	}
	return n
}

// twosComplement is an int of any length, little-endian.
func twosComplement(b []byte) any {
	if len(b) > 8 {
		return longInt()
	}
	var word [8]byte
	if len(b) > 0 && b[len(b)-1] >= 0x80 {
		word = [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	copy(word[:], b)
	return int64(binary.LittleEndian.Uint64(word[:]))
}
