package check

import (
	"strings"

	"hf2olmo/convert/pickle"
	"hf2olmo/convert/torchfile"
)

// savedTensors returns the tensors of a state dict, nil if there are none.
func (c *loader) savedTensors(name string, loaded *torchfile.Loaded) []saved {
	dict := pickle.AsMap(loaded.Value)
	if dict == nil {
		c.add("not-tensors/no-dict", about{file: name})
		return nil
	}
	at := map[string]int{} // as in Python, the later of two values of a key counts
	var tensors []saved
	var others []any
	for _, item := range dict.Items {
		key, isText := item.Key.(string)
		t, isTensor := loaded.Tensor(item.Value)
		if !isText || !isTensor {
			others = append(others, item.Key)
			continue
		}
		one := saved{key, t.Shape, t.DType}
		if i, twice := at[key]; twice {
			tensors[i] = one
			continue
		}
		at[key] = len(tensors)
		tensors = append(tensors, one)
	}
	if len(tensors) == 0 {
		c.addNoTensors(name, loaded, dict)
		return nil
	}
	for _, key := range others {
		if text, isText := key.(string); isText {
			c.add("not-a-tensor/value", about{file: name, tensor: text})
		} else {
			c.add("not-a-tensor/key", about{file: name})
		}
	}
	return tensors
}

// addNoTensors is for a dict without tensors; those of a training script may be a level below.
func (c *loader) addNoTensors(name string, loaded *torchfile.Loaded, dict *pickle.Map) {
	none, nested := "not-tensors/none", "nested/loaded"
	if loaded.Refused != "" {
		none, nested = "not-tensors/none-refused", "nested/refused"
	}
	for _, item := range dict.Items {
		key, isText := item.Key.(string)
		inner := pickle.AsMap(item.Value)
		if isText && inner != nil && onlyTensors(loaded, inner) {
			c.add(nested, about{file: name}, "key", quoted(key), "command", saveCommand(name, "["+quoted(key)+"]"))
			return
		}
	}
	c.add(none, about{file: name, found: keysOf(dict)})
}

func onlyTensors(loaded *torchfile.Loaded, dict *pickle.Map) bool {
	for _, item := range dict.Items {
		if _, isTensor := loaded.Tensor(item.Value); !isTensor {
			return false
		}
	}
	return len(dict.Items) > 0
}

// quoted writes a key as Python does.
func quoted(key string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(key) + "'"
}
