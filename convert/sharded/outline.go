package sharded

import (
	"strings"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/tensor"
)

// Attributes returns the attributes of an outlined object: its state if that is a dict,
// or a pair of None or a dict and the dict of its slots.
func Attributes(v any) *pickle.Map {
	o, _ := v.(*pickle.Object)
	if o == nil {
		return nil
	}
	if pair, ok := o.State.(*pickle.List); ok && len(pair.Items) == 2 {
		slots := pickle.AsMap(pair.Items[1])
		if own := pickle.AsMap(pair.Items[0]); own != nil && slots != nil {
			return &pickle.Map{Items: append(append([]pickle.Pair(nil), own.Items...), slots.Items...)}
		}
		return slots
	}
	return pickle.AsMap(o.State)
}

// ClassOf returns the last part of the name of an object's class: "DTensor".
func ClassOf(v any) string {
	o, _ := v.(*pickle.Object)
	if o == nil {
		return ""
	}
	return o.Class[strings.LastIndexByte(o.Class, '.')+1:]
}

// Items returns the items of a list, tuple or set, and of what is made of one.
func Items(v any) []any {
	switch v := v.(type) {
	case *pickle.List:
		return v.Items
	case *pickle.Object:
		if args, ok := v.Args.(*pickle.List); ok && len(args.Items) == 1 {
			if list, ok := args.Items[0].(*pickle.List); ok {
				return list.Items
			}
		}
	}
	return nil
}

// arguments returns what an object was made with.
func arguments(v any) []any {
	o, _ := v.(*pickle.Object)
	if o == nil {
		return nil
	}
	list, _ := o.Args.(*pickle.List)
	if list == nil {
		return nil
	}
	return list.Items
}

// wrapper returns the class and the state of a tensor subclass, as
// _rebuild_from_type_v2(function, class, arguments, state) restores it.
func wrapper(v any) (class string, state any) {
	o, _ := v.(*pickle.Object)
	args := arguments(v)
	if o == nil || o.Class != "torch._tensor._rebuild_from_type_v2" || len(args) != 4 {
		return "", nil
	}
	return ClassOf(args[1]), args[3]
}

// dtypeOf reads a dtype that is named as torch.float32.
func dtypeOf(v any) tensor.DType { return tensor.ParseDType(ClassOf(v)) }
