package torchfile

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"hf2olmo/convert/fault"
)

// What a pickle may use at most. A tensor takes about 200 bytes, 27 opcodes, 12 of
// which make objects and 2 are calls (4 for a Parameter), and 10 memo entries, so
// that 80 thousand tensors fit in one file. The largest models that the native
// trainers know have a few thousand, over all their files. A hostile file can make
// the program hold less than 200 MB so.
const (
	maxPickle  = 24 << 20
	maxOpcodes = 2_400_000
	maxObjects = 1_000_000
	maxCalls   = 320_000
	maxItems   = 300_000 // keys of all dicts: a tensor's name, and its module's version
	maxStack   = 256_000
	maxMemo    = 850_000
	maxMarks   = 100
	maxBuilds  = 16  // each copies a dict, which may be the same one
	maxName    = 200 // bytes of a module's or class's name
	maxForeign = 5   // names that are listed
)

// scanner walks over one pickle and follows what kind of object is in each slot of the
// stack and of the memo, and the strings that may become names of classes.
type scanner struct {
	src      *source
	words    *vocabulary
	stack    []slot
	marks    []int // heights of the stack at the open marks
	memo     map[uint64]slot
	frameEnd int64
	opcodes  int
	objects  int
	builds   int
	calls    int
	items    int
	foreign  []string // names met that are not in the vocabulary
}

// scan reads one pickle of tensors, as scanWords does.
func scan(src *source) ([]byte, error) { return scanWords(src, &tensorWords) }

// scanWords reads one pickle, up to its STOP, and returns its bytes once it is sure
// that they are safe to unpickle: only opcodes that torch writes, no length past the
// input, nothing taken from an empty stack or memo, no name that is not among words.
func scanWords(src *source, words *vocabulary) ([]byte, error) {
	s := scanner{src: src, words: words, memo: map[uint64]slot{}}
	for {
		stop, err := s.step()
		switch {
		case err != nil && len(s.foreign) > 0:
			return nil, foreignNames(s.foreign)
		case err != nil:
			return nil, err
		case stop && len(s.foreign) > 0:
			return nil, foreignNames(s.foreign)
		case stop:
			return src.forget(), nil
		}
	}
}

// step reads one opcode with its argument and does it.
func (s *scanner) step() (stop bool, err error) {
	code, err := s.src.number(1, "an opcode")
	if err != nil {
		return false, err
	}
	op := opcodes[code]
	if op.name == "" || code == opNewObj && !s.words.objects {
		return false, refusedOpcode(byte(code))
	}
	if err := s.count(op); err != nil {
		return false, err
	}
	number, text, err := s.argument(op)
	if err != nil {
		return false, err
	}
	if code == opGlobal || code == opStackGlobal {
		if text, err = s.global(text); err != nil {
			return false, err
		}
	}
	before := s.stack
	if err := s.pop(op); err != nil {
		return false, err
	}
	made, err := s.effect(op, text, before[len(s.stack):])
	if err != nil {
		return false, err
	}
	switch code {
	case opStop:
		return true, s.end()
	case opProto, opFrame, opMark:
		return false, s.begin(byte(code), number)
	case opMemoize:
		s.memo[uint64(len(s.memo))] = s.stack[len(s.stack)-1]
	case opBinPut, opLongBinPut:
		s.memo[number] = s.stack[len(s.stack)-1]
	case opBinGet, opLongBinGet:
		known, ok := s.memo[number]
		if made = known; !ok {
			return false, brokenPickle(fmt.Sprintf("%s of entry %d, which was never put", op.name, number))
		}
	}
	if op.pushes {
		s.stack = append(s.stack, made)
	}
	return false, nil
}

