package torchfile

// Pickle opcodes, as in CPython's pickle.py, that torch.save writes for a dict of
// tensors with one of the protocols 1 to 5, or that Python 2 wrote for the same.
const (
	opMark            = '('
	opStop            = '.'
	opBinFloat        = 'G'
	opInt             = 'I'
	opBinInt          = 'J'
	opBinInt1         = 'K'
	opLong            = 'L'
	opBinInt2         = 'M'
	opNone            = 'N'
	opBinPersID       = 'Q'
	opReduce          = 'R'
	opBinString       = 'T'
	opShortBinString  = 'U'
	opBinUnicode      = 'X'
	opEmptyList       = ']'
	opAppend          = 'a'
	opBuild           = 'b'
	opGlobal          = 'c'
	opAppends         = 'e'
	opBinGet          = 'h'
	opLongBinGet      = 'j'
	opBinPut          = 'q'
	opLongBinPut      = 'r'
	opSetItem         = 's'
	opTuple           = 't'
	opEmptyTuple      = ')'
	opSetItems        = 'u'
	opEmptyDict       = '}'
	opProto           = 0x80
	opTuple1          = 0x85
	opTuple2          = 0x86
	opTuple3          = 0x87
	opNewTrue         = 0x88
	opNewFalse        = 0x89
	opLong1           = 0x8a
	opShortBinUnicode = 0x8c
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95
)

// argument is what follows an opcode in the stream.
type argument uint8

const (
	noArgument    argument = iota
	oneByte                // a number of 1 byte
	twoBytes               // … 2 bytes
	fourBytes              // … 4 bytes, little-endian
	eightBytes             // … 8 bytes, little-endian (or the bits of a float)
	counted1               // bytes, after their number in 1 byte
	counted4               // bytes, after their number in 4 bytes
	boolLine               // 00 or 01 and a newline
	numberLine             // decimal digits, L and a newline
	moduleAndName          // two lines
)

// toMark as opcode.pops: everything above the topmost mark, and the mark.
const toMark = -1

// opcode tells how far an opcode reaches into the stream and what it does to the
// stack: it takes pops slots away, needs keeps more below them, and then adds one
// where it pushes.
type opcode struct {
	name    string
	arg     argument
	pops    int
	keeps   int
	pushes  bool
	creates bool // makes a Python object that holds others
	kind    kind // of the object that it pushes, where that is always the same
}

// opcodes are the opcodes that are read; one without a name here is refused.
var opcodes = [256]opcode{
	opMark:            {name: "MARK", creates: true},
	opStop:            {name: "STOP", pops: 1},
	opBinFloat:        {name: "BINFLOAT", arg: eightBytes, pushes: true, kind: aScalar},
	opInt:             {name: "INT", arg: boolLine, pushes: true, kind: aScalar},
	opBinInt:          {name: "BININT", arg: fourBytes, pushes: true, kind: aScalar},
	opBinInt1:         {name: "BININT1", arg: oneByte, pushes: true, kind: aScalar},
	opLong:            {name: "LONG", arg: numberLine, pushes: true, kind: aScalar},
	opBinInt2:         {name: "BININT2", arg: twoBytes, pushes: true, kind: aScalar},
	opNone:            {name: "NONE", pushes: true, kind: aScalar},
	opBinPersID:       {name: "BINPERSID", pops: 1, pushes: true, creates: true},
	opReduce:          {name: "REDUCE", pops: 2, pushes: true, creates: true},
	opBinString:       {name: "BINSTRING", arg: counted4, pushes: true, kind: aString},
	opShortBinString:  {name: "SHORT_BINSTRING", arg: counted1, pushes: true, kind: aString},
	opBinUnicode:      {name: "BINUNICODE", arg: counted4, pushes: true, kind: aString},
	opEmptyList:       {name: "EMPTY_LIST", pushes: true, creates: true, kind: aList},
	opAppend:          {name: "APPEND", pops: 1, keeps: 1},
	opBuild:           {name: "BUILD", pops: 1, keeps: 1},
	opGlobal:          {name: "GLOBAL", arg: moduleAndName, pushes: true, kind: aName},
	opAppends:         {name: "APPENDS", pops: toMark, keeps: 1},
	opBinGet:          {name: "BINGET", arg: oneByte, pushes: true},
	opLongBinGet:      {name: "LONG_BINGET", arg: fourBytes, pushes: true},
	opBinPut:          {name: "BINPUT", arg: oneByte, keeps: 1},
	opLongBinPut:      {name: "LONG_BINPUT", arg: fourBytes, keeps: 1},
	opSetItem:         {name: "SETITEM", pops: 2, keeps: 1},
	opTuple:           {name: "TUPLE", pops: toMark, pushes: true, creates: true, kind: aTuple},
	opEmptyTuple:      {name: "EMPTY_TUPLE", pushes: true, creates: true, kind: aTuple},
	opSetItems:        {name: "SETITEMS", pops: toMark, keeps: 1},
	opEmptyDict:       {name: "EMPTY_DICT", pushes: true, creates: true, kind: aDict},
	opProto:           {name: "PROTO", arg: oneByte},
	opNewObj:          {name: "NEWOBJ", pops: 2, pushes: true, creates: true}, // only where a vocabulary has objects
	opTuple1:          {name: "TUPLE1", pops: 1, pushes: true, creates: true, kind: aTuple},
	opTuple2:          {name: "TUPLE2", pops: 2, pushes: true, creates: true, kind: aTuple},
	opTuple3:          {name: "TUPLE3", pops: 3, pushes: true, creates: true, kind: aTuple},
	opNewTrue:         {name: "NEWTRUE", pushes: true, kind: aScalar},
	opNewFalse:        {name: "NEWFALSE", pushes: true, kind: aScalar},
	opLong1:           {name: "LONG1", arg: counted1, pushes: true, kind: aScalar},
	opShortBinUnicode: {name: "SHORT_BINUNICODE", arg: counted1, pushes: true, kind: aString},
	opStackGlobal:     {name: "STACK_GLOBAL", pops: 2, pushes: true, kind: aName},
	opMemoize:         {name: "MEMOIZE", keeps: 1},
	opFrame:           {name: "FRAME", arg: eightBytes},
}

// refusedOpcodes are the names of the others, for messages.
var refusedOpcodes = map[byte]string{
	'0': "POP", '1': "POP_MARK", '2': "DUP", 'F': "FLOAT", 'P': "PERSID", 'S': "STRING",
	'V': "UNICODE", 'd': "DICT", 'g': "GET", 'i': "INST", 'l': "LIST", 'o': "OBJ", 'p': "PUT",
	'B': "BINBYTES", 'C': "SHORT_BINBYTES",
	0x81: "NEWOBJ", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x8b: "LONG4",
	0x8d: "BINUNICODE8", 0x8e: "BINBYTES8", 0x8f: "EMPTY_SET", 0x90: "ADDITEMS",
	0x91: "FROZENSET", 0x92: "NEWOBJ_EX", 0x96: "BYTEARRAY8", 0x97: "NEXT_BUFFER",
	0x98: "READONLY_BUFFER",
}
