package torchfile

import (
	"strings"
	"unicode/utf8"
)

// argument reads what follows an opcode: a number, or a text, of which only as much
// is returned as may be a name.
func (s *scanner) argument(op opcode) (number uint64, text string, err error) {
	switch op.arg {
	case oneByte:
		number, err = s.src.number(1, op.name)
	case twoBytes:
		number, err = s.src.number(2, op.name)
	case fourBytes:
		number, err = s.src.number(4, op.name)
	case eightBytes:
		number, err = s.src.number(8, op.name)
	case counted1:
		text, err = s.counted(1, op)
	case counted4:
		text, err = s.counted(4, op)
	case boolLine, numberLine:
		err = s.numeral(op)
	case moduleAndName:
		text, err = s.moduleAndName(op)
	}
	return number, text, err
}

// counted reads bytes after their number.
func (s *scanner) counted(size int64, op opcode) (string, error) {
	length, err := s.src.number(size, op.name)
	if err != nil {
		return "", err
	}
	if op.name == "BINSTRING" && length > 1<<31-1 {
		return "", brokenPickle("BINSTRING of a negative length")
	}
	if op.name == "LONG1" && length == 0 {
		return "", brokenPickle("LONG1 without bytes")
	}
	b, err := s.src.take(int64(length), op.name)
	switch {
	case err != nil || op.name == "LONG1":
		return "", err
	case !utf8.Valid(b):
		return "", brokenPickle(op.name + " that is not UTF-8")
	case len(b) > maxName:
		return "", nil
	}
	return string(b), nil
}

// numeral reads what protocol 1 writes for a bool and for an int past 32 bits.
func (s *scanner) numeral(op opcode) error {
	line, err := s.src.line(maxName, op.name)
	if err != nil {
		return err
	}
	digits := strings.TrimPrefix(strings.TrimSuffix(line, "L"), "-")
	ok := digits != "" && strings.Trim(digits, "0123456789") == ""
	if op.arg == boolLine {
		ok = line == "00" || line == "01"
	}
	if !ok {
		return brokenPickle(op.name + " of something else than a number")
	}
	return nil
}

func (s *scanner) moduleAndName(op opcode) (string, error) {
	module, err := s.src.line(maxName, op.name)
	if err != nil {
		return "", err
	}
	name, err := s.src.line(maxName, op.name)
	if err != nil {
		return "", err
	}
	return module + "." + name, nil
}
