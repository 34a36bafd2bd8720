package torchfile

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
)

// Opcodes that torch does not write for a dict of tensors, but for other objects.
const (
	opPop           = '0'
	opPopMark       = '1'
	opDup           = '2'
	opBinBytes      = 'B'
	opShortBinBytes = 'C'
	opNewObj        = 0x81
	opLong4         = 0x8b
	opBinUnicode8   = 0x8d
	opBinBytes8     = 0x8e
	opEmptySet      = 0x8f
	opAddItems      = 0x90
	opFrozenSet     = 0x91
	opNewObjEx      = 0x92
	opByteArray8    = 0x96
)

// lengths are the sizes of the number before a text, by opcode.
var lengths = map[byte]int64{
	opBinString: 4, opShortBinString: 1, opBinUnicode: 4, opShortBinUnicode: 1,
	opBinBytes: 4, opShortBinBytes: 1, opBinUnicode8: 8, opBinBytes8: 8, opByteArray8: 8,
}

// integers are the sizes of numbers, by opcode; only four bytes have a sign.
var integers = map[byte]int64{opBinInt: 4, opBinInt1: 1, opBinInt2: 2}

// constants are the opcodes that push a value of their own.
var constants = map[byte]func() any{
	opNone: func() any { return nil }, opNewTrue: func() any { return true }, opNewFalse: func() any { return false },
	opEmptyList: func() any { return &List{made: opEmptyList} }, opEmptyTuple: func() any { return &List{made: opEmptyTuple} },
	opEmptySet: func() any { return &List{made: opEmptySet} }, opEmptyDict: func() any { return &Map{} },
}

// do runs one opcode.
func (o *outliner) do(code byte) error {
	if size, ok := lengths[code]; ok {
		return o.text(size)
	}
	if size, ok := integers[code]; ok {
		n, err := o.src.number(size, "a number")
		if code == opBinInt {
			n = uint64(int64(int32(uint32(n))))
		}
		o.push(int64(n))
		return err
	}
	if value, ok := constants[code]; ok {
		o.push(value())
		return nil
	}
	switch code {
	case opProto, opFrame:
		_, err := o.src.number(map[byte]int64{opProto: 1, opFrame: 8}[code], "a header")
		return err
	case opMark:
		if len(o.marks) == maxMarks {
			return problem("the pickle is nested deeper than any checkpoint")
		}
		o.marks = append(o.marks, len(o.stack))
		return nil
	case opBinFloat, opInt, opLong, opLong1, opLong4:
		return o.numeral(code)
	case opMemoize, opBinPut, opLongBinPut, opBinGet, opLongBinGet:
		return o.remember(code)
	}
	return o.build(code)
}

func (o *outliner) text(size int64) error {
	n, err := o.src.number(size, "a length")
	if err != nil {
		return err
	}
	if n > maxPickle {
		return brokenPickle("a text longer than the pickle")
	}
	b, err := o.src.take(int64(n), "a text")
	o.push(string(b))
	return err
}

// numeral pushes a float, or an int as old protocols and long ones write it. An int
// past 64 bits becomes an Object.
func (o *outliner) numeral(code byte) error {
	switch code {
	case opBinFloat:
		b, err := o.src.take(8, "a float")
		if err == nil {
			o.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
		}
		return err
	case opInt, opLong:
		line, err := o.src.line(maxName, "an int")
		if n, bad := strconv.ParseInt(strings.TrimSuffix(line, "L"), 10, 64); bad == nil {
			o.push(n)
		} else {
			o.push(&Object{Class: "int"})
		}
		return err
	}
	n, err := o.src.number(map[byte]int64{opLong1: 1, opLong4: 4}[code], "a length")
	if err != nil {
		return err
	}
	b, err := o.src.take(int64(n), "an int")
	if err != nil {
		return err
	}
	if len(b) > 8 {
		o.push(&Object{Class: "int"})
		return nil
	}
	var value int64
	for i, c := range b {
		value |= int64(c) << (8 * i)
	}
	if len(b) > 0 && len(b) < 8 && b[len(b)-1] >= 0x80 {
		value -= 1 << (8 * len(b))
	}
	o.push(value)
	return nil
}

func (o *outliner) remember(code byte) error {
	if code == opMemoize {
		return o.memoize(uint64(len(o.memo)))
	}
	at, err := o.src.number(map[byte]int64{opBinPut: 1, opBinGet: 1, opLongBinPut: 4, opLongBinGet: 4}[code], "a number")
	switch {
	case err != nil:
		return err
	case code == opBinPut, code == opLongBinPut:
		return o.memoize(at)
	}
	v, ok := o.memo[at]
	if !ok {
		return brokenPickle("an object that was never put")
	}
	o.stack = append(o.stack, v) // no new object
	return nil
}
