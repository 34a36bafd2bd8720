package pickle

import "fmt"

// scanner walks over one pickle. V is what it keeps of each object on the stack and in the
// memo: its kind for a vocabulary, an inert value for an outline.
type scanner[V any] struct {
	src     *Source
	rules   rules[V]
	stack   []V
	marks   []int // heights of the stack at the open marks
	memo    memory[V]
	opcodes int
	limits  bounds
}

// bounds are those of one pickle.
type bounds struct{ opcodes, memo int }

// usual are the bounds of a pickle whose objects are all kept.
var usual = bounds{maxOpcodes, maxMemo}

// rules say what a pickle may contain, and make what the scanner keeps of its objects.
type rules[V any] interface {
	// admit refuses an opcode, or counts it towards a bound.
	admit(code byte, op *opcode) error
	// run returns what an opcode makes of its argument and of the objects that it took;
	// into is the object below them, if the opcode needs one.
	run(code byte, op *opcode, arg operand, into V, taken []V) (V, error)
	// end checks what is left at STOP, on the stack and of open marks.
	end(left int) error
}

// operand is the argument of an opcode: a number, or bytes that are valid until the next one.
type operand struct {
	number uint64
	text   []byte
}

// scan reads one pickle up to its STOP, and returns its last object. Whatever the rules say,
// no length reaches past the source, and nothing is taken from an empty stack, across a mark
// or from a memo entry that was never put.
func scan[V any](src *Source, rules rules[V]) (last V, err error) {
	s := scanner[V]{src: src, rules: rules, limits: usual, memo: memory[V]{entries: map[uint64]V{}}}
	return s.scan()
}

func (s *scanner[V]) scan() (last V, err error) {
	for {
		code, err := s.src.number(1, "an opcode")
		if err != nil {
			return last, err
		}
		op := &opcodes[code]
		made, taken, err := s.step(byte(code), op)
		switch {
		case err != nil:
			return last, err
		case code == opStop:
			return taken[0], s.rules.end(len(s.stack) + len(s.marks))
		case op.pushes:
			s.stack = append(s.stack, made)
		}
	}
}

// step does one opcode, except for pushing what it made.
func (s *scanner[V]) step(code byte, op *opcode) (made V, taken []V, err error) {
	if err := s.rules.admit(code, op); err != nil {
		return made, nil, err
	}
	s.opcodes++
	if s.opcodes > s.limits.opcodes || len(s.stack) >= maxStack || len(s.memo.entries) > s.limits.memo {
		return made, nil, tooMany()
	}
	arg, err := s.operand(op)
	if err != nil {
		return made, nil, err
	}
	if taken, err = s.pop(op); err != nil {
		return made, nil, err
	}
	if code == opSetItems && len(taken)%2 != 0 {
		return made, nil, Broken("SETITEMS with a key that has no value")
	}
	var into V
	if op.keeps > 0 {
		into = s.stack[len(s.stack)-1]
	}
	if made, err = s.rules.run(code, op, arg, into, taken); err != nil {
		return made, nil, err
	}
	switch code {
	case opMark:
		if len(s.marks) == maxMarks {
			return made, nil, problem("the pickle is nested deeper than any dict of tensors")
		}
		s.marks = append(s.marks, len(s.stack))
	case opMemoize:
		s.memo.put(s.memo.next(), into)
	case opBinPut, opLongBinPut:
		if !s.memo.put(arg.number, into) {
			return made, nil, Broken("entries of the memo that are not in order")
		}
	case opBinGet, opLongBinGet:
		known, ok := s.memo.get(arg.number)
		if made = known; !ok {
			return made, nil, Broken(fmt.Sprintf("%s of entry %d, which was never put", op.name, arg.number))
		}
	}
	return made, taken, nil
}

func tooMany() error {
	return problem("the pickle contains more objects than any dict of tensors needs")
}

// pop takes away what op takes, if it is there.
func (s *scanner[V]) pop(op *opcode) (taken []V, err error) {
	pops := op.pops
	if pops == toMark {
		if len(s.marks) == 0 {
			return nil, Broken(op.name + " without MARK")
		}
		pops = len(s.stack) - s.floor()
		s.marks = s.marks[:len(s.marks)-1]
	}
	rest := len(s.stack) - pops
	if rest-op.keeps < s.floor() {
		return nil, Broken(op.name + " with too little on the stack")
	}
	taken = s.stack[rest:]
	s.stack = s.stack[:rest]
	return taken, nil
}

// floor is the height of the stack at the topmost mark: nothing below it can be taken.
func (s *scanner[V]) floor() int {
	if len(s.marks) == 0 {
		return 0
	}
	return s.marks[len(s.marks)-1]
}

// operand reads what follows an opcode.
func (s *scanner[V]) operand(op *opcode) (arg operand, err error) {
	switch op.arg {
	case oneByte:
		arg.number, err = s.src.number(1, op.name)
	case twoBytes:
		arg.number, err = s.src.number(2, op.name)
	case fourBytes:
		arg.number, err = s.src.number(4, op.name)
	case eightBytes:
		arg.number, err = s.src.number(8, op.name)
	case counted1:
		arg.text, err = s.counted(1, op)
	case counted4:
		arg.text, err = s.counted(4, op)
	case counted8:
		arg.text, err = s.counted(8, op)
	case oneLine:
		var line string
		line, err = s.src.line(maxName, op.name)
		arg.text = []byte(line)
	case moduleAndName:
		arg.text, err = s.moduleAndName(op)
	}
	return arg, err
}

// counted reads bytes after their number.
func (s *scanner[V]) counted(size int64, op *opcode) ([]byte, error) {
	length, err := s.src.number(size, op.name)
	switch {
	case err != nil:
		return nil, err
	case op.name == "BINSTRING" && length > 1<<31-1:
		return nil, Broken("BINSTRING of a negative length")
	}
	return s.src.take(int64(min(length, 1<<62)), op.name)
}

func (s *scanner[V]) moduleAndName(op *opcode) ([]byte, error) {
	module, err := s.src.line(maxName, op.name)
	if err != nil {
		return nil, err
	}
	name, err := s.src.line(maxName, op.name)
	return []byte(module + "." + name), err
}
