package pickle

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"hf2olmo/convert/fault"
)

// kind is what is known of an object without making it.
type kind uint8

const (
	anObject kind = iota // anything else
	aString
	aScalar // None, a bool, an int or a float
	aName   // a class, function or dtype
	aTuple
	aList
	aDict
	anOrderedDict
)

// slot is an object of an allowed pickle. text is a string if it is one that may be part of
// a name, and the name if it is one.
type slot struct {
	kind kind
	text string
}

const orderedDict = "collections.OrderedDict"

// allowed are the rules of a vocabulary: only what its writers write.
type allowed struct {
	words    *Vocabulary
	src      *Source
	frameEnd int64
	objects  int
	builds   int
	calls    int
	items    int
	foreign  []string // names met that are not in the vocabulary
}

func (a *allowed) admit(code byte, op *opcode) error {
	if op.use != always {
		return refusedOpcode(code)
	}
	if op.creates {
		a.objects++
	}
	switch code {
	case opBuild:
		a.builds++
	case opReduce:
		a.calls++
	case opSetItem:
		a.items++
	}
	if a.items > maxItems || a.objects > maxObjects || a.builds > a.words.MaxBuilds || a.calls > a.words.MaxCalls {
		return tooMany()
	}
	return nil
}

// run checks the argument, and refuses what torch does not do with objects of those kinds,
// or what would give a tensor other elements: torch.load sets the state that BUILD gives to
// a tensor.
func (a *allowed) run(code byte, op *opcode, arg operand, into slot, taken []slot) (slot, error) {
	made := slot{kind: op.kind}
	switch code {
	case opProto, opFrame:
		return made, a.header(code, arg.number)
	case opInt, opLong:
		return made, checkDigits(code, op, string(arg.text))
	case opLong1:
		return made, checkLong(arg.text)
	case opBinString, opShortBinString, opBinUnicode, opShortBinUnicode:
		if !utf8.Valid(arg.text) {
			return made, Broken(op.name + " that is not UTF-8")
		}
		if len(arg.text) <= maxName {
			made.text = string(arg.text)
		}
	case opGlobal:
		made.text = string(arg.text)
		return made, a.name(made.text)
	case opStackGlobal:
		module, name := taken[0], taken[1]
		if module.kind != aString || name.kind != aString || module.text == "" || name.text == "" {
			return made, Broken("STACK_GLOBAL without names")
		}
		made.text = module.text + "." + name.text
		return made, a.name(made.text)
	default:
		return made, a.combine(code, op, &made, into, taken)
	}
	return made, nil
}

// combine checks the opcodes that make an object of others, or add to one.
func (a *allowed) combine(code byte, op *opcode, made *slot, into slot, taken []slot) error {
	switch code {
	case opReduce:
		if taken[0].kind != aName || taken[1].kind != aTuple {
			return Broken("a call of something other than a function, or without a tuple")
		}
		if taken[0].text == orderedDict {
			made.kind = anOrderedDict
		}
	case opBuild:
		if into.kind != anOrderedDict || taken[0].kind != aDict {
			return Broken("a state (BUILD) for something other than an OrderedDict, or that is not a dict")
		}
	case opAppend, opAppends:
		if into.kind != aList {
			return Broken(op.name + " to something other than a list")
		}
	case opSetItems:
		a.items += len(taken) / 2 // SETITEM was counted when it was admitted
		fallthrough
	case opSetItem:
		return a.setItems(op, into, taken)
	}
	return nil
}

func (a *allowed) setItems(op *opcode, into slot, taken []slot) error {
	for i := 0; i < len(taken); i += 2 {
		if key := taken[i].kind; key != aString && key != aScalar {
			return Broken("a key of a dict that is neither a str nor a number")
		}
	}
	if into.kind != aDict && into.kind != anOrderedDict {
		return Broken(op.name + " of something other than a dict")
	}
	return nil
}

// header checks PROTO and FRAME.
func (a *allowed) header(code byte, number uint64) error {
	switch {
	case code == opProto && number > 5:
		return problem("the pickle has protocol %d, which is not known", number)
	case code == opProto:
	case a.src.pos < a.frameEnd:
		return Broken("FRAME inside a frame")
	case number > uint64(a.src.left):
		f := brokenOff()
		f.Expected, f.Found = fmt.Sprintf("FRAME of %d bytes", number), fault.Bytes(a.src.left)
		return f
	default:
		a.frameEnd = a.src.pos + int64(number)
	}
	return nil
}

func (a *allowed) end(left int) error {
	if left != 0 {
		return Broken("STOP with something left on the stack")
	}
	if a.src.pos < a.frameEnd {
		return Broken("STOP before the end of a frame")
	}
	return nil
}

// checkDigits checks what protocol 1 writes for a bool and for an int past 32 bits.
func checkDigits(code byte, op *opcode, line string) error {
	digits := strings.TrimPrefix(strings.TrimSuffix(line, "L"), "-")
	ok := digits != "" && strings.Trim(digits, "0123456789") == ""
	if code == opInt {
		ok = line == "00" || line == "01"
	}
	if !ok {
		return Broken(op.name + " of something other than a number")
	}
	return checkInt(decimal(strings.TrimSuffix(line, "L")))
}

// checkLong checks the bytes of an int.
func checkLong(b []byte) error {
	if len(b) == 0 {
		return Broken("LONG1 without bytes")
	}
	return checkInt(twosComplement(b))
}

// checkInt refuses an int that gopickle would cut to the size of int, on a machine of 32 bits. Longer ones
// than 64 bits become a *big.Int.
func checkInt(v any) error {
	if n, ok := v.(int64); ok && int64(int(n)) != n {
		return problem("the pickle has the number %d, which a machine of 32 bits cannot read", n)
	}
	return nil
}

// name notes a class or function that is not in the vocabulary: all of them are reported.
func (a *allowed) name(name string) error {
	strange := func(r rune) bool {
		return r != '.' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '<' && r != '>'
	}
	if strings.ContainsFunc(name, strange) || strings.Contains("."+name+".", "..") {
		return Broken("a class without a proper name")
	}
	if _, ok := a.words.Names[name]; !ok && len(a.foreign) < maxForeign && !slices.Contains(a.foreign, name) {
		a.foreign = append(a.foreign, name)
	}
	return nil
}
