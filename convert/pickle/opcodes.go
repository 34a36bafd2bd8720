package pickle

// Opcodes that are read, as in CPython's pickle.py.
const (
	opMark            = '('
	opStop            = '.'
	opPop             = '0'
	opPopMark         = '1'
	opDup             = '2'
	opBinBytes        = 'B'
	opShortBinBytes   = 'C'
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
	opNewObj          = 0x81
	opTuple1          = 0x85
	opTuple2          = 0x86
	opTuple3          = 0x87
	opNewTrue         = 0x88
	opNewFalse        = 0x89
	opLong1           = 0x8a
	opLong4           = 0x8b
	opShortBinUnicode = 0x8c
	opBinUnicode8     = 0x8d
	opBinBytes8       = 0x8e
	opEmptySet        = 0x8f
	opAddItems        = 0x90
	opFrozenSet       = 0x91
	opNewObjEx        = 0x92
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95
	opByteArray8      = 0x96
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
	counted8               // bytes, after their number in 8 bytes
	oneLine                // a line: digits, perhaps with an L at the end
	moduleAndName          // two lines
)

// toMark as opcode.pops: everything above the topmost mark, and the mark.
const toMark = -1

// use is which pickles may contain an opcode.
type use uint8

const (
	never      use = iota
	inOutlines     // any class, inert
	always         // all: torch.save writes it for a dict of tensors with one of its protocols, or Python 2 did
)

// opcode says what follows an opcode in the stream and what it does to the
// stack: it takes pops slots away, needs keeps more below them, and then adds one
// if it pushes.
type opcode struct {
	name    string
	use     use
	arg     argument
	pops    int
	keeps   int
	pushes  bool
	creates bool // makes a Python object that contains others
	kind    kind // of the object that it pushes, if that is always the same
}
