package torchfile

// takes are how many values an opcode takes off the stack to make one of them.
var takes = map[byte]int{
	opTuple1: 1, opTuple2: 2, opTuple3: 3, opBinPersID: 1, opStackGlobal: 2, opReduce: 2,
	opNewObj: 2, opNewObjEx: 3, opPop: 1, opAppend: 1, opSetItem: 2, opBuild: 1,
}

// toMarks are the opcodes that take all that is above the topmost mark.
var toMarks = map[byte]bool{
	opTuple: true, opAppends: true, opSetItems: true, opAddItems: true, opFrozenSet: true, opPopMark: true,
}

// build runs an opcode that makes an object of others, or fills one.
func (o *outliner) build(code byte) error {
	var values []any
	var err error
	n, counted := takes[code]
	switch {
	case counted:
		values, err = o.pop(n)
	case toMarks[code]:
		values, err = o.popMark()
	case code == opGlobal:
		return o.global()
	case code == opDup:
		v, err := o.top()
		o.push(v)
		return err
	default:
		return refusedOpcode(code)
	}
	if err != nil {
		return err
	}
	switch code {
	case opTuple, opTuple1, opTuple2, opTuple3, opFrozenSet:
		o.push(&List{values, code})
	case opBinPersID:
		o.push(&Object{Class: "storage", Args: values[0]})
	case opStackGlobal:
		o.push(&Object{Class: asText(values[0]) + "." + asText(values[1])})
	case opReduce, opNewObj, opNewObjEx:
		o.push(made(values))
	case opPop, opPopMark:
	default:
		return o.fill(code, values)
	}
	return nil
}

// made is what a class or function makes of its arguments.
func made(values []any) *Object {
	class, _ := values[0].(*Object)
	if class == nil {
		return &Object{Class: "?", Args: values[1]}
	}
	return &Object{Class: class.Class, Args: values[1]}
}

// fill adds items or state to the object that is on top of the stack.
func (o *outliner) fill(code byte, values []any) error {
	v, err := o.top()
	if err != nil {
		return err
	}
	o.objects += len(values)
	switch into := v.(type) {
	case *List:
		if code == opAppend || code == opAppends || code == opAddItems {
			into.Items = append(into.Items, values...)
		}
	case *Map:
		into.set(code, values)
	case *Object:
		if code == opBuild {
			into.State = values[0]
		} else {
			into.Map.set(code, values)
		}
	}
	return nil
}

func (m *Map) set(code byte, values []any) {
	if code != opSetItem && code != opSetItems {
		return
	}
	for i := 0; i+1 < len(values); i += 2 {
		m.Items = append(m.Items, Pair{values[i], values[i+1]})
	}
}

func (o *outliner) global() error {
	module, err := o.src.line(maxName, "a module")
	if err != nil {
		return err
	}
	name, err := o.src.line(maxName, "a name")
	o.push(&Object{Class: module + "." + name})
	return err
}

func asText(v any) string {
	s, _ := v.(string)
	return s
}
