package torchfile

import "hf2olmo/convert/pickle"

// watch sees an opcode that was run: whether torch's own unpickler, that of weights_only, would
// have run it, and what torch makes of it.
func (l *loading) watch(step pickle.Step) {
	if weightsOnlyOpcodes[step.Opcode] {
		l.checkOperands(step)
	} else {
		l.refuse("Unsupported operand %d", step.Code)
		l.protocol = true
	}
	if text, ok := step.Made.(string); ok && l.stops == nil && !decodes(step.Opcode, text) {
		l.stops = stops("UnicodeDecodeError", "the pickle is broken: found a text that is not UTF-8")
	}
	if made, ok := step.Made.(*pickle.Object); ok {
		l.note(step.Opcode, made)
	}
}

// checkOperands refuses what weights_only does not do with such objects.
func (l *loading) checkOperands(step pickle.Step) {
	switch step.Opcode {
	case "REDUCE", "NEWOBJ":
		if f, ok := step.Taken[0].(*pickle.Object); !ok || !safeGlobals[python3(f.Class)] {
			l.refuse("Trying to call reduce for unrecognized function")
		}
	case "APPEND", "APPENDS":
		if list, ok := step.Into.(*pickle.List); !ok || list.Kind != pickle.PyList {
			l.refuse("Can only append to lists")
		}
	case "SETITEM", "SETITEMS":
		switch d := step.Into.(type) {
		case *pickle.Map:
		case *pickle.Object:
			if d.Class != "collections.OrderedDict" && d.Class != "collections.Counter" {
				l.refuse("Can only %s for dict, collections.OrderedDict, collections.Counter", step.Opcode)
			}
		default:
			l.refuse("Can only %s for dict", step.Opcode)
		}
	case "BUILD":
		switch d := step.Into.(type) {
		case *pickle.Object:
			if isRebuilt(d) {
				l.unsure = "a tensor is given a state"
			}
		default:
			l.refuse("Can only build Tensor, Parameter, OrderedDict or types allowlisted via `add_safe_globals`")
		}
	}
}

// note keeps what an opcode made: a name, a storage or a tensor.
func (l *loading) note(opcode string, made *pickle.Object) {
	switch opcode {
	case "GLOBAL", "STACK_GLOBAL":
		l.names[made.Class] = true
		if !safeGlobals[python3(made.Class)] {
			l.refuse("Unsupported global: GLOBAL %s was not an allowed global by default", made.Class)
		}
	case "BINPERSID":
		l.addStorage(made)
	case "REDUCE":
		if l.stops == nil && isRebuilt(made) {
			_, l.stops = loadedTensor(made)
			if changesTensor(made) {
				l.unsure = "a tensor is given attributes that may change it"
			}
		}
	}
}