// count holds the pickle to its bounds.
func (s *scanner) count(op opcode) error {
	s.opcodes++
	if op.creates {
		s.objects++
	}
	switch op.name {
	case "BUILD":
		s.builds++
	case "REDUCE":
		s.calls++
	case "SETITEM":
		s.items++
	}
	if s.opcodes > maxOpcodes || s.items > maxItems || s.objects > maxObjects || s.builds > s.words.builds || s.calls > s.words.calls ||
		len(s.stack) >= maxStack || len(s.memo) > maxMemo {
		return problem("the pickle holds more objects than any dict of tensors needs")
	}
	return nil
}

// pop takes away what op takes, and sees that it is there.
func (s *scanner) pop(op opcode) error {
	floor, pops := 0, op.pops
	if len(s.marks) > 0 {
		floor = s.marks[len(s.marks)-1]
	}
	if pops == toMark {
		if len(s.marks) == 0 {
			return brokenPickle(op.name + " without MARK")
		}
		pops = len(s.stack) - floor
		s.marks = s.marks[:len(s.marks)-1]
		floor = 0
		if len(s.marks) > 0 {
			floor = s.marks[len(s.marks)-1]
		}
		if op.name == "SETITEMS" && pops%2 != 0 {
			return brokenPickle("SETITEMS with a key that has no value")
		} else if op.name == "SETITEMS" {
			s.items += pops / 2
		}
	}
	if len(s.stack)-pops-op.keeps < floor {
		return brokenPickle(op.name + " with too little on the stack")
	}
	s.stack = s.stack[:len(s.stack)-pops]
	return nil
}

// begin does PROTO, FRAME and MARK.
func (s *scanner) begin(code byte, number uint64) error {
	switch {
	case code == opProto && number > 5:
		return problem("the pickle has protocol %d, which is not known", number)
	case code == opFrame && s.src.pos < s.frameEnd:
		return brokenPickle("FRAME inside a frame")
	case code == opFrame && number > uint64(s.src.left):
		f := damaged("the pickle is broken or cut short")
		f.Expected, f.Found = fmt.Sprintf("FRAME of %d bytes", number), byteCount(s.src.left)
		return f
	case code == opFrame:
		s.frameEnd = s.src.pos + int64(number)
	case code == opMark && len(s.marks) == maxMarks:
		return problem("the pickle is nested deeper than any dict of tensors")
	case code == opMark:
		s.marks = append(s.marks, len(s.stack))
	}
	return nil
}

// end checks what is left at STOP.
func (s *scanner) end() error {
	if len(s.stack) != 0 || len(s.marks) != 0 {
		return brokenPickle("STOP with something left on the stack")
	}
	if s.src.pos < s.frameEnd {
		return brokenPickle("STOP before the end of a frame")
	}
	return nil
}

// global returns the class or function that the pickle names, and notes it where it is
// not in the vocabulary. STACK_GLOBAL has no name of its own, but takes it from the stack.
func (s *scanner) global(name string) (string, error) {
	if n := len(s.stack); name == "" {
		if n < 2 || s.stack[n-2].kind != aString || s.stack[n-1].kind != aString || s.stack[n-2].text == "" || s.stack[n-1].text == "" {
			return "", brokenPickle("STACK_GLOBAL without names")
		}
		name = s.stack[n-2].text + "." + s.stack[n-1].text
	}
	strange := func(r rune) bool {
		return r != '.' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '<' && r != '>'
	}
	if strings.ContainsFunc(name, strange) || strings.Contains("."+name+".", "..") {
		return "", brokenPickle("a class without a proper name")
	}
	if _, ok := s.words.names[name]; !ok && len(s.foreign) <= maxForeign && !slices.Contains(s.foreign, name) {
		s.foreign = append(s.foreign, name)
	}
	return name, nil
}

func refusedOpcode(code byte) *fault.Fault {
	if name := refusedOpcodes[code]; name != "" {
		return problem("the pickle uses the opcode %s, which torch does not write for tensors", name)
	}
	return brokenPickle(fmt.Sprintf("0x%02x, which is no opcode", code))
}
