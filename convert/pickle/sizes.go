package pickle

import "github.com/nlpodyssey/gopickle/types"

// Int returns a Python int that fits 64 bits, as gopickle gives it. A bool is not an int.
func Int(v any) (int64, bool) {
	n, ok := v.(int)
	return int64(n), ok
}

// Sizes returns a Python tuple or list of at most limit ints, none of them negative,
// as gopickle gives it.
func Sizes(v any, limit int) ([]int64, bool) {
	switch v := v.(type) {
	case *types.Tuple:
		return sizes(*v, limit, Int)
	case *types.List:
		return sizes(*v, limit, Int)
	}
	return nil, false
}

// OutlineSizes returns a torch.Size, a tuple or a list of at most limit ints, none of them
// negative, as an outline has it.
func OutlineSizes(v any, limit int) ([]int64, bool) {
	if size, ok := v.(*Object); ok && size.Class == "torch.Size" {
		args, _ := size.Args.(*List)
		if args == nil || len(args.Items) != 1 {
			return nil, false
		}
		v = args.Items[0]
	}
	list, _ := v.(*List)
	if list == nil {
		return nil, false
	}
	return sizes(list.Items, limit, func(v any) (int64, bool) {
		n, ok := v.(int64)
		return n, ok
	})
}

func sizes(items []any, limit int, number func(any) (int64, bool)) ([]int64, bool) {
	if len(items) > limit {
		return nil, false
	}
	ints := make([]int64, len(items))
	for i, item := range items {
		n, ok := number(item)
		if !ok || n < 0 {
			return nil, false
		}
		ints[i] = n
	}
	return ints, true
}
