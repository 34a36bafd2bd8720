package torchfile

import (
	"strings"

	"github.com/nlpodyssey/gopickle/types"

	"hf2olmo/convert/pickle"
)

// tensorsOwn are the attributes of torch.Tensor that take a value and change what the tensor
// is (data replaces all its elements), and those that take none, or not every one.
var tensorsOwn = nameSet("data grad _grad requires_grad _backward_hooks _post_accumulate_grad_hooks real imag names " +
	"_python_dispatch H T mH mT _base _cdata _grad_fn _has_symbolic_sizes_strides _version device dtype grad_dtype " +
	"grad_fn is_cpu is_cuda is_ipu is_leaf is_maia is_meta is_mkldnn is_mps is_mtia is_nested is_quantized is_sparse " +
	"is_sparse_csr is_vulkan is_xla is_xpu itemsize layout name nbytes ndim output_nr retains_grad shape")

func nameSet(names string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(names) {
		set[name] = true
	}
	return set
}

// maxState bounds the values in the attributes of one tensor.
const maxState = 100

// checkState allows attributes of a tensor only if they cannot change it: a dict, or a
// tuple of a dict and the values of slots, of plain values under other names than those
// that torch.Tensor sets itself. torch.load sets all that it finds.
func checkState(state any) error {
	dicts := []any{state}
	if tuple, ok := state.(*types.Tuple); ok {
		if dicts = *tuple; len(dicts) != 2 {
			return pickle.Broken("a tensor with attributes that are neither a dict nor a pair of dicts")
		}
	}
	left := maxState
	for _, d := range dicts {
		if d == nil {
			continue
		}
		if dictLen(d) > left {
			return problem("a tensor has more attributes than any needs")
		}
		items, ok := dictItems(d)
		if !ok {
			return pickle.Broken("a tensor with attributes that are not a dict")
		}
		for _, item := range items {
			name, ok := item.Key.(string)
			if !ok || tensorsOwn[name] || strings.HasPrefix(name, "__") || !isPlain(item.Value, &left) {
				f := problem("a tensor has the attribute %q, which may change it when torch loads the file", name)
				f.Hint = "Save plain tensors: torch.save({k: v.detach().clone() for k, v in state_dict.items()}, " +
					"\"pytorch_model.bin\")."
				return f
			}
		}
	}
	return nil
}

// isPlain reports whether v is a scalar, or a list, tuple or dict of nothing but scalars and
// such. It examines no more than left values, since they may be shared.
func isPlain(v any, left *int) bool {
	if *left--; *left < 0 {
		return false
	}
	var items []any
	switch v := v.(type) {
	case nil, bool, int, float64, string:
		return true
	case *types.List:
		items = *v
	case *types.Tuple:
		items = *v
	default:
		if dictLen(v) > *left {
			return false
		}
		pairs, ok := dictItems(v)
		if !ok {
			return false
		}
		for _, pair := range pairs {
			items = append(items, pair.Value) // its key is a str or a number
		}
	}
	for _, item := range items {
		if !isPlain(item, left) {
			return false
		}
	}
	return true
}
