package pickle

// What a pickle may use at most. A tensor takes about 200 bytes, 27 opcodes, 12 of
// which make objects and 2 are calls (4 for a Parameter), and 10 memo entries, so
// that 80 thousand tensors fit in one file. The largest models that the native
// trainers know have a few thousand, over all their files. With these bounds a hostile
// file makes the program use less than 200 MB.
const (
	MaxBytes   = 24 << 20
	maxOpcodes = 2_400_000
	maxObjects = 1_000_000
	maxItems   = 300_000 // keys of all dicts: a tensor's name, and its module's version
	maxStack   = 256_000
	maxMemo    = 850_000
	maxMarks   = 100
	maxName    = 200 // bytes of a module's or class's name
	maxForeign = 6   // names outside of a vocabulary that are collected for a message
)
