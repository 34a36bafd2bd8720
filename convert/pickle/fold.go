package pickle

import "io"

// A Folder makes something small of the objects of a large pickle, each as soon as it is
// complete, so that the pickle is never in memory as a whole.
type Folder interface {
	// Named refuses names of classes and functions that do not belong into the pickle.
	Named(name string) error
	// Called returns what is kept of what a class or function made of its arguments.
	Called(o *Object) (any, error)
	// Built may replace the state that an object was just given.
	Built(o *Object) error
	// Added returns which of the items are kept that a list or dict receives, keys and values
	// by turns: the rest is done with.
	Added(into any, items []any) (kept []any, err error)
}

// MaxFolded is the most bytes of a pickle that Fold reads.
const MaxFolded = 1 << 30

// Fold reads the pickle of size bytes in r as Outline does, but hands every object to the
// folder. It reads it twice: first to find out which entries of the memo are ever fetched.
// Besides these and what the folder keeps, memory does not grow with the pickle: what is kept
// in lists, dicts and the memo at any time is bounded by one item for every 32 bytes of the
// pickle, and a million. Errors are the folder's, or a *fault.Fault without a file.
func Fold(r io.ReaderAt, size int64, f Folder) (any, error) {
	if size > MaxFolded {
		return nil, problem("the pickle is larger than %d MB", MaxFolded/1_000_000)
	}
	kept := 1_000_000 + size/32
	limits := bounds{opcodes: int(size), memo: int(kept)}
	fetched := &numberSet{}
	notes := scanner[nothing]{src: foldSource(r, size), rules: noter{}, limits: limits,
		memo: memory[nothing]{fetched: fetched, noting: true}}
	if _, err := notes.scan(); err != nil {
		return nil, err
	}
	if rest := notes.src.left; rest > 0 {
		return nil, problem("%d bytes follow the pickle", rest)
	}
	folds := scanner[any]{src: foldSource(r, size), rules: &foldRules{folder: f, maxKept: kept}, limits: limits,
		memo: memory[any]{entries: map[uint64]any{}, fetched: fetched}}
	return folds.scan()
}

func foldSource(r io.ReaderAt, size int64) *Source {
	s := NewSource(r, 0, size)
	s.passing = true
	return s
}

// nothing is what the first reading knows of an object.
type nothing struct{}

// noter are the rules of the first reading, which only follows the memo.
type noter struct{}

func (noter) admit(code byte, op *opcode) error { return admitFolded(code, op) }

func (noter) run(byte, *opcode, operand, nothing, []nothing) (n nothing, err error) { return n, nil }

func (noter) end(int) error { return nil }

// admitFolded admits what an outline does.
func admitFolded(code byte, op *opcode) error {
	if op.use == never {
		return refusedOpcode(code)
	}
	return nil
}

// foldRules are those of the second reading: those of an outline, with a folder.
type foldRules struct {
	outliner
	folder  Folder
	kept    int64 // items of lists, dicts and tuples that were not folded
	maxKept int64
}

func (o *foldRules) admit(code byte, op *opcode) error {
	if o.kept > o.maxKept {
		return tooMany()
	}
	return admitFolded(code, op)
}

func (o *foldRules) run(code byte, op *opcode, arg operand, into any, taken []any) (any, error) {
	made := o.make(code, arg, into, taken)
	switch code {
	case opGlobal, opStackGlobal:
		return made, o.folder.Named(made.(*Object).Class)
	case opReduce, opNewObj, opNewObjEx:
		return o.called(made.(*Object))
	case opTuple, opTuple1, opTuple2, opTuple3, opFrozenSet:
		o.kept += int64(len(taken))
	case opBuild:
		return made, o.built(into, taken[0])
	case opAppend, opAppends, opAddItems, opSetItem, opSetItems:
		kept, err := o.folder.Added(into, taken)
		if err != nil {
			return made, err
		}
		o.kept += int64(len(kept))
		fill(code, into, kept)
	}
	return made, nil
}

func (o *foldRules) called(made *Object) (any, error) {
	kept, err := o.folder.Called(made)
	if _, same := kept.(*Object); !same {
		o.kept -= contents(made.Args, 0)
	}
	return kept, err
}

func (o *foldRules) built(into, state any) error {
	object, ok := into.(*Object)
	if !ok {
		return Broken("BUILD of something that is not an object")
	}
	if object.State != nil {
		return Broken("an object that is given its state twice")
	}
	object.State = state
	if err := o.folder.Built(object); err != nil {
		return err
	}
	if object.State != state {
		o.kept -= contents(state, 0)
	}
	return nil
}

// contents returns how many items a value had that was folded, in containers three deep.
func contents(v any, depth int) (n int64) {
	if depth == 3 {
		return 0
	}
	switch v := v.(type) {
	case *List:
		n = int64(len(v.Items))
		for _, item := range v.Items {
			n += contents(item, depth+1)
		}
	case *Map:
		n = 2 * int64(len(v.Items))
		for _, pair := range v.Items {
			n += contents(pair.Value, depth+1)
		}
	}
	return n
}
