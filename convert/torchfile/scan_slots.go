package torchfile

// kind is what the scanner knows of an object without making it.
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

// slot is an object on the stack or in the memo. text is a short string where it is
// one, and the name where it is one.
type slot struct {
	kind kind
	text string
}

const orderedDict = "collections.OrderedDict"

// effect returns what an opcode makes of the slots that it took, and refuses what torch
// does not do with objects of those kinds, or what would give a tensor other elements:
// torch.load sets the state that BUILD gives to a tensor.
func (s *scanner) effect(op opcode, text string, taken []slot) (slot, error) {
	made := slot{op.kind, text}
	into := anObject
	if op.keeps > 0 {
		into = s.stack[len(s.stack)-1].kind
	}
	var err error
	switch op.name {
	case "REDUCE":
		if taken[0].kind != aName || taken[1].kind != aTuple {
			err = brokenPickle("a call of something other than a function, or without a tuple")
		}
		if taken[0].text == orderedDict {
			made.kind = anOrderedDict
		}
	case "BUILD":
		if !s.words.objects && (into != anOrderedDict || taken[0].kind != aDict) {
			err = brokenPickle("a state (BUILD) for something other than an OrderedDict, or that is not a dict")
		}
	case "APPEND", "APPENDS":
		if into != aList {
			err = brokenPickle(op.name + " to something other than a list")
		}
	case "SETITEM", "SETITEMS":
		if into != aDict && into != anOrderedDict {
			err = brokenPickle(op.name + " of something other than a dict")
		}
		for i := 0; i < len(taken) && !s.words.objects; i += 2 {
			if key := taken[i].kind; key != aString && key != aScalar {
				err = brokenPickle("a key of a dict that is neither a str nor a number")
			}
		}
	}
	return made, err
}
