package torchfile_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
)

func le32(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }
func le64(n uint64) string { return string(binary.LittleEndian.AppendUint64(nil, n)) }

// hostilePickles are pickles, and parts of the message about each.
var hostilePickles = map[string]struct{ pickle, want string }{
	"BINBYTES8":       {"\x80\x04\x8e" + le64(1<<62), "opcode BINBYTES8"},
	"BYTEARRAY8":      {"\x80\x05\x96" + le64(1<<40), "opcode BYTEARRAY8"},
	"BINUNICODE8":     {"\x80\x04\x8d" + le64(1<<40), "opcode BINUNICODE8"},
	"LONG4":           {"\x80\x02\x8b" + le32(1<<30), "opcode LONG4"},
	"FRAME":           {"\x80\x04\x95" + le64(1<<62) + "}.", "expected FRAME of 4611686018427387904 bytes"},
	"FRAME past STOP": {"\x80\x04\x95" + le64(20) + "}." + strings.Repeat("x", 30), "STOP before the end of a frame"},
	"FRAME in FRAME": {"\x80\x04\x95" + le64(20) + "\x95" + le64(1) + "}." + strings.Repeat("x", 30),
		"FRAME inside a frame"},
	"BINUNICODE":          {"\x80\x02X" + le32(1<<32-1), "expected BINUNICODE of 4294967295 bytes"},
	"BINSTRING":           {"\x80\x02T" + le32(1<<32-1), "negative length"},
	"SHORT_BINUNICODE":    {"\x80\x04\x8c\xffa", "expected SHORT_BINUNICODE of 255 bytes"},
	"LONG1 empty":         {"\x80\x02\x8a\x00.", "LONG1 without bytes"},
	"protocol 6":          {"\x80\x06}.", "protocol 6"},
	"no opcode":           {"\x80\x02\xff.", "0xff, which is not an opcode"},
	"deep marks":          {"\x80\x02" + strings.Repeat("(", 1000), "nested deeper"},
	"deep lists":          {"\x80\x02" + strings.Repeat("]", 100000) + strings.Repeat("a", 99999) + ".", "found a list"},
	"stack":               {"\x80\x02" + strings.Repeat("N", maxStack+1), "more objects"},
	"objects":             {"\x80\x02" + strings.Repeat("]q\x01", maxObjects), "more objects"},
	"memo never put":      {"\x80\x02h\x05.", "BINGET of entry 5, which was never put"},
	"long memo never put": {"\x80\x02j" + le32(1<<32-1) + ".", "which was never put"},
	"memo of a far index": {"\x80\x02}r" + le32(1<<32-1) + "j" + le32(1<<32-1) + "K\x01s.",
		"a key of a dict that is neither"},
	"put on nothing":       {"\x80\x02q\x00.", "BINPUT with too little"},
	"memoize a mark":       {"\x80\x04}(\x94.", "MEMOIZE with too little"},
	"no mark":              {"\x80\x02t.", "TUPLE without MARK"},
	"across a mark":        {"\x80\x02}(K\x01s.", "SETITEM with too little"},
	"odd items":            {"\x80\x02}(K\x01u.", "a key that has no value"},
	"nothing left":         {"\x80\x02.", "STOP with too little"},
	"something left":       {"\x80\x02}}.", "something left"},
	"open mark":            {"\x80\x02(}.", "something left"},
	"no STOP":              {"\x80\x02}", "cut short"},
	"GLOBAL and REDUCE":    {"\x80\x02cposix\nsystem\nX" + le32(2) + "ls\x85R.", "names posix.system"},
	"GLOBAL in the dict":   {"\x80\x02}" + keyA + "cos\nsystem\ns.", "names os.system"},
	"STACK_GLOBAL":         {"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02ls\x85R.", "names posix.system"},
	"STACK_GLOBAL by memo": {"\x80\x04\x8c\x06system\x94\x8c\x05posix\x94h\x01h\x00\x93.", "names posix.system"},
	"STACK_GLOBAL of ints": {"\x80\x04K\x01K\x02\x93.", "STACK_GLOBAL without names"},
	"STACK_GLOBAL alone":   {"\x80\x04\x93.", "STACK_GLOBAL with too little"},
	"INST":                 {"\x80\x02(X" + le32(2) + "lsios\nsystem\n.", "opcode INST"},
	"OBJ":                  {"\x80\x02(cos\nsystem\nX" + le32(2) + "lso.", "names os.system"},
	"NEWOBJ":               {"\x80\x02cos\nsystem\n)\x81.", "names os.system"},
	"NEWOBJ_EX":            {"\x80\x04\x8c\x02os\x8c\x06system\x93)}\x92.", "names os.system"},
	"NEWOBJ of ours":       {"\x80\x02ccollections\nOrderedDict\n)\x81.", "opcode NEWOBJ"},
	"EXT1":                 {"\x80\x02\x82\x01.", "opcode EXT1"},
	"PERSID":               {"\x80\x02Pos.system\n.", "opcode PERSID"},
	"builtins":             {"\x80\x02cbuiltins\neval\n.", "names builtins.eval"},
	"gopickle's own": {"\x80\x02carray\n_array_reconstructor\nccopy_reg\n_reconstructor\nc__builtin__\nobject\n",
		"names array._array_reconstructor, copy_reg._reconstructor, __builtin__.object"},
	"many names":           {"\x80\x02ca\n1\nca\n2\nca\n3\nca\n4\nca\n5\nca\n6\nca\n7\n", "a.4, a.5 and more"},
	"dotted name":          {"\x80\x04\x8c\x05torch\x8c\x05_C.os\x93.", "names torch._C.os"},
	"name without end":     {"\x80\x02c" + strings.Repeat("x", 1000), "without an end of line"},
	"BUILD of a dict":      {"\x80\x02}}" + keyA + "K\x01sb.", "other than an OrderedDict"},
	"BUILD of a tensor":    {"\x80\x02}" + keyA + tensor0 + "}" + keyA + "K\x01sbs.", "other than an OrderedDict"},
	"BUILD of a class":     {"\x80\x02ctorch\nFloatStorage\n}" + keyA + "K\x01sb.", "other than an OrderedDict"},
	"REDUCE of a dict":     {"\x80\x02})R.", "other than a function"},
	"REDUCE without tuple": {"\x80\x02" + rebuild + "K\x01R.", "without a tuple"},
	"SETITEM of a list":    {"\x80\x02]K\x01K\x01s.", "other than a dict"},
	"APPEND to a dict":     {"\x80\x02}K\x01a.", "other than a list"},
	"list of itself":       {"\x80\x02]q\x00h\x00a.", "found a list"},
	"dict of itself":       {"\x80\x02}q\x00" + keyA + "h\x00s.", "a: is not a tensor: found a dict"},
	"dict as its key":      {"\x80\x02}q\x00h\x00K\x01s.", "a key of a dict that is neither"},
	"OrderedDict itself":   {"\x80\x02" + hooks + "q\x00h\x00h\x00s.", "a key of a dict that is neither"},
	"same key twice":       {"\x80\x02}(" + keyA + tensor0 + keyA + tensor0 + "u.", "a: appears twice"},
	"module with source":   {"\x80\x02(X" + le32(6) + "module" + "NNNtQ.", "whole module"},
	"pid of an int":        {"\x80\x02K\x01Q.", "a persistent id that is not a tuple"},
	"pid too short":        {"\x80\x02X" + le32(7) + "storage\x85Q.", "a persistent id that is not a storage"},
	"storage alone":        {"\x80\x02}" + keyA + storage0 + "s.", "a: is not a tensor: found a storage"},
	"rebuild in rebuild": {
		"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\nq\x00(h\x00ctorch\nTensor\n(h\x00ctorch\nTensor\n)}t}tR.",
		"unknown class"},
	"many large shapes": {"\x80\x02}(" + sharedShape() + "u.", "20000 dimensions"},
	"many BUILDs": {"\x80\x02" + hooks + "}q\x00" + keyA + "K\x01s" + "b" +
		strings.Repeat("h\x00b", maxBuilds) + ".", "more objects"},
	"many large dicts": {"\x80\x02}(" + bigDict() + "u.", "d0: is not a tensor"},
}

