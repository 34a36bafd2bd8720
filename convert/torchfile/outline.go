package torchfile

import (
	"io"
	"strings"
)

// An Outline is what a pickle describes, without any class being known or called. Its
// values are nil, bool, int64, float64, string, *List, *Map and *Object; they may be
// shared, and a hostile pickle may even put a list into itself.
//
// It is for files that hold more than tensors and are not converted: a trainer's state,
// an optimizer, the shards of a rank.

// A List is a list, a tuple or a set.
type List struct {
	Items []any

	made byte // the opcode that made it
}

// A Map is a dict in its order.
type Map struct{ Items []Pair }

// Tuple reports whether the list is a tuple.
func (l *List) Tuple() bool {
	switch l.made {
	case opEmptyTuple, opTuple, opTuple1, opTuple2, opTuple3:
		return true
	}
	return false
}

// A Pair is an entry of a Map.
type Pair struct{ Key, Value any }

// An Object is whatever a class or function of this name makes of Args and State.
// A class itself is an Object without either.
type Object struct {
	Class string // "module.name"; "storage" for the bytes of tensors
	Args  any
	State any
	Map   Map // what it was given as a dict, such as the items of an OrderedDict
}

// Get returns the value of a key that is a string, nil where there is none.
func (m *Map) Get(key string) any {
	if m == nil {
		return nil
	}
	for i := len(m.Items) - 1; i >= 0; i-- {
		if m.Items[i].Key == any(key) {
			return m.Items[i].Value
		}
	}
	return nil
}

// AsMap returns what is a dict of some class as a Map, nil where it is none.
func AsMap(v any) *Map {
	switch v := v.(type) {
	case *Map:
		return v
	case *Object:
		if len(v.Map.Items) > 0 || strings.HasSuffix(v.Class, "Dict") || strings.HasSuffix(v.Class, "dict") {
			return &v.Map
		}
	}
	return nil
}

// OpenOutline returns the outline of a file that torch.save wrote, in either format,
// or of a plain pickle. The bytes of tensors are not read.
func OpenOutline(r io.ReaderAt, size int64) (any, error) {
	head, err := readHead(r, size)
	if err != nil {
		return nil, err
	}
	src := newSource(r, 0, size)
	switch {
	case isZip(head):
		a, err := openArchive(r, size)
		if err != nil {
			return nil, err
		}
		from, length, err := a.locate(pickleName)
		if err != nil {
			return nil, err
		}
		src = newSource(r, from, length)
	case isLegacy(head):
		for range 3 { // the magic number, the version, the facts of the machine
			if _, err := outline(src); err != nil {
				return nil, err
			}
		}
	case len(head) < 2 || head[0] != opProto || head[1] > 5:
		return nil, notTorch(head, size)
	}
	return outline(src)
}

// outline reads one pickle up to its STOP.
func outline(src *source) (any, error) {
	o := outliner{src: src, memo: map[uint64]any{}}
	return o.run()
}

// run runs the opcodes up to STOP, and returns what is on top of the stack then.
func (o *outliner) run() (any, error) {
	defer o.src.forget()
	for {
		code, err := o.src.number(1, "an opcode")
		if err != nil {
			return nil, err
		}
		if o.opcodes++; o.opcodes > maxOpcodes || o.objects > maxObjects || len(o.stack) > maxStack || len(o.memo) > maxMemo {
			return nil, problem("the pickle holds more objects than any checkpoint needs")
		}
		if code == opStop {
			if len(o.stack) == 0 {
				return nil, brokenPickle("STOP with nothing on the stack")
			}
			return o.stack[len(o.stack)-1], nil
		}
		if o.watch != nil {
			o.watch.before(byte(code), o)
		}
		if err := o.do(byte(code)); err != nil {
			return nil, err
		}
		if o.watch != nil {
			o.watch.after(byte(code), o)
		}
	}
}

// outliner is the machine that a pickle runs on, with objects that do nothing.
type outliner struct {
	src     *source
	stack   []any
	marks   []int
	memo    map[uint64]any
	opcodes int
	objects int
	watch   *loading // nil if nobody asks what torch.load would do
}

func (o *outliner) push(v any) {
	switch v.(type) {
	case *List, *Map, *Object: // a tensor takes about nine
		o.objects++
	}
	o.stack = append(o.stack, v)
}

// pop takes n values off the stack, the lowest first, without reaching below a mark.
func (o *outliner) pop(n int) ([]any, error) {
	floor := 0
	if len(o.marks) > 0 {
		floor = o.marks[len(o.marks)-1]
	}
	if len(o.stack)-n < floor {
		return nil, brokenPickle("too little on the stack")
	}
	values := append([]any(nil), o.stack[len(o.stack)-n:]...)
	o.stack = o.stack[:len(o.stack)-n]
	return values, nil
}

// popMark takes what is above the topmost mark, and the mark.
func (o *outliner) popMark() ([]any, error) {
	if len(o.marks) == 0 {
		return nil, brokenPickle("no MARK")
	}
	values, err := o.pop(len(o.stack) - o.marks[len(o.marks)-1])
	o.marks = o.marks[:len(o.marks)-1]
	return values, err
}

// top returns the topmost value.
func (o *outliner) top() (any, error) {
	if len(o.stack) == 0 {
		return nil, brokenPickle("nothing on the stack")
	}
	return o.stack[len(o.stack)-1], nil
}

func (o *outliner) memoize(at uint64) error {
	v, err := o.top()
	if err == nil {
		o.memo[at] = v
	}
	return err
}