// TestHostilePickles checks the message about each pickle in an archive; in the
// older format, in which it also ends early, it must only be refused.
func TestHostilePickles(t *testing.T) {
	for name, c := range hostilePickles {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if got := mustRefuse(t, withPickle(t, c.pickle)); !strings.Contains(got, c.want) {
				t.Errorf("got %.300q, want %q in it", got, c.want)
			}
			mustRefuse(t, legacyWith(c.pickle))
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// bigDict is the items of a dict that names one large dict very often.
func bigDict() string {
	var b strings.Builder
	b.WriteString("X" + le32(2) + "d0}(")
	for i := range 20000 {
		fmt.Fprintf(&b, "X%s%05dK\x01", le32(5), i)
	}
	b.WriteString("uq\x07")
	for i := range 20000 {
		fmt.Fprintf(&b, "X%s%05dh\x07", le32(5), i)
	}
	return b.String()
}

// sharedShape is the items of a dict whose tensors share one long tuple.
func sharedShape() string {
	tuple := "(" + strings.Repeat("K\x01", 20000) + "tq\x01"
	first := rebuild + "q\x02(" + storage0 + "q\x03K\x00" + tuple + "h\x01\x89" + hooks + "q\x04tR"
	return keyA + first + strings.Repeat(keyA+"h\x02(h\x03K\x00h\x01h\x01\x89h\x04tR", 20000)
}

// legacyWith is a file in the older format whose dict is this pickle.
func legacyWith(pickle string) []byte {
	info := "\x80\x02}X" + le32(13) + "little_endian\x88s."
	return []byte(legacyMagic + "\x80\x02M\xe9\x03." + info + pickle)
}

// TestHostileTensors puts impossible numbers into a tensor.
func TestHostileTensors(t *testing.T) {
	long := func(n int64) string { return "\x8a\x08" + le64(uint64(n)) }
	huge := long(1 << 61)
	storage := func(numel string) string {
		return strings.Replace(storage0, "K\x04tQ", numel+"tQ", 1)
	}
	tensor := func(storage, offset, shape, stride string) string {
		return "\x80\x02}" + keyA + rebuild + "(" + storage + offset + shape + stride + "\x89" + hooks + "tRs."
	}
	zero, one := "K\x00", "K\x01\x85"
	cases := map[string]struct{ pickle, want string }{
		"one past the end": {tensor(storage0, "K\x01", "K\x04\x85", one),
			"reaches past its storage: expected 5 elements, found 4 elements"},
		"stride":            {tensor(storage0, zero, "K\x02\x85", "K\x04\x85"), "expected 5 elements"},
		"offset":            {tensor(storage0, huge, one, one), "reaches past"},
		"huge offset":       {tensor(storage0, long(1<<63-1), one, one), "more than 2^62"},
		"offset below zero": {tensor(storage0, "J\xff\xff\xff\xff", one, one), "negative or not a number"},
		"shape below zero":  {tensor(storage0, zero, "J\xff\xff\xff\xff\x85", one), "negative or not a number"},
		"stride below zero": {tensor(storage0, zero, "K\x04\x85", "J\xff\xff\xff\xff\x85"), "negative or not a number"},
		"shape and stride":  {tensor(storage0, zero, "K\x02K\x02\x86", one), "negative or not a number"},
		"shape too large":   {tensor(storage0, zero, huge+huge+"\x86", "K\x00K\x00\x86"), "impossible shape"},
		"expanded too far":  {tensor(storage0, zero, huge+"\x85", "K\x00\x85"), "impossible shape"},
		"stride overflows":  {tensor(storage0, zero, long(3)+long(3)+"\x86", huge+huge+"\x86"), "more than 2^62"},
		"a number too long": {tensor(storage0, zero, "\x8a\x09"+le64(1<<62)+"\x01\x85", one), "negative or not a number"},
		"a float":           {tensor(storage0, zero, "G"+le64(0)+"\x85", one), "negative or not a number"},
		"a bool":            {tensor(storage0, zero, "\x88\x85", one), "negative or not a number"},
		"expanded far": {tensor(storage0, zero, long(1<<40)+"\x85", "K\x00\x85"),
			"a: its tensors share their bytes: they would take more than 64 times"},
		"17 dimensions": {tensor(storage0, zero, "("+strings.Repeat("K\x01", 17)+"t",
			"("+strings.Repeat("K\x01", 17)+"t"), "a: has 17 dimensions"},
		"storage too large":  {tensor(storage(huge), zero, one, one), "impossible number of elements"},
		"storage below zero": {tensor(storage("J\xff\xff\xff\xff"), zero, one, one), "impossible number of elements"},
		"storage too long": {tensor(storage("K\x05"), zero, one, one),
			"a: its storage 0 has a wrong size: expected 20 bytes, found 16 bytes"},
		"no such storage": {tensor(strings.Replace(storage0, "\x000X", "\x009X", 1), zero, one, one),
			"a: the entry data/9 is missing from the zip archive"},
		"path in the key": {tensor(strings.Replace(storage0, "X\x01\x00\x00\x000X", "X"+le32(11)+"../data.pklX", 1),
			zero, one, one), "a: the entry data/../data.pkl is missing from the zip archive"},
		"two sizes": {"\x80\x02}(" + keyA + storage0 + keyA + storage("K\x03") + "u.",
			"two sizes, places or dtypes"},
		"two dtypes": {"\x80\x02}(" + keyA + storage0 + keyA + strings.Replace(storage0, "Float", "Int", 1) + "u.",
			"two sizes, places or dtypes"},
		"no storage":   {tensor("N", zero, one, one), "without storage"},
		"no arguments": {"\x80\x02" + rebuild + ")R.", "too few or too many parts"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := mustRefuse(t, withPickle(t, c.pickle)); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q in it", got, c.want)
			}
		})
	}
	if tensors, err := openBytes(withPickle(t, goodDict)); err != nil || len(tensors) != 1 {
		t.Errorf("the case without a fault: %v", err)
	}
}
